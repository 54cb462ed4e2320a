"""A run to take away: everything of its course, nothing of where and for whom it ran."""

import io
import json
import zipfile

from tests.unit.runs.making import make_run
from ulmfit_app import access
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.runs.packing import packed
from ulmfit_app.schema import RunResult, RunSpec
from ulmfit_app.settings import settings

OWNER = f"anon:{'a' * 32}"


def events_of(folder: RunFolder) -> list[str]:
    """Lines of the kinds that a worker writes, the last one unfinished."""
    home = settings().home_path
    lines = [
        {"v": 1, "t": 1.0, "type": "message", "text": f"The cache lies in {home}/cache/x.json.", "level": "info"},
        {"v": 1, "t": 2.0, "type": "progress", "phase": "train", "done": 1, "total": 2, "loss": 4.5},
        {"v": 1, "t": 3.0, "type": "sample", "prompt": "a", "text": "a film/play «ü» /quite/odd/ written"},
    ]
    written = [json.dumps(line, ensure_ascii=False) for line in lines]
    folder.events.write_text("\n".join([*written, '{"v": 1, "t']), encoding="utf-8")
    return written


def unpacked(data: bytes, run_id: str) -> dict[str, str]:
    """The files of the zip by name, which all lie in one folder."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        assert all(name.startswith(f"{run_id}/") for name in names)
        return {name.partition("/")[2]: archive.read(name).decode() for name in names}


def test_events_spec_and_result_are_in_it_without_owner_or_path() -> None:
    with access.acting_for(OWNER):
        run = make_run(name="my-lm", owner=OWNER)
    written = events_of(run)
    home = str(settings().home_path)
    run.write_result(RunResult(model="my-lm", seconds=3.0, notes=(f"Read from {home}/runs/y.",)))
    files = unpacked(packed(run), run.id)
    assert set(files) == {"spec.json", "events.jsonl", "result.json"}
    everything = "\n".join(files.values())
    assert OWNER not in everything and "anon:" not in everything and home not in everything
    spec = RunSpec.model_validate_json(files["spec.json"])
    assert spec == run.spec().model_copy(update={"owner": "local"}) and spec.recipe is not None
    assert RunResult.model_validate_json(files["result.json"]).notes == ("Read from …/runs/y.",)
    events = files["events.jsonl"].splitlines()
    assert events[1:] == written[1:] and json.loads(events[0])["text"] == "The cache lies in …/cache/x.json."


def test_a_run_that_has_not_begun_is_what_was_asked() -> None:
    run = make_run(name="my-lm")
    files = unpacked(packed(run), run.id)
    assert set(files) == {"spec.json", "events.jsonl"} and files["events.jsonl"] == ""
