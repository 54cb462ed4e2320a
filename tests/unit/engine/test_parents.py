"""Vocabulary transfer equals fastai's `match_embeds`; parents that do not fit are refused with the reason."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from fastai.text.learner import match_embeds

from tests import fixtures
from ulmfit_app import modelfolder
from ulmfit_app.engine import parents
from ulmfit_app.errors import ModelFolderError, ParentError
from ulmfit_app.schema import SPECIAL_TOKENS

NEW_VOCAB = [*SPECIAL_TOKENS, "film", "zyzzyva", "the", "movie", "quux", "was", "good", "bad", "plot", "it", "great"]
NEW_VOCAB += ["of", "to", "in", "xxfake", "xxfake"]


@pytest.fixture
def lm(tmp_path: Path) -> Path:
    return fixtures.tiny_lm(tmp_path / "general")


def test_transfer_equals_match_embeds(lm: Path) -> None:
    parent = parents.load(lm, fixtures.TOKENIZER)
    ours = parents.for_lm(parents.transfer(parent, NEW_VOCAB))
    weights = modelfolder.read_weights(lm)
    theirs = match_embeds(dict(weights), parent.vocab, NEW_VOCAB)
    torch.testing.assert_close(ours["0.encoder.weight"], theirs["0.encoder.weight"])
    torch.testing.assert_close(ours["1.decoder.bias"], theirs["1.decoder.bias"])
    torch.testing.assert_close(ours["0.rnns.1.weight_hh_l0_raw"], weights["0.rnns.1.weight_hh_l0_raw"])


def test_the_same_vocabulary_keeps_every_vector(lm: Path) -> None:
    parent = parents.load(lm, fixtures.TOKENIZER)
    assert torch.equal(parents.transfer(parent, parent.vocab)["encoder.weight"], parent.encoder["encoder.weight"])


def test_a_classifier_and_an_encoder_are_parents_too(tmp_path: Path, lm: Path) -> None:
    classifier = parents.load(fixtures.tiny_classifier(tmp_path / "c"), fixtures.TOKENIZER)
    modelfolder.to_encoder(lm, tmp_path / "e")
    encoder = parents.load(tmp_path / "e", fixtures.TOKENIZER)
    assert set(classifier.encoder) == set(encoder.encoder)
    assert classifier.decoder_bias is None
    assert encoder.decoder_bias is None
    names = parents.for_classifier(parents.transfer(encoder, NEW_VOCAB))
    assert "0.module.encoder.weight" in names
    assert "1.decoder.bias" not in names


def test_a_parent_with_other_words_is_refused(lm: Path) -> None:
    parent = parents.load(lm, fixtures.TOKENIZER)
    with pytest.raises(ParentError, match="next to none of the words"):
        parents.transfer(parent, [*SPECIAL_TOKENS, "alpha", "beta", "gamma"])


def test_a_parent_with_other_rules_or_language_is_refused(lm: Path) -> None:
    other = fixtures.TOKENIZER.model_copy(update={"rules": ("lowercase",)})
    with pytest.raises(ParentError, match="other text rules"):
        parents.load(lm, other)
    with pytest.raises(ParentError, match="language 'en'"):
        parents.load(lm, fixtures.TOKENIZER.model_copy(update={"language": "de"}))


def test_a_damaged_parent_is_refused_before_training(lm: Path) -> None:
    (lm / "model.safetensors").write_bytes((lm / "model.safetensors").read_bytes()[:-8])
    with pytest.raises(ModelFolderError):
        parents.load(lm, fixtures.TOKENIZER)


def test_unknown_words_start_as_the_mean(lm: Path) -> None:
    parent = parents.load(lm, fixtures.TOKENIZER)
    emptied = replace(parent, decoder_bias=None)
    weights = parents.transfer(emptied, NEW_VOCAB)
    assert "1.decoder.bias" not in weights
    mean = parent.encoder["encoder.weight"].mean(0)
    torch.testing.assert_close(weights["encoder.weight"][NEW_VOCAB.index("zyzzyva")], mean)
