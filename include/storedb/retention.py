"""Rows of the store database that are old enough to go, or to lose what is personal in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, Table, and_, delete, func, or_, select, update

from include.database.retries import with_retries
from include.storedb.tables import (
    AUDIT,
    CONNECTIVITY,
    CUSTOMER_SEGMENT,
    JOURNAL,
    LEAD,
    LOG_DAY,
    STOCK_REQUEST,
    TEXT_EVENT,
    TEXT_MESSAGE,
)

T = TypeVar("T")
BATCH = 1000

_HOUSEKEEPING = ("housekeeping",)
_CUSTOMERS = ("AR_CUST",)
_LEAD_WORDS = (
    "first_name",
    "last_name",
    "email",
    "phone",
    "timeline",
    "street",
    "city",
    "state",
    "zip_code",
    "comments",
    "message",
)


@dataclass(frozen=True, slots=True)
class OldRows:
    """Rows of a table by their age.

    `old(cutoff)` is the condition for rows from before a moment (UTC, no zone) that may be touched; `emptied`
    are the columns that are minimised, with what they get: without any, the rows are removed. Rows that are
    emptied already do not count.
    """

    table: Table
    old: Callable[[datetime], ColumnElement[bool]]
    emptied: Mapping[str, Any] = field(default_factory=dict)

    def condition(self, cutoff: datetime) -> ColumnElement[bool]:
        """The rows that are left to do."""
        if not self.emptied:
            return self.old(cutoff)
        filled = [
            self.table.c[name].is_not(None) if value is None else self.table.c[name] != value
            for name, value in self.emptied.items()
        ]
        return and_(self.old(cutoff), or_(*filled))


_EVENT, _TEXT, _LEAD, _REQUEST = TEXT_EVENT.c, TEXT_MESSAGE.c, LEAD.c, STOCK_REQUEST.c

REMOVED: dict[str, OldRows] = {
    "journal": OldRows(JOURNAL, lambda at: JOURNAL.c.ended_at < at),
    "text_reports": OldRows(
        TEXT_EVENT,
        lambda at: and_(_EVENT.kind == "status", _EVENT.processed_at < at, _EVENT.received_at < at),
    ),
    "housekeeping_audit": OldRows(AUDIT, lambda at: and_(AUDIT.c.dag_id.in_(_HOUSEKEEPING), AUDIT.c.at < at)),
    "audit": OldRows(AUDIT, lambda at: AUDIT.c.at < at),
    "connectivity": OldRows(CONNECTIVITY, lambda at: CONNECTIVITY.c.ended_at < at),
    "customer_segments": OldRows(CUSTOMER_SEGMENT, lambda at: CUSTOMER_SEGMENT.c.as_of < at.date()),
}
"""What may be removed, by the names that `housekeeping.yaml` uses."""

MINIMISED: dict[str, OldRows] = {
    # A text that is still to be sent, or of which nobody knows whether it was, keeps its words.
    "text_bodies": OldRows(
        TEXT_MESSAGE,
        lambda at: and_(_TEXT.planned_at < at, _TEXT.status.not_in(("planned", "unknown"))),
        {"body": ""},
    ),
    "reply_bodies": OldRows(
        TEXT_EVENT,
        lambda at: and_(_EVENT.kind == "reply", _EVENT.processed_at < at),
        {"body": None, "media": None},
    ),
    # Its `source_key` stays: it keeps the same row of an old file from coming in again.
    "leads": OldRows(
        LEAD,
        lambda at: and_(_LEAD.status != "new", _LEAD.received_at < at, _LEAD.processed_at < at),
        {**dict.fromkeys(_LEAD_WORDS, ""), "interested_in": "[]"},
    ),
    "stock_requests": OldRows(
        STOCK_REQUEST,
        lambda at: and_(
            _REQUEST.status != "open",
            or_(_REQUEST.closed_at < at, and_(_REQUEST.closed_at.is_(None), _REQUEST.created_at < at)),
        ),
        {"name": "", "email": "", "phone": None},
    ),
    "customer_audit": OldRows(
        AUDIT,
        lambda at: and_(AUDIT.c.target.in_(_CUSTOMERS), AUDIT.c.at < at),
        # As JSON, like every value there.
        {"old_value": "null", "new_value": "null"},
    ),
}
"""What may be minimised, by the names that `housekeeping.yaml` uses."""

RULES = {**REMOVED, **MINIMISED}


class Retention:
    """Counts and carries out the rules on the store database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def count(self, rule: str, cutoff: datetime) -> tuple[int, int]:
        """How many rows are left to do, and how many the rule's table has."""
        rows = RULES[rule]
        left = select(func.count()).select_from(rows.table).where(rows.condition(cutoff))
        every = select(func.count()).select_from(rows.table)

        def work(connection: Connection) -> tuple[int, int]:
            return int(connection.scalar(left) or 0), int(connection.scalar(every) or 0)

        return self._in_transaction(work)

    def carry_out(self, rule: str, cutoff: datetime) -> int:
        """Remove or minimise the rows, a thousand in each transaction; returns their number.

        It may break off at any point and be called again.
        """
        done = 0
        while True:
            count = self._in_transaction(lambda connection: _batch(connection, RULES[rule], cutoff))
            done += count
            if not count:
                break
        if rule == "journal":
            old_days = delete(LOG_DAY).where(LOG_DAY.c.store_day < cutoff.date())
            self._in_transaction(lambda connection: connection.execute(old_days))
        return done

    def _in_transaction(self, work: Callable[[Connection], T]) -> T:
        def attempt() -> T:
            with self.engine.begin() as connection:
                return work(connection)

        return with_retries(attempt)


def _batch(connection: Connection, rows: OldRows, cutoff: datetime) -> int:
    (key,) = rows.table.primary_key.columns
    wanted = select(key).where(rows.condition(cutoff)).order_by(key).limit(BATCH)
    ids = list(connection.scalars(wanted))
    if not ids:
        return 0
    if rows.emptied:
        # The condition again: what somebody changed since the rows were read stays.
        change: Any = (
            update(rows.table).where(key.in_(ids), rows.condition(cutoff)).values(dict(rows.emptied))
        )
    else:
        change = delete(rows.table).where(key.in_(ids), rows.condition(cutoff))
    connection.execute(change)
    return len(ids)
