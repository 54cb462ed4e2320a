"""Our engine against the notebook's calls in plain fastai, fp32: the same minibatches, the same weights.

With dropout too: both draw the same random numbers in the same order.
"""

import numpy as np
import pytest
import torch

from tests import plain_fastai
from ulmfit_app import recipes
from ulmfit_app.engine import devices, learners, loaders
from ulmfit_app.engine.stages import fit_one_cycle
from ulmfit_app.schema import Architecture, Kind, Recipe

pytestmark = pytest.mark.slow

BS, SEQ_LEN = 4, 12
DROPOUT = [plain_fastai.NO_DROPOUT, 0.5]
SHAPE = Architecture(**plain_fastai.SHAPE)


@pytest.fixture(scope="module")
def frame():
    return plain_fastai.texts(150)


def numericalised(dataset) -> list[np.ndarray]:
    items = [item[0] if isinstance(item, tuple) else item for item in dataset]
    return [np.asarray(item, dtype=np.int64) for item in items]


def our_lm(reference, recipe: Recipe):
    vocab = list(reference.dls.vocab)
    parts = [loaders.LMTexts(numericalised(ds), vocab) for ds in (reference.dls.train_ds, reference.dls.valid_ds)]
    dls = loaders.lm_loaders(*parts, recipe, torch.device("cpu"))
    return learners.lm_learner(dls, SHAPE, recipe)


def our_classifier(reference, recipe: Recipe):
    vocab, labels = (list(part) for part in reference.dls.vocab)
    parts = []
    for ds in (reference.dls.train_ds, reference.dls.valid_ds):
        label_ids = np.array([int(item[1]) for item in ds])
        parts.append(loaders.LabelledTexts(numericalised(ds), label_ids, vocab, labels))
    dls = loaders.classifier_loaders(*parts, recipe, torch.device("cpu"))
    return learners.classifier_learner(dls, SHAPE, recipe, parts[0].label_ids)


def small(name: str, kind: Kind, drop_mult: float = 0.0) -> Recipe:
    """The named recipe with small minibatches, its long stages shortened to two epochs."""
    recipe = recipes.get(name, kind)
    stages = tuple(stage.model_copy(update={"epochs": min(stage.epochs, 2)}) for stage in recipe.stages)
    return recipe.model_copy(update={"bs": BS, "seq_len": SEQ_LEN, "drop_mult": drop_mult, "stages": stages})


def same_start(reference, ours) -> None:
    ours.model.load_state_dict(reference.model.state_dict())
    plain_fastai.seed_everything(3)


def train_ours(ours, recipe: Recipe) -> list[float]:
    plain_fastai.seed_everything(3)
    losses = []
    for planned in recipes.plan(recipe, len(ours.dls.train)):
        ours.freeze_to(planned.stage.freeze_to)
        fit_one_cycle(ours, planned)
        losses += [float(loss) for loss in ours.recorder.losses]
    return losses


def assert_same(reference, ours, reference_losses: list[float], losses: list[float]) -> None:
    assert len(losses) > 20
    assert losses == pytest.approx(reference_losses, abs=1e-5)
    for (name, theirs), own in zip(reference.model.state_dict().items(), ours.model.state_dict().values(), strict=True):
        torch.testing.assert_close(own, theirs, atol=1e-5, rtol=1e-4, msg=name)
    own_metrics, metrics = ([float(value) for value in learn.recorder.values[-1]] for learn in (ours, reference))
    assert own_metrics == pytest.approx(metrics, abs=1e-4)


def test_row_5_7_minibatches_are_fastais(frame) -> None:
    reference = plain_fastai.lm_learner(frame, bs=BS, seq_len=SEQ_LEN)
    ours = our_lm(reference, small("lm-notebook", Kind.LM))
    for part in (0, 1):
        plain_fastai.seed_everything(1)
        theirs = [[np.asarray(t) for t in batch] for _ in range(2) for batch in reference.dls[part]]
        plain_fastai.seed_everything(1)
        own = [[np.asarray(t) for t in batch] for _ in range(2) for batch in ours.dls[part]]
        assert len(own) == len(theirs) > 4
        for one, other in zip(own, theirs, strict=True):
            np.testing.assert_array_equal(one[0], other[0])
            np.testing.assert_array_equal(one[1], other[1])
            np.testing.assert_array_equal(one[0][:, 1:], one[1][:, :-1])


def test_classifier_minibatches_are_fastais(frame) -> None:
    vocab = list(plain_fastai.lm_learner(frame, bs=BS, seq_len=SEQ_LEN).dls.vocab)
    reference = plain_fastai.classifier_learner(frame, vocab, bs=BS, seq_len=SEQ_LEN)
    ours = our_classifier(reference, small("classifier-notebook", Kind.CLASSIFIER))
    for part in (0, 1):
        plain_fastai.seed_everything(1)
        theirs = [[np.asarray(t) for t in batch] for _ in range(2) for batch in reference.dls[part]]
        plain_fastai.seed_everything(1)
        own = [[np.asarray(t) for t in batch] for _ in range(2) for batch in ours.dls[part]]
        assert len(own) == len(theirs) > 4
        for one, other in zip(own, theirs, strict=True):
            np.testing.assert_array_equal(one[0], other[0])
            np.testing.assert_array_equal(one[1], other[1])


@pytest.mark.parametrize("drop_mult", DROPOUT)
def test_rows_15_to_19_language_model(frame, drop_mult: float) -> None:
    reference = plain_fastai.lm_learner(frame, bs=BS, seq_len=SEQ_LEN, drop_mult=drop_mult)
    recipe = small("lm-notebook", Kind.LM, drop_mult)
    ours = our_lm(reference, recipe)
    same_start(reference, ours)
    reference.freeze()
    reference.fit_one_cycle(1, 1e-2)
    expected = [float(loss) for loss in reference.recorder.losses]
    reference.unfreeze()
    reference.fit_one_cycle(2, 1e-3)
    expected += [float(loss) for loss in reference.recorder.losses]
    assert_same(reference, ours, expected, train_ours(ours, recipe))


@pytest.mark.parametrize("drop_mult", DROPOUT)
def test_row_10_quick_classifier(frame, drop_mult: float) -> None:
    vocab = list(plain_fastai.lm_learner(frame, bs=BS, seq_len=SEQ_LEN).dls.vocab)
    reference = plain_fastai.classifier_learner(frame, vocab, bs=BS, seq_len=SEQ_LEN, drop_mult=drop_mult)
    recipe = small("quick", Kind.CLASSIFIER, drop_mult)
    ours = our_classifier(reference, recipe)
    same_start(reference, ours)
    losses: list[float] = []
    original = reference.fit_one_cycle

    def fit_and_note(*args, **kwargs) -> None:
        original(*args, **kwargs)
        losses.extend(float(loss) for loss in reference.recorder.losses)

    reference.fit_one_cycle = fit_and_note
    reference.fine_tune(2, 1e-2)
    assert type(ours).__name__ == "TextLearner"  # row 9
    assert_same(reference, ours, losses, train_ours(ours, recipe))


@pytest.mark.parametrize("drop_mult", DROPOUT)
def test_rows_23_to_27_gradual_unfreezing(frame, drop_mult: float) -> None:
    vocab = list(plain_fastai.lm_learner(frame, bs=BS, seq_len=SEQ_LEN).dls.vocab)
    reference = plain_fastai.classifier_learner(frame, vocab, bs=BS, seq_len=SEQ_LEN, drop_mult=drop_mult)
    recipe = small("classifier-notebook", Kind.CLASSIFIER, drop_mult)
    ours = our_classifier(reference, recipe)
    same_start(reference, ours)
    losses = []
    for freeze_to, epochs, lr in [
        (-1, 1, 2e-2),
        (-2, 1, slice(1e-2 / (2.6**4), 1e-2)),
        (-3, 1, slice(5e-3 / (2.6**4), 5e-3)),
        (0, 2, slice(1e-3 / (2.6**4), 1e-3)),
    ]:
        reference.freeze_to(freeze_to)
        reference.fit_one_cycle(epochs, lr)
        losses += [float(loss) for loss in reference.recorder.losses]
    assert_same(reference, ours, losses, train_ours(ours, recipe))


def test_bf16_lies_within_the_spread_of_three_seeds(frame) -> None:
    reference = plain_fastai.lm_learner(frame, bs=BS, seq_len=SEQ_LEN)
    recipe = small("lm-notebook", Kind.LM, drop_mult=0.5)
    losses: dict[str, list[float]] = {"fp32": [], "bf16": []}
    for precision, ends in losses.items():
        for seed in range(3):
            devices.seed_everything(seed)
            ours = our_lm(reference, recipe)
            ours.add_cbs(devices.Device("cpu", precision).callbacks())
            for planned in recipes.plan(recipe, len(ours.dls.train)):
                ours.freeze_to(planned.stage.freeze_to)
                fit_one_cycle(ours, planned)
            ends.append(float(ours.recorder.values[-1][1]))
    spread = max(losses["fp32"]) - min(losses["fp32"])
    assert abs(np.mean(losses["bf16"]) - np.mean(losses["fp32"])) <= spread
