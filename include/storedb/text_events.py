"""What Twilio told of our texts, and what customers answered, until it was worked on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from include.database.dialects import insert_missing
from include.database.retries import with_retries
from include.database.values import in_parts, storable
from include.storedb.runs import digest, moment
from include.storedb.suppression import lift, suppress
from include.storedb.tables import TEXT_EVENT

Kind = Literal["status", "reply"]
Meaning = Literal["stop", "start", "help", "other"]


@dataclass(frozen=True, slots=True, repr=False)
class TextEvent:
    """A status callback or a reply.

    `phone` is the customer's (E.164), `sid` Twilio's number of the message, `media` holds the addresses of
    pictures, `received_at` is UTC without a zone. `id` is None until it is stored.
    """

    kind: Kind
    sid: str
    phone: str
    received_at: datetime
    status: str | None = None
    error_code: int | None = None
    body: str | None = None
    media: tuple[str, ...] = ()
    meaning: Meaning | None = None
    id: int | None = None

    def hash(self) -> str:
        """The same however often Twilio delivers it."""
        parts = (self.sid, self.status or "") if self.kind == "status" else (self.sid,)
        return digest(self.kind, *parts)

    def as_for_people(self) -> TextEvent:
        """The same without any consequence but that somebody reads it."""
        return replace(self, meaning="other")

    def __repr__(self) -> str:
        return f"TextEvent({self.kind}, {self.sid}, {self.status or self.meaning})"


_FIELDS = [TEXT_EVENT.c[name] for name in TextEvent.__dataclass_fields__]


class TextEvents:
    """The events of the store database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def add(self, event: TextEvent) -> bool:
        """Store an event; False when it was known already.

        A new reply that means stop suppresses its phone in the same transaction, one that means start lifts
        whatever suppressed it: who writes can be reached. A repeated delivery does neither.
        """
        row = _row(event)

        def work() -> bool:
            try:
                with self.engine.begin() as connection:
                    connection.execute(insert(TEXT_EVENT), row)
                    if event.meaning == "stop":
                        detail = f"reply {event.sid}"
                        suppress(connection, event.phone, "opted_out", "reply", detail, event.received_at)
                    elif event.meaning == "start":
                        lift(connection, event.phone, event.received_at)
                return True
            except IntegrityError:
                if self._is_known(event):
                    return False
                raise

        return with_retries(work)

    def _is_known(self, event: TextEvent) -> bool:
        wanted = select(TEXT_EVENT.c.id).where(TEXT_EVENT.c.event_hash == event.hash())
        with self.engine.connect() as connection:
            return connection.execute(wanted).first() is not None

    def add_reports(self, events: Iterable[TextEvent]) -> None:
        """Store those status reports, a thousand at once, that are not known yet."""
        rows = [_row(event) for event in events if event.kind == "status"]

        def work(part: Sequence[dict[str, Any]]) -> None:
            with self.engine.begin() as connection:
                insert_missing(connection, TEXT_EVENT, part, "event_hash")

        for part in in_parts(rows):
            with_retries(lambda part=part: work(part))  # type: ignore[misc]

    def unknown(self, events: Iterable[TextEvent]) -> list[TextEvent]:
        """Those of at most a thousand events that are not stored."""
        every = {event.hash(): event for event in events}
        wanted = select(TEXT_EVENT.c.event_hash).where(TEXT_EVENT.c.event_hash.in_(every))

        def work() -> list[TextEvent]:
            with self.engine.connect() as connection:
                known = set(connection.scalars(wanted))
            return [event for key, event in every.items() if key not in known]

        return with_retries(work) if every else []

    def unprocessed(self, limit: int = 5000, after: int = 0) -> list[TextEvent]:
        """The oldest events that were not worked on yet, those with an id above `after`."""
        waiting = (TEXT_EVENT.c.processed_at.is_(None), TEXT_EVENT.c.id > after)
        wanted = select(*_FIELDS).where(*waiting)
        return self._read(wanted.order_by(TEXT_EVENT.c.id).limit(limit))

    def of_phones(self, phones: Iterable[str], since: datetime) -> list[TextEvent]:
        """All events of some phones from `since` (UTC, no zone) on, oldest first, worked on or not."""
        every, found = sorted(set(phones)), []
        for part in in_parts(every):
            among = TEXT_EVENT.c.phone.in_(part)
            found += self._read(select(*_FIELDS).where(among, TEXT_EVENT.c.received_at >= since))
        return sorted(found, key=lambda event: event.id or 0)

    def done(self, ids: Iterable[int]) -> int:
        """Note that events were worked on; returns how many of them were not noted before."""
        every, noted = sorted(set(ids)), 0
        for part in in_parts(every):
            noted += with_retries(lambda part=part: self._note(part))  # type: ignore[misc]
        return noted

    def _note(self, ids: Sequence[int]) -> int:
        open_ones = (TEXT_EVENT.c.id.in_(ids), TEXT_EVENT.c.processed_at.is_(None))
        with self.engine.begin() as connection:
            return connection.execute(
                update(TEXT_EVENT).where(*open_ones).values(processed_at=moment())
            ).rowcount

    def _read(self, wanted: Any) -> list[TextEvent]:
        def work() -> list[TextEvent]:
            with self.engine.connect() as connection:
                return [_event(row) for row in connection.execute(wanted)]

        return with_retries(work)


def _row(event: TextEvent) -> dict[str, Any]:
    row = {name: getattr(event, name) for name in TextEvent.__dataclass_fields__ if name != "id"}
    row |= {"event_hash": event.hash(), "body": storable(event.body) if event.body is not None else None}
    return row | {"media": json.dumps(event.media) if event.media else None}


def _event(row: Any) -> TextEvent:
    values = dict(row._mapping)
    return TextEvent(**values | {"media": tuple(json.loads(row.media or "[]"))})
