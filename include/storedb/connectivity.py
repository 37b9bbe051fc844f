"""Stretches in which the internet, or a connection, did not answer."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, and_, delete, select, update

from include.database.dialects import insert_missing
from include.database.retries import with_retries
from include.database.values import storable
from include.storedb.runs import RunContext
from include.storedb.tables import CONNECTIVITY, MESSAGE

T = TypeVar("T")
_COLUMN = CONNECTIVITY.c


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch of failed tries without one that succeeded; moments are UTC without a zone.

    It counts as an outage from `confirmed_at` on, when the tries were enough. `acted_at` is when the
    operator's command was begun, `told_at` when people were told that it is over.
    """

    id: int
    subject: str
    began_at: datetime
    last_at: datetime
    tries: int
    message: str
    confirmed_at: datetime | None
    acted_at: datetime | None
    ended_at: datetime | None
    told_at: datetime | None


_FIELDS = [_COLUMN[name] for name in Outage.__dataclass_fields__]


class Outages:
    """The stretches of the store database; of each subject at most one goes on."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def failed(
        self, subject: str, at: datetime, message: str, run: RunContext, *, once_per_run: bool = False
    ) -> Outage:
        """Count a failed try, and return the stretch that it belongs to.

        With `once_per_run` a task that is tried again, or cleared, counts once.
        """
        row = {
            "subject": subject,
            "open_key": subject,
            "began_at": at,
            "last_at": at,
            "tries": 0,
            "message": storable(message)[:MESSAGE],
            **run.columns(),
        }
        is_open = _COLUMN.open_key == subject
        ours = and_(_COLUMN.dag_id == run.dag_id, _COLUMN.run_id == run.run_id, _COLUMN.tries > 0)
        counted = update(CONNECTIVITY).where(is_open, *([~ours] if once_per_run else []))

        def work(connection: Connection) -> Outage:
            insert_missing(connection, CONNECTIVITY, [row], "open_key")
            more = {"tries": _COLUMN.tries + 1, "last_at": at, "message": row["message"], **run.columns()}
            connection.execute(counted.values(more))
            return _outage(connection.execute(select(*_FIELDS).where(is_open)).one())

        return self._in_transaction(work)

    def confirm(self, outage: Outage, at: datetime) -> bool:
        """Note that the tries were enough; False when that was noted before."""
        return self._note(outage, "confirmed_at", at)

    def claim_action(self, outage: Outage, at: datetime) -> bool:
        """Whether the operator's command may be begun: True once for each outage."""
        return self._note(outage, "acted_at", at)

    def told(self, outage: Outage, at: datetime) -> bool:
        """Note that people were told; False when that was noted before."""
        return self._note(outage, "told_at", at)

    def recovered(self, subject: str, at: datetime) -> Outage | None:
        """End the subject's stretch; returns it if it was confirmed, and forgets it otherwise."""
        is_open = _COLUMN.open_key == subject
        ended = update(CONNECTIVITY).where(is_open, _COLUMN.confirmed_at.is_not(None))

        def work(connection: Connection) -> Outage | None:
            row = connection.execute(select(*_FIELDS).where(is_open)).first()
            connection.execute(ended.values(ended_at=at, open_key=uuid.uuid4().hex))
            connection.execute(delete(CONNECTIVITY).where(is_open))
            if row is None or row.confirmed_at is None:
                return None
            return _outage(connection.execute(select(*_FIELDS).where(_COLUMN.id == row.id)).one())

        return self._in_transaction(work)

    def forget_except(self, prefix: str, subjects: Iterable[str]) -> None:
        """End what goes on of subjects that begin with `prefix` and are not watched any more."""
        gone = delete(CONNECTIVITY).where(
            _COLUMN.ended_at.is_(None),
            _COLUMN.subject.startswith(prefix, autoescape=True),
            _COLUMN.subject.not_in(list(subjects)),
        )
        self._in_transaction(lambda connection: connection.execute(gone))

    def current(self, subject: str) -> Outage | None:
        """The subject's stretch that goes on."""
        found = self._read(_COLUMN.open_key == subject)
        return found[0] if found else None

    def confirmed(self, subject: str, since: datetime) -> list[Outage]:
        """Outages of a subject that went on after `since`, oldest first."""
        lasted = (_COLUMN.ended_at.is_(None)) | (_COLUMN.ended_at >= since)
        return self._read(and_(_COLUMN.subject == subject, _COLUMN.confirmed_at.is_not(None), lasted))

    def untold(self, subject: str) -> list[Outage]:
        """Outages of a subject that are over and of which nobody was told, oldest first."""
        return self._read(
            and_(_COLUMN.subject == subject, _COLUMN.ended_at.is_not(None), _COLUMN.told_at.is_(None))
        )

    def _note(self, outage: Outage, name: str, at: datetime) -> bool:
        noted = update(CONNECTIVITY).where(_COLUMN.id == outage.id, _COLUMN[name].is_(None))
        return self._in_transaction(lambda c: c.execute(noted.values({name: at})).rowcount == 1)

    def _read(self, condition: Any) -> list[Outage]:
        wanted = select(*_FIELDS).where(condition).order_by(_COLUMN.began_at, _COLUMN.id)
        return self._in_transaction(lambda c: [_outage(row) for row in c.execute(wanted)])

    def _in_transaction(self, work: Callable[[Connection], T]) -> T:
        def attempt() -> T:
            with self.engine.begin() as connection:
                return work(connection)

        return with_retries(attempt)


def _outage(row: Any) -> Outage:
    return Outage(**row._mapping)
