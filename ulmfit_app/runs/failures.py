"""What a failed run says to the person who started it; a visitor of a hosted server is told no path and no detail.

The traceback goes to log.txt only.
"""

import errno

from ulmfit_app import access
from ulmfit_app.errors import AppError
from ulmfit_app.redaction import for_whoever_asks

_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


def reason_of(error: BaseException) -> str:
    """`error` in plain words: what happened, and what to do where that is known."""
    return for_whoever_asks(_words(error))


def _words(error: BaseException) -> str:
    if isinstance(error, AppError):
        return str(error)
    if _is_out_of_memory(error):
        return "The run ran out of memory. Use a smaller bs, a smaller max_len, or fewer texts (--limit)."
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "The disk is full. Free some space, then resume."
    if isinstance(error, OSError) and error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return f"{error.filename} may not be written or read ({error.strerror}). Change that, then resume."
    if isinstance(error, OSError) and error.strerror:
        return f"A file could not be read or written: {error.strerror} ({error.filename})."
    mistake = "The run failed with an error of this program, not of yours"
    return f"{mistake}: {type(error).__name__}: {error}." if access.current() == access.LOCAL else f"{mistake}."


def _is_out_of_memory(error: BaseException) -> bool:
    # By name: torch's error types must not be imported by a reader of this module.
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _OUT_OF_MEMORY)
