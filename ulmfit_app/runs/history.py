"""The events of a run put together: what the live panel and `runs show` display. Reads no file.

A resumed run repeats what it did after its last checkpoint. Its first stage event carries `resumed_at`, the global step
it goes on from; points beyond that step are dropped, as the worker writes them again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ulmfit_app.schema import (
    CheckpointEvent,
    EpochEvent,
    Event,
    MessageEvent,
    ProgressEvent,
    SampleEvent,
    StageEvent,
)

Point = tuple[int, float]  # global step, value
FIRST_TRAINING = 2  # stage 1 prepares the texts


@dataclass(slots=True)
class RunHistory:
    """What has happened so far; `add` events as they come. `loss` (nats) and `lr` are of training minibatches.

    `stage` is the current one, `stages` those that have begun; of the `checkpoints` only the newest are still there.
    """

    stages: list[StageEvent] = field(default_factory=list)
    stage: StageEvent | None = None
    progress: ProgressEvent | None = None
    epochs: list[EpochEvent] = field(default_factory=list)
    loss: list[Point] = field(default_factory=list)
    lr: list[Point] = field(default_factory=list)
    messages: list[MessageEvent] = field(default_factory=list)
    checkpoints: list[CheckpointEvent] = field(default_factory=list)
    samples: list[tuple[int, SampleEvent]] = field(default_factory=list)
    step: int = 0

    @property
    def metrics(self) -> dict[str, list[Point]]:
        """Each metric of the validation texts, and `valid_loss`, as (step, value) at the ends of epochs."""
        series: dict[str, list[Point]] = {}
        for epoch in self.epochs:
            values = {} if epoch.valid_loss is None else {"valid_loss": epoch.valid_loss}
            for name, value in (values | epoch.metrics).items():
                series.setdefault(name, []).append((epoch.step, value))
        return series

    def add(self, event: Event) -> None:
        """Take in the next event of the run."""
        match event:
            case StageEvent():
                self._begin(event)
            case ProgressEvent():
                self._go_on(event)
            case EpochEvent():
                self.epochs = [epoch for epoch in self.epochs if epoch.epoch != event.epoch] + [event]
                self.step = event.step
            case CheckpointEvent():
                self.checkpoints = [kept for kept in self.checkpoints if kept.name != event.name] + [event]
            case SampleEvent():
                self.samples.append((self.step, event))
            case MessageEvent():
                if all(event.text != said.text for said in self.messages):  # a resumed run prepares itself again
                    self.messages.append(event)

    def _begin(self, event: StageEvent) -> None:
        if event.resumed_at is not None:
            self._drop_after(event.resumed_at)
        elif event.number == FIRST_TRAINING:  # again, if there was no checkpoint to go on from
            self._drop_after(0)
        again = event.number < FIRST_TRAINING  # a resumed run prepares itself first; the stages after it stay
        self.stages = (
            [stage for stage in self.stages if stage.number < event.number]
            + [event]
            + [stage for stage in self.stages if again and stage.number > event.number]
        )
        self.stage, self.progress = event, None

    def _go_on(self, event: ProgressEvent) -> None:
        self.progress = event
        if event.step is None:
            return
        self.step = event.step
        if event.phase == "train":
            self.loss += [] if event.loss is None else [(event.step, event.loss)]
            self.lr += [] if event.lr is None else [(event.step, event.lr)]

    def _drop_after(self, step: int) -> None:
        self.epochs = [epoch for epoch in self.epochs if epoch.step <= step]
        self.loss = [point for point in self.loss if point[0] <= step]
        self.lr = [point for point in self.lr if point[0] <= step]
        self.checkpoints = [kept for kept in self.checkpoints if kept.step <= step]
        self.samples = [sample for sample in self.samples if sample[0] <= step]
        self.step = step


def history(events: Iterable[Event]) -> RunHistory:
    """The history that `events` tell."""
    told = RunHistory()
    for event in events:
        told.add(event)
    return told
