"""Something that goes to or comes from the Hub: in a thread that never calls Streamlit, looked at by a fragment.

One transfer per session and key. It lives in memory only, so a token that it needs does too. It goes on when the page
is left, and is found again when it is opened.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

import streamlit as st

from ulmfit_app import access
from ulmfit_app.errors import AppError, CancelledError
from ulmfit_app.ui.errors import in_words, plain
from ulmfit_app.ui.models import size_words

Result = TypeVar("Result")
Work = Callable[[Callable[[int, int], None]], Result]  # takes what it tells its progress (done, total) in bytes
State = Literal["running", "done", "failed", "cancelled"]

EVERY = 0.5  # seconds between two looks
MISTAKE = "The app made a mistake. Saved models and data are untouched; the server's log says more."

log = logging.getLogger(__name__)


@dataclass
class Transfer(Generic[Result]):
    """A transfer that has begun. `title` says what it does: “Pulling alice/reviews”."""

    title: str
    work: Work[Result]
    state: State = "running"
    done: int = 0
    total: int = 0
    result: Result | None = None
    problem: str = ""
    owner: str = field(default_factory=access.current)
    _cancelled: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        threading.Thread(target=self._run, name="hub-transfer", daemon=True).start()

    def cancel(self) -> None:
        """End it at its next piece."""
        self._cancelled.set()

    @property
    def cancelling(self) -> bool:
        """True from the wish to cancel on."""
        return self._cancelled.is_set()

    def _run(self) -> None:
        try:
            with access.acting_for(self.owner):
                self.result = self.work(self._moved)
            self.state = "done"
        except CancelledError as error:
            self.problem, self.state = in_words(error), "cancelled"
        except AppError as error:
            self.problem, self.state = in_words(error), "failed"
        except Exception:
            log.exception("A transfer failed.")
            self.problem, self.state = MISTAKE, "failed"

    def _moved(self, done: int, total: int) -> None:
        if self._cancelled.is_set():
            raise CancelledError("Cancelled.")
        self.done, self.total = done, total


def begin(key: str, title: str, work: Work[Result]) -> None:
    """Start a transfer under `key`; one that goes on there already is left alone."""
    now: Transfer[Result] | None = st.session_state.get(key)
    if now is None or now.state != "running":
        started = st.session_state[key] = Transfer(title, work)
        started.start()


def draw_transfer(key: str) -> "Transfer[object] | None":
    """Draw the transfer under `key`: its bar with Cancel, or how it ended with Try again; None if there is none."""
    transfer: Transfer[object] | None = st.session_state.get(key)
    if transfer is None:
        return None
    with st.container(key=f"{key}-panel"):
        st.fragment(_draw, run_every=EVERY if transfer.state == "running" else None)(key, transfer, transfer.state)
    return transfer


def forget(key: str) -> None:
    """Let the transfer that has ended under `key` be drawn no more."""
    st.session_state.pop(key, None)


def _draw(key: str, transfer: "Transfer[object]", drawn_as: State) -> None:
    """The part that changes by itself; when it has ended, the whole page is drawn anew, once."""
    if transfer.state != drawn_as:
        st.rerun()
    if transfer.state == "running":
        share = transfer.done / transfer.total if transfer.total else 0.0
        words = f"{size_words(transfer.done)} of {size_words(transfer.total)}" if transfer.total else "asking the Hub"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(min(1.0, share), text=plain(f"{transfer.title}: {words}"))
            if st.button("Cancel", key=f"{key}-cancel", disabled=transfer.cancelling):
                transfer.cancel()
        return
    if transfer.state == "failed":
        st.error(plain(transfer.problem), icon=":material/error:")
    elif transfer.state == "cancelled":
        st.info(plain(f"{transfer.title}: cancelled."), icon=":material/cancel:")
    if transfer.state in ("failed", "cancelled") and st.button(
        "Try again", key=f"{key}-again", icon=":material/refresh:"
    ):
        begin(key, transfer.title, transfer.work)
        st.rerun()
