"""fastai Learners of our shapes: `language_model_learner` and `text_classifier_learner` with the recipe's values.

Weights come from a parent (see parents.py) or are random; nothing is downloaded or unpickled here.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import torch
from fastai.callback.progress import ProgressCallback
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.losses import CrossEntropyLossFlat
from fastai.metrics import Perplexity, accuracy
from fastai.text.learner import LMLearner, TextLearner, language_model_learner, text_classifier_learner
from fastai.text.models.awdlstm import AWD_LSTM, awd_lstm_clas_config, awd_lstm_lm_config
from torch import Tensor

from ulmfit_app.schema import Architecture, Kind, Recipe

RARE = 0.2  # share of the rarer of two classes below which class weights apply; of more classes: 2 / classes of it

NO_DROPOUT = 1e-12  # so small that every unit is kept, in float32 exactly

AnyLearner = TypeVar("AnyLearner", bound=Learner)


def lm_learner(dls: DataLoaders, architecture: Architecture, recipe: Recipe) -> LMLearner:
    """An `LMLearner` with random weights; metrics accuracy and perplexity."""
    config = {**awd_lstm_lm_config, **_shape(architecture), "out_bias": architecture.out_bias}
    return _quiet(
        language_model_learner(
            dls, AWD_LSTM, config=config, pretrained=False, metrics=[accuracy, Perplexity()], **_shared(recipe)
        )
    )


def classifier_learner(
    dls: DataLoaders, architecture: Architecture, recipe: Recipe, label_ids: np.ndarray
) -> TextLearner:
    """A `TextLearner` with random weights and metric accuracy; class weights if the recipe asks for them."""
    config = {**awd_lstm_clas_config, **_shape(architecture)}
    weight = class_weights(label_ids, dls.c) if recipe.class_weights else None
    weight = None if weight is None else weight.to(dls.device)
    return _quiet(
        text_classifier_learner(
            dls, AWD_LSTM, config=config, pretrained=False, metrics=accuracy, n_out=dls.c,
            seq_len=recipe.seq_len, max_len=recipe.max_len, lin_ftrs=list(architecture.lin_ftrs),
            loss_func=CrossEntropyLossFlat(weight=weight), **_shared(recipe),
        )
    )  # fmt: skip


def _drop_mult(recipe: Recipe) -> float:
    """fastai's `WeightDropout` fails at exactly 0 (F.dropout then returns the parameter itself; torch 2.13)."""
    return recipe.drop_mult or NO_DROPOUT


def _shape(architecture: Architecture) -> dict[str, int]:
    return {"emb_sz": architecture.emb_sz, "n_hid": architecture.n_hid, "n_layers": architecture.n_layers}


def _shared(recipe: Recipe) -> dict[str, Any]:
    return {
        "drop_mult": _drop_mult(recipe), "wd": recipe.wd, "moms": recipe.moms,
        "alpha": recipe.alpha, "beta": recipe.beta,
    }  # fmt: skip


def _quiet(learner: AnyLearner) -> AnyLearner:
    """Without fastai's own bars and printed rows: our callbacks report."""
    learner.remove_cb(ProgressCallback)
    learner.logger = lambda *_: None
    return learner


def class_weights(label_ids: np.ndarray, n_classes: int) -> Tensor | None:
    """Weights n / (classes * count), (n_classes,), or None if no class is rare."""
    counts = np.bincount(label_ids, minlength=n_classes)
    if counts.min() == 0 or counts.min() / counts.sum() >= RARE * 2 / n_classes:
        return None
    return torch.tensor(counts.sum() / (n_classes * counts), dtype=torch.float32)


def load_weights(learner: Learner, weights: Mapping[str, Tensor]) -> None:
    """Put `weights` (fastai's names; tied duplicates may be missing) into the model; other parameters keep theirs."""
    own = learner.model.state_dict()
    with torch.no_grad():
        for name, tensor in weights.items():
            own[name].copy_(tensor)
    learner.model.reset()


def weights_of(learner: Learner) -> dict[str, Tensor]:
    """The model's weights as contiguous fp32 CPU tensors, tied duplicates left out."""
    seen: set[int] = set()
    weights = {}
    for name, tensor in learner.model.state_dict().items():
        if tensor.data_ptr() not in seen:
            weights[name] = tensor.detach().to("cpu", copy=True).contiguous()
        seen.add(tensor.data_ptr())
    return weights


def kind_of(learner: Learner) -> Kind:
    """Which kind of model the learner trains."""
    return Kind.LM if isinstance(learner, LMLearner) else Kind.CLASSIFIER
