"""The page of how things stand, and the mail about an outage that is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from include.connectivity.hosts import Answer
from include.connectivity.outage_log import minutes
from include.reporting.letter import Letter
from include.reporting.rendering import compose
from include.storedb.connectivity import Outage

State = Literal["answers", "fails", "not set up"]
_VERDICTS = {"reached": "reached", "failed": "not reached", "not asked": "left out"}


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """How the test of an Airflow connection went; `runs` is in how many runs in a row it has failed."""

    conn_id: str
    state: State
    words: str
    runs: int = 0


def status_page(
    answers: Sequence[Answer],
    tested: Sequence[ConnectionState],
    outages: Sequence[Outage],
    at: datetime,
    zone: ZoneInfo,
) -> Letter:
    """The page; `outages` are the latest ones, `at` is when the tests were made, with a zone."""
    failing = [one for one in tested if one.state == "fails"]
    data = {
        "at": _words(at, zone),
        "reached": sum(one.verdict == "reached" for one in answers),
        "hosts": [(one.name, one.place, _VERDICTS[one.verdict], one.words) for one in answers],
        "hosts_heading": ("Host", "Address", "", ""),
        "tested": [(one.conn_id, one.state, _runs(one), one.words) for one in tested],
        "tested_heading": ("Connection", "", "Runs in a row", ""),
        "working": sum(one.state == "answers" for one in tested),
        "failing": [one.conn_id for one in failing],
        "outages": [_outage_row(one, zone) for one in reversed(outages)],
        "outages_heading": ("Began", "Ended", "Minutes"),
        "is_out": any(one.ended_at is None for one in outages),
    }
    return compose("connectivity", "Connections: " + _headline(failing, outages), data)


def outage_letter(outage: Outage, zone: ZoneInfo) -> Letter:
    """The mail that an outage is over."""
    data = {
        "began": _words(outage.began_at.replace(tzinfo=UTC), zone),
        "ended": _words((outage.ended_at or outage.last_at).replace(tzinfo=UTC), zone),
        "minutes": minutes(outage),
        "duration": duration(minutes(outage)),
        "tries": outage.tries,
        "acted": outage.acted_at and _words(outage.acted_at.replace(tzinfo=UTC), zone),
        "message": outage.message,
    }
    return compose("connectivity_outage", f"The internet was away for {data['duration']}", data)


def duration(count: int) -> str:
    """Minutes as people say them: 45 minutes, 2 h 5 min."""
    if count < 60:
        return f"{count} minute{'s' if count != 1 else ''}"
    hours, rest = divmod(count, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def _headline(failing: Sequence[ConnectionState], outages: Sequence[Outage]) -> str:
    if any(one.ended_at is None for one in outages):
        return "the internet is away"
    return f"{len(failing)} fail" + ("s" if len(failing) == 1 else "") if failing else "all work"


def _runs(tested: ConnectionState) -> str:
    return str(tested.runs) if tested.runs else ""


def _outage_row(outage: Outage, zone: ZoneInfo) -> tuple[str, str, str]:
    ended = _words(outage.ended_at.replace(tzinfo=UTC), zone) if outage.ended_at else "goes on"
    return _words(outage.began_at.replace(tzinfo=UTC), zone), ended, str(minutes(outage))


def _words(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
