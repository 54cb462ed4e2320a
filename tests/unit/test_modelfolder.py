"""Model folders: what is written can be read again; what cannot be trusted is refused with the reason."""

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save

from tests.fixtures import ARCHITECTURE, TOKENIZER, VOCAB, lineage, random_weights, tiny_classifier, tiny_lm
from ulmfit_app import modelfolder
from ulmfit_app.errors import ModelFolderError, NameTakenError
from ulmfit_app.modelfolder.tensors import encoder_shapes, expected_shapes, from_state_dict
from ulmfit_app.schema import SPECIAL_TOKENS, Kind

FILES = {"config.json", "vocab.json", "model.safetensors", "README.md"}


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_classifier(tmp_path_factory.mktemp("models") / "sentiment")


@pytest.fixture
def copy(classifier: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(classifier, tmp_path / "sentiment"))


def forge(folder: Path, *, weights: bytes | None = None, vocab: bytes | None = None, **fields: object) -> None:
    """Replace files or fields of config.json and make the hashes right, as someone with bad intent would."""
    config = json.loads((folder / "config.json").read_text()) | fields
    for key, name, data in (("weights_sha256", "model.safetensors", weights), ("vocab_sha256", "vocab.json", vocab)):
        if data is not None:
            (folder / name).write_bytes(data)
            config[key] = sha256(data).hexdigest()
    (folder / "config.json").write_text(json.dumps(config))


def tensors_of(folder: Path) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in load_file(folder / "model.safetensors").items()}


def with_header(folder: Path, change: Callable[[dict], None], tail: bytes = b"") -> bytes:
    """The folder's weights with `change` made to their JSON header, and `tail` after the data."""
    data = (folder / "model.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    change(header)
    raw = json.dumps(header).encode()
    return len(raw).to_bytes(8, "little") + raw + data[8 + length :] + tail


# What is written can be read


@pytest.mark.parametrize("make", [tiny_lm, tiny_classifier])
def test_a_written_folder_verifies_and_reads_back(make: Callable[[Path], Path], tmp_path: Path) -> None:
    folder = make(tmp_path / "model")
    config = modelfolder.verify(folder)
    weights = modelfolder.read_weights(folder)
    assert {path.name for path in folder.iterdir()} == FILES
    assert modelfolder.read_vocab(folder) == VOCAB
    assert {name: tuple(tensor.shape) for name, tensor in weights.items()} == expected_shapes(config)
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32}


def test_equal_weights_give_equal_bytes(tmp_path: Path) -> None:
    first, second = tiny_lm(tmp_path / "first"), tiny_lm(tmp_path / "second")
    other = tiny_lm(tmp_path / "other", seed=1)
    assert (first / "model.safetensors").read_bytes() == (second / "model.safetensors").read_bytes()
    assert (first / "model.safetensors").read_bytes() != (other / "model.safetensors").read_bytes()


def test_half_stores_16_bits_and_reads_32(classifier: Path, tmp_path: Path) -> None:
    config = modelfolder.half(classifier, tmp_path / "half")
    exact, rounded = modelfolder.read_weights(classifier), modelfolder.read_weights(tmp_path / "half")
    assert config.dtype == modelfolder.verify(tmp_path / "half").dtype == "float16"
    assert config.labels == ("neg", "pos")
    assert (tmp_path / "half/model.safetensors").stat().st_size < 0.6 * (
        classifier / "model.safetensors"
    ).stat().st_size
    for name, tensor in rounded.items():
        assert torch.equal(tensor, exact[name].half().float()), name


def test_verify_and_read_config_import_no_torch(classifier: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from ulmfit_app import modelfolder;"
        f"modelfolder.verify(Path({str(classifier)!r})); print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_state_dict_without_dropout_layers_is_stored_under_the_same_names() -> None:
    assert from_state_dict({"1.layers.0.1.weight": 1, "1.layers.0.0.num_batches_tracked": 2}) == {
        "1.layers.0.2.weight": 1
    }


def test_encoder_weights_are_the_same_from_every_kind_of_folder(classifier: Path, tmp_path: Path) -> None:
    shapes = encoder_shapes(ARCHITECTURE, len(VOCAB))
    modelfolder.to_encoder(classifier, tmp_path / "encoder")
    whole, part = modelfolder.read_weights(classifier), modelfolder.read_weights(tmp_path / "encoder")
    from_classifier = modelfolder.encoder_weights(whole, Kind.CLASSIFIER, "full")
    from_encoder = modelfolder.encoder_weights(part, Kind.CLASSIFIER, "encoder")
    lm = modelfolder.encoder_weights(modelfolder.read_weights(tiny_lm(tmp_path / "lm")), Kind.LM, "full")
    assert shapes.keys() == from_classifier.keys() == from_encoder.keys() == lm.keys()
    assert all(torch.equal(from_classifier[name], from_encoder[name]) for name in shapes)


def test_to_encoder_leaves_the_head_behind_and_keeps_the_notes(tmp_path: Path) -> None:
    folder = tiny_classifier(tmp_path / "model")
    card = (folder / "README.md").read_text().replace("<!-- notes -->", "<!-- notes -->\nMine.")
    (folder / "README.md").write_text(card)
    config = modelfolder.to_encoder(folder, tmp_path / "encoder")
    assert (config.part, config.labels, config.metrics) == ("encoder", (), {})
    assert config.lineage == modelfolder.read_config(folder).lineage
    assert modelfolder.notes_of((tmp_path / "encoder/README.md").read_text()) == "Mine."


# What cannot be written leaves nothing


def parts(**changes: object) -> dict:
    """Arguments of `write` for a small encoder."""
    weights = random_weights(encoder_shapes(ARCHITECTURE, len(VOCAB)), torch.Generator().manual_seed(0))
    return {
        "kind": Kind.LM, "part": "encoder", "architecture": ARCHITECTURE, "tokenizer": TOKENIZER, "vocab": VOCAB,
        "lineage": lineage(Kind.LM), "weights": weights,
    } | changes  # fmt: skip


def test_write_refuses_an_existing_target(copy: Path) -> None:
    before = (copy / "config.json").read_bytes()
    with pytest.raises(NameTakenError, match="already something called 'sentiment'"):
        modelfolder.write(copy, **parts())
    assert (copy / "config.json").read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"vocab": VOCAB[:-1]}, "has the shape"),
        ({"vocab": [*VOCAB[:-1], VOCAB[20]]}, "the same word twice"),
        ({"vocab": [*VOCAB[1:], "last"]}, "special tokens"),
        ({"vocab": [*VOCAB[:-1], "\ud800"]}, "no valid text"),
        ({"labels": ("neg", "pos")}, "a classifier has two or more different labels"),
        ({"kind": Kind.CLASSIFIER, "part": "full", "labels": ("a", "a")}, "different labels"),
        ({"weights": {"encoder.weight": torch.ones(len(VOCAB), 12)}}, "lack the tensor"),
        ({"weights": parts()["weights"] | {"more": torch.ones(1)}}, "does not call for"),
        ({"weights": parts()["weights"] | {"encoder.weight": torch.full((len(VOCAB), 12), torch.nan)}}, "not finite"),
        (
            {"weights": parts()["weights"] | {"encoder.weight": torch.full((len(VOCAB), 12), 1e5)}, "half": True},
            "not finite in 16 bits",
        ),
    ],
)
def test_write_refuses_parts_that_do_not_fit(changes: dict, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match=reason):
        modelfolder.write(tmp_path / "model", **parts(**changes))
    assert [path.name for path in tmp_path.iterdir()] == []


@pytest.mark.parametrize("export", [modelfolder.to_encoder, modelfolder.half, modelfolder.export_fastai])
def test_a_full_disk_leaves_nothing(export: Callable[[Path, Path], object], copy: Path, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))  # as a full disk: writing beyond this fails
    try:
        with pytest.raises(ModelFolderError, match=r"could not be written .* Nothing was left behind"):
            export(copy, tmp_path / "target")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir()] == [copy.name]


def test_an_interrupted_write_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        modelfolder.write(tmp_path / "model", **parts())
    assert list(tmp_path.iterdir()) == []


# What cannot be trusted is refused


def spoil_name(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"x")


def spoil_link(folder: Path) -> None:
    (folder / "vocab.json").rename(folder.parent / "elsewhere.json")
    (folder / "vocab.json").symlink_to(folder.parent / "elsewhere.json")


def spoil_folder(folder: Path) -> None:
    (folder / "README.md").unlink()
    (folder / "README.md").mkdir()


def spoil_config(folder: Path, change: Callable[[dict], object]) -> None:
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))


def entry(header: dict) -> dict:
    return header["1.layers.1.2.weight"]


def swap_offsets(header: dict) -> None:
    """Two tensors of different sizes exchange their places."""
    one, two = header["1.layers.1.2.weight"], header["1.layers.0.2.weight"]
    one["data_offsets"], two["data_offsets"] = two["data_offsets"], one["data_offsets"]


def share_bytes(header: dict) -> None:
    """Two tensors of equal size lie in the same place."""
    header["1.layers.0.0.bias"]["data_offsets"] = header["1.layers.0.0.weight"]["data_offsets"]


REFUSALS: dict[str, tuple[Callable[[Path], object], str]] = {
    "pickled learner": (lambda f: spoil_name(f, "model.pkl"), "a pickle.*runs whatever program"),
    "pickled weights": (lambda f: spoil_name(f, "Encoder.PTH"), "a pickle"),
    "unknown file": (lambda f: spoil_name(f, "modeling.py"), "'modeling.py', which is no part of a model"),
    "link": (spoil_link, "a link or folder in the place of vocab.json"),
    "sub-folder": (spoil_folder, "a link or folder in the place of README.md"),
    "other folder": (lambda f: (f / "1").mkdir(), "'1', which is no part"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "lacks model.safetensors"),
    "no folder": (shutil.rmtree, "cannot be read"),
    "large card": (lambda f: os.truncate(f / "README.md", 2 << 20), "README.md of 2,097,152 bytes; at most"),
    "large config": (lambda f: os.truncate(f / "config.json", 2 << 20), "at most"),
    "huge weights": (lambda f: os.truncate(f / "model.safetensors", 3 << 30), "at most"),
    "empty config": (lambda f: os.truncate(f / "config.json", 0), "config.json that cannot be used"),
    "nested config": (lambda f: (f / "config.json").write_text("[" * 100_000), "config.json that cannot be used"),
    "newer format": (lambda f: spoil_config(f, lambda c: c.update(format=2)), r"newer version .*\(format 2"),
    "older format": (lambda f: spoil_config(f, lambda c: c.update(format=0)), r"cannot be used \(format"),
    "unknown key": (lambda f: spoil_config(f, lambda c: c.update(code="x")), r"\(code: Extra inputs"),
    "missing key": (lambda f: spoil_config(f, lambda c: c.pop("lineage")), r"\(lineage: Field required"),
    "number as text": (lambda f: spoil_config(f, lambda c: c.update(seq_len="72")), r"\(seq_len"),
    "vocabulary size": (lambda f: spoil_config(f, lambda c: c.update(vocab_size=9)), "216 words; config.json says 9"),
    "one more label": (lambda f: spoil_config(f, lambda c: c.update(labels=["a", "b", "c"])), "shape"),
    "other type": (lambda f: spoil_config(f, lambda c: c.update(dtype="float16")), "type F32; by config.json"),
    "other weights": (lambda f: forge(f, weights_sha256="0" * 64), "the hashes differ"),
    "other words": (lambda f: forge(f, vocab_sha256="0" * 64), "vocab.json that is not the one"),
    "vocabulary no list": (lambda f: forge(f, vocab=b'{"a": 1}'), "not a list of words"),
    "vocabulary of numbers": (lambda f: forge(f, vocab=json.dumps([1] * 216).encode()), "not a list of words"),
    "nested vocabulary": (lambda f: forge(f, vocab=b"[" * 100_000), "not a list of words"),
    "duplicate word": (lambda f: forge(f, vocab=json.dumps([*VOCAB[:-1], "good"]).encode()), "the same word twice"),
    "no special tokens": (lambda f: forge(f, vocab=json.dumps(VOCAB[::-1]).encode()), "special tokens"),
    "no header": (lambda f: forge(f, weights=b""), "does not begin with a safetensors header"),
    "endless header": (lambda f: forge(f, weights=b"\xff" * 7 + b"\x7f"), "does not begin with a safetensors header"),
    "no JSON header": (lambda f: forge(f, weights=(9).to_bytes(8, "little") + b"[[[[[[[[["), "header .* is damaged"),
    "cut short": (lambda f: forge(f, weights=(f / "model.safetensors").read_bytes()[:-1]), "it was cut short"),
    "something added": (lambda f: forge(f, weights=with_header(f, lambda h: None, b"more")), "something was added"),
    "more tensors": (lambda f: forge(f, weights=save(tensors_of(f) | {"x": torch.ones(1)})), "'x' that config"),
    "integers": (
        lambda f: forge(f, weights=with_header(f, lambda h: entry(h).update(dtype="I32"))),
        "type I32; by config.json it is F32",
    ),
    "negative shape": (
        lambda f: forge(f, weights=with_header(f, lambda h: entry(h).update(shape=[-2, -50]))),
        "header .* is damaged",
    ),
    "other shape": (
        lambda f: forge(f, weights=with_header(f, lambda h: entry(h).update(shape=[50, 2]))),
        r"has the shape \[50, 2\]; by config.json it is \[2, 50\]",
    ),
    "swapped places": (lambda f: forge(f, weights=with_header(f, swap_offsets)), "does not lie where"),
    "shared place": (lambda f: forge(f, weights=with_header(f, share_bytes)), "does not lie where"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_verify_refuses(case: str, copy: Path) -> None:
    spoil, reason = REFUSALS[case]
    spoil(copy)
    with pytest.raises(ModelFolderError, match=f"'sentiment' .*{reason}"):
        modelfolder.verify(copy)


def test_a_damaged_byte_of_the_weights_is_refused_on_reading(copy: Path) -> None:
    data = bytearray((copy / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (copy / "model.safetensors").write_bytes(data)
    assert modelfolder.verify(copy, hashes=False)  # the header is as it was
    with pytest.raises(ModelFolderError, match="the hashes differ"):
        modelfolder.read_weights(copy)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_are_not_finite_are_refused(value: float, copy: Path) -> None:
    tensors = tensors_of(copy)
    tensors["1.layers.0.0.bias"][3] = value
    forge(copy, weights=save(tensors))
    with pytest.raises(ModelFolderError, match=r"not finite, in the tensor '1.layers.0.0.bias'"):
        modelfolder.read_weights(copy)


def test_a_model_without_its_card_is_usable(copy: Path) -> None:
    (copy / "README.md").unlink()
    assert modelfolder.verify(copy).labels == ("neg", "pos")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_refused_or_changes_nothing(
    data: st.DataObject, classifier: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = Path(shutil.copytree(classifier, tmp_path_factory.mktemp("damaged") / "model"))
    file = folder / data.draw(st.sampled_from(sorted(FILES)))
    raw = bytearray(file.read_bytes())
    position = data.draw(st.integers(0, len(raw) - 1) | st.integers(0, 200))
    if data.draw(st.booleans()):
        del raw[position:]
    else:
        raw[position] ^= data.draw(st.integers(1, 255))
    file.write_bytes(raw)
    expected = modelfolder.read_weights(classifier)
    try:
        modelfolder.verify(folder)
        vocab, weights = modelfolder.read_vocab(folder), modelfolder.read_weights(folder)
    except ModelFolderError:
        return
    assert file.name in ("config.json", "README.md")  # the other two are covered by their hashes
    assert vocab == VOCAB
    assert all(torch.equal(weights[name], tensor) for name, tensor in expected.items())
    assert len(weights) == len(expected)


def test_the_vocabulary_of_the_fixtures_is_padded_as_fastai_pads() -> None:
    assert tuple(VOCAB[:9]) == SPECIAL_TOKENS
    assert len(VOCAB) % 8 == 0
    assert VOCAB[-1] == "xxfake"
