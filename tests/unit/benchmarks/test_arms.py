"""The runner of arms: order, resuming, failures that stay alone; what becomes of their answers."""

import json
from pathlib import Path

import pytest

from benchmarks import arms, compare, goals, plans, render, summary
from benchmarks.arms import Arm, Run, measure, run

HERE = "tests.unit.benchmarks.stand_in"


def arm(name: str, function: str = "double", repeats: int = 2, figure: str = "figure") -> Arm:
    return Arm(figure, name, f"{HERE}.{function}", {"n": 3}, repeats)


def answered(name: str, repeat: int, *samples: float, measure: str = "words/s", figure: str = "figure") -> Run:
    return Run(arm(name, figure=figure), repeat, {"samples": {measure: list(samples)}})


def test_a_process_of_its_own_answers_whatever_it_prints(tmp_path: Path) -> None:
    assert run(arm("a"), tmp_path, threads=2) == {"samples": {"words/s": [6.0]}, "profile": {"threads": 2}}


def test_what_is_missing_is_skipped_and_a_failure_is_told_without_paths(tmp_path: Path) -> None:
    assert run(arm("a", "missing"), tmp_path, 1) == {"skipped": "this machine has no such thing"}
    assert run(arm("a", "broken"), tmp_path, 1) == {"failed": "ValueError: wrong in …/home"}


def test_arms_take_turns_and_turn_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arms, "run", lambda arm, *_: {"samples": {}})
    order = [
        found.arm.name
        for found in measure([arm("a", repeats=3), arm("b", repeats=3), arm("c", repeats=1)], tmp_path, 1)
    ]
    assert order == ["a", "b", "c", "b", "a", "a", "b"]


def test_what_was_answered_is_not_measured_again_and_a_failure_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def answer(arm: Arm, *_: object) -> arms.Answer:
        asked.append(arm.name)
        return {"failed": "so"} if arm.name == "b" else {"samples": {"words/s": [1.0]}}

    monkeypatch.setattr(arms, "run", answer)
    both = [arm("a"), arm("b")]
    first = [found.answer for found in measure(both, tmp_path, 1)]
    assert asked == ["a", "b", "a"]  # a failure is not repeated within a plan
    assert [found.answer for found in measure(both, tmp_path, 1)] == first
    assert asked == ["a", "b", "a", "b"]


def test_after_its_time_a_plan_skips_the_rest(tmp_path: Path) -> None:
    answers = [found.answer for found in measure([arm("a")], tmp_path, 1, minutes=1e-9)]
    assert answers == [arms.OUT_OF_TIME] * 2


def test_median_quartiles_and_95th_percentile() -> None:
    assert summary.summed_up([5, 1, 3, 2, 4]) == {"median": 3, "q1": 2, "q3": 4, "p95": 5, "n": 5}
    assert summary.summed_up([7.0]) == {"median": 7, "q1": 7, "q3": 7, "p95": 7, "n": 1}


def test_a_speedup_is_the_median_of_the_repeats_ratios() -> None:
    runs = [answered("ours", 0, 20), answered("plain", 0, 10), answered("ours", 1, 80), answered("plain", 1, 20)]
    assert summary.speedup(runs, "figure", "words/s", "ours", "plain") == {"median": 3, "least": 2, "most": 4}
    slow = [answered("ours", 0, 5, measure="ms"), answered("plain", 0, 10, measure="ms")]
    assert summary.speedup(slow, "figure", "ms", "ours", "plain") == {"median": 2, "least": 2, "most": 2}
    assert summary.speedup(runs[:1], "figure", "words/s", "ours", "plain") is None


def test_figures_pool_the_samples_and_tell_what_failed() -> None:
    failed = Run(arm("b"), 0, {"failed": "so"})
    found = summary.figures([answered("a", 0, 1, 2), failed, answered("a", 1, 3)])["figure"]
    assert (found["a"]["words/s"]["median"], found["a"]["words/s"]["n"], found["a"]["repeats"]) == (2, 3, 2)
    assert found["b"] == {"repeats": 0, "failed": "so"}


def test_a_profile_is_set_beside_the_machines_peak() -> None:
    machine = {"peak, fp32": {"matrix product GFLOP/s": {"median": 200}, "weights read GB/s": {"median": 20}}}
    profile = {"step: GFLOP/s": 50, "GB/s of weights, if read once a token": 5, "step s": 1}
    figures = {"the machine": machine, "figure": {"ours, fp32": {"profile": profile}, "warning": "w"}}
    summary.add_shares(figures)
    added = {what: value for what, value in profile.items() if "share" in what}
    assert list(added.values()) == [0.25, 0.25] and all("of the machine's" in what for what in added)


def test_arms_that_computed_on_different_things_are_told() -> None:
    runs = [Run(arm(name), 0, {"samples": {}, "same": same}) for name, same in (("a", [1]), ("b", [2]))]
    assert "repeats [0]" in summary.figures(runs)["figure"]["warning"]
    assert "warning" not in summary.figures([runs[0], runs[0]])["figure"]


def test_parity_is_judged_by_the_exact_arm_and_by_the_spread() -> None:
    def losses(name: str, end: float, figure: str = "with dropout") -> Run:
        samples = {"training loss": [2.0, end], "validation loss": [end]}
        return Run(arm(name, figure=figure), 0, {"samples": samples})

    ends = {"plain fastai, fp32": (1.0, 1.2), "ours, fp32": (1.1, 1.2), "ours, bf16": (1.5, 1.6)}
    runs = [losses(f"{name}, seed {seed}", end) for name, each in ends.items() for seed, end in enumerate(each)]
    runs += [losses("ours", 1.0, "without dropout"), losses("plain fastai", 1.0005, "without dropout")]
    said = goals.parity(runs)
    assert said["without dropout: equal to 1e-3"] and said["with dropout: ours, fp32, within the spread"]
    assert not said["with dropout: ours, bf16, within the spread"]
    assert not goals.parity([losses("ours", 1.0, "without dropout"), losses("plain fastai", 1.1, "without dropout")])[
        "without dropout: equal to 1e-3"
    ]


def test_goals_are_for_the_precision_that_the_app_chooses() -> None:
    runs = [
        answered(f"ours, {p}", 0, n, measure="tokens/s", figure="language model")
        for p, n in (("fp32", 30), ("bf16", 40))
    ]
    runs.append(answered("plain fastai, bf16", 0, 20, measure="tokens/s", figure="language model"))
    for precision, times in (("fp32", 1.5), ("bf16", 2)):
        row = next(iter(goals.reached(runs, precision)))
        assert (row["ours"], row["median"], row["must"]) == (f"ours, {precision}", times, 1.15)


@pytest.mark.parametrize(
    "plan", [plans.bench(), plans.bench_full(), plans.bench_parity()], ids=lambda plan: plan.command
)
def test_every_goal_has_its_arms_and_every_arm_its_function(plan: plans.Plan) -> None:
    found = [each for of_record in plan.records.values() for each in of_record]
    assert len({each.file(0) for each in found}) == len({(each.figure, each.name) for each in found})
    for each in found:
        module, function = each.call.rsplit(".", 1)
        source = Path(arms.ROOT, *module.split(".")).with_suffix(".py").read_text()
        assert f"def {function}(settings: dict[str, Any]) -> Answer:" in source
    if plan.command == "make bench":
        names = {(each.figure, each.name) for each in found}
        wanted = {(goal.figure, goal.ours.replace(goals.CHOSEN, "fp32")) for goal in goals.GOALS}
        assert wanted | {(goal.figure, goal.against) for goal in goals.GOALS} <= names


def test_a_plan_becomes_records_that_render(tmp_path: Path) -> None:
    some = [arm("ours", figure="predict"), arm("plain fastai", "broken", figure="predict")]
    plan = plans.Plan("make it", None, {"serving": some}, {"size": "tiny"})
    figures = json.loads(json.dumps(compare.carried_out(plan, tmp_path, threads=1)["serving"]))
    machine = figures.pop("machine")
    told = {"name": "serving", "command": "make it", "commit": "c", "measured": "now", "machine": machine}
    section = render.section({**told, "figures": figures})
    assert "| ours | words/s | 6 | 6 | 6 | 6 | 2 |" in section and "plain fastai: failed, ValueError" in section
    assert "| settings, size | tiny |" in section and "### Predict" in section


def test_the_goal_table_says_what_was_reached() -> None:
    row = {"what": "w", "ours": "o", "against": "a", "must": 2, "aim": 4, "median": 3.0, "least": 2.5, "most": 3.5}
    ui = {"start to first prediction s": 9.0, "resident memory after all pages MB": 450}
    records = [{"name": "serving", "figures": {"goals": [row]}}, {"name": "ui", "figures": ui}]
    lines = "\n".join(render.goal_table(records))
    assert "| w | o | a | 2x | 4x | **3x** | 2.5x to 3.5x | must reached |  |" in lines
    assert "**9 s** |  | missed |" in lines and "**450 MB** |  | aim reached |" in lines
    assert render.goal_table([{"name": "x", "figures": {}}]) == []


def test_the_goal_table_says_which_limit_of_the_machine_is_near() -> None:
    numbers = {"must": 8, "aim": 20, "median": 6, "least": 6, "most": 6}
    row = {"what": "predict, short text, median", "ours": "ours", "against": "plain fastai", **numbers}
    profile = {"short text: GFLOP/s": 40, "short text: GB/s": 18, "250-token review: GFLOP/s": 190}
    machine = {"peak, fp32": {"matrix product GFLOP/s": {"median": 200}, "weights read GB/s": {"median": 20}}}
    arms = {"the machine": machine, "predict": {"ours": {"profile": profile}}}
    summary.add_shares(arms)
    lines = "\n".join(render.goal_table([{"name": "serving", "figures": {"goals": [row], "arms": arms}}]))
    assert "| missed | 90% of the speed at which weights are read |" in lines
