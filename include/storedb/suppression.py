"""Phones that get no texts, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Engine, and_, or_, select, update

from include.database.dialects import insert_missing
from include.database.retries import with_retries
from include.database.values import in_parts
from include.storedb.runs import moment
from include.storedb.tables import REASON, SUPPRESSION

Why = Literal["opted_out", "landline", "invalid", "unreachable"]
Source = Literal["reply", "twilio", "till", "person"]


class Suppressions:
    """The suppressed phones of the store database; phones are E.164."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def active(self, phones: Iterable[str]) -> dict[str, str]:
        """Those of the phones that get no texts now, with the reason."""
        every = sorted(set(phones))
        found: dict[str, str] = {}
        for part in in_parts(every):
            found |= with_retries(lambda part=part: self._among(part))  # type: ignore[misc]
        return found

    def _among(self, phones: Sequence[str]) -> dict[str, str]:
        wanted = select(SUPPRESSION.c.phone, SUPPRESSION.c.reason).where(
            SUPPRESSION.c.phone.in_(phones), SUPPRESSION.c.cleared_at.is_(None)
        )
        with self.engine.connect() as connection:
            return {row.phone: row.reason for row in connection.execute(wanted)}

    def add(
        self, phone: str, reason: Why, source: Source, detail: str = "", at: datetime | None = None
    ) -> None:
        """Suppress a phone from `at` (UTC, no zone; now unless given) on.

        Of a phone that is suppressed already the first reason stays, but an opt-out goes before every other:
        only its owner can take it back. A phone that was let back after `at` stays so.
        """

        def work() -> None:
            with self.engine.begin() as connection:
                suppress(connection, phone, reason, source, detail, at or moment())

        with_retries(work)

    def clear(self, phone: str) -> bool:
        """Let a phone have texts again, as after START; the row stays. False when it was not suppressed."""

        def work() -> bool:
            with self.engine.begin() as connection:
                return lift(connection, phone, moment())

        return with_retries(work)


def suppress(
    connection: Connection, phone: str, reason: Why, source: Source, detail: str, at: datetime
) -> None:
    """`Suppressions.add` inside a transaction of the caller's; `at` is UTC without a zone."""
    row = {"reason": reason, "source": source, "at": at, "detail": detail[:REASON], "cleared_at": None}
    insert_missing(connection, SUPPRESSION, [{"phone": phone, **row}], "phone")
    # What is worked on late must not undo a START that came after it.
    cleared = SUPPRESSION.c.cleared_at <= at
    other = and_(SUPPRESSION.c.cleared_at.is_(None), SUPPRESSION.c.reason != "opted_out")
    weaker = or_(cleared, other) if reason == "opted_out" else cleared
    connection.execute(update(SUPPRESSION).where(SUPPRESSION.c.phone == phone, weaker).values(row))


def lift(connection: Connection, phone: str, at: datetime) -> bool:
    """`Suppressions.clear` inside a transaction of the caller's; `at` is UTC without a zone."""
    suppressed = (SUPPRESSION.c.phone == phone, SUPPRESSION.c.cleared_at.is_(None))
    return connection.execute(update(SUPPRESSION).where(*suppressed).values(cleared_at=at)).rowcount == 1
