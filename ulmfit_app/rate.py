"""How often somebody may ask: a bucket of requests each, refilled evenly. In memory, of a bounded number of clients."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MOST_CLIENTS = 10_000


class RateLimit:
    """Buckets by client; the client unseen for longest is forgotten first. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # requests left, and when that was

    def wait(self, client: str, per_minute: int) -> float:
        """Seconds until `client` may ask again, `per_minute` times in all; 0: now, and this request is counted."""
        with self._lock:
            now = self._clock()
            left, then = self._buckets.pop(client, (per_minute, now))
            left = min(per_minute, left + (now - then) * per_minute / 60)
            allowed = left >= 1
            self._buckets[client] = (left - allowed, now)
            if len(self._buckets) > MOST_CLIENTS:
                self._buckets.popitem(last=False)
            return 0.0 if allowed else (1 - left) * 60 / per_minute
