"""Whether a server serves this home: training then leaves it a core. The server's lifespan holds the lock."""

from filelock import FileLock

from ulmfit_app.runs.locks import held
from ulmfit_app.settings import settings


def serving_lock() -> FileLock:
    """The lock that a server holds while it serves this home; a second server of the home does without."""
    return FileLock(settings().home_path / "server.lock")


def is_served() -> bool:
    """True while a server holds the lock."""
    return held(settings().home_path / "server.lock")
