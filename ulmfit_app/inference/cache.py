"""The loaded models of this process, shared by all who use them, within a bound on their bytes.

A model is known by its folder and its configuration, which holds the hashes of its weights and words: one that was
changed, or made anew under its old name, is loaded anew. Importing this loads no torch.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from ulmfit_app import inference, modelfolder
from ulmfit_app.errors import ModelFolderError
from ulmfit_app.schema import ModelConfig
from ulmfit_app.settings import settings

if TYPE_CHECKING:
    from ulmfit_app.inference.encoder import Encoder
    from ulmfit_app.inference.generator import Generator
    from ulmfit_app.inference.predictor import Predictor

FP32, FP16 = 4, 2  # bytes; loading casts fp16 up, and keeps both (`inference.half`)


@dataclass(frozen=True, slots=True)
class Held:
    """A model in memory: its name, the bytes of its weights, and when it was asked for last, in UTC."""

    name: str
    bytes: int
    used: datetime


@dataclass(slots=True)
class _Place:
    """A model that is loaded, or will be by the first who asked for it."""

    config: ModelConfig
    bytes: int
    used: datetime
    model: "Predictor | Generator | Encoder | None" = None


class ModelCache:
    """Models by folder, at most `limit` bytes of weights together; the least recently used go first.

    A model over the limit is held alone. One that was evicted while somebody computes with it lives on until they are
    done. Thread-safe; models are loaded one after the other, as a load takes several times the memory of its weights.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._places: OrderedDict[Path, _Place] = OrderedDict()  # the one used last comes last
        self._lock = threading.Lock()
        self._loading = threading.Lock()

    def get(self, folder: Path, config: ModelConfig) -> "Predictor | Generator | Encoder":
        """The model in `folder`, whose configuration is `config` now. Raises as `inference.load`."""
        place = self._place(folder, config)
        if place.model is None:
            with self._loading:
                self._load(folder, place)
        assert place.model is not None
        return place.model

    def predictor(self, folder: Path, config: ModelConfig) -> "Predictor":
        """The classifier in `folder`, as `get`. Raises `ModelFolderError` if it is none, or cannot be read."""
        model = self.get(folder, config)
        from ulmfit_app.inference.predictor import Predictor

        if not isinstance(model, Predictor):
            raise ModelFolderError(f"The model '{folder.name}' is not a classifier.")
        return model

    def generator(self, folder: Path, config: ModelConfig) -> "Generator":
        """The language model in `folder`, as `get`. Raises `ModelFolderError` if it is none, or cannot be read."""
        model = self.get(folder, config)
        from ulmfit_app.inference.generator import Generator

        if not isinstance(model, Generator):
            raise ModelFolderError(f"The model '{folder.name}' is not a language model.")
        return model

    def held(self) -> list[Held]:
        """What is in memory, the model used last first; those whose folder is gone are dropped."""
        with self._lock:
            self._drop_deleted()
            places = reversed(self._places.items())
            return [Held(folder.name, place.bytes, place.used) for folder, place in places if place.model is not None]

    def _place(self, folder: Path, config: ModelConfig) -> _Place:
        """The place of that model, after room was made for it."""
        with self._lock:
            self._drop_deleted()
            place, now = self._places.pop(folder, None), datetime.now(UTC)
            if place is None or place.config != config:
                place = _Place(config, weight_bytes(config), now)
            place.used = now
            self._places[folder] = place
            while len(self._places) > 1 and sum(each.bytes for each in self._places.values()) > self.limit:
                self._places.popitem(last=False)
            return place

    def _load(self, folder: Path, place: _Place) -> None:
        """Load the model of `place` unless somebody else has meanwhile."""
        if place.model is None:
            try:
                place.model = inference.load(folder)
            except BaseException:
                self._give_up(folder, place)
                raise

    def _give_up(self, folder: Path, place: _Place) -> None:
        with self._lock:
            if self._places.get(folder) is place:
                del self._places[folder]

    def _drop_deleted(self) -> None:
        for folder in [folder for folder in self._places if not folder.is_dir()]:
            del self._places[folder]


def weight_bytes(config: ModelConfig) -> int:
    """Memory of the weights of such a model once it is loaded, in bytes; of a small one stored in fp16 it is less."""
    each = FP32 if config.dtype == "float32" else FP32 + FP16
    return each * sum(prod(shape) for shape in modelfolder.expected_shapes(config).values())


@cache
def model_cache() -> ModelCache:
    """The one of this process, as large as the settings say."""
    return ModelCache(settings().cache_mb * 1_000_000)
