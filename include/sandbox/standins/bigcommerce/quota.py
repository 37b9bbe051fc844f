"""BigCommerce's request quota: so many requests in each window, shared by all apps of the store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Quota:
    """Counts the requests of the current window.

    `requests` per `window_seconds` (the Standard and Plus plans allow 150 in 30 s). The count is always kept
    and told in the answer's headers; only with `enforced` is a request beyond it refused. `clock` returns
    seconds.
    """

    def __init__(
        self,
        requests: int = 150,
        window_seconds: float = 30.0,
        *,
        enforced: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.requests = requests
        self.window_seconds = window_seconds
        self.enforced = enforced
        self._clock = clock
        self._lock = threading.Lock()
        self._window_start = clock()
        self._used = 0

    def spend(self) -> bool:
        """Count one request; False when it is beyond the quota and the quota is enforced."""
        with self._lock:
            self._refill()
            self._used += 1
            return self._used <= self.requests or not self.enforced

    def headers(self, reset_seconds: float | None = None) -> dict[str, str]:
        """The rate limit headers.

        With `reset_seconds` they say what an exhausted quota says that is refilled in so many seconds.
        """
        with self._lock:
            self._refill()
            left = max(0, self.requests - self._used)
            reset = self._window_start + self.window_seconds - self._clock()
        if reset_seconds is not None:
            left, reset = 0, reset_seconds
        return {
            "X-Rate-Limit-Requests-Quota": str(self.requests),
            "X-Rate-Limit-Requests-Left": str(left),
            "X-Rate-Limit-Time-Window-Ms": str(round(self.window_seconds * 1000)),
            "X-Rate-Limit-Time-Reset-Ms": str(max(0, round(reset * 1000))),
        }

    def _refill(self) -> None:
        now = self._clock()
        if now - self._window_start >= self.window_seconds:
            self._window_start, self._used = now, 0
