"""What someone made before they signed in becomes theirs: datasets, models and runs go from one owner to another.

One thing after the other, each in one step, so what a crash leaves is whole and can be handed over again. Deleted
things stay behind. Who may ask for it is the caller's business.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ulmfit_app import access, quota, registry
from ulmfit_app.data import sources
from ulmfit_app.errors import AppError, RunError
from ulmfit_app.runs.folder import RunFolder, all_runs, write_atomically
from ulmfit_app.runs.queue import locked
from ulmfit_app.runs.state import LIVE, state_of
from ulmfit_app.schema import MAX_NAME
from ulmfit_app.settings import settings


@dataclass(frozen=True, slots=True)
class Belongings:
    """The names of what someone has, and the ids of their runs."""

    datasets: tuple[str, ...]
    models: tuple[str, ...]
    runs: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.datasets or self.models or self.runs)


def belongings(owner: str) -> Belongings:
    """What `owner` has made, as far as it was not deleted."""
    with access.acting_for(owner):
        return Belongings(
            tuple(name for name in sources.names() if name not in sources.CATALOGUE),
            tuple(entry.name for entry in registry.models() if not entry.shipped),
            tuple(run.id for run in all_runs()),
        )


def hand_over(before: str, to: str) -> None:
    """Give everything of the owner `before` to `to`; what has a taken name gets `-2`, `-3` …

    Raises `RunError` if a run goes on, `AppError` if that is more than one visitor may keep; nothing was moved then.
    """
    with locked():  # no run is started or changed meanwhile
        mine, theirs = belongings(before), belongings(to)
        with access.acting_for(before):
            if any(state_of(run) in LIVE for run in all_runs()):
                raise RunError(
                    "A run of yours has not ended.", kept="Nothing was moved.", todo="Wait for its end, or stop it."
                )
        _refuse_too_much(before, to)
        datasets, models = _free(mine.datasets, theirs.datasets), _free(mine.models, theirs.models)
        with access.acting_for(before):
            for name, free in datasets.items():
                if free != name:
                    sources.rename(name, free)
                _move("datasets", free, to)
            for name, free in models.items():
                registry.hand_over(name, to, free)
            for run in all_runs():
                _rewrite(run, datasets, models, to)
                _move("runs", run.id, to)


def _refuse_too_much(before: str, to: str) -> None:
    used = 0
    for owner in (before, to):
        with access.acting_for(owner):
            used += quota.used()
    if used > settings().visitor_mb * 1_000_000:
        raise AppError(
            f"Together that is more than the {settings().visitor_mb:,} MB that this server keeps for one visitor.",
            kept="Nothing was moved.",
            todo="Delete something first.",
        )


def _free(names: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """Each of `names` with what it can be called among those that are `taken`."""
    names, called = tuple(names), {}
    used = {*names, *taken}
    for name in names:
        free, number = name, 1
        while (free in taken) or (number > 1 and free in used):
            number += 1
            free = f"{name[: MAX_NAME - 4].rstrip('._-')}-{number}"
        called[name] = free
        used.add(free)
    return called


def _rewrite(run: RunFolder, datasets: Mapping[str, str], models: Mapping[str, str], owner: str) -> None:
    """Let the run say whose it is now, and what that which it names is called now. One that cannot be read stays so."""
    try:
        spec, result = run.spec(), run.result()
    except RunError:
        return
    changed = {
        "owner": owner,
        "dataset": _called_now(spec.dataset, datasets),
        "name": _called_now(spec.name, models),
        "parent": _called_now(spec.parent, models),
        "model": _called_now(spec.model, models),
    }
    write_atomically(run.path / "spec.json", spec.model_copy(update=changed))
    if result:
        run.write_result(result.model_copy(update={"model": _called_now(result.model, models)}))


def _called_now(name: str | None, called: Mapping[str, str]) -> str | None:
    return None if name is None else called.get(name, name)


def _move(things: access.Things, name: str, to: str) -> None:
    """Move what is called `name` in one step."""
    folder = access.place(things) / name
    with access.acting_for(to):
        place = access.place(things)
        try:
            access.claim(place)
            folder.rename(place / name)
        except OSError as error:
            raise AppError(f"“{name}” could not be moved ({error.strerror}).", kept="It is where it was.") from error
