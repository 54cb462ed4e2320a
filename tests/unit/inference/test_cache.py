"""The cache of loaded models: one load each, a bound on bytes, changed and deleted models let go."""

import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.fixtures import tiny_classifier, tiny_lm
from ulmfit_app import inference, modelfolder
from ulmfit_app.errors import ModelFolderError
from ulmfit_app.inference.cache import ModelCache, model_cache, weight_bytes
from ulmfit_app.settings import settings

SENTENCE = "That honestly was the worst movie I've ever seen."


def loaded(cache: ModelCache, folder: Path) -> object:
    """What the cache gives for the model in `folder` as it is now."""
    return cache.get(folder, modelfolder.read_config(folder))


def names(cache: ModelCache) -> list[str]:
    """What the cache holds, the one used last first."""
    return [held.name for held in cache.held()]


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    """Three classifiers of the same size."""
    return [tiny_classifier(tmp_path / name, seed=seed) for seed, name in enumerate(("a", "b", "c"))]


def test_the_size_is_that_of_the_tensors(three: list[Path]) -> None:
    real = sum(tensor.nbytes for tensor in modelfolder.read_weights(three[0]).values())
    assert weight_bytes(modelfolder.read_config(three[0])) == real


def test_the_least_recently_used_goes_first(three: list[Path]) -> None:
    a, b, c = three
    cache = ModelCache(2 * weight_bytes(modelfolder.read_config(a)))
    first = loaded(cache, a)
    loaded(cache, b)
    assert loaded(cache, a) is first
    loaded(cache, c)
    assert names(cache) == ["c", "a"]
    assert loaded(cache, a) is first
    assert sum(held.bytes for held in cache.held()) <= cache.limit


def test_a_model_over_the_limit_is_held_alone(three: list[Path]) -> None:
    cache = ModelCache(1)
    one = loaded(cache, three[0])
    assert loaded(cache, three[0]) is one and names(cache) == ["a"]
    loaded(cache, three[1])
    assert names(cache) == ["b"]


def test_a_changed_model_is_loaded_anew_and_held_once(three: list[Path]) -> None:
    cache, folder = ModelCache(10**9), three[0]
    before = loaded(cache, folder)
    shutil.rmtree(folder)
    tiny_classifier(folder, seed=9)
    after = loaded(cache, folder)
    assert after is not before and after.predict(SENTENCE) == inference.load(folder).predict(SENTENCE)
    assert names(cache) == ["a"]


def test_a_deleted_model_is_dropped(three: list[Path]) -> None:
    cache = ModelCache(10**9)
    for folder in three:
        loaded(cache, folder)
    shutil.rmtree(three[1])
    assert names(cache) == ["c", "a"]


def test_kinds_share_the_cache(three: list[Path], tmp_path: Path) -> None:
    cache = ModelCache(10**9)
    loaded(cache, three[0])
    assert [len(sample.tokens) for sample in loaded(cache, tiny_lm(tmp_path / "lm")).generate("the", 3)] == [3]
    assert names(cache) == ["lm", "a"]


def test_many_who_ask_at_once_wait_for_one_load(three: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    cache, loads, really = ModelCache(10**9), [], inference.load
    alone = threading.Lock()

    def slow(folder: Path) -> object:
        assert alone.acquire(blocking=False)  # a load takes several times the memory of its weights
        loads.append(folder)
        time.sleep(0.05)  # the others come meanwhile
        alone.release()
        return really(folder)

    monkeypatch.setattr(inference, "load", slow)
    with ThreadPoolExecutor(8) as pool:
        models = list(pool.map(lambda folder: loaded(cache, folder), three[:2] * 4))
    assert sorted(loads) == three[:2]
    assert len({id(model) for model in models}) == 2


def test_a_load_that_fails_leaves_nothing_behind_and_is_tried_again(
    three: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, really = ModelCache(10**9), inference.load

    def fails(folder: Path) -> object:
        raise ModelFolderError("The weights are damaged.")

    monkeypatch.setattr(inference, "load", fails)
    with pytest.raises(ModelFolderError, match="damaged"):
        loaded(cache, three[0])
    assert names(cache) == []
    monkeypatch.setattr(inference, "load", really)
    assert loaded(cache, three[0]).labels == ("neg", "pos")


def test_the_limit_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_CACHE_MB", "7")
    settings.cache_clear()
    model_cache.cache_clear()
    assert model_cache().limit == 7_000_000
    model_cache.cache_clear()
