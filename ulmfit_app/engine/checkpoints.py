"""Checkpoints without pickle: `state.safetensors` (tensors) and `state.json` (everything else).

What `learn.save(name)` and `learn.load(name)` are in the notebook: weights, optimiser moments, random states, and the
position in the recipe. A checkpoint is written beside and renamed, so a reader never sees half of one.
"""

import os
import random
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fastai.learner import Learner
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ulmfit_app.engine.learners import load_weights, weights_of
from ulmfit_app.engine.loaders import LMLoader
from ulmfit_app.errors import NotFoundError, TrainingError
from ulmfit_app.schema import CheckpointState

TENSORS, STATE = "state.safetensors", "state.json"
ORDER = "loader.order"


def names(folder: Path) -> list[str]:
    """Names of the complete checkpoints in `folder`, oldest first."""
    found = [path.parent for path in folder.glob(f"*/{STATE}") if not path.parent.name.startswith(".")]
    return [path.name for path in sorted(found, key=lambda path: path.stat().st_mtime_ns)]


def save(learner: Learner, folder: Path, name: str, *, stage: int, epoch: int, step: int) -> None:
    """Write checkpoint `name` into `folder`, replacing one of that name; position counts what is finished."""
    beside = folder / f".{name}.{os.getpid()}"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    moments, scalars = _optimiser_state(learner)
    tensors = {f"model.{key}": value for key, value in weights_of(learner).items()} | moments | _random_tensors()
    if isinstance(learner.dls.train, LMLoader):
        tensors[ORDER] = torch.from_numpy(learner.dls.train.order)
    save_file(tensors, beside / TENSORS)
    state = CheckpointState(
        stage=stage, epoch=epoch, step=step, optimiser=scalars, frozen_to=learner.opt.frozen_idx,
        python_random=_python_random(), numpy_random=_numpy_random(),
    )  # fmt: skip
    (beside / STATE).write_text(state.model_dump_json())
    _replace(beside, folder / name)


def load(learner: Learner, folder: Path, name: str) -> CheckpointState:
    """Put checkpoint `name` back into `learner` (built as for the run that saved it) and into the random generators.

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
    weights = {key.removeprefix("model."): tensor for key, tensor in tensors.items() if key.startswith("model.")}
    own = weights_of(learner)
    if {key: tensor.shape for key, tensor in weights.items()} != {key: tensor.shape for key, tensor in own.items()}:
        raise TrainingError(f"The checkpoint '{name}' is of a model of another shape.", todo="Use another one.")
    load_weights(learner, weights)
    _load_optimiser(learner, tensors, state)
    _load_random(tensors, state)
    if ORDER in tensors:
        learner.dls.train.order = tensors[ORDER].numpy()
    return state


def _optimiser_state(learner: Learner) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """Moments as tensors named `opt.<parameter>.<key>`, the rest as plain values, one dict a parameter."""
    if learner.opt is None:
        learner.create_opt()
    moments, scalars = {}, []
    for index, state in enumerate(learner.opt.state_dict()["state"]):
        plain = {}
        for key, value in state.items():
            if isinstance(value, Tensor):
                moments[f"opt.{index}.{key}"] = value.detach().to("cpu", copy=True).contiguous()
            else:
                plain[key] = value
        scalars.append(plain)
    return moments, scalars


def _load_optimiser(learner: Learner, tensors: dict[str, Tensor], state: CheckpointState) -> None:
    if learner.opt is None:
        learner.create_opt()
    by_parameter = [dict(plain) for plain in state.optimiser]
    device = next(learner.model.parameters()).device
    for key, tensor in tensors.items():
        if key.startswith("opt."):
            _, index, name = key.split(".", 2)
            by_parameter[int(index)][name] = tensor.to(device)
    learner.opt.load_state_dict({"state": by_parameter, "hypers": learner.opt.hypers})
    learner.freeze_to(state.frozen_to)


def _random_tensors() -> dict[str, Tensor]:
    states = {"random.torch": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["random.cuda"] = torch.cuda.get_rng_state()
    return states


def _python_random() -> list[Any]:
    version, words, gauss = random.getstate()
    return [version, list(words), gauss]


def _numpy_random() -> list[Any]:
    name, words, position, has_gauss, gauss = np.random.get_state(legacy=True)
    return [name, struct.pack(f"<{len(words)}I", *words).hex(), position, has_gauss, gauss]


def _load_random(tensors: dict[str, Tensor], state: CheckpointState) -> None:
    torch.set_rng_state(tensors["random.torch"])
    if torch.cuda.is_available() and "random.cuda" in tensors:
        torch.cuda.set_rng_state(tensors["random.cuda"])
    version, words, gauss = state.python_random
    random.setstate((version, tuple(words), gauss))
    name, packed, *rest = state.numpy_random
    np.random.set_state((name, np.frombuffer(bytes.fromhex(packed), dtype="<u4"), *rest))


def _replace(beside: Path, target: Path) -> None:
    """Rename a finished folder into place; the one that was there goes only once the new one is complete."""
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    beside.rename(target)
    shutil.rmtree(old, ignore_errors=True)
