"""Pulling a model: only the four files of the format, each of a bounded size, verified as a whole before it is used."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ulmfit_app import limits, modelfolder
from ulmfit_app.errors import ModelFolderError
from ulmfit_app.hub.account import Account
from ulmfit_app.hub.repository import RemoteFile, Repository, look
from ulmfit_app.hub.stage import discard, staged
from ulmfit_app.hub.transfer import Progress
from ulmfit_app.modelfolder import CONFIG, MAX_BYTES, PICKLES, VOCAB, WEIGHTS
from ulmfit_app.schema import Origin

PICKLED = "model.pkl"  # what fastai's own push_to_hub writes


@dataclass(frozen=True, slots=True)
class Pulled:
    """A verified model folder that is nobody's yet, and where it is from. `private`: only some may read it there."""

    folder: Path
    origin: Origin
    private: bool


@contextmanager
def pulled(
    repo_id: str, account: Account, revision: str | None = None, on_progress: Progress | None = None
) -> Iterator[Pulled]:
    """Download the model in `repo_id` and verify it; for as long as the block takes, which moves the folder away.

    Raises as `look` and `fetch`, and `ModelFolderError` for what is no model of ours or cannot be trusted; it is gone
    then. What did not arrive whole is gone on with by the next call.
    """
    repo = look(repo_id, account, revision)
    with staged(repo, _model_files(repo), account, on_progress) as folder:
        try:
            config = modelfolder.verify(folder)
        except ModelFolderError as error:
            discard(folder)
            what = f"{repo.id} holds a model that cannot be used. {error.what}"
            raise ModelFolderError(what, kept="Nothing of it was kept.", todo="Tell its author.") from None
        origin = Origin(
            repo_id=repo.id,
            revision=repo.revision,
            commit=repo.commit,
            weights_sha256=config.weights_sha256,
            pulled=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        yield Pulled(folder, origin, repo.private)


def _model_files(repo: Repository) -> dict[str, RemoteFile]:
    """The files of the format by name; others are left where they are.

    Raises `ModelFolderError`, and `AppError` for weights that this server loads for no visitor.
    """
    there = {file.path: file for file in repo.files}
    missing = sorted({CONFIG, VOCAB, WEIGHTS} - there.keys())
    if PICKLED in there or (missing and any(path.lower().endswith(PICKLES) for path in there)):
        raise ModelFolderError(
            f"{repo.id} holds its model as a pickle. Loading a pickle runs whatever program it carries, so none is "
            "ever downloaded here.",
            todo="Ask its author for the weights as safetensors, pushed with ULMFiT Studio.",
        )
    if missing:
        raise ModelFolderError(
            f"{repo.id} is not a model of ULMFiT Studio: it lacks {', '.join(missing)}.",
            todo="Search for models that are: ulmfit hub search.",
        )
    files = {name: there[name] for name in MAX_BYTES if name in there}
    for name, file in files.items():
        if file.size > MAX_BYTES[name]:
            raise ModelFolderError(
                f"{repo.id} has a {name} of {file.size:,} bytes; at most {MAX_BYTES[name]:,} are read.",
                kept="Nothing was downloaded.",
            )
    limits.refuse_weights(files[WEIGHTS].size)
    return files
