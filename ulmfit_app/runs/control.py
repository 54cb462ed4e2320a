"""What a user does with a run that exists: stop, pause, resume, move, delete, restore.

Every change is made while the queue is locked, so the state that a decision rests on cannot change in between, except
that a worker may end. What a worker writes is not touched here.
"""

from ulmfit_app import access, limits, quota
from ulmfit_app.errors import NotFoundError, RunError
from ulmfit_app.runs.dispatch import dispatch
from ulmfit_app.runs.folder import RunFolder, deleted_runs, find, runs_root, trash_root
from ulmfit_app.runs.publishing import is_published
from ulmfit_app.runs.queue import locked, positions, read_queue, remove, write_queue
from ulmfit_app.runs.state import LIVE, RESUMABLE, state_of
from ulmfit_app.runs.submit import refuse_more, refuse_taken
from ulmfit_app.schema import QueueEntry, RunRequest, RunState


def stop(run_id: str, checkpoint: str | None = None) -> None:
    """End the run and keep what it has learned, as a model marked partial.

    A running one ends after its minibatch. One that waits and never began leaves the queue. A paused, interrupted or
    failed one is queued again: its worker makes the model from `checkpoint`, by default the last one. `RunError` if
    there is nothing to stop or keep.
    """
    folder = find(run_id)
    with locked():
        state = state_of(folder)
        began = folder.status() is not None
        if state in (RunState.DONE, RunState.STOPPED) or (state is RunState.FAILED and not folder.checkpoint_names()):
            raise RunError(f"The run {run_id} is not running: it is {state}.")
        if checkpoint is not None:
            _refuse_checkpoint(folder, state, checkpoint)
        folder.write_request(RunRequest(action="stop", checkpoint=checkpoint))
        if state in RESUMABLE and began:
            _queue_again(folder)
        elif state is RunState.QUEUED and not began and run_id in positions(read_queue()):
            remove(run_id)
    dispatch()


def _refuse_checkpoint(folder: RunFolder, state: RunState, name: str) -> None:
    if state not in RESUMABLE:
        raise RunError(
            f"The run {folder.id} is {state}: a stop keeps its present weights.",
            todo="Pause it first to keep those of a checkpoint.",
        )
    if name not in (names := folder.checkpoint_names()):
        raise RunError(
            f"The run {folder.id} has no checkpoint '{name}'.", todo=f"It has: {', '.join(names) or 'none yet'}."
        )


def pause(run_id: str) -> None:
    """Let a running run write a checkpoint after its minibatch, end, and free its slot. `RunError` if it does not run.

    A request to stop that the worker has not read yet is replaced.
    """
    folder = find(run_id)
    with locked():
        state = state_of(folder)
        if state is RunState.QUEUED:
            raise RunError(f"The run {run_id} waits in the queue.", todo="Move it behind others, or stop it.")
        if state not in LIVE:
            raise RunError(f"The run {run_id} is not running: it is {state}.")
        folder.write_request(RunRequest(action="pause"))


def resume(run_id: str) -> None:
    """Queue a paused, interrupted or failed run again; it goes on from its last checkpoint.

    Raises `RunError` for another state, `NameTakenError` if something else has got the name of its model meanwhile, and
    as `submit` does for a visitor.
    """
    folder = find(run_id)
    quota.refuse_full()
    with locked():
        state = state_of(folder)
        if state in LIVE:
            raise RunError(f"The run {run_id} is going on already: it is {state}.")
        if state not in RESUMABLE:
            raise RunError(
                f"The run {run_id} has ended: it is {state}.", todo="Train further from its model with a new run."
            )
        spec = folder.spec()
        limits.refuse_run(spec)
        refuse_more(of=folder)
        if spec.name and not is_published(folder, spec.name):
            refuse_taken(spec, of=folder)
        folder.withdraw_request()
        _queue_again(folder)
    dispatch()


def withdraw(run_id: str) -> None:
    """Take back a request to stop or pause; a worker that has read it follows it all the same."""
    with locked():
        find(run_id).withdraw_request()


def move(run_id: str, position: int) -> None:
    """Give a run that waits another position among its owner's, from 1; a higher one than there is means the last."""
    find(run_id)
    with locked():
        entries = read_queue()
        waiting = [entry for entry in entries if entry.pid is None]
        mine = access.visible(access.current(), waiting)
        if run_id not in positions(entries):
            raise RunError(f"The run {run_id} does not wait in the queue.")
        moved = next(entry for entry in mine if entry.run == run_id)
        mine.remove(moved)
        mine.insert(max(1, position) - 1, moved)
        turns = iter(mine)  # they change places with each other; those of other owners keep theirs
        moved_to = [next(turns) if entry.owner == moved.owner else entry for entry in waiting]
        write_queue([entry for entry in entries if entry.pid is not None] + moved_to)


def delete(run_id: str) -> None:
    """Move a run that is not live to the trash, checkpoints and all; its model stays. `restore` brings it back."""
    folder = find(run_id)
    with locked():
        state = state_of(folder)
        if state in LIVE:
            raise RunError(f"The run {run_id} cannot be deleted: it is {state}.", todo="Stop it first.")
        access.claim(trash_root())
        folder.path.rename(trash_root() / run_id)


def restore(run_id: str) -> None:
    """Bring a deleted run back from the trash. Raises `NotFoundError`."""
    deleted = [folder.id for folder in deleted_runs()]
    if run_id not in deleted:
        there = ", ".join(deleted[:5]) if deleted else "nothing"
        raise NotFoundError(f"There is no run '{run_id}' in the trash.", todo=f"The newest there: {there}.")
    with locked():
        (trash_root() / run_id).rename(runs_root() / run_id)


def _queue_again(folder: RunFolder) -> None:
    write_queue([*read_queue(), QueueEntry(run=folder.id, owner=access.current())])
