"""The minibatches that Explore shows against what fastai's `dls.show_batch()` prints for the same texts and seed."""

import random

import numpy as np
import pandas as pd
import pytest
from fastai.text import data as fastai_data
from fastai.text.data import TextDataLoaders

from tests import plain_fastai
from ulmfit_app.data.dataset import Dataset, describe
from ulmfit_app.data.exploration import Exploration
from ulmfit_app.data.show_batch import CLASSIFIER_ROWS, LM_ROWS, show_classifier_batch, show_lm_batch, shown
from ulmfit_app.schema import Split

pytestmark = pytest.mark.slow

ODD = ("WOW!!!! Café — “really”", "no no no no <br /><br />The 2nd time", "Zyzzyva " * 30, "good " + "never it " * 90)
SEED = 7


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """400 texts, every fifth for validation; some long, some with what the tokenizer's rules change."""
    frame = plain_fastai.texts(400)
    frame["text"] = [
        f"{text} {ODD[row % 7 % 4] if row % 7 < 4 else ''}".strip() for row, text in enumerate(frame["text"])
    ]
    return frame


@pytest.fixture
def explored(frame: pd.DataFrame) -> Exploration:
    texts, labels = frame["text"].tolist(), ("neg", "pos")
    label_ids = np.array([labels.index(label) for label in frame["label"]], np.int64)
    splits = np.where(frame["is_valid"], Split.VALID.value, Split.TRAIN.value)
    info = describe("toy", source="", split="", labels=labels, texts=texts, label_ids=label_ids, splits=splits)
    dataset = Dataset(info, texts, label_ids, splits)
    return Exploration(dataset, dataset.token_table())


def test_row_3_texts_and_categories_are_those_of_show_batch(
    frame: pd.DataFrame, explored: Exploration, monkeypatch: pytest.MonkeyPatch
) -> None:
    dls = TextDataLoaders.from_df(
        frame, text_col="text", label_col="label", valid_col="is_valid", text_vocab=explored.vocab, num_workers=0,
        device="cpu",
    )  # fmt: skip
    tables: list[pd.DataFrame] = []
    monkeypatch.setattr(fastai_data, "display_df", tables.append)
    plain_fastai.seed_everything(SEED)
    dls.show_batch(max_n=CLASSIFIER_ROWS)
    rows = show_classifier_batch(explored, seed=SEED).rows
    assert [shown(tokens) for tokens, _ in rows] == tables[0]["text"].tolist()
    assert [category for _, category in rows] == tables[0]["category"].tolist()
    assert any(len(tokens) > 150 for tokens, _ in rows)


def test_row_7_input_and_target_are_those_of_show_batch(
    frame: pd.DataFrame, explored: Exploration, capsys: pytest.CaptureFixture[str]
) -> None:
    train, valid = explored.lm_rows
    texts = frame.iloc[np.sort(np.concatenate([train, valid]))].assign(is_valid=lambda part: part.index.isin(valid))
    dls = TextDataLoaders.from_df(
        texts, text_col="text", is_lm=True, valid_col="is_valid", text_vocab=explored.lm_vocab, num_workers=0,
        device="cpu",
    )  # fmt: skip
    capsys.readouterr()
    plain_fastai.seed_everything(SEED)
    dls.show_batch(max_n=LM_ROWS)  # prints, inputs first: where there is a label it draws a table (fastai 2.8.12)
    inputs, targets = zip(*show_lm_batch(explored, seed=SEED).rows, strict=True)
    assert capsys.readouterr().out == "".join(f"{shown(tokens)}\n" for tokens in (*inputs, *targets))


def test_the_order_is_of_a_seed_alone(explored: Exploration) -> None:
    random.seed(1)
    before = random.getstate()
    show_lm_batch(explored, seed=SEED)
    show_classifier_batch(explored, seed=SEED)
    assert random.getstate() == before
