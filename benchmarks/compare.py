"""Measure a plan and write its records: `python -m benchmarks.compare bench|full|parity [--quick]`.

Answers of finished arms lie in benchmarks/work until their records are written, so an interrupted plan goes on.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from benchmarks import goals, plans, record, summary
from benchmarks.arms import Run, measure
from benchmarks.plans import Plan
from ulmfit_app import hardware
from ulmfit_app.data.token_workers import usable_cores

PLANS = {"bench": plans.bench, "full": plans.bench_full, "parity": plans.bench_parity}
WORK = Path(__file__).resolve().parent / "work"


def main() -> None:
    """Measure, print the ratios, write the records; a trial (`--quick`) prints its figures and writes none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plan", choices=PLANS)
    parser.add_argument("--quick", action="store_true", help="try every arm once on the tiny size, write no record")
    parser.add_argument("--threads", type=int, default=usable_cores(), help="threads of every arm (default: all cores)")
    parser.add_argument("--only", default="", help="only arms whose figure contains this; writes no record")
    options = parser.parse_args()
    plan = plans.quick(PLANS[options.plan]()) if options.quick else PLANS[options.plan]()
    trial = options.quick or bool(options.only)
    folder = WORK / ("trial" if trial else f"{options.plan}-{record.commit()}-{options.threads}")
    if trial:
        shutil.rmtree(folder, ignore_errors=True)
    records = carried_out(plan, folder, options.threads, options.only)
    for name, figures in records.items():
        if trial:
            say(json.dumps({name: figures}, indent=1))
        else:
            say(str(record.write(name, plan.command, figures.pop("machine"), figures).relative_to(record.ROOT)))
    shutil.rmtree(folder)


def carried_out(plan: Plan, folder: Path, threads: int, only: str = "") -> dict[str, dict[str, Any]]:
    """The figures of each record of the plan, with the machine's state before."""
    started, precision = record.machine(), hardware.precisions("cpu")[0]
    arms = [arm for of_record in plan.records.values() for arm in of_record if only in arm.figure]
    arms = list({arm.file(0): arm for arm in arms}.values())  # what two records share is measured once
    runs = []
    for run in measure(arms, folder, threads, plan.minutes):
        say(f"{run.arm.figure}: {run.arm.name}, repeat {run.repeat + 1}: {told(run)}")
        runs.append(run)
    records = {}
    for name, of_record in plan.records.items():
        files = {arm.file(0) for arm in of_record}
        mine = [run for run in runs if run.arm.file(0) in files]
        if mine:
            found = {"parity": goals.parity(mine)} if name == "parity" else {"goals": goals.reached(mine, precision)}
            settings = {**plan.settings, "threads": threads, "precision the app chooses": precision}
            arms_of = summary.figures(mine)
            summary.add_shares(arms_of)
            records[name] = {"machine": started, "settings": settings, **found, "arms": arms_of}
    return records


def told(run: Run) -> str:
    """One run in a few words."""
    if "samples" not in run.answer:
        return next(f"{word}: {reason}" for word, reason in run.answer.items())
    medians = {name: summary.summed_up(samples)["median"] for name, samples in run.answer["samples"].items()}
    return ", ".join(f"{name} {value:g}" for name, value in medians.items())


def say(line: str) -> None:
    """Show progress."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
