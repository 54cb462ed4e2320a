"""Settings that are folded away on the fine-tuning pages: not drawn, and none the less what a person made them."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.test_finetune import FOLDED, button, drawn, field, opened, planned, toy  # noqa: F401  (a fixture)
from ulmfit_app.schema import Kind


def fold(app: AppTest, is_open: bool) -> AppTest:
    """The session after both parts were folded or unfolded."""
    for folded in FOLDED:
        app.session_state[folded] = is_open
    return app.run()


@pytest.mark.usefixtures("toy")
def test_what_was_typed_counts_also_when_it_is_folded_away() -> None:
    app = opened(Kind.CLASSIFIER, dataset="toy", recipe="classifier-notebook")
    field(app, "seq_len").set_value("36")
    field(app, "epochs", 1).set_value("3").run()
    fold(app, False)
    assert not app.exception
    assert "seq_len" not in [control.label for control in app.text_input]
    assert "Changed: seq\\_len, stages.1.epochs." in drawn(app)
    assert [row[-3] for row in planned(app)[1]] == ["1", "3", "1", "2"]
    fold(app, True)
    assert (field(app, "seq_len").value, field(app, "epochs", 1).value) == ("36", "3")


@pytest.mark.usefixtures("toy")
def test_what_is_wrong_is_told_also_when_it_is_folded_away() -> None:
    app = opened(Kind.LM, dataset="toy", recipe="lm-notebook")
    field(app, "seq_len").set_value("no").run()
    fold(app, False)
    assert "seq_len " in "".join(element.body for element in app.html if "ulmfit-refused" in element.body)
    assert button(app, "Start").disabled
