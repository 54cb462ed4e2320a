"""Our inference against fastai's own learners: same labels, same probabilities, same continuations."""

import random
from pathlib import Path

import pytest
import torch

from tests.fixtures import ARCHITECTURE, MAX_LEN, SEQ_LEN, VOCAB, tiny_classifier, tiny_lm
from tests.unit.inference.learners import classifier_learner, lm_learner
from ulmfit_app import inference, modelfolder
from ulmfit_app.inference.evaluate import evaluate_lm
from ulmfit_app.schema import Sampling

WORDS = [word for word in VOCAB[11:200] if word.isalpha()]
GREEDY = Sampling(temperature=0)


def text_of(n_tokens: int, seed: int = 0) -> str:
    """A text that becomes `n_tokens` tokens with `xxbos`."""
    return " ".join(random.Random(seed).choices(WORDS, k=n_tokens - 1))


TEXTS = [
    "",
    " ",
    "zyx wvu tsr",
    "That honestly was the worst movie I've ever seen.",
    "GREAT film!!!!! So so so good…<br /><br />10/10",
    "a film xxpad with xxunk and xxbos in it",
    "xxpad",
    "über 漢字 😀 \n\n the end",
    *(text_of(n, seed=n) for n in (2, SEQ_LEN - 1, SEQ_LEN, SEQ_LEN + 1, 2 * SEQ_LEN, MAX_LEN - 1, MAX_LEN)),
    *(text_of(n, seed=n) for n in (MAX_LEN + 1, MAX_LEN + SEQ_LEN - 1, MAX_LEN + SEQ_LEN, MAX_LEN + SEQ_LEN + 1, 200)),
]


@pytest.fixture(scope="module", params=[("neg", "pos"), ("a", "b", "c", "d", "e")], ids=["2 labels", "5 labels"])
def classifier(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_classifier(tmp_path_factory.mktemp("models") / "classifier", labels=request.param)


@pytest.fixture(scope="module")
def lm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_lm(tmp_path_factory.mktemp("models") / "lm")


def test_predictions_equal_learn_predict(classifier: Path) -> None:
    learn, predictor = classifier_learner(classifier), inference.load(classifier)
    answers = predictor.predict_many(TEXTS)
    for text, ours in zip(TEXTS, answers, strict=True):
        label, index, probabilities = learn.predict(text)
        assert (ours.label, ours.index) == (label, int(index)), text
        assert list(ours.probabilities) == list(predictor.labels)
        assert list(ours.probabilities.values()) == pytest.approx(probabilities.tolist(), abs=1e-4), text
        assert predictor.predict(text).probabilities == pytest.approx(ours.probabilities, abs=1e-5), text
    spread = torch.tensor([list(answer.probabilities.values()) for answer in answers]).std(0)
    assert spread.max() > 0.05  # the comparison would mean little if all texts gave the same


def test_a_text_is_read_as_in_training_where_learn_predict_reads_it_otherwise(tmp_path: Path) -> None:
    """fastai 2.8.12 replaces the space in the token of a newline and a space in data, but not in `learn.predict`.

    A decision of ours (docs/decisions.md). When the last assertion fails, fastai has changed: decide again.
    """
    text = "a good film \n the worst movie"
    words = [*VOCAB]
    words[words.index("xxfake")] = "\n▁"
    folder = tiny_classifier(tmp_path / "classifier", vocab=words)
    learn = classifier_learner(folder, text)
    ours = list(inference.load(folder).predict(text).probabilities.values())
    assert words.index("\n▁") in learn.dls.valid_ds[0][0].tolist()
    assert ours == pytest.approx(learn.get_preds(dl=learn.dls.valid)[0][0].tolist(), abs=1e-5)
    assert ours != pytest.approx(learn.predict(text)[2].tolist(), abs=1e-3)


def test_the_hidden_layers_of_the_head_may_be_any_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, sizes in enumerate([(), (7, 5)]):
        monkeypatch.setattr("tests.fixtures.ARCHITECTURE", ARCHITECTURE.model_copy(update={"lin_ftrs": sizes}))
        folder = tiny_classifier(tmp_path / str(number))
        expected = classifier_learner(folder).predict(TEXTS[3])[2].tolist()
        assert list(inference.load(folder).predict(TEXTS[3]).probabilities.values()) == pytest.approx(
            expected, abs=1e-4
        )


def fastai_greedy(learn, text: str, n_words: int) -> list[str]:
    """What `LMLearner.predict` does, with the argmax in place of the random draw."""
    ids = learn.dls.test_dl([text]).items[0]
    start = len(ids)
    for _ in range(n_words):
        learn.model.reset()
        predictions, _ = learn.get_preds(dl=[(ids[None],)])
        chances = predictions[0][-1]
        chances[learn.dls.vocab.index("xxunk")] = 0.0
        ids = torch.cat([ids, chances.argmax()[None]])
    return [learn.dls.vocab[number] for number in ids[start:]]


@pytest.mark.parametrize("prompt", ["I liked this movie by Robert Downey Jr. because", "", text_of(300)])
def test_greedy_continuation_is_the_argmax_of_fastais_full_prefix(prompt: str, lm: Path) -> None:
    generator = inference.load(lm)
    tokens = list(generator.stream(prompt, 20, GREEDY))
    assert tokens == fastai_greedy(lm_learner(lm), prompt, 20)
    assert tokens == generator.generate(prompt, 20, samples=2, sampling=GREEDY)[1].tokens
    assert len(set(tokens)) > 2


def test_the_text_is_what_fastais_predict_returns(lm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "multinomial", lambda chances, _: chances.argmax()[None])
    prompt = "I liked THIS movie because"
    expected = lm_learner(lm).predict(prompt, 12, no_bar=True)
    sample = inference.load(lm).generate(prompt, 12, sampling=GREEDY)[0]
    assert "xxrep" not in sample.tokens  # decoded better than fastai does: see data.tokens.decode
    assert sample.text == expected


def test_lm_evaluation_equals_fastais_model_over_the_whole_stream(lm: Path) -> None:
    learn = lm_learner(lm)
    stream = torch.cat([learn.dls.test_dl([text]).items[0] for text in TEXTS])
    model = learn.model.eval()
    model.reset()
    with torch.no_grad():
        logits = model(stream[None, :-1])[0][0]
    loss = torch.nn.functional.cross_entropy(logits.double(), stream[1:]).item()
    report = evaluate_lm(inference.load(lm), TEXTS)
    assert report.tokens == len(stream) - 1
    assert report.loss == pytest.approx(loss, abs=1e-5)
    assert report.accuracy == pytest.approx((logits.argmax(1) == stream[1:]).double().mean().item())


@pytest.mark.parametrize("source", [tiny_lm, tiny_classifier])
def test_the_fastai_export_is_what_load_encoder_takes(source, tmp_path: Path, classifier: Path) -> None:
    folder = source(tmp_path / "source", seed=9)
    modelfolder.export_fastai(folder, tmp_path / "models" / "finetuned.pth")
    learn = classifier_learner(classifier)
    learn.path = tmp_path
    learn.load_encoder("finetuned")
    config = modelfolder.read_config(folder)
    expected = modelfolder.encoder_weights(modelfolder.read_weights(folder), config.kind, config.part)
    loaded = learn.model[0].module.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in expected.items())
    assert torch.equal(loaded["encoder_dp.emb.weight"], expected["encoder.weight"])


def test_embeddings_are_what_the_classifiers_head_sees(classifier: Path, tmp_path: Path) -> None:
    learn = classifier_learner(classifier)
    modelfolder.to_encoder(classifier, tmp_path / "encoder")
    seen: list[torch.Tensor] = []
    learn.model[1].layers.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))
    for text in TEXTS:
        learn.predict(text)
    vectors = inference.load(tmp_path / "encoder").embed(TEXTS)
    assert vectors.shape == (len(TEXTS), 3 * ARCHITECTURE.emb_sz)
    assert torch.allclose(torch.from_numpy(vectors), torch.cat(seen), atol=1e-5)
