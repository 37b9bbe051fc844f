"""How fast texts go out, for all threads of a task together."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from threading import Event, Lock

from include.errors import InvalidSettings


@dataclass(frozen=True, slots=True)
class Pace:
    """How a task sends.

    `segments_per_second` None is unlimited. `lease`: so long after its claim a text may be handed over;
    `settle_after`: so long after its claim it is on Twilio's list if it was ever handed over. Between the two
    lies the longest request. `rounds` is how often it is waited for that. `longest_storm` is how long Twilio
    may refuse a text for our haste before the task gives up, for Airflow to try it again later.
    """

    segments_per_second: float | None
    threads: int = 8
    lease: timedelta = timedelta(seconds=30)
    settle_after: timedelta = timedelta(minutes=5)
    rounds: int = 3
    first_pause: float = 1.0
    longest_pause: float = 30.0
    longest_storm: float = 300.0

    def __post_init__(self) -> None:
        if not 1 <= self.threads <= 12:
            raise InvalidSettings(f"threads is {self.threads}; 1 to 12 are possible")
        if self.lease >= self.settle_after:
            raise InvalidSettings("a lease has to end before it is settled whether its text was sent")


class Limiter:
    """Gives each segment its moment, and holds everybody back when Twilio asks for it."""

    def __init__(self, segments_per_second: float | None, stop: Event) -> None:
        self._rate = segments_per_second
        self._stop = stop
        self._lock = Lock()
        self._next = self._held_until = time.monotonic()

    def wait(self, segments: int) -> bool:
        """Wait for a text's turn; False when everybody shall stop."""
        with self._lock:
            turn = max(self._next, self._held_until, time.monotonic())
            if self._rate:
                self._next = turn + segments / self._rate
        # Twilio may have asked to be left alone since the turn was given.
        while (left := max(turn, self._held_until) - time.monotonic()) > 0:
            if self._stop.wait(left):
                return False
        return not self._stop.is_set()

    def hold(self, seconds: float) -> None:
        """Nobody's turn comes for so long."""
        with self._lock:
            self._held_until = max(self._held_until, time.monotonic() + seconds)
