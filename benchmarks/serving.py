"""Arms that use a model: one prediction, many predictions, generation; ours and plain fastai, with the same weights."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import ceilings, material
from benchmarks.arms import Answer, Skipped
from benchmarks.ceilings import Operators, timed
from ulmfit_app import inference, modelfolder
from ulmfit_app.data.tokens import Tokenizer
from ulmfit_app.schema import Kind, ModelConfig, Sampling, Split

SENTENCE = "That honestly was the worst movie I've ever seen."
PROMPT = "I liked this movie because"
TEMPERATURE = 0.75
MS = 1e3


def predict(settings: dict[str, Any]) -> Answer:
    """One text at a time, warm: a sentence, and a review of about 250 tokens."""
    folder = material.model(Kind.CLASSIFIER, settings)
    call = _one_by_one(settings["side"], folder)
    config = modelfolder.read_config(folder)
    weights = ceilings.lstm_weights(config.architecture)
    recurrent = _bytes(settings["side"], config) * ceilings.recurrent_weights(config.architecture)
    samples, profile = {}, {}
    for name, text in (("short text", SENTENCE), ("250-token review", _review_of(250))):
        seconds = timed(lambda text=text: call(text), "cpu", settings["times"], warm=5)
        samples[f"{name} ms"] = [MS * each for each in seconds]
        tokens = len(Tokenizer()(text))
        best = sorted(seconds)[len(seconds) // 2]
        tokenised = min(timed(lambda text=text: Tokenizer()(text), "cpu", 10, warm=2))
        profile[f"{name}: tokens"] = tokens
        profile[f"{name}: GFLOP/s"] = round(2 * weights * tokens / best / 1e9, 2)
        profile[f"{name}: GB/s of recurrent weights, if read once a token"] = round(recurrent * tokens / best / 1e9, 2)
        profile[f"{name}: share in one tokenisation"] = round(tokenised / best, 3)
        with Operators() as operators:
            call(text)
        profile |= {f"{name}: {key}": value for key, value in operators.shares().items()}
    return {"samples": samples, "profile": profile, "same": _review_of(250)[:80]}


def _bytes(side: str, config: ModelConfig) -> int:
    """How many a weight takes where it is used for one text: half.py's 2, or 4."""
    return 2 if side == "ours" and config.dtype == "float16" else 4


def _review_of(tokens: int) -> str:
    """The validation review whose length is nearest."""
    tokenizer = Tokenizer()
    return min(material.reviews(Split.VALID, 200), key=lambda text: abs(len(tokenizer(text)) - tokens))


def _one_by_one(side: str, folder: Path) -> Callable[[str], object]:
    if side == "ours":
        predictor: Any = inference.load(folder)
        return predictor.predict
    from tests.unit.inference.learners import classifier_learner

    return classifier_learner(folder).predict


def bulk(settings: dict[str, Any]) -> Answer:
    """Many real reviews at once; once with their tokenisation, once with the tokens given."""
    folder = material.model(Kind.CLASSIFIER, settings)
    texts = material.reviews(Split.VALID, settings["texts"])
    whole, prepare = (_our_bulk if settings["side"] == "ours" else _plain_bulk)(folder, texts, settings)
    both = _seconds(whole)  # first: the tokenizers of both sides remember words
    given = prepare()
    with Operators() as operators:  # some hundred operators in all: recording them takes next to no time
        inside = _seconds(given)
    tokens = sum(len(Tokenizer()(text)) for text in texts)
    flop = 2 * ceilings.lstm_weights(modelfolder.read_config(folder).architecture) * tokens
    return {
        "samples": {
            "with tokenisation documents/s": [len(texts) / both],
            "tokens given documents/s": [len(texts) / inside],
        },
        "profile": {
            "tokens": tokens,
            "tokens given: GFLOP/s": round(flop / inside / 1e9, 1),
            "share in tokenising and loading": round(1 - inside / both, 3),
            **{f"tokens given: {name}": share for name, share in operators.shares().items()},
        },
        "same": tokens,
    }


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


# The work with tokenisation, and what prepares the work without.
Bulk = tuple[Callable[[], object], Callable[[], Callable[[], object]]]


def _our_bulk(folder: Path, texts: list[str], settings: dict[str, Any]) -> Bulk:
    predictor: Any = inference.load(folder)
    predictor.predict_many(texts[:20])

    def prepare() -> Callable[[], object]:
        ids = {text: predictor._pooler._numericalise(text) for text in texts}
        predictor._pooler._numericalise = ids.__getitem__
        return lambda: predictor.predict_many(texts)

    return lambda: predictor.predict_many(texts), prepare


def _plain_bulk(folder: Path, texts: list[str], settings: dict[str, Any]) -> Bulk:
    from tests.unit.inference.learners import classifier_learner

    learn = classifier_learner(folder)

    def loader(texts: list[str]) -> Any:
        return learn.dls.test_dl(texts, bs=settings["bs"])

    def prepare() -> Callable[[], object]:
        batches = list(loader(texts))
        return lambda: learn.get_preds(dl=batches)

    learn.get_preds(dl=loader(texts[:20]))
    return lambda: learn.get_preds(dl=loader(texts)), prepare


def generate(settings: dict[str, Any]) -> Answer:
    """Continuations of a prompt, in tokens/s: ours `times` times, plain fastai, which takes minutes, once each."""
    folder = material.model(Kind.LM, settings)
    call = _continuation(settings["side"], folder)
    config = modelfolder.read_config(folder)
    weights = ceilings.lstm_weights(config.architecture) + config.vocab_size * config.architecture.emb_sz
    number = _bytes(settings["side"], config)
    call(5)
    samples, profile = {}, {}
    for words in settings["words"]:
        times = 1 if settings["side"] == "plain" else settings["times"]
        seconds = [_seconds(lambda words=words: call(words)) for _ in range(times)]
        samples[f"{words} words tokens/s"] = [words / each for each in seconds]
        profile[f"{words} words: GB/s of weights, if read once a token"] = round(
            number * weights * words / min(seconds) / 1e9, 2
        )
    with Operators() as operators:
        call(settings["words"][0])
    return {"samples": samples, "profile": {**profile, **operators.shares()}}


def _continuation(side: str, folder: Path) -> Callable[[int], object]:
    if side == "ours":
        generator: Any = inference.load(folder)
        sampling = Sampling(temperature=TEMPERATURE)
        return lambda words: generator.generate(PROMPT, words, sampling=sampling, seed=1)
    from tests.unit.inference.learners import lm_learner

    learn = lm_learner(folder)
    return lambda words: learn.predict(PROMPT, words, temperature=TEMPERATURE, no_bar=True)


def tfidf(settings: dict[str, Any]) -> Answer:
    """The classical baseline in the bulk comparison: TF-IDF of words and pairs with logistic regression."""
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
    except ImportError:
        raise Skipped("scikit-learn is not installed") from None
    known = material.dataset(settings)
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(max_iter=300))
    model.fit(known.texts, known.label_ids)
    texts = material.reviews(Split.VALID, settings["texts"])
    seconds = timed(lambda: model.predict_proba(texts), "cpu", 3, warm=1)
    return {"samples": {"with tokenisation documents/s": [len(texts) / each for each in seconds]}}
