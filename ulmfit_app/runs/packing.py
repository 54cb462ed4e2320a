"""A run as a file to take away: what it was asked to do, all its events, what came out.

Nothing of where it ran goes along: no owner, no folder of the machine, no log. Its model and its table of texts have
downloads of their own.
"""

import io
import json
import zipfile
from typing import Any

from ulmfit_app.redaction import without_paths
from ulmfit_app.runs.folder import RunFolder

RECORDS = ("spec.json", "result.json")


def packed(folder: RunFolder) -> bytes:
    """A zip of one folder, called as the run: `spec.json`, with the recipe; `events.jsonl`; `result.json` if it ended.

    An unfinished last event is left out. Raises `OSError`, or `ValueError` for a file that is no JSON.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in RECORDS:
            path = folder.path / name
            if path.exists():
                record = json.loads(path.read_bytes())
                record.pop("owner", None)
                archive.writestr(f"{folder.id}/{name}", json.dumps(_shown(record), indent=1, ensure_ascii=False))
        lines = folder.events.read_text(encoding="utf-8").split("\n")[:-1] if folder.events.exists() else []
        events = [json.dumps(_event(json.loads(line)), ensure_ascii=False) + "\n" for line in lines]
        archive.writestr(f"{folder.id}/events.jsonl", "".join(events))
    return file.getvalue()


def _event(event: dict[str, Any]) -> dict[str, Any]:
    """`event` as anybody may read it; a text that a model wrote stays as it is."""
    return event if event.get("type") == "sample" else {name: _shown(value) for name, value in event.items()}


def _shown(value: Any) -> Any:
    """`value` without paths in any text of it."""
    match value:
        case str():
            return without_paths(value)
        case dict():
            return {name: _shown(inner) for name, inner in value.items()}
        case list():
            return [_shown(inner) for inner in value]
        case _:
            return value
