"""What became of texts: how they ended, and what they cost, as Twilio tells it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, and_, case, exists, or_, select, update

from include.database.retries import classified, with_retries
from include.database.values import in_parts
from include.storedb.tables import TEXT_EVENT, TEXT_MESSAGE
from include.storedb.text_events import TextEvent

T = TypeVar("T")

ENDS = ("delivered", "undelivered", "failed")
"""Statuses after which nothing more happens to a text."""

# Each row takes three values of the 2,100 that a statement of SQL Server may have.
_BATCH = 500
_CENTS = Decimal("0.0001")
_COLUMN = TEXT_MESSAGE.c
# Nothing is charged for what never left.
_WANTS_PRICE = and_(_COLUMN.price.is_(None), _COLUMN.status.in_(("delivered", "undelivered")))
_WANTS_NEWS = and_(_COLUMN.sid.is_not(None), or_(_COLUMN.status == "sent", _WANTS_PRICE))


class Update(Protocol):
    """A text's new status; `at` is UTC without a zone."""

    @property
    def sid(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def error_code(self) -> int | None: ...
    @property
    def at(self) -> datetime: ...


class TextOutcomes:
    """The ends of the texts of the store database; texts are named by Twilio's number of them (sid)."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def statuses(self, sids: Iterable[str]) -> dict[str, str]:
        """The statuses of those of the texts that are ours, by sid."""
        every = sorted(set(sids))
        found: dict[str, str] = {}

        def work(part: Sequence[str]) -> dict[str, str]:
            wanted = select(_COLUMN.sid, _COLUMN.status).where(_COLUMN.sid.in_(part))
            with self.engine.connect() as connection:
                return {row.sid: row.status for row in connection.execute(wanted)}

        for part in in_parts(every):
            found |= with_retries(lambda part=part: work(part))  # type: ignore[misc]
        return found

    def write(self, updates: Iterable[Update]) -> int:
        """Write the new statuses of texts that have not ended yet; returns how many rows changed.

        At most one update for each text. Doing it again changes nothing.
        """
        alike: dict[tuple[str, int | None], list[Update]] = {}
        for one in updates:
            alike.setdefault((one.status, one.error_code), []).append(one)
        changed = 0
        for (status, code), group in sorted(alike.items(), key=str):
            before = _COLUMN.status.not_in(ENDS if status in ENDS else (*ENDS, status))
            for part in in_parts(group, _BATCH):
                moments = {one.sid: one.at for one in part}
                changing = update(TEXT_MESSAGE).where(_COLUMN.sid.in_(moments), before)
                at = case(moments, value=_COLUMN.sid)
                changing = changing.values(status=status, error_code=code, status_at=at)
                changed += self._rows(changing)
        return changed

    def write_prices(self, prices: Mapping[str, Decimal]) -> int:
        """Write what texts cost (dollars, 0 or more) where that is not known yet; returns how many."""
        every, written = sorted(prices.items()), 0
        for part in in_parts(every, _BATCH):
            dollars = {sid: price.quantize(_CENTS) for sid, price in part}
            pricing = update(TEXT_MESSAGE).where(_COLUMN.sid.in_(dollars), _COLUMN.price.is_(None))
            written += self._rows(pricing.values(price=case(dollars, value=_COLUMN.sid)))
        return written

    def wanting(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """When the texts were sent, in order, that have no end or no price yet, from `since` to `until`.

        Moments are UTC without a zone. They come one by one, so that memory stays flat.
        """
        wanted = select(_COLUMN.sent_at).where(_WANTS_NEWS, _COLUMN.sent_at.between(since, until))
        with classified(), self.engine.connect() as connection:
            streaming = connection.execution_options(stream_results=True, yield_per=5000)
            yield from streaming.execute(wanted.order_by(_COLUMN.sent_at)).scalars()

    def refused(self, since: datetime, codes: Collection[int], limit: int) -> list[TextEvent]:
        """Texts that Twilio refused at once with one of the error codes, as the failures that they are.

        Those that are among the events already are left out.

        They have no number of Twilio's, so they go by their own; `since` is UTC without a zone.
        """
        noted = exists().where(TEXT_EVENT.c.sid == _COLUMN.text_hash)
        columns = (_COLUMN.text_hash, _COLUMN.phone, _COLUMN.status_at, _COLUMN.error_code)
        told = (_COLUMN.status == "refused", _COLUMN.error_code.in_(codes), _COLUMN.status_at >= since)
        wanted = select(*columns).where(*told, ~noted).order_by(_COLUMN.id).limit(limit)

        def work(connection: Connection) -> list[TextEvent]:
            return [
                TextEvent("status", sid, phone, at, "failed", code)
                for sid, phone, at, code in connection.execute(wanted)
            ]

        return self._in_transaction(work)

    def _rows(self, statement: Any) -> int:
        return self._in_transaction(lambda connection: int(connection.execute(statement).rowcount))

    def _in_transaction(self, work: Callable[[Connection], T]) -> T:
        def attempt() -> T:
            with self.engine.begin() as connection:
                return work(connection)

        return with_retries(attempt)
