"""The faster dropout of weights and words, against fastai's own."""

import copy

import pytest
import torch
from fastai.text.models.awdlstm import EmbeddingDropout, WeightDropout

from tests.unit.engine import courses
from ulmfit_app import recipes
from ulmfit_app.engine import devices, dropout, learners
from ulmfit_app.engine.dropout import QuickEmbeddingDropout, QuickWeightDropout, dropped

DRAWN = 4_000_000


@pytest.mark.parametrize("p", [0.05, 0.25, 0.5, 0.9])
def test_so_many_are_dropped_and_the_sum_is_kept(p: float) -> None:
    torch.manual_seed(0)
    found = dropped(torch.ones(DRAWN), p)
    share = float((found == 0).float().mean())
    assert share == pytest.approx(p, abs=5 * (p * (1 - p) / DRAWN) ** 0.5 + 1 / dropout.LEVELS)
    assert float(found.max()) == pytest.approx(1 / (1 - p), rel=1e-3)
    assert float(found.double().mean()) == pytest.approx(1, abs=5 * (p / (1 - p) / DRAWN) ** 0.5)


def test_the_numbers_of_a_random_word_are_independent() -> None:
    torch.manual_seed(1)
    words = (dropped(torch.ones(DRAWN), 0.3) == 0).double().view(-1, 4)
    assert torch.corrcoef(words.T).fill_diagonal_(0).abs().max() < 5 * (4 / DRAWN) ** 0.5
    torch.testing.assert_close(words.mean(0), torch.full((4,), 0.3, dtype=torch.double), atol=3e-3, rtol=0)


@pytest.mark.parametrize("numbers", [1, 3, 4, 5, 30])
def test_any_number_of_weights_at_the_ends_of_the_range(numbers: int) -> None:
    weight = torch.arange(1.0, numbers + 1)
    assert torch.equal(dropped(weight, 1e-12), weight)
    assert torch.equal(dropped(weight, 1.0), torch.zeros(numbers))
    with pytest.raises(ValueError, match="between 0 and 1"):
        dropped(weight, 1.5)


def lstm() -> WeightDropout:
    torch.manual_seed(0)
    return WeightDropout(torch.nn.LSTM(4, 6, batch_first=True), 0.5)


def test_weights_keep_their_names_and_without_training_nothing_is_dropped() -> None:
    plain = lstm()
    quick = QuickWeightDropout(plain)
    assert list(quick.state_dict()) == list(plain.state_dict())
    assert [name for name, _ in quick.named_parameters()] == [name for name, _ in plain.named_parameters()]
    inputs = torch.randn(2, 3, 4)
    torch.testing.assert_close(quick.eval()(inputs)[0], plain.eval()(inputs)[0], atol=0, rtol=0)


def test_every_call_in_training_drops_others_and_their_gradient_is_zero() -> None:
    quick = QuickWeightDropout(lstm()).train()
    masks = []
    for _ in range(2):
        quick.zero_grad()
        quick(torch.randn(2, 3, 4))[0].sum().backward()
        used, raw = quick.module.weight_hh_l0, quick.weight_hh_l0_raw
        kept = used != 0
        torch.testing.assert_close(used[kept], raw[kept] * 2)
        assert torch.equal(raw.grad != 0, kept)
        masks.append(kept)
    assert not torch.equal(*masks)


def test_dropped_words_are_fastais_and_so_are_the_gradients() -> None:
    words = torch.tensor([[2, 5, 2, 1], [7, 3, 9, 9]])
    found = []
    for kind in (EmbeddingDropout, QuickEmbeddingDropout):
        torch.manual_seed(3)
        layer = kind(torch.nn.Embedding(10, 6, padding_idx=1), 0.4)
        vectors = layer(words)
        (vectors * torch.arange(6.0)).sum().backward()
        found.append((vectors.detach(), layer.emb.weight.grad, layer.eval()(words).detach()))
    assert (found[0][0] == 0).all(2).any()
    for plain, quick in zip(*found, strict=True):
        torch.testing.assert_close(quick, plain, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("recipe", [courses.LM, courses.CLASSIFIER], ids=["lm", "classifier"])
def test_a_learner_trains_as_a_plain_one_where_nothing_is_dropped(recipe) -> None:
    from fastai.callback import schedule  # noqa: F401

    trained = []
    for quick in (False, True):
        learner = courses.learner(recipes.override(recipe, {"drop_mult": 0}))
        names = [list(learner.model.state_dict()), [name for name, _ in learner.model.named_parameters()]]
        if quick:
            dropout.quicken(learner)
            assert sum(isinstance(module, QuickWeightDropout) for module in learner.model.modules()) == 3
        assert [list(learner.model.state_dict()), [name for name, _ in learner.model.named_parameters()]] == names
        for module in learner.model.modules():
            if isinstance(module, torch.nn.Dropout):  # a classifier's head has some that drop_mult leaves as they are
                module.p = 0
        devices.seed_everything(1)
        learner.fit_one_cycle(1, 1e-2)
        trained.append(copy.deepcopy(learners.weights_of(learner)))
    for name, tensor in trained[0].items():
        torch.testing.assert_close(trained[1][name], tensor, rtol=1e-4, atol=1e-5)
