"""Imports the slow libraries in the background at server start, so that the first prediction does not wait for them."""

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module

SLOW = ("torch", "spacy")  # 2 s and 3 s on two cores (torch 2.13, spaCy 3.8)


@asynccontextmanager
async def warm_up(_app: object) -> AsyncIterator[None]:
    """Lifespan of the server: start the import and let the server begin at once."""
    threading.Thread(target=_import_slow, name="warm-up", daemon=True).start()
    yield


def _import_slow() -> None:
    """Runs outside every session, so it must never call Streamlit. A failed import fails again where it is needed."""
    for name in SLOW:
        try:
            import_module(name)
        except ImportError:
            logging.getLogger(__name__).warning("%s cannot be imported; predictions will fail.", name, exc_info=True)
