"""fastai's language models of WikiText-103, downloaded once and made into model folders of one's own.

fastai stores weights and words as pickles. The weights are read with weights_only=True, the words by an unpickler that
knows no classes: nothing in the archive is executed. How fastai trained them is not recorded in it, so not in the
folder either.
"""

import pickle
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, BinaryIO, NoReturn

import torch
from filelock import FileLock
from torch import Tensor

from ulmfit_app import modelfolder
from ulmfit_app.data.progress import Progress
from ulmfit_app.data.tokens import tokenizer_config
from ulmfit_app.engine.download import downloaded
from ulmfit_app.errors import DataError
from ulmfit_app.modelfolder.tensors import encoder_shapes
from ulmfit_app.schema import FAKE, IMPORTED, SPECIAL_TOKENS, Architecture, Kind, Lineage, ModelConfig, Recipe, Stage
from ulmfit_app.settings import settings

LARGEST = 2_000_000_000  # bytes of a file in the archive
EMBEDDING, BIAS = "0.encoder.weight", "1.decoder.bias"
NOTES = """\
fastai's {name}: a language model of WikiText-103 (Merity et al. 2016, arXiv:1609.07843; Wikipedia articles, CC BY-SA),
published by fastai at {url} and converted by ULMFiT Studio. It was not trained with this app: recipe, seed and numbers
of texts are not known.{reading} Its words were split by an earlier version of the same rules; special tokens that it
lacks start as the mean of its vectors."""
BACKWARD = " It reads texts from their end: it continues no sentence, and trainings here read forwards."


class _Words(pickle.Unpickler):
    """Reads lists, texts and numbers; whatever needs a class or a function is refused."""

    def find_class(self, module: str, name: str) -> NoReturn:
        """Every name is refused."""
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def fetch(name: str, folder: Path, on_progress: Progress | None = None) -> None:
    """Make the model `name` ("wt103-fwd", "wt103-bwd") in `folder`, if it is not there.

    `on_progress` hears of bytes downloaded. Raises OfflineError without a network, DataError for an archive that is
    damaged or holds more than weights and words; no folder is made then.
    """
    from fastai.data.external import URLs

    url = {"wt103-fwd": URLs.WT103_FWD, "wt103-bwd": URLs.WT103_BWD}[name]
    archives = settings().home_path / "cache" / "fastai" / "archive"
    archives.mkdir(parents=True, exist_ok=True)
    with FileLock(archives / f"{name}.lock"):
        if folder.is_dir():
            return
        todo = f"It is at {url}: try again with a network, or start from a model that is here, or from scratch."
        archive = downloaded(name, url, archives, on_progress, todo)
        try:
            _convert(name, url, archive, folder)
        # A damaged or hostile pickle makes torch and pickle raise almost anything.
        except Exception as error:
            raise DataError(
                f"The archive of “{name}” cannot be used ({str(error) or type(error).__name__}).",
                kept="Nothing in it was executed, and no model was made.",
                todo=f"Start again: it is downloaded anew from {url}.",
            ) from None
        finally:
            archive.unlink(missing_ok=True)


def _convert(name: str, url: str, archive: Path, folder: Path) -> ModelConfig:
    beside = Path(mkdtemp(dir=archive.parent, prefix=".making-"))
    try:
        weights, words = (_member(archive, suffix, beside) for suffix in (".pth", ".pkl"))
        state = _state_dict(weights)
        with words.open("rb") as file:
            vocab = _vocabulary(file)
        return _write(name, url, archive, folder, state, vocab)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _member(archive: Path, suffix: str, beside: Path) -> Path:
    """The one file of the archive whose name ends with `suffix`, unpacked."""
    with tarfile.open(archive) as tar:
        found = [member for member in tar if member.isfile() and member.name.endswith(suffix)]
        if len(found) != 1 or found[0].size > LARGEST:
            raise DataError(f"it has {len(found)} files of type {suffix}, or one that is too large")
        source, target = tar.extractfile(found[0]), beside / f"file{suffix}"
        assert source  # it is a file
        with source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
    return target


def _state_dict(path: Path) -> Mapping[str, Tensor]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:  # torch's message tells how to load it all the same
        raise DataError("its weights are damaged, or more than tensors") from None
    return state.get("model", state)


def _vocabulary(file: BinaryIO) -> list[str]:
    words: Any = _Words(file).load()
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise DataError("its words are no list of texts")
    return words


def _write(
    name: str, url: str, archive: Path, folder: Path, state: Mapping[str, Tensor], words: Sequence[str]
) -> ModelConfig:
    if len(words) != len(state[EMBEDDING]):
        raise DataError(f"it has {len(words):,} words and {len(state[EMBEDDING]):,} vectors")
    vocab = [*SPECIAL_TOKENS, *dict.fromkeys(word for word in words if word not in (*SPECIAL_TOKENS, FAKE))]
    architecture = _architecture(state)
    weights = {f"0.{part}": state[f"0.{part}"] for part in encoder_shapes(architecture, len(vocab))}
    if architecture.out_bias:
        weights[BIAS] = state[BIAS]
    for table in weights.keys() & {EMBEDDING, BIAS}:
        weights[table] = _reordered(weights[table].float(), words, vocab)
    reading = BACKWARD if name.endswith("-bwd") else ""
    return modelfolder.write(
        folder,
        kind=Kind.LM,
        architecture=architecture,
        tokenizer=tokenizer_config(),
        vocab=vocab,
        lineage=_lineage(sha256(archive.read_bytes()).hexdigest()),
        weights=weights,
        notes=NOTES.format(name=name, url=url, reading=reading),
    )


def _architecture(state: Mapping[str, Tensor]) -> Architecture:
    """The shapes of an AWD_LSTM language model's state dict."""
    first, layers = "0.rnns.0.module.weight_ih_l0", 0
    while f"0.rnns.{layers}.module.weight_ih_l0" in state:
        layers += 1
    return Architecture(
        emb_sz=state[EMBEDDING].shape[1], n_hid=len(state[first]) // 4, n_layers=layers, out_bias=BIAS in state
    )


def _reordered(table: Tensor, words: Sequence[str], vocab: Sequence[str]) -> Tensor:
    """The rows of `table`, which are those of `words`, for `vocab`; the mean for a word that has none."""
    places = {word: row for row, word in reversed(list(enumerate(words)))}
    mean = table.mean(0)
    return torch.stack([table[places[word]] if word in places else mean for word in vocab])


def _lineage(archive_hash: str) -> Lineage:
    """What is known: the name of the texts and the hash of the archive. The rest stands for what is not."""
    recipe = Recipe(
        name=IMPORTED,
        kind=Kind.LM,
        description="Published by fastai; how it was trained is not recorded.",
        stages=(Stage(name="not recorded", lr=1.0),),
    )
    return Lineage(
        dataset="wikitext-103", dataset_hash=archive_hash, parent=None, parent_hash=None, recipe=recipe, seed=0,
        train_texts=0, available_texts=0, valid_texts=0, device="not recorded", precision="not recorded", versions={},
    )  # fmt: skip
