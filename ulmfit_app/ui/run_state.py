"""The state of a run as a small sign: a word in an outline, with a dot whose colour repeats what the word says."""

from html import escape

from ulmfit_app.schema import RunState

LOOKS = {
    RunState.STARTING: "live",
    RunState.RUNNING: "live",
    RunState.QUEUED: "waiting",
    RunState.PAUSED: "waiting",
    RunState.INTERRUPTED: "broken",
    RunState.FAILED: "broken",
    RunState.DONE: "ended",
    RunState.STOPPED: "ended",
}


def state_sign(state: RunState, detail: str = "") -> str:
    """HTML of the sign; `detail` follows the word: a percentage, a position."""
    words = f"{state} {detail}".strip()
    return f"<span class='ulmfit-state ulmfit-{LOOKS[state]}'>{escape(words)}</span>"
