"""Phones that get no texts, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from sqlalchemy import Engine, or_, select, update

from include.database.dialects import insert_missing
from include.database.retries import with_retries
from include.storedb.runs import moment
from include.storedb.tables import REASON, SUPPRESSION

Why = Literal["opted_out", "landline", "invalid", "unreachable"]
Source = Literal["reply", "twilio", "till", "person"]

# SQL Server takes at most 2,100 values in one statement.
_PHONES = 1000


class Suppressions:
    """The suppressed phones of the store database; phones are E.164."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def active(self, phones: Iterable[str]) -> dict[str, str]:
        """Those of the phones that get no texts now, with the reason."""
        every = sorted(set(phones))
        found: dict[str, str] = {}
        for start in range(0, len(every), _PHONES):
            part = every[start : start + _PHONES]
            found |= with_retries(lambda part=part: self._among(part))  # type: ignore[misc]
        return found

    def _among(self, phones: list[str]) -> dict[str, str]:
        wanted = select(SUPPRESSION.c.phone, SUPPRESSION.c.reason).where(
            SUPPRESSION.c.phone.in_(phones), SUPPRESSION.c.cleared_at.is_(None)
        )
        with self.engine.connect() as connection:
            return {row.phone: row.reason for row in connection.execute(wanted)}

    def add(self, phone: str, reason: Why, source: Source, detail: str = "") -> None:
        """Suppress a phone from now on.

        Of a phone that is suppressed already the first reason stays, but an opt-out goes before every other:
        only its owner can take it back.
        """
        row = {"reason": reason, "source": source, "at": moment(), "detail": detail[:REASON]}
        cleared, other = SUPPRESSION.c.cleared_at.is_not(None), SUPPRESSION.c.reason != "opted_out"
        weaker = or_(cleared, other) if reason == "opted_out" else cleared
        again = update(SUPPRESSION).where(SUPPRESSION.c.phone == phone, weaker)

        def work() -> None:
            with self.engine.begin() as connection:
                insert_missing(
                    connection, SUPPRESSION, [{"phone": phone, "cleared_at": None, **row}], "phone"
                )
                connection.execute(again.values(cleared_at=None, **row))

        with_retries(work)

    def clear(self, phone: str) -> bool:
        """Let a phone have texts again, as after START; the row stays. False when it was not suppressed."""
        cleared = (
            update(SUPPRESSION)
            .where(SUPPRESSION.c.phone == phone, SUPPRESSION.c.cleared_at.is_(None))
            .values(cleared_at=moment())
        )

        def work() -> bool:
            with self.engine.begin() as connection:
                return connection.execute(cleared).rowcount == 1

        return with_retries(work)
