"""The parent model: what is taken from it, whether it fits, and its vectors under another vocabulary.

The transfer is fastai's `match_embeds`: a known word keeps its vector (and decoder bias), a new one gets the mean.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ulmfit_app import modelfolder
from ulmfit_app.data.vocabulary import vocabulary_fit
from ulmfit_app.errors import ParentError
from ulmfit_app.schema import Kind, ModelConfig, TokenizerConfig

EMBEDDING = "encoder.weight"
DECODER_BIAS = "1.decoder.bias"


@dataclass(frozen=True, slots=True)
class Parent:
    """A loaded parent: `encoder` under the bare AWD_LSTM names, `decoder_bias` (vocab,) if it is a language model."""

    name: str
    config: ModelConfig
    vocab: list[str]
    encoder: dict[str, Tensor]
    decoder_bias: Tensor | None


def load(folder: Path, tokenizer: TokenizerConfig) -> Parent:
    """Verify and read the parent in `folder`; `ParentError` if it reads texts differently from `tokenizer`."""
    config = modelfolder.verify(folder)
    _refuse_other_tokens(folder.name, config.tokenizer, tokenizer)
    weights = modelfolder.read_weights(folder)
    encoder = modelfolder.encoder_weights(weights, config.kind, config.part)
    bias = weights.get(DECODER_BIAS) if config.kind is Kind.LM and config.part == "full" else None
    return Parent(folder.name, config, modelfolder.read_vocab(folder), encoder, bias)


def _refuse_other_tokens(name: str, theirs: TokenizerConfig, ours: TokenizerConfig) -> None:
    if theirs.language != ours.language:
        raise ParentError(
            f"The parent '{name}' reads language '{theirs.language}', the dataset is in '{ours.language}'.",
            todo="Choose another parent, or train from scratch.",
        )
    if theirs.rules != ours.rules:
        raise ParentError(
            f"The parent '{name}' was trained with other text rules ({', '.join(theirs.rules)}), so its words would "
            "not be found.",
            todo="Choose another parent, or train from scratch.",
        )


def transfer(parent: Parent, vocab: list[str]) -> dict[str, Tensor]:
    """The parent's weights for `vocab`: bare AWD_LSTM names, and the decoder bias under fastai's LM name.

    Raises `ParentError` if the two vocabularies have next to nothing in common.
    """
    if vocab == parent.vocab:
        rows = torch.arange(len(vocab))
    else:
        known = {word: row for row, word in enumerate(parent.vocab)}
        rows = torch.tensor([known.get(word, -1) for word in vocab])
        if vocabulary_fit(parent.vocab, vocab).too_small:
            raise ParentError(
                f"The parent '{parent.name}' knows next to none of the words of this dataset.",
                todo="Is it in the same language? Train from scratch otherwise.",
            )
    weights = {**parent.encoder, EMBEDDING: _rows_or_mean(parent.encoder[EMBEDDING], rows)}
    if parent.decoder_bias is not None:
        weights[DECODER_BIAS] = _rows_or_mean(parent.decoder_bias, rows)
    return weights


def _rows_or_mean(old: Tensor, rows: Tensor) -> Tensor:
    """`old[rows]`, the mean of `old` where a row is -1."""
    new = old[rows.clamp(min=0)].clone()
    new[rows < 0] = old.mean(0)
    return new


def for_lm(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """`transfer`'s weights under the names of fastai's language model (`SequentialRNN(AWD_LSTM, LinearDecoder)`)."""
    return {name if name == DECODER_BIAS else f"0.{name}": tensor for name, tensor in weights.items()}


def for_classifier(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """`transfer`'s weights under the names of fastai's classifier, whose encoder is `0.module`."""
    return {f"0.module.{name}": tensor for name, tensor in weights.items() if name != DECODER_BIAS}
