"""The notebook's calls in plain fastai, on small real-looking data: what our engine is compared with."""

import random

import numpy as np
import pandas as pd
import torch
from fastai.losses import CrossEntropyLossFlat
from fastai.metrics import Perplexity, accuracy
from fastai.text.data import TextDataLoaders
from fastai.text.learner import language_model_learner, text_classifier_learner
from fastai.text.models.awdlstm import AWD_LSTM, awd_lstm_clas_config, awd_lstm_lm_config

SHAPE = {"emb_sz": 12, "n_hid": 16, "n_layers": 3}
NO_DROPOUT = 1e-12  # WeightDropout fails at exactly 0 (fastai 2.8.12, torch 2.13)
WORDS = "the a film movie was is good bad great awful plot actor scene very not never I you it and of to Nice WOW !!!!"


def texts(n: int, seed: int = 0) -> pd.DataFrame:
    """`n` texts of 5 to 60 words whose label depends on their words; the last fifth is for validation."""
    rng = random.Random(seed)
    words = WORDS.split()
    rows = []
    for index in range(n):
        good = rng.random() < 0.5
        extra = ["good", "great"] if good else ["bad", "awful"]
        text = " ".join(rng.choices(words + extra * 4, k=rng.randint(5, 60)))
        rows.append({"text": text, "label": "pos" if good else "neg", "is_valid": index >= n * 4 // 5})
    return pd.DataFrame(rows)


def seed_everything(seed: int) -> None:
    """Seed what fastai draws from."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def lm_learner(frame: pd.DataFrame, *, bs: int, seq_len: int, drop_mult: float = NO_DROPOUT):
    """`TextDataLoaders(is_lm=True)` and `language_model_learner` with the notebook's wd and metrics."""
    dls = TextDataLoaders.from_df(
        frame, text_col="text", is_lm=True, valid_col="is_valid", bs=bs, seq_len=seq_len, num_workers=0, device="cpu"
    )
    learn = language_model_learner(
        dls, AWD_LSTM, config={**awd_lstm_lm_config, **SHAPE}, drop_mult=drop_mult, pretrained=False,
        metrics=[accuracy, Perplexity()], wd=0.1,
    )  # fmt: skip
    learn.remove_cb(learn.progress)
    learn.logger = lambda *_: None
    return learn


def classifier_learner(frame: pd.DataFrame, vocab: list[str], *, bs: int, seq_len: int, drop_mult: float = NO_DROPOUT):
    """`TextDataLoaders(text_vocab=...)` and `text_classifier_learner`."""
    dls = TextDataLoaders.from_df(
        frame, text_col="text", label_col="label", valid_col="is_valid", text_vocab=vocab, bs=bs, seq_len=seq_len,
        num_workers=0, device="cpu",
    )  # fmt: skip
    learn = text_classifier_learner(
        dls, AWD_LSTM, seq_len=seq_len, config={**awd_lstm_clas_config, **SHAPE}, drop_mult=drop_mult,
        pretrained=False, metrics=accuracy, loss_func=CrossEntropyLossFlat(),
    )  # fmt: skip
    learn.remove_cb(learn.progress)
    learn.logger = lambda *_: None
    return learn
