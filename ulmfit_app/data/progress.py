"""The progress callback of everything here that takes long."""

from collections.abc import Callable

# Called with (done, total). Raising from it ends the work and leaves nothing half-written: that is how one cancels.
Progress = Callable[[int, int], None]
