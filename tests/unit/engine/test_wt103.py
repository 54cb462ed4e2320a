"""fastai's WikiText-103 models, from a local server with a small archive of the same structure."""

import io
import tarfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from fastai.data.external import URLs
from fastai.text.models.awdlstm import AWD_LSTM, awd_lstm_lm_config
from fastai.text.models.core import get_language_model

from ulmfit_app import inference, modelfolder
from ulmfit_app.engine import wt103
from ulmfit_app.errors import DataError, OfflineError
from ulmfit_app.schema import IMPORTED, SPECIAL_TOKENS

# fastai 1's order of the special tokens, and no xxfld; `xxfake` pads.
WORDS = ["xxunk", "xxpad", "xxbos", "xxeos", "xxmaj", "xxup", "xxrep", "xxwrep", "the", ",", "film", "was", "good", "."]
WORDS += ["xxfake"] * 2
HOSTILE = b"cos\nsystem\n(S'touch hacked'\ntR."


def pickled(words: list[str]) -> bytes:
    """A list of texts as Python's protocol 2 stores it."""
    texts = [word.encode() for word in words]
    return b"\x80\x02](" + b"".join(b"X" + len(text).to_bytes(4, "little") + text for text in texts) + b"e."


def state() -> dict[str, torch.Tensor]:
    """The state dict of a small language model, made by fastai's own code, with a duplicate as old files have it."""
    torch.manual_seed(0)
    config = {**awd_lstm_lm_config, "emb_sz": 6, "n_hid": 10, "n_layers": 3}
    found = dict(get_language_model(AWD_LSTM, len(WORDS), config).state_dict())
    return {**found, "0.rnns.0.module.weight_hh_l0": found["0.rnns.0.weight_hh_l0_raw"]}


def stored(weights: object) -> bytes:
    file = io.BytesIO()
    torch.save(weights, file)
    return file.getvalue()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Serves an archive with these files as both of fastai's."""
    folder = tmp_path / "served"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ("fwd", "bwd"):
        url = f"http://127.0.0.1:{server.server_address[1]}/wt103-{name}.tgz"
        monkeypatch.setattr(URLs, f"WT103_{name.upper()}", url)

    def archive(**files: bytes) -> None:
        for name in ("fwd", "bwd"):
            with tarfile.open(folder / f"wt103-{name}.tgz", "w:gz") as tar:
                for suffix, data in files.items():
                    entry = tarfile.TarInfo(f"wt103-{name}/lstm_{name}.{suffix}")
                    entry.size = len(data)
                    tar.addfile(entry, io.BytesIO(data))

    yield archive
    server.shutdown()
    server.server_close()


def test_both_become_model_folders_that_generate(serve: Callable[..., None], tmp_path: Path) -> None:
    serve(pth=stored(state()), pkl=pickled(WORDS))
    heard: list[tuple[int, int]] = []
    for name in ("wt103-fwd", "wt103-bwd"):
        wt103.fetch(name, tmp_path / name, lambda *done: heard.append(done))
        config = modelfolder.verify(tmp_path / name)
        assert (config.architecture.emb_sz, config.architecture.n_hid, config.architecture.n_layers) == (6, 10, 3)
        assert config.lineage.recipe.name == IMPORTED and config.lineage.dataset == "wikitext-103"
        assert len(inference.load(tmp_path / name).generate("the film", 5, seed=1)[0].tokens) == 5
        card = modelfolder.read_card(tmp_path / name)
        assert ("from their end" in card) is (name == "wt103-bwd") and "CC BY-SA" in card and "epochs" not in card
    assert heard[-1][0] == heard[-1][1] > 0


def test_a_word_keeps_its_vector_and_bias_and_a_missing_one_gets_the_mean(
    serve: Callable[..., None], tmp_path: Path
) -> None:
    old = state()
    serve(pth=stored({"model": old}), pkl=pickled(WORDS))  # saved with an optimizer, as fastai may
    wt103.fetch("wt103-fwd", tmp_path / "m")
    vocab, new = modelfolder.read_vocab(tmp_path / "m"), modelfolder.read_weights(tmp_path / "m")
    assert tuple(vocab[:9]) == SPECIAL_TOKENS and vocab[9:] == WORDS[8:14]
    for name in ("0.encoder.weight", "1.decoder.bias"):
        for row, word in enumerate(vocab):
            expected = old[name][WORDS.index(word)] if word in WORDS else old[name].mean(0)
            assert torch.allclose(new[name][row], expected), word
    assert torch.equal(new["0.rnns.1.weight_hh_l0_raw"], old["0.rnns.1.weight_hh_l0_raw"])


def test_what_is_there_is_not_downloaded_again(serve: Callable[..., None], tmp_path: Path) -> None:
    serve(pth=stored(state()), pkl=pickled(WORDS))
    wt103.fetch("wt103-fwd", tmp_path / "m")
    (tmp_path / "served" / "wt103-fwd.tgz").unlink()
    wt103.fetch("wt103-fwd", tmp_path / "m")
    assert modelfolder.verify(tmp_path / "m")


class _Runs:
    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("hacked"),)


@pytest.mark.parametrize(
    "files",
    [
        {"pth": stored(state()), "pkl": HOSTILE},
        {"pth": HOSTILE, "pkl": pickled(WORDS)},
        {"pth": stored({"0.encoder.weight": _Runs()}), "pkl": pickled(WORDS)},
        {"pth": stored(state()), "pkl": pickled(WORDS[:-1])},
        {"pth": stored(state()), "pkl": b"\x80\x02K\x05."},
        {"pth": stored({"0.encoder.weight": torch.zeros(16, 6)}), "pkl": pickled(WORDS)},
        {"pth": b"", "pkl": b""},
        {"pkl": pickled(WORDS)},
    ],
    ids=[
        "words run code",
        "weights run code",
        "a tensor runs code",
        "too few words",
        "no list",
        "no LSTM",
        "empty",
        "none",
    ],
)
def test_what_is_more_or_less_than_weights_and_words_is_refused(
    files: dict[str, bytes], serve: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    serve(**files)
    with pytest.raises(DataError, match=r"archive of “wt103-fwd” cannot be used.*downloaded anew") as told:
        wt103.fetch("wt103-fwd", tmp_path / "m")
    assert "weights_only" not in str(told.value)  # no advice on how to open it all the same
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "served"]
    assert [path.name for path in (tmp_path / "home" / "cache" / "fastai" / "archive").iterdir()] == ["wt103-fwd.lock"]


def test_without_a_network_the_address_and_a_way_out_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(URLs, "WT103_FWD", "http://127.0.0.1:9/wt103-fwd.tgz")
    with pytest.raises(
        OfflineError, match=r"has to be downloaded .*It is at http://127.0.0.1:9/wt103-fwd.tgz: .*scratch"
    ):
        wt103.fetch("wt103-fwd", tmp_path / "m")
    assert not (tmp_path / "m").exists()
