"""How long the commands take that made the shipped models: `python -m benchmarks.commands [NAME=FILE…]`.

Record `commands`. A corpus is added here, in a home of its own, and timed; a training is told by its run, so
`ULMFIT_HOME` is the home that trained the models. What is not at hand stays in the record as it was.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import record
from benchmarks.quality import say, training_run
from ulmfit_app import registry
from ulmfit_app.defaults import SCRATCH
from ulmfit_app.errors import NotFoundError
from ulmfit_app.runs.summary import summaries
from ulmfit_app.schema import RunSpec

NAME = "commands"
# What `data add` is told beside file and column.
CORPORA: dict[str, tuple[str, ...]] = {"general-english": (), "imdb-unsup": ("--base", "imdb")}
MODELS = ("general-lm", "imdb-lm", "imdb-quick", "imdb-classifier")
Figures = dict[str, Any]


def main() -> None:
    """Measure what is at hand, and write the record after each command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", nargs="*", metavar="NAME=FILE", help=f"Parquet files of: {', '.join(CORPORA)}")
    started = record.machine()
    for given in parser.parse_args().corpora:
        name, _, file = given.partition("=")
        if name not in CORPORA or not Path(file).is_file():
            parser.error(f"no such corpus or file: {given}")
        keep(started, name, added(name, Path(file)))
    for name in MODELS:
        if found := trained(name):
            keep(started, name, found)


def keep(started: Figures, name: str, found: Figures) -> None:
    """Put `found` into the record as `name`, in the order in which the commands follow each other."""
    figures = {**record.figures(NAME), name: found}
    ordered = {key: figures[key] for key in (*CORPORA, *MODELS) if key in figures}
    record.write(NAME, "python -m benchmarks.commands", started, ordered)
    say(f"{name}: {ordered[name]['seconds']} s")


def added(name: str, file: Path) -> Figures:
    """Add the texts of `file` as dataset `name` to an empty home, in a process of its own."""
    words = ("data", "add", name, str(file.resolve()), "--text-column", "text", *CORPORA[name])
    with tempfile.TemporaryDirectory() as home:
        begun = time.monotonic()
        home_only = {**os.environ, "ULMFIT_HOME": home}
        subprocess.run([sys.executable, "-m", "ulmfit_app", *words], check=True, env=home_only)
        seconds = time.monotonic() - begun
    return {"command": " ".join(("ulmfit", *words)).replace(words[3], "texts.parquet"), "seconds": round(seconds, 1)}


def trained(name: str) -> Figures | None:
    """The training of the model `name`: command, seconds its run worked, what it worked on; None without its run."""
    try:
        config = registry.entry(name).usable_config()
    except NotFoundError:
        return None
    run = training_run(config, summaries())
    if run is None or run.spec is None or run.result is None:
        return None
    on = f"{config.lineage.device}, {config.lineage.precision}"
    return {"command": command(run.spec, name), "seconds": round(run.result.seconds), "on": on}


def command(spec: RunSpec, name: str) -> str:
    """The command of the training `spec`, its model called `name`."""
    words = ["ulmfit", "train", spec.kind.removeprefix("train-"), "--data", str(spec.dataset)]
    words += ["--recipe", spec.recipe.name] if spec.recipe else []
    for key, value in spec.overrides.items():
        words += ["--set", f"{key}={value}"]
    return " ".join([*words, "--from", spec.parent or SCRATCH, "--name", name])


if __name__ == "__main__":
    main()
