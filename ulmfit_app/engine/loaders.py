"""fastai's loaders over texts that are numericalised already.

Which texts form a minibatch, and in which order, is fastai's: `SortedDL` and `LMDataLoader` decide it here as there,
drawing from the same random generators. What differs is that no text is tokenised or looked up again.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from fastai.data.core import DataLoaders
from fastai.text.data import LMDataLoader, Pad_Chunk, SortedDL, TensorText
from fastai.torch_core import TensorCategory
from fastcore.foundation import L

from ulmfit_app.data.token_table import Numericalised
from ulmfit_app.errors import TrainingError
from ulmfit_app.schema import Recipe


class LMTexts:
    """A dataset of numericalised texts; item i is a `TensorText` of int64 ids."""

    def __init__(self, ids: Sequence[np.ndarray], vocab: list[str]) -> None:
        self.ids, self.vocab, self.n_inp = ids, vocab, 1

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> TensorText:
        return TensorText(torch.from_numpy(self.ids[index]))


class LabelledTexts:
    """A dataset of numericalised texts with labels; item i is `(TensorText, TensorCategory)`."""

    def __init__(self, ids: Sequence[np.ndarray], label_ids: np.ndarray, vocab: list[str], labels: list[str]) -> None:
        self.ids, self.label_ids = ids, label_ids
        self.vocab, self.c, self.n_inp = L([vocab, labels]), len(labels), 1  # an L: fastai takes its first item

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> tuple[TensorText, TensorCategory]:
        return TensorText(torch.from_numpy(self.ids[index])), TensorCategory(int(self.label_ids[index]))


class _Shortened:
    """Mixin: an epoch of at most `max_batches` minibatches, the first `skip` of which are left out (when resuming)."""

    max_batches: int | None = None
    skip: int = 0

    def __len__(self) -> int:
        length: int = super().__len__()  # type: ignore[misc]
        return length if self.max_batches is None else min(length, self.max_batches)

    def __iter__(self) -> Iterator[Any]:
        batches = super().__iter__()  # type: ignore[misc]
        left = len(self) - self.skip
        if left == 0:
            next(batches, None)  # starts the loader: it shuffles, and the next epoch's order depends on that
        yield from islice(batches, left)

    def sample(self) -> Iterator[int]:
        """Positions of the texts of this epoch, those of skipped minibatches left out without being read."""
        return islice(super().sample(), self.skip * self.bs, None)  # type: ignore[misc, attr-defined]


class LMLoader(_Shortened, LMDataLoader):
    """fastai's `LMDataLoader`: bs parallel streams, input and target shifted by one token."""

    @property
    def order(self) -> np.ndarray:
        """The texts' present order (n,): each epoch shuffles the one before it, so it is part of the state."""
        return np.array(list(self.items.idxs), dtype=np.int64)

    @order.setter
    def order(self, order: np.ndarray) -> None:
        self.items.reindex(L(order.tolist()))
        self.lens.reindex(self.items.idxs)  # one list for both: fastai shuffles it in place
        self.make_chunks()


class ClassifierLoader(_Shortened, SortedDL):
    """fastai's `SortedDL`: texts of similar length together, padded by `Pad_Chunk`."""


def lm_loaders(train: LMTexts, valid: LMTexts, recipe: Recipe, device: torch.device) -> DataLoaders:
    """Loaders for a language model, as `TextDataLoaders(is_lm=True)` makes them."""
    for part, texts in (("training", train), ("validation", valid)):
        tokens = sum(_lengths(texts.ids))
        if tokens <= recipe.bs:
            raise TrainingError(
                f"The {part} texts have {tokens} tokens: too few to fill one minibatch of {recipe.bs} streams.",
                todo="Add texts, or use a smaller bs.",
            )
    make = [
        LMLoader(
            texts, lens=_lengths(texts.ids), bs=recipe.bs, seq_len=recipe.seq_len, num_workers=0,
            shuffle=is_train, drop_last=is_train,
        )
        for texts, is_train in ((train, True), (valid, False))
    ]  # fmt: skip
    return DataLoaders(*make, device=device)


def classifier_loaders(train: LabelledTexts, valid: LabelledTexts, recipe: Recipe, device: torch.device) -> DataLoaders:
    """Loaders for a classifier, as `TextDataLoaders` makes them: the training loader drops an incomplete minibatch."""
    if len(train) < recipe.bs:
        raise TrainingError(
            f"{len(train)} training texts do not fill one minibatch of {recipe.bs}; fastai would train on nothing.",
            todo="Use the recipe 'few-label', or a smaller bs.",
        )
    if not len(valid):
        raise TrainingError("There are no validation texts.", todo="Make the dataset again with a validation split.")
    make = [
        ClassifierLoader(
            texts, res=_lengths(texts.ids), bs=recipe.bs, num_workers=0, shuffle=is_train,
            drop_last=is_train, before_batch=Pad_Chunk(seq_len=recipe.seq_len),
        )
        for texts, is_train in ((train, True), (valid, False))
    ]  # fmt: skip
    return DataLoaders(*make, device=device)


def _lengths(ids: Sequence[np.ndarray]) -> list[int]:
    """Tokens of each text; those of a corpus on disk are known without reading it."""
    return ids.lengths.tolist() if isinstance(ids, Numericalised) else [len(text) for text in ids]
