"""Which models the fine-tuning pages offer as parents, and what they say of them."""

from pathlib import Path

import pytest

from tests.fixtures import tiny_classifier, tiny_lm
from tests.pages.test_finetune import field, opened, toy  # noqa: F401  (a fixture)
from ulmfit_app import limits
from ulmfit_app.schema import SPECIAL_TOKENS, Kind


@pytest.mark.usefixtures("toy")
def test_a_classifier_is_no_parent_and_an_encoder_is_one(home: Path) -> None:
    from ulmfit_app import registry

    tiny_classifier(home / "models" / "my-classifier")
    registry.export("general-lm", home / "models" / "my-encoder", encoder=True)
    options = field(opened(dataset="toy"), "Start from").options
    assert "my-encoder" in options and "my-classifier" not in options


@pytest.mark.usefixtures("toy")
def test_a_parent_without_the_words_is_warned_of(home: Path) -> None:
    tiny_lm(home / "models" / "foreign", vocab=[*SPECIAL_TOKENS, *(f"mot{number}" for number in range(23))])
    app = opened(Kind.LM, dataset="toy", parent="foreign")
    assert "the run will be refused" in app.warning[0].value
    assert not opened(Kind.LM, dataset="toy", parent="general-lm").warning


@pytest.mark.usefixtures("toy")
def test_fastais_weights_are_offered_and_downloaded_by_the_run(home: Path) -> None:
    app = opened(Kind.LM, dataset="toy", parent="wt103-fwd")
    assert field(app, "Start from").value == "wt103-fwd"
    said = " ".join(caption.value for caption in app.caption)
    assert "downloaded by the run" in said and "once all has been downloaded" in said
    assert not app.error and not app.exception
    (start,) = (button for button in app.button if button.label == "Start")
    assert not start.disabled
    tiny_lm(home / "models" / "wt103-fwd")
    options = field(opened(Kind.LM, dataset="toy"), "Start from").options
    assert [name for name in options if "wt103" in name] == ["wt103-fwd", "wt103-bwd (fastai's, downloaded first)"]


@pytest.mark.usefixtures("toy")
def test_visitors_are_not_offered_what_is_too_large_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "are_set", lambda: True)
    assert not any("wt103" in name for name in field(opened(Kind.LM, dataset="toy"), "Start from").options)
