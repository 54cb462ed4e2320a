"""Models that were pulled: taking one in, and where it is from, `<home>/models/.origins/<name>.json`.

The record lies beside the models, so that a pulled folder stays as it was verified. It counts only while the model has
the weights that were pulled: what is made anew under the name is one's own.
"""

import contextlib
import re
import shutil
import uuid
from pathlib import Path

from pydantic import ValidationError

from ulmfit_app import access, quota
from ulmfit_app.errors import AppError
from ulmfit_app.registry.folders import ModelEntry, models, origin_file, own_models
from ulmfit_app.schema import MAX_NAME, Origin
from ulmfit_app.settings import settings

SEPARATOR = "--"


def adopt(folder: Path, origin: Origin) -> str:
    """Move the verified model in `folder` among one's own as `<owner>--<name>`, `-2` … if taken; returns the name.

    Raises `AppError` if the disk refuses it, or a visitor has too much; `folder` stays then.
    """
    quota.refuse_full()
    beside = own_models() / f".{uuid.uuid4().hex}"
    try:
        access.claim(own_models())
        shutil.move(folder, beside)
        beside.chmod(0o755)
        name = _named(beside, origin.repo_id)
    except OSError as error:
        with contextlib.suppress(OSError):
            shutil.move(beside, folder)
        raise AppError(
            f"{origin.repo_id} could not be moved among your models ({error.strerror}).",
            kept="What was downloaded is kept.",
            todo="Free some space, or check who may write in the folder of the models; then try again.",
        ) from error
    record = origin_file(name)
    record.parent.mkdir(exist_ok=True)
    record.write_text(origin.model_dump_json(indent=1), encoding="utf-8")
    return name


def origin_of(entry: ModelEntry) -> Origin | None:
    """Where the model was pulled from; None for one that was not, or is broken."""
    if entry.shipped or entry.config is None:
        return None
    try:
        found = Origin.model_validate_json(origin_file(entry.name).read_bytes())
    except (OSError, ValidationError):
        return None
    return found if found.weights_sha256 == entry.config.weights_sha256 else None


def pulled_as(repo_id: str, commit: str) -> str | None:
    """Name of the model that was pulled from that commit; None if it is not here."""
    for entry in models():
        origin = origin_of(entry)
        if origin and (origin.repo_id, origin.commit) == (repo_id, commit):
            return entry.name
    return None


def _named(folder: Path, repo_id: str) -> str:
    """Give `folder` the first free name for a model from `repo_id`."""
    owner, _, name = repo_id.partition("/")
    base = f"{_plain(owner)}{SEPARATOR}{_plain(name)}"[: MAX_NAME - 4].rstrip("._-")
    number = 1
    while True:
        wanted = base if number == 1 else f"{base}-{number}"
        target = own_models() / wanted
        if not target.exists() and not (settings().shipped_models / wanted).exists():
            try:
                folder.rename(target)
                return wanted
            except OSError:
                if not target.exists():  # else another pull was faster
                    raise
        number += 1


def _plain(name: str) -> str:
    """A name of the Hub as part of a model's: small letters, and single separators between."""
    return re.sub(r"[._-]{2,}|[^a-z0-9._-]+", "-", name.lower()).strip("._-") or "x"
