"""A learning-rate finder from its request to its curve, by its own worker process, on a dataset of one's own."""

import csv
import random
import time
from pathlib import Path

from ulmfit_app import recipes
from ulmfit_app.data import sources
from ulmfit_app.runs import requests
from ulmfit_app.runs.events import read_events
from ulmfit_app.runs.folder import find, runs_root
from ulmfit_app.runs.history import history
from ulmfit_app.runs.state import LIVE, state_of
from ulmfit_app.runs.summary import summary
from ulmfit_app.schema import Kind, LrReport, RunState

WORDS = "the a film movie was is good bad great awful plot actor scene very not never it and of to"
CHANGES = {"size": "tiny", "min_freq": 1, "bs": 8, "text_vocab": "dataset"}
RECIPE = recipes.override(recipes.get("demo", Kind.CLASSIFIER), CHANGES)


def test_a_finder_ends_with_a_curve_and_fastais_suggestions(home: Path, tmp_path: Path) -> None:
    draw = random.Random(0)
    rows = [(" ".join(draw.choices(WORDS.split(), k=draw.randint(5, 30))), draw.choice(["a", "b"])) for _ in range(120)]
    file = tmp_path / "rows.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([("text", "label"), *rows])
    sources.add("mine", [file])
    folder = find(requests.find_rates(RECIPE, "mine", None, stage=3, device="cpu", precision="fp32"))
    deadline = time.monotonic() + 240
    while state_of(folder) in LIVE and time.monotonic() < deadline:
        time.sleep(0.5)
    assert state_of(folder) is RunState.DONE, summary(folder).reason
    result = folder.result()
    assert result is not None
    assert isinstance(result.report, LrReport)
    assert result.report.stage == 3
    assert 20 < len(result.report.rates) == len(result.report.losses) <= 100
    assert set(result.report.suggestions) == {"valley", "slide", "steep", "minimum"}
    told = history(read_events(folder.events)[0])
    assert [stage.name for stage in told.stages] == ["tokenise", "learning rates"]
    assert told.progress is not None
    assert told.progress.phase == "find"
    left = {path.name for path in (runs_root() / folder.id).iterdir()}
    assert left == {"spec.json", "status.json", "events.jsonl", "log.txt", "result.json", "lock"}  # fastai saves none
