"""Several tests at once, each with a time limit of its own."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")


def all_within(seconds: float, tests: Mapping[str, Callable[[], T]]) -> dict[str, T | Exception]:
    """Run all tests side by side; returns what each returned or raised, `TimeoutError` for one that hung.

    A hanging test is left behind: neither the others nor the end of the process wait for it.
    """
    done: queue.SimpleQueue[tuple[str, T | Exception]] = queue.SimpleQueue()

    def run(name: str, test: Callable[[], T]) -> None:
        try:
            done.put((name, test()))
        except Exception as error:
            done.put((name, error))

    for name, test in tests.items():
        # Not a pool of the standard library: the process would wait for its threads at the end.
        threading.Thread(target=run, args=(name, test), name=f"test {name}", daemon=True).start()
    found: dict[str, T | Exception] = {}
    deadline = time.monotonic() + seconds
    while len(found) < len(tests):
        try:
            name, outcome = done.get(timeout=max(deadline - time.monotonic(), 0.001))
        except queue.Empty:
            break
        found[name] = outcome
    hung = TimeoutError(f"no answer within {seconds:g} s")
    return {name: found.get(name, hung) for name in tests}
