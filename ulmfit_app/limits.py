"""What a visitor of a hosted server may do: how large and how long a run, how often, how much at once.

Whoever keeps the server may do anything. How much a visitor keeps is in `quota`; how large a file is, in `settings`.
"""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ulmfit_app import access
from ulmfit_app.errors import AppError, RecipeError, RunError
from ulmfit_app.rate import RateLimit
from ulmfit_app.schema import SIZES, Architecture, Recipe, RunKind, RunSpec
from ulmfit_app.settings import settings

OWN_MACHINE = "Run ULMFiT Studio on your own machine to go further."
LARGEST = {"bs": 128, "seq_len": 144, "max_len": 1440, "max_vocab": 60_000}  # what a step may cost in memory and time
MOST_STAGES = 6  # each may keep a checkpoint of its own
AT_ONCE = 4  # visitors whose predictions, or whatever else takes seconds, are computed at the same time
PATIENCE = 20.0  # seconds that another one waits

_rate = RateLimit()
_busy: set[str] = set()
_free = threading.Condition()


def are_set() -> bool:
    """Whether whoever asks is a visitor."""
    return access.current() != access.LOCAL


def trainings_are_off() -> bool:
    """Whether whoever asks may train nothing here."""
    return are_set() and not settings().visitor_training_minutes


def seconds(kind: RunKind) -> float | None:
    """How long a run of `kind` of whoever asks may work, all resumptions together; None: as long as it takes."""
    if not are_set():
        return None
    short = kind in (RunKind.EVALUATE, RunKind.PREDICT)
    return 60.0 * (settings().visitor_short_minutes if short else settings().visitor_training_minutes)


def time_words(kind: RunKind) -> str:
    """A sentence, with a space before it, on how long such a run of a visitor may work; empty without a limit."""
    most = seconds(kind)
    return "" if most is None else f" It is stopped after {most / 60:g} min, and keeps what it has by then."


def texts_read(recipe: Recipe, limit: int | None) -> int | None:
    """`limit`, or for a visitor who gave none, one that the server allows: the recipe's own number if it does."""
    most = settings().visitor_training_texts
    if limit is not None or not are_set() or (recipe.train_texts is not None and recipe.train_texts <= most):
        return limit
    return most


def words() -> list[str]:
    """The limits of a visitor's trainings as sentences, to be read before one starts."""
    most = settings()
    return [
        f"A training works for at most {most.visitor_training_minutes} min; what it has learned by then is kept.",
        f"It reads at most {most.visitor_training_texts:,} training texts, and its model is at most "
        f"{most.visitor_size} ({_shape(SIZES[most.visitor_size])}).",
        f"You can have {most.visitor_runs} runs that have not ended, and keep {most.visitor_mb:,} MB in all.",
    ]


def refuse_run(spec: RunSpec) -> None:
    """Raise `RunError` or `RecipeError` if a visitor may not start the run `spec`."""
    if not are_set():
        return
    if (spec.device, spec.precision, spec.threads) != ("auto", "auto", None):
        raise RunError("Device, precision and threads are this server's to choose.", todo="Leave them at auto.")
    if spec.recipe is not None:
        _refuse_training(spec.recipe, spec.limit)


def _refuse_training(recipe: Recipe, limit: int | None) -> None:
    if trainings_are_off():
        raise RunError("This server trains nothing for visitors.", todo=OWN_MACHINE)
    most, reads = settings().visitor_training_texts, limit or recipe.train_texts
    if reads is None or reads > most:
        raise RecipeError(f"A training reads at most {most:,} training texts here.", todo=f"Set Limit to {most:,}.")
    for name, largest in LARGEST.items():
        if getattr(recipe, name) > largest:
            raise RecipeError(f"{name} is at most {largest:,} here.", todo=f"Lower {name}. {OWN_MACHINE}")
    if len(recipe.stages) > MOST_STAGES:
        raise RecipeError(f"A recipe has at most {MOST_STAGES} stages here.", todo=f"Leave some out. {OWN_MACHINE}")


def refuse_size(shape: Architecture) -> None:
    """Raise `RecipeError` if a visitor may not train a model of that `shape`."""
    largest = SIZES[settings().visitor_size]
    if are_set() and any(getattr(shape, name) > getattr(largest, name) for name in ("emb_sz", "n_hid", "n_layers")):
        raise RecipeError(
            f"The model would have {_shape(shape)}; this server trains {_shape(largest)} at most for visitors.",
            todo=f"Start from a smaller model. {OWN_MACHINE}",
        )


def refuse_weights(stored: int) -> None:
    """Raise `AppError` if a visitor may not bring a model whose weights are stored in `stored` bytes.

    They take twice that once they are loaded from 16 bits, and for a moment twice as much again.
    """
    most = settings().cache_mb / 4
    if are_set() and stored > most * 1_000_000:
        raise AppError(
            f"The model's weights have {stored / 1e6:,.0f} MB; this server takes {most:,.0f} MB at most from visitors.",
            kept="Nothing was downloaded.",
            todo=OWN_MACHINE,
        )


def _shape(shape: Architecture) -> str:
    return f"{shape.n_layers} layers of {shape.n_hid:,} units"


def count_request() -> None:
    """Count a prediction or generation of whoever asks on a page. Raises `AppError` if there were too many."""
    most = settings().visitor_per_minute
    if are_set() and (wait := math.ceil(_rate.wait(access.current(), most))):
        raise AppError(f"You can ask {most} times a minute here.", todo=f"Try again in {wait} s.")


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let a visitor compute one thing at a time, and few visitors at once; the others wait.

    Raises `AppError` for one who would wait for long. Not to be nested.
    """
    if not are_set():
        yield
        return
    owner = access.current()
    with _free:
        if not _free.wait_for(lambda: owner not in _busy and len(_busy) < AT_ONCE, PATIENCE):
            mine = owner in _busy
            what = "What you asked for before is still being computed" if mine else "The server has too much to do"
            raise AppError(f"{what}.", todo="Try again soon.")
        _busy.add(owner)
    try:
        yield
    finally:
        with _free:
            _busy.discard(owner)
            _free.notify_all()
