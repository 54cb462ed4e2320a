"""Predicting many texts: the batch changes nothing, threads change nothing, work is bounded."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures import TOKENIZER, VOCAB, tiny_classifier
from ulmfit_app import inference, modelfolder
from ulmfit_app.errors import ModelFolderError
from ulmfit_app.inference import pooling
from ulmfit_app.inference.encoder import pooler_of
from ulmfit_app.inference.numericaliser import Numericaliser
from ulmfit_app.inference.pooling import MAX_ROWS, buckets, window_start
from ulmfit_app.inference.predictor import Predictor
from ulmfit_app.schema import BOS_ID, PAD_ID


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    return inference.load(tiny_classifier(tmp_path_factory.mktemp("models") / "model"))


def texts(n: int, longest: int = 120) -> list[str]:
    rng = random.Random(n)
    return [" ".join(rng.choices(VOCAB[9:200], k=rng.randint(0, longest))) for _ in range(n)]


@pytest.mark.parametrize("batch_tokens", [1, 300, 16_384])
def test_a_prediction_does_not_depend_on_the_batch(batch_tokens: int, predictor: Predictor) -> None:
    many = texts(60)
    together = predictor.predict_many(many, batch_tokens=batch_tokens)
    for text, answer in zip(many, together, strict=True):
        assert predictor.predict(text).probabilities == pytest.approx(answer.probabilities, abs=1e-5)


def test_results_come_in_the_order_of_the_texts(predictor: Predictor) -> None:
    many = texts(40)
    forward, backward = predictor.predict_many(many), predictor.predict_many(many[::-1])
    for one, other in zip(forward, backward[::-1], strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)


def test_reading_ahead_in_parts_changes_nothing(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = predictor.predict_many(texts(30))
    monkeypatch.setattr(pooling, "READ_AHEAD", 7)
    monkeypatch.setattr(pooling, "BLOCK", 5)
    calls: list[tuple[int, int]] = []
    parts = predictor.predict_many(texts(30), on_progress=lambda done, total: calls.append((done, total)))
    for one, other in zip(whole, parts, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)
    assert calls[-1] == (30, 30) and len(calls) >= 5 and calls == sorted(calls)


def test_no_texts_give_no_predictions(predictor: Predictor) -> None:
    assert predictor.predict_many([]) == []


def test_raising_from_progress_stops(predictor: Predictor) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predictor.predict_many(["good"], on_progress=stop)


def test_one_object_serves_many_threads(predictor: Predictor) -> None:
    many = texts(1000, longest=40)
    alone = [predictor.predict(text) for text in many]
    assert len({answer.probabilities["pos"] for answer in alone}) > 900
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(predictor.predict, many)) == alone


def test_a_window_of_nothing_but_padding_gives_numbers(tmp_path: Path) -> None:
    folder = tiny_classifier(tmp_path / "model")
    pooler = pooler_of(modelfolder.read_config(folder), VOCAB, modelfolder.read_weights(folder))
    assert pooler.ids([[BOS_ID] + [PAD_ID] * 100]).isfinite().all()


@given(st.integers(1, 500), st.integers(1, 80), st.integers(1, 200))
def test_the_window_is_the_chunks_that_fastai_keeps(length: int, seq_len: int, max_len: int) -> None:
    kept = [start for start in range(0, length, seq_len) if length - start <= max_len]  # SentenceEncoder.forward
    last_chunk = (length - 1) // seq_len * seq_len
    assert window_start(length, seq_len, max_len) == (kept[0] if kept else last_chunk)


@settings(max_examples=100)
@given(st.lists(st.integers(1, 3000), max_size=400), st.integers(1, 20_000))
def test_buckets_hold_every_row_once_within_their_bounds(lengths: list[int], batch_tokens: int) -> None:
    batches = list(buckets(lengths, batch_tokens))
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = lengths[batch[0]]
        assert longest == max(lengths[row] for row in batch)
        assert len(batch) == 1 or (longest * len(batch) <= batch_tokens and len(batch) <= MAX_ROWS)


def test_unknown_words_and_padding_words_are_unknown() -> None:
    numericalise = Numericaliser(TOKENIZER, VOCAB)
    assert numericalise("good zyx xxfake") == [2, VOCAB.index("good"), 0, 0]


def test_a_reading_has_the_tokens_the_unknown_words_and_what_is_judged(predictor: Predictor) -> None:
    short = predictor.read("Such good zyx")
    assert (short.tokens, short.unknown, short.start) == (("xxbos", "xxmaj", "such", "good", "zyx"), {"such", "zyx"}, 0)
    long = predictor.read("good film " * 20)  # 41 tokens; MAX_LEN is 24, in chunks of 8
    assert len(long.tokens) == 41 and long.start == 24


def test_other_text_rules_are_refused(tmp_path: Path) -> None:
    folder = tiny_classifier(tmp_path / "model")
    config = modelfolder.read_config(folder)
    other = config.model_copy(update={"tokenizer": TOKENIZER.model_copy(update={"rules": TOKENIZER.rules[1:]})})
    with pytest.raises(ModelFolderError, match="prepared by other rules"):
        Predictor(other, VOCAB, modelfolder.read_weights(folder))
