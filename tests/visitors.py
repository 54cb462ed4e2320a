"""Two visitors of a hosted server, and one of everything that a visitor can have."""

from pathlib import Path

from tests.fixtures import tiny_classifier, tiny_lm
from tests.unit.runs.making import make_run, queued_run, status
from ulmfit_app import access, registry
from ulmfit_app.data import sources
from ulmfit_app.runs import control
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.schema import LmReport, PredictionReport, Report, RunResult, RunState

ALICE, BOB = f"anon:{'a' * 32}", f"anon:{'b' * 32}"
LM_REPORT = LmReport(tokens=9, loss=1, perplexity=2.7, accuracy=0.5, unknown_share=0, bits_per_character=1)
SIGN = "hush"  # in the name of everything that is made, and in every text


def make_everything(owner: str, folder: Path) -> dict[str, str]:
    """Make it as `owner`; returns the ids of the runs, by what they are. `folder`: for a file of texts."""
    file = folder / f"{SIGN}.csv"
    rows = [f"the {SIGN} film number {number} was fine,{'pos' if number % 2 else 'neg'}" for number in range(40)]
    file.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    with access.acting_for(owner):
        access.claim(access.place("models"))
        for name in (f"{SIGN}-classifier", f"{SIGN}-deleted"):
            tiny_classifier(access.place("models") / name)
        tiny_lm(access.place("models") / f"{SIGN}-lm")
        for name in (f"{SIGN}-texts", f"{SIGN}-gone"):
            sources.add(name, [file])
        registry.delete(f"{SIGN}-deleted")
        sources.delete(f"{SIGN}-gone")
        ended = make_run(name=f"{SIGN}-ended")
        ended.write_status(status(RunState.FAILED, f"{SIGN}: no more"))
        deleted = make_run(name=f"{SIGN}-thrown")
        deleted.write_status(status(RunState.DONE))
        control.delete(deleted.id)
        return {
            "ended": ended.id,
            "deleted": deleted.id,
            "queued": queued_run(name=f"{SIGN}-queued").id,
            "predicted": _measured("predict", PredictionReport(n=1, counts={"neg": 0, "pos": 1}, empty=0)).id,
            "evaluated": _measured("evaluate", LM_REPORT).id,
        }


def _measured(kind: str, report: Report) -> RunFolder:
    """A bulk prediction or an evaluation that is done, with a table of texts."""
    folder = make_run(
        kind=kind, name=None, dataset=None, recipe=None, model=f"{SIGN}-lm", input=f"input-{SIGN}-file.csv"
    )
    folder.write_status(status(RunState.DONE))
    folder.write_result(RunResult(report=report, seconds=1, notes=(f"{SIGN} note",)))
    folder.table.write_text(
        f"text,prediction,probability,p_neg,p_pos\na {SIGN} row,pos,0.9,0.1,0.9\n", encoding="utf-8"
    )
    return folder
