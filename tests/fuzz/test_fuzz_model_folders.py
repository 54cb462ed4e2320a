"""Model folders from strangers, with right hashes where they can be made right: refused, or models that work."""

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures import VOCAB, tiny_classifier
from tests.fuzz.examples import fuzz, leaks
from ulmfit_app import inference, modelfolder
from ulmfit_app.errors import ModelFolderError
from ulmfit_app.inference.predictor import Predictor

WEIGHTS, CONFIG, WORDS = "model.safetensors", "config.json", "vocab.json"
HOSTILE = ["../x", "/etc/passwd", "..\\x", "\x00", "\u202e", "x" * 1000, "😀", "", ".", "config.json/.."]
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(HOSTILE)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=6
)
sizes = st.integers(-1, 2**70) | st.sampled_from([0, 1, 2**31, 2**32, 2**63, 2**64 - 1])


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound model."""
    return tiny_classifier(tmp_path_factory.mktemp("sound") / "model")


def refused_or_works(sound: Path, spoil: Callable[[Path], object]) -> bool:
    """Spoil a copy of `sound`; True if it was refused, in words. What is not refused must give probabilities."""
    with TemporaryDirectory() as place:
        folder = Path(shutil.copytree(sound, Path(place) / "model"))
        try:
            spoil(folder)
        except OSError:
            return True  # no file system holds such a thing
        try:
            modelfolder.verify(folder)
            model = inference.load(folder)
        except ModelFolderError as error:
            assert len(str(error)) < 1000 and not leaks(str(error), Path(place))
            return True
        if isinstance(model, Predictor):
            assert sum(model.predict("A good film").probabilities.values()) == pytest.approx(1)
        return False


def rehash(folder: Path) -> None:
    """Let config.json say the hashes of what is there."""
    config = json.loads((folder / CONFIG).read_text())
    for key, name in (("weights_sha256", WEIGHTS), ("vocab_sha256", WORDS)):
        config[key] = sha256((folder / name).read_bytes()).hexdigest()
    (folder / CONFIG).write_text(json.dumps(config))


def forge(folder: Path, name: str, data: bytes) -> None:
    """Write a file and make the hashes right."""
    (folder / name).write_bytes(data)
    rehash(folder)


def set_in(record: Any, place: list[int], value: object) -> None:
    """Set one value deep inside a JSON value; `place` chooses a branch at each level."""
    for choice in place:
        keys = sorted(record) if isinstance(record, dict) else range(len(record))
        key = keys[choice % len(keys)]
        if not isinstance(record[key], dict | list) or not record[key] or choice == place[-1]:
            record[key] = value
            return
        record = record[key]


@given(st.lists(st.integers(0, 40), min_size=1, max_size=4), values | sizes)
@fuzz
def test_any_value_in_the_configuration(sound: Path, place: list[int], value: object) -> None:
    def spoil(folder: Path) -> None:
        config = json.loads((folder / CONFIG).read_text())
        set_in(config, place, value)
        (folder / CONFIG).write_text(json.dumps(config))

    refused_or_works(sound, spoil)


@given(
    st.integers(0, 30), st.sampled_from(["dtype", "shape", "data_offsets", None]), values | st.lists(sizes, max_size=3)
)
@fuzz
def test_any_header_of_the_weights(sound: Path, tensor: int, field: str | None, value: object) -> None:
    data = (sound / WEIGHTS).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    names = sorted(header)
    name = names[tensor % len(names)]
    if field is None:
        header[name] = value
    else:
        header[name][field] = value
    changed = header != json.loads(data[8 : 8 + length])
    raw = json.dumps(header).encode()
    forged = len(raw).to_bytes(8, "little") + raw + data[8 + length :]
    assert refused_or_works(sound, lambda folder: forge(folder, WEIGHTS, forged)) or not changed


@given(sizes.filter(lambda size: 0 <= size < 2**64), st.binary(max_size=200))
@fuzz
def test_any_length_of_the_header(sound: Path, length: int, rest: bytes) -> None:
    data = length.to_bytes(8, "little") + rest + (sound / WEIGHTS).read_bytes()[8 + len(rest) :]
    unchanged = data == (sound / WEIGHTS).read_bytes()
    assert refused_or_works(sound, lambda folder: forge(folder, WEIGHTS, data)) or unchanged


@given(st.sampled_from([WEIGHTS, WORDS, CONFIG]), st.integers(0, 10**6))
@fuzz
def test_any_file_cut_short(sound: Path, name: str, at: int) -> None:
    whole = (sound / name).read_bytes()
    cut = whole[: at % len(whole)]

    def spoil(folder: Path) -> None:
        (folder / name).write_bytes(cut)
        if name != CONFIG:
            rehash(folder)

    assert refused_or_works(sound, spoil)


@given(st.lists(st.integers(0, len(VOCAB) - 1), max_size=3), values | st.sampled_from(HOSTILE))
@fuzz
def test_any_words(sound: Path, places: list[int], word: object) -> None:
    words: list[object] = list(VOCAB)
    for place in places:
        words[place] = word
    raw = json.dumps(words).encode()
    refused_in_words = refused_or_works(sound, lambda folder: forge(folder, WORDS, raw))
    assert refused_in_words or isinstance(word, str) or words == VOCAB


@given(st.sampled_from(HOSTILE) | st.text(min_size=1), st.sampled_from(["file", "folder", "link"]))
@fuzz
def test_any_other_file_is_refused(sound: Path, name: str, kind: str) -> None:
    def spoil(folder: Path) -> None:
        name_inside = name.encode("utf-8", "ignore").decode().replace("/", "").replace("\0", "") + "x"
        path = folder / name_inside
        if kind == "file":
            path.write_bytes(b"")
        elif kind == "folder":
            path.mkdir()
        else:
            path.symlink_to("/etc/hostname")

    assert refused_or_works(sound, spoil)


@given(
    st.sampled_from([WEIGHTS, WORDS, CONFIG, "README.md"]), st.sampled_from(["/etc/passwd", "../../x", "config.json"])
)
@fuzz
def test_a_link_in_the_place_of_a_file_is_refused(sound: Path, name: str, target: str) -> None:
    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).symlink_to(target)

    assert refused_or_works(sound, spoil)
