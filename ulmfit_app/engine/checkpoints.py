"""Checkpoints without pickle: `state.safetensors` (tensors) and `state.json` (everything else), in a folder by name.

What `learn.save(name)` and `learn.load(name)` are in the notebook, and more: with the place in the recipe, the random
states and the LSTMs' state, a training goes on from one as if it had never stopped, to the last digit. A checkpoint is
written beside and renamed, so a reader never sees half of one.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from fastai.learner import Learner
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ulmfit_app.engine.learners import load_weights, weights_of
from ulmfit_app.engine.loaders import LMLoader
from ulmfit_app.engine.randomness import Randomness
from ulmfit_app.errors import NotFoundError, TrainingError
from ulmfit_app.schema import BestEpoch, CheckpointState, Place

TENSORS, STATE = "state.safetensors", "state.json"
AUTOMATIC = "step-"
KEPT = 2  # automatic checkpoints


@dataclass(frozen=True, slots=True)
class EpochStart:
    """How an epoch began: the random states and, for a language model, the order of its texts before the shuffle."""

    randomness: Randomness
    order: Tensor | None


@dataclass(frozen=True, slots=True)
class Moment:
    """What a checkpoint holds besides weights and optimiser: where the training is and how it got there."""

    place: Place
    randomness: Randomness
    epoch_start: EpochStart
    best: BestEpoch
    metrics: dict[str, float]


@dataclass(frozen=True, slots=True)
class Resumed:
    """A loaded checkpoint, less what is in the learner by now."""

    moment: Moment
    smooth_loss: tuple[int, Tensor]
    hidden: list[tuple[Tensor, Tensor]]
    scaler: dict[str, float | int] | None


def names(folder: Path) -> list[str]:
    """Names of the complete checkpoints in `folder`, oldest first."""
    found = [path.parent for path in folder.glob(f"*/{STATE}") if not path.parent.name.startswith(".")]
    return [path.name for path in sorted(found, key=lambda path: path.stat().st_mtime_ns)]


def save(learner: Learner, folder: Path, name: str, moment: Moment) -> None:
    """Write checkpoint `name` into `folder`, replacing one of that name."""
    beside = folder / f".{name}.{os.getpid()}"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        tensors, state = _contents(learner, moment)
        save_file(tensors, beside / TENSORS)
        (beside / STATE).write_text(state.model_dump_json())
        _sync(beside)
        _replace(beside, folder / name)
    except OSError as error:
        raise TrainingError(
            f"The checkpoint '{name}' could not be written: {error.strerror}.",
            kept="The checkpoints before it are kept.",
            todo="Free some disk space, then resume.",
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _contents(learner: Learner, moment: Moment) -> tuple[dict[str, Tensor], CheckpointState]:
    moments, scalars = _optimiser_state(learner)
    tensors = {f"model.{key}": value for key, value in weights_of(learner).items()} | moments
    tensors |= {f"random.{key}": value for key, value in moment.randomness.tensors.items()}
    # cloned: between epochs both states are the same tensor, which safetensors refuses to write twice
    tensors |= {f"epoch_random.{key}": value.clone() for key, value in moment.epoch_start.randomness.tensors.items()}
    if moment.epoch_start.order is not None:
        tensors["order"] = moment.epoch_start.order
        for layer, pair in enumerate(learner.model[0].hidden):
            tensors |= {f"hidden.{layer}.{part}": _stored(tensor) for part, tensor in zip("hc", pair, strict=True)}
    smooth = learner.recorder.smooth_loss
    tensors["smooth_loss"] = torch.as_tensor(smooth.val).detach().cpu().clone()
    scaler = getattr(learner, "scaler", None)
    state = CheckpointState(
        place=moment.place, frozen_to=learner.opt.frozen_idx, optimiser=scalars, random=moment.randomness.plain,
        epoch_random=moment.epoch_start.randomness.plain, smooth_count=smooth.count,
        scaler=scaler.state_dict() if scaler else None, best=moment.best, metrics=moment.metrics,
    )  # fmt: skip
    return tensors, state


def load(learner: Learner, folder: Path, name: str) -> Resumed:
    """Put the weights and optimiser of checkpoint `name` into `learner`, built as for the run that saved it.

    Raises `NotFoundError` if there is none of that name, `TrainingError` if it is damaged or of another model.
    """
    try:
        state = CheckpointState.model_validate_json((folder / name / STATE).read_bytes())
        tensors = load_file(folder / name / TENSORS)
    except FileNotFoundError as error:
        there = ", ".join(names(folder)) or "none"
        raise NotFoundError(f"There is no checkpoint '{name}'.", todo=f"Checkpoints here: {there}.") from error
    except (OSError, ValidationError, SafetensorError) as error:
        raise TrainingError(f"The checkpoint '{name}' is damaged.", todo="Use another one.") from error
    weights = _under(tensors, "model")
    own = weights_of(learner)
    if {key: tensor.shape for key, tensor in weights.items()} != {key: tensor.shape for key, tensor in own.items()}:
        raise TrainingError(f"The checkpoint '{name}' is of a model of another shape.", todo="Use another one.")
    load_weights(learner, weights)
    _load_optimiser(learner, _under(tensors, "opt"), state)
    return _resumed(tensors, state)


def _resumed(tensors: dict[str, Tensor], state: CheckpointState) -> Resumed:
    start = EpochStart(Randomness(state.epoch_random, _under(tensors, "epoch_random")), tensors.get("order"))
    moment = Moment(state.place, Randomness(state.random, _under(tensors, "random")), start, state.best, state.metrics)
    hidden = _under(tensors, "hidden")
    layers = [(hidden[f"{layer}.h"], hidden[f"{layer}.c"]) for layer in range(len(hidden) // 2)]
    return Resumed(moment, (state.smooth_count, tensors["smooth_loss"]), layers, state.scaler)


def load_newest(learner: Learner, folder: Path) -> Resumed | None:
    """Load the checkpoint that is furthest in the recipe, the one before it if that is damaged; None without any."""
    _recover(folder)
    places = []
    for name in names(folder):
        try:
            state = CheckpointState.model_validate_json((folder / name / STATE).read_bytes())
        except (OSError, ValidationError):
            continue
        here = state.place
        places.append(((here.step, here.epoch, here.stage), name))
    for _, name in sorted(places, reverse=True):
        try:
            return load(learner, folder, name)
        except TrainingError:
            continue
    return None


def _recover(folder: Path) -> None:
    """Put back what a process that died inside `_replace` had moved aside."""
    for old in folder.glob(".*.old"):
        name = old.name.removeprefix(".").removesuffix(".old")
        if not (folder / name).exists():
            old.rename(folder / name)


def save_automatic(learner: Learner, folder: Path, moment: Moment) -> str:
    """Save under a name of its own; of these only the last two are kept. Returns the name."""
    name = f"{AUTOMATIC}{moment.place.step}"
    save(learner, folder, name, moment)
    automatic = [other for other in names(folder) if other.startswith(AUTOMATIC)]
    for old in sorted(automatic, key=lambda other: int(other.removeprefix(AUTOMATIC)))[:-KEPT]:
        shutil.rmtree(folder / old, ignore_errors=True)
    return name


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(f"{prefix}."): tensor for key, tensor in tensors.items() if key.startswith(f"{prefix}.")}


def _stored(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", copy=True).contiguous()


def _optimiser_state(learner: Learner) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """Moments as tensors named `opt.<parameter>.<key>`, the rest as plain values, one dict a parameter."""
    moments: dict[str, Tensor] = {}
    scalars: list[dict[str, Any]] = []
    for index, state in enumerate(learner.opt.state_dict()["state"]):
        moments |= {f"opt.{index}.{key}": _stored(value) for key, value in state.items() if isinstance(value, Tensor)}
        scalars.append({key: value for key, value in state.items() if not isinstance(value, Tensor)})
    return moments, scalars


def _load_optimiser(learner: Learner, moments: dict[str, Tensor], state: CheckpointState) -> None:
    if learner.opt is None:
        learner.create_opt()
    by_parameter = [dict(plain) for plain in state.optimiser]
    device = next(learner.model.parameters()).device
    for key, tensor in moments.items():
        index, name = key.split(".", 1)
        by_parameter[int(index)][name] = tensor.to(device)
    learner.opt.load_state_dict({"state": by_parameter, "hypers": learner.opt.hypers})
    learner.opt.freeze_to(state.frozen_to)  # the learner's own freeze_to clears the optimiser's state
    for parameter, *_ in learner.opt.all_params():
        if "grad_avg" in learner.opt.state[parameter]:
            # fastai steps whatever has a gradient, a zero one too: a parameter that was trained and frozen again.
            parameter.grad = torch.zeros_like(parameter)


def order_of(learner: Learner) -> Tensor | None:
    """The present order of a language model's texts: each epoch shuffles the one before."""
    loader = learner.dls.train
    return torch.from_numpy(loader.order) if isinstance(loader, LMLoader) else None


def _sync(folder: Path) -> None:
    """On the disk before the rename, so that a power cut leaves the old checkpoint or the new one."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _replace(beside: Path, target: Path) -> None:
    """Rename a finished folder into place; the one that was there goes only once the new one is complete."""
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    beside.rename(target)
    shutil.rmtree(old, ignore_errors=True)
