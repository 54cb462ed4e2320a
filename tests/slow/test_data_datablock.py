"""Our folder dataset and loaders against the notebook's DataBlock and its language-model loaders, on the same files.

fastai lists files in the order of the file system and draws its validation texts from torch's generator; both are
taken over from it here. What is compared is everything else: labels, split, tokens, vocabulary and minibatches.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.transforms import GrandparentSplitter, get_text_files, parent_label
from fastai.text.data import TextBlock, TextDataLoaders

from tests import plain_fastai
from ulmfit_app import recipes
from ulmfit_app.data import sources
from ulmfit_app.data.dataset import Dataset
from ulmfit_app.data.vocabulary import make_vocab
from ulmfit_app.engine import loaders
from ulmfit_app.schema import PAD_ID, Kind, Recipe, Split

pytestmark = pytest.mark.slow

BS = 4
SEQ_LEN = 72  # fastai's default: `DataBlock` does not pass the argument of `dataloaders` on to `Pad_Chunk`
ODD = [
    "It was\n\n great.<br />WOW!!!!",
    "Café, café, CAFÉ — “really” bad bad bad bad",
    "A  plot\n of   10,000 holes :-(",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 texts in train, 12 in test, 10 in unsup; some long, some with what the tokenizer's rules change."""
    path = tmp_path_factory.mktemp("notebook") / "imdb"
    frame = plain_fastai.texts(70)
    for index, (text, label) in enumerate(zip(frame["text"], frame["label"], strict=True)):
        part = f"train/{label}" if index < 48 else f"test/{label}" if index < 60 else "unsup"
        (path / part).mkdir(parents=True, exist_ok=True)
        odd = {**dict(enumerate(ODD)), 3: f"{text} " * 5}.get(index % 7, "")
        (path / part / f"{index}.txt").write_text(f"{text} {odd}".strip())
    return path


@pytest.fixture
def ours(folder: Path) -> Dataset:
    """`ulmfit data add own FOLDER --valid test`."""
    sources.add("own", [folder], valid="test")
    return sources.open_dataset("own")


def rows_of(dataset: Dataset, files: list[Path]) -> np.ndarray:
    """Where `dataset` holds the texts of `files`."""
    rows = {text: row for row, text in enumerate(dataset.texts)}
    assert len(rows) == len(dataset.texts) == 70
    return np.array([rows[file.read_text()] for file in files], dtype=np.int64)


def fastais_vocabulary(dataset: Dataset, folder: Path) -> list[str]:
    """The vocabulary by our rules of what fastai counts: every text under the folder, in the order it lists them."""
    return make_vocab(dataset.token_table().counts(rows_of(dataset, get_text_files(folder))))


def recipe(name: str, kind: Kind) -> Recipe:
    return recipes.get(name, kind).model_copy(update={"bs": BS, "seq_len": SEQ_LEN})


def minibatches(dls, part: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Two epochs of a loader under one seed."""
    plain_fastai.seed_everything(1)
    return [(np.asarray(x.cpu()), np.asarray(y.cpu())) for _ in range(2) for x, y in dls[part]]


def assert_same_minibatches(own_dls, dls, part: int, at_least: int) -> None:
    own, theirs = minibatches(own_dls, part), minibatches(dls, part)
    assert len(own) == len(theirs) >= at_least
    for one, other in zip(own, theirs, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_row_5_the_datablock_gives_our_minibatches(folder: Path, ours: Dataset) -> None:
    block = DataBlock(
        blocks=(TextBlock.from_folder(folder, n_workers=1), CategoryBlock),
        get_items=get_text_files,
        get_y=parent_label,
        splitter=GrandparentSplitter(valid_name="test"),
    )
    dls = block.dataloaders(folder, path=folder, bs=BS, seq_len=SEQ_LEN, num_workers=0, device="cpu")
    vocab, labels = (list(part) for part in dls.vocab)
    assert vocab == fastais_vocabulary(ours, folder)
    assert tuple(labels) == ours.info.labels == ("neg", "pos")
    parts = []
    for ds, split in ((dls.train_ds, Split.TRAIN), (dls.valid_ds, Split.VALID)):
        rows = rows_of(ours, ds.items)
        assert sorted(rows) == ours.rows(split).tolist()
        ids = ours.token_table().numericalise(vocab, rows)
        parts.append(loaders.LabelledTexts(ids, ours.label_ids[rows], vocab, labels))
    own = loaders.classifier_loaders(*parts, recipe("quick", Kind.CLASSIFIER), torch.device("cpu"))
    assert_same_minibatches(own, dls, 0, at_least=2 * 48 // BS)
    assert_same_minibatches(own, dls, 1, at_least=2 * 12 // BS)
    assert any((x[:, 0] == PAD_ID).any() for x, _ in minibatches(own, 0))  # whole chunks of padding come first


def test_row_6_language_model_loaders_give_our_minibatches(folder: Path, ours: Dataset) -> None:
    dls = TextDataLoaders.from_folder(folder, is_lm=True, valid_pct=0.1, bs=BS, num_workers=0, device="cpu")
    vocab = list(dls.vocab)
    assert sorted(vocab) == sorted(fastais_vocabulary(ours, folder))  # in parallel, fastai counts in any order
    theirs = [rows_of(ours, ds.items) for ds in (dls.train_ds, dls.valid_ds)]
    drawn = ours.lm_rows(count_validation=True)
    for rows in (theirs, drawn):  # every text under the folder, and one in ten validates
        assert sorted(np.concatenate(rows)) == list(range(70))
        assert len(rows[1]) == 7
    parts = [loaders.LMTexts(ours.token_table().numericalise(vocab, rows), vocab) for rows in theirs]
    own = loaders.lm_loaders(*parts, recipe("lm-notebook", Kind.LM), torch.device("cpu"))
    assert_same_minibatches(own, dls, 0, at_least=10)
    assert_same_minibatches(own, dls, 1, at_least=2)
