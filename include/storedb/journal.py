"""The run journal, and the daily text log that is written from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, insert, select, update

from include.database.dialects import insert_missing
from include.database.retries import with_retries
from include.storedb.runs import RunContext
from include.storedb.tables import JOURNAL, LOG_DAY

FAILED = ("failed", "retry")


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """How one try of a task ended. Moments are aware; `outcome` is success, skipped, retry or failed."""

    run: RunContext
    try_number: int
    started_at: datetime
    ended_at: datetime
    outcome: str
    summary: dict[str, Any] | None = None
    error: str = ""


def record(engine: Engine, end: TaskEnd, zone: ZoneInfo, write_log: Callable[[date, str], None]) -> None:
    """Add a task's end to the journal and write the text log of its day anew.

    `write_log(day, text)` stores the file. It is called under a row lock of that day, so that of two tasks
    that end together the later file always holds both lines.
    """
    day = end.ended_at.astimezone(zone).date()
    row = {
        "store_day": day,
        "started_at": end.started_at.astimezone(UTC).replace(tzinfo=None),
        "ended_at": end.ended_at.astimezone(UTC).replace(tzinfo=None),
        "seconds": (end.ended_at - end.started_at).total_seconds(),
        "outcome": end.outcome,
        "try_number": end.try_number,
        "summary": json.dumps(end.summary) if end.summary else None,
        "error": end.error or None,
        **end.run.columns(),
    }

    def add() -> None:
        with engine.begin() as connection:
            connection.execute(insert(JOURNAL), row)
            insert_missing(connection, LOG_DAY, [{"store_day": day, "writes": 0}], "store_day")

    def write() -> None:
        with engine.begin() as connection:
            lock = update(LOG_DAY).where(LOG_DAY.c.store_day == day).values(writes=LOG_DAY.c.writes + 1)
            connection.execute(lock)
            write_log(day, day_log(connection, day, zone))

    # Of a task whose worker died, the scheduler itself records the end: it must not be held up for long.
    with_retries(add, attempts=2)
    with_retries(write, attempts=2)


def day_log(connection: Connection, day: date, zone: ZoneInfo) -> str:
    """The text log of one store day: a line for each task's end, and the number of errors at the bottom."""
    wanted = select(JOURNAL).where(JOURNAL.c.store_day == day).order_by(JOURNAL.c.ended_at, JOURNAL.c.id)
    rows = connection.execute(wanted).all()
    errors = sum(row.outcome in FAILED for row in rows)
    head = f"Automations of {day:%m/%d/%Y} ({zone.key})\n\n"
    return head + "".join(_line(row, zone) for row in rows) + f"\nTotal errors: {errors}\n"


def _line(row: Any, zone: ZoneInfo) -> str:
    started = row.started_at.replace(tzinfo=UTC).astimezone(zone)
    name = f"{row.dag_id}.{row.task_id}" + (f"[{row.map_index}]" if row.map_index >= 0 else "")
    tail = f": {row.error}" if row.error else f": {_short(row.summary)}" if row.summary else ""
    return f"{started:%H:%M:%S}  {row.seconds:8.1f} s  {row.outcome:<8} {name}{tail}\n"


def _short(summary: str) -> str:
    counts = json.loads(summary)
    return ", ".join(f"{k} {v}" for k, v in counts.items() if isinstance(v, int) and (v or k == "planned"))
