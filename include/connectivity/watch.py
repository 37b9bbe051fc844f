"""Whether the internet is there: a verdict over all hosts, and outages that are remembered between runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from include.connectivity.hosts import Answer
from include.connectivity.settings import Internet
from include.storedb.connectivity import Outage, Outages
from include.storedb.runs import RunContext

INTERNET = "internet"
"""The subject of the store database's rows about the internet."""

Ask = Callable[[], list[Answer]]


@dataclass(frozen=True, slots=True)
class Watched:
    """What a look at the internet found.

    `connected` is None when no host could be asked. `outage` is what goes on, `began` whether it was found in
    this run, `ended` the outage that is over since.
    """

    answers: list[Answer]
    connected: bool | None
    outage: Outage | None = None
    began: bool = False
    ended: Outage | None = None


def verdict(answers: Sequence[Answer]) -> bool | None:
    """True when a host was reached, False when all that were asked failed, None when none was asked."""
    verdicts = {answer.verdict for answer in answers}
    if "reached" in verdicts:
        return True
    return False if "failed" in verdicts else None


def look(ask: Ask, settings: Internet, pause: Callable[[float], None]) -> tuple[list[Answer], bool | None]:
    """Ask once and change nothing, for a dry run; asked again after a pause while nothing is reached."""
    for tries_left in reversed(range(settings.tries_in_a_run)):
        answers = ask()
        found = verdict(answers)
        if found is not False or not tries_left:
            break
        pause(settings.pause_seconds)
    return answers, found


def watch(
    ask: Ask,
    settings: Internet,
    outages: Outages,
    run: RunContext,
    now: Callable[[], datetime],
    pause: Callable[[float], None],
) -> Watched:
    """Ask until a host is reached, the tries are enough, or those of this run are used up.

    Each failed try is remembered at once, so that a run that breaks off loses none. `now` is UTC, no zone.
    """
    for tries_left in reversed(range(settings.tries_in_a_run)):
        answers, at = ask(), now()
        connected = verdict(answers)
        if connected is None:
            return Watched(answers, None, _confirmed(outages.current(INTERNET)))
        if connected:
            return Watched(answers, True, ended=outages.recovered(INTERNET, at))
        outage = outages.failed(INTERNET, at, _summary(answers), run)
        if outage.tries >= settings.tries:
            began = outages.confirm(outage, at)
            return Watched(answers, False, outages.current(INTERNET), began)
        if tries_left:
            pause(settings.pause_seconds)
    return Watched(answers, False)


def _confirmed(outage: Outage | None) -> Outage | None:
    return outage if outage and outage.confirmed_at else None


def _summary(answers: Sequence[Answer]) -> str:
    return "; ".join(f"{one.name}: {one.words}" for one in answers if one.verdict == "failed")
