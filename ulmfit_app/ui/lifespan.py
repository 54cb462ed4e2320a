"""What the server does beside serving: it starts runs that wait, and imports slow libraries before they are needed.

Both in threads that never call Streamlit. Training goes on without a server, and with several on the same home: the
dispatch lock decides who starts a run.
"""

import gc
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from itertools import count

from filelock import FileLock, Timeout
from streamlit import config
from streamlit.logger import get_logger

from ulmfit_app import hub, signing
from ulmfit_app.errors import AppError
from ulmfit_app.runs.dispatch import dispatch
from ulmfit_app.runs.expiry import remove_expired
from ulmfit_app.runs.serving import serving_lock
from ulmfit_app.settings import settings

SLOW = ("plotly.graph_objects", "torch", "spacy")  # 6 s on two cores, most of it torch and spaCy
FIRST_PAGE = 2.0  # seconds in which the server draws its first page undisturbed (both would wait for Python's lock)
EVERY = 1.0  # seconds between two looks at the queue
CLEANS = 3600  # looks between two removals of what has expired
PATIENCE = 10.0  # seconds that the end of the server waits for a dispatch

log = get_logger(__name__)  # which shows what is merely said, too


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """Start both threads and let the server begin at once; at its end, end the dispatcher.

    Raises `AppError` for a hosted server that cannot sign, as it could tell no visitor from another.
    """
    config.set_option("server.maxUploadSize", settings().max_file_mb)  # Streamlit's own bound, on what it receives
    if settings().mode == "hosted":
        signing.cookie_of(signing.new_visitor())
        minutes = settings().visitor_training_minutes
        log.info(
            "Open to visitors (ULMFIT_MODE=hosted): %s.",
            f"trainings of up to {minutes} min" if minutes else "no trainings",
        )
    _import_first()
    ending = threading.Event()
    threading.Thread(target=_warm_up, args=(ending,), name="warm-up", daemon=True).start()
    dispatcher = threading.Thread(target=_dispatch_until, args=(ending,), name="dispatcher", daemon=True)
    dispatcher.start()
    yield
    ending.set()
    dispatcher.join(PATIENCE)


def _import_first() -> None:
    """Import what plotly (7.1) takes from `sys.modules` as it is, half imported by another thread too: 0.7 s."""
    import numpy  # noqa: F401
    import pandas  # noqa: F401


def _warm_up(ending: threading.Event) -> None:
    """Import what is slow, and keep it out of the garbage collection.

    Streamlit collects garbage after every run of a script: with torch and spaCy 200 ms with Python's lock held, and
    the browser waits. What was imported is no garbage, so it need not be looked through again.
    A failed import fails again where it is needed.
    """
    if ending.wait(FIRST_PAGE):
        return
    for name in SLOW:
        try:
            import_module(name)
        except ImportError:
            log.warning("%s cannot be imported; predictions will fail.", name, exc_info=True)
    gc.collect()
    gc.freeze()


def _dispatch_until(ending: threading.Event) -> None:
    """Look at the queue again and again. The serving lock tells trainings to leave a core to this server."""
    lock, told = serving_lock(), ""
    for number in count():
        trouble = _look(lock, cleans=number % CLEANS == 0)
        if trouble and trouble != told:  # once, not every second
            log.warning("Runs that wait cannot be started: %s", trouble)
        told = trouble
        if ending.wait(EVERY):
            break
    lock.release()


def _look(lock: FileLock, *, cleans: bool) -> str:
    """One look; returns what went wrong, in words."""
    try:
        with suppress(Timeout):  # another server of this home has it
            if not lock.is_locked:
                lock.acquire(timeout=0)
        dispatch()
        if cleans and settings().mode == "hosted":
            remove_expired()
            hub.forget_old()
    except (AppError, OSError) as error:
        return str(error)
    return ""
