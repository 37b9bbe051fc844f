"""What Twilio told of our texts, and what customers answered, until it was worked on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from include.database.dialects import insert_missing
from include.database.retries import with_retries
from include.storedb.runs import digest, moment
from include.storedb.tables import SUPPRESSION, TEXT_EVENT

Kind = Literal["status", "reply"]
Meaning = Literal["stop", "start", "help", "other"]

# SQL Server takes at most 2,100 values in one statement.
_KEYS = 1000


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
        row = {name: getattr(event, name) for name in TextEvent.__dataclass_fields__ if name != "id"}
        row |= {"event_hash": event.hash(), "body": _storable(event.body)}
        row["media"] = json.dumps(event.media) if event.media else None

        def work() -> bool:
            try:
                with self.engine.begin() as connection:
                    connection.execute(insert(TEXT_EVENT), row)
                    if event.meaning == "stop":
                        _suppress(connection, event)
                    elif event.meaning == "start":
                        _bring_back(connection, event)
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

    def unprocessed(self, limit: int = 5000) -> list[TextEvent]:
        """The oldest events that were not worked on yet."""
        wanted = select(*_FIELDS).where(TEXT_EVENT.c.processed_at.is_(None))
        return self._read(wanted.order_by(TEXT_EVENT.c.id).limit(limit))

    def of_phones(self, phones: Iterable[str], since: datetime) -> list[TextEvent]:
        """All events of some phones from `since` (UTC, no zone) on, oldest first, worked on or not."""
        every, found = sorted(set(phones)), []
        for start in range(0, len(every), _KEYS):
            among = TEXT_EVENT.c.phone.in_(every[start : start + _KEYS])
            found += self._read(select(*_FIELDS).where(among, TEXT_EVENT.c.received_at >= since))
        return sorted(found, key=lambda event: event.id or 0)

    def done(self, ids: Iterable[int]) -> int:
        """Note that events were worked on; returns how many of them were not noted before."""
        every, noted = sorted(set(ids)), 0
        for start in range(0, len(every), _KEYS):
            part = every[start : start + _KEYS]
            noted += with_retries(lambda part=part: self._note(part))  # type: ignore[misc]
        return noted

    def _note(self, ids: list[int]) -> int:
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


def _event(row: Any) -> TextEvent:
    values = dict(row._mapping)
    return TextEvent(**values | {"media": tuple(json.loads(row.media or "[]"))})


def _suppress(connection: Connection, event: TextEvent) -> None:
    row = {"reason": "opted_out", "source": "reply", "at": event.received_at, "detail": f"reply {event.sid}"}
    insert_missing(connection, SUPPRESSION, [{"phone": event.phone, "cleared_at": None, **row}], "phone")
    weaker = SUPPRESSION.c.cleared_at.is_not(None) | (SUPPRESSION.c.reason != "opted_out")
    again = update(SUPPRESSION).where(SUPPRESSION.c.phone == event.phone, weaker)
    connection.execute(again.values(cleared_at=None, **row))


def _bring_back(connection: Connection, event: TextEvent) -> None:
    suppressed = (SUPPRESSION.c.phone == event.phone, SUPPRESSION.c.cleared_at.is_(None))
    connection.execute(update(SUPPRESSION).where(*suppressed).values(cleared_at=event.received_at))


def _storable(text: str | None) -> str | None:
    """What every database takes: no zero bytes, no halves of characters."""
    return text.replace("\x00", " ").encode(errors="replace").decode() if text is not None else None
