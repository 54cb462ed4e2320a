"""Which models the fine-tuning pages offer as parents, and what they say of them."""

from pathlib import Path

import pytest

from tests.fixtures import tiny_classifier, tiny_lm
from tests.pages.test_finetune import field, opened, toy  # noqa: F401  (a fixture)
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
