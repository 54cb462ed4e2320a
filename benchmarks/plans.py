"""Which arms are compared: the plans of `make bench`, `bench-full` and `bench-parity`, by the record they go into."""

from dataclasses import dataclass, replace
from typing import Any

from benchmarks.arms import Arm
from ulmfit_app.runs.launcher import KEEP_MEMORY

KEPT = {"GLIBC_TUNABLES": KEEP_MEMORY}  # what our workers run with, and plain fastai does not unless it says so
SEEDS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Plan:
    """What `command` measures: arms by record, in at most `minutes`, and the `settings` that a reader should know."""

    command: str
    minutes: float | None
    records: dict[str, list[Arm]]
    settings: dict[str, Any]


def bench() -> Plan:
    """The comparison of the compact size, within 45 minutes on two cores."""
    size = {"size": "compact"}
    records = {
        "serving": [*ceilings(), *serving({**size, "texts": 500, "times": 40}, generated=2)],
        "training": [*ceilings(), *training({**size, "steps": 8}, freeze=(-1, 0), kept=("lm",)), *cuda(size)],
        "tokenisation": [tokenisation(25_000)],
    }
    return Plan("make bench", 45, records, {**size, "texts in bulk": 500, "timed steps": 8})


def bench_full() -> Plan:
    """The same with the full size, every stage of the freezing, more texts and repeats. Hours; may be interrupted."""
    size = {"size": "full"}
    records = {
        "serving-full": [*ceilings(), *serving({**size, "texts": 2000, "times": 100}, generated=5)],
        "training-full": [
            *ceilings(),
            *training({**size, "steps": 8}, freeze=(-1, -2, -3, 0), kept=("lm", "classifier")),
            *cuda(size),
        ],
        "tokenisation-full": [tokenisation(25_000)],
    }
    records = {name: [replace(arm, repeats=max(arm.repeats, 5)) for arm in arms] for name, arms in records.items()}
    return Plan("make bench-full", None, records, {**size, "texts in bulk": 2000, "timed steps": 8})


def bench_parity() -> Plan:
    """The same training in both: exactly without dropout, within the spread of three seeds with it and in bf16."""
    base = {"size": "compact", "bs": 16, "seq_len": 36, "steps": 300, "train_texts": 800}
    sides = {"plain": "plain fastai", "ours": "ours"}
    arms = [
        Arm(
            "without dropout",
            name,
            "benchmarks.parity.losses",
            {**base, "side": side, "precision": "fp32", "drop_mult": 0.0},
            1,
        )
        for side, name in sides.items()
    ]
    for seed in SEEDS:
        for side, precision in (("plain", "fp32"), ("ours", "fp32"), ("ours", "bf16")):
            given = {**base, "side": side, "precision": precision, "drop_mult": 0.5, "seed": seed}
            arms.append(
                Arm("with dropout", f"{sides[side]}, {precision}, seed {seed}", "benchmarks.parity.losses", given, 1)
            )
    told = {**base, "weights": "random, the same in both"}
    return Plan("make bench-parity", 45, {"parity": arms}, told)


def quick(plan: Plan) -> Plan:
    """A trial of every arm in some minutes, on the tiny size: does it run? Its numbers mean nothing."""
    less = {"size": "tiny", "texts": 40, "times": 3, "steps": 2, "words": [5, 10], "train_texts": 64}

    def smaller(arm: Arm) -> Arm:
        settings = {name: less.get(name, value) for name, value in arm.settings.items()}
        if arm.figure in ("with dropout", "without dropout"):
            settings |= {"steps": 10, "train_texts": 128}
        return replace(arm, settings=settings, repeats=1)

    records = {name: [smaller(arm) for arm in arms] for name, arms in plan.records.items()}
    return replace(plan, command=f"{plan.command} (quick)", records=records)


def ceilings() -> list[Arm]:
    """What the machine can do at most, in the precisions compared."""
    return [
        Arm(
            "the machine",
            f"peak, {precision}",
            "benchmarks.ceilings.machine",
            {"device": "cpu", "precision": precision},
        )
        for precision in ("fp32", "bf16")
    ]


def serving(settings: dict[str, Any], generated: int) -> list[Arm]:
    """Prediction, bulk and generation with a model stored in fp16, or ours in fp32 where the name says so.

    None has the memory setting but where the name says so.
    """
    size, once = {"size": settings["size"]}, {"size": settings["size"], "texts": settings["texts"]}
    arms = []
    for side, name in (("plain", "plain fastai"), ("ours", "ours")):
        bulk = Arm("bulk", name, "benchmarks.serving.bulk", {**once, "side": side, "bs": 64})
        arms += [
            Arm("predict", name, "benchmarks.serving.predict", {**size, "side": side, "times": settings["times"]}),
            bulk,
            replace(bulk, name=f"{name}, memory kept", environment=KEPT, repeats=1),
            Arm(
                "generate", name, "benchmarks.serving.generate",
                {**size, "side": side, "words": [30, 100, 300], "times": 5}, generated,
            ),
        ]  # fmt: skip
    ours = [arm for arm in arms if arm.name == "ours" and arm.figure != "bulk"]
    arms += [replace(arm, name="ours, fp32", settings={**arm.settings, "dtype": "fp32"}) for arm in ours]
    return [*arms, Arm("bulk", "TF-IDF + logistic regression", "benchmarks.serving.tfidf", once)]


def training(settings: dict[str, Any], freeze: tuple[int, ...], kept: tuple[str, ...]) -> list[Arm]:
    """Steps of both kinds. Ours keeps memory, as its workers do; plain fastai does not, and for `kept` also does."""
    figures = [("language model", {"kind": "lm", "freeze_to": 0, "bs": 64})]
    figures += [
        (f"classifier, {stage_name(level)}", {"kind": "classifier", "freeze_to": level, "bs": 16}) for level in freeze
    ]
    arms = []
    for figure, given in figures:
        for precision in ("fp32", "bf16"):
            each = {**settings, **given, "device": "cpu", "precision": precision}
            plain = Arm(figure, f"plain fastai, {precision}", "benchmarks.training.train", {**each, "side": "plain"})
            arms += [plain, Arm(figure, f"ours, {precision}", plain.call, {**each, "side": "ours"}, environment=KEPT)]
            if given["kind"] in kept:
                arms.append(replace(plain, name=f"{plain.name}, memory kept", environment=KEPT, repeats=1))
    return arms


def stage_name(level: int) -> str:
    """What trains in a classifier that is frozen to `level`."""
    return {-1: "head", -2: "last two groups", -3: "last three groups", 0: "all layers"}[level]


def cuda(settings: dict[str, Any]) -> list[Arm]:
    """The same training on a GPU, where there is one: fastai's own `to_fp16` and `to_bf16`, and ours."""
    given = {**settings, "steps": 15, "kind": "lm", "freeze_to": 0, "bs": 64, "device": "cuda"}
    sides = (("plain", "fp32"), ("plain", "fp16"), ("plain", "bf16"), ("ours", "fp32"), ("ours", "bf16"))
    arms = [
        Arm("the machine, CUDA", f"peak, {p}", "benchmarks.ceilings.machine", {"device": "cuda", "precision": p})
        for p in ("fp32", "bf16")
    ]
    for side, precision in sides:
        name = f"{'plain fastai' if side == 'plain' else side}, {precision}"
        each = {**given, "side": side, "precision": precision}
        arms.append(Arm("language model, CUDA", name, "benchmarks.training.train", each))
    return arms


def tokenisation(texts: int) -> Arm:
    """The token cache."""
    return Arm("token cache", "ours", "benchmarks.tokenisation.load", {"texts": texts}, 1)
