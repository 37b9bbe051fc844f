"""What campaigns want to send to which phone, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, func, select, update

from include.database.dialects import insert_missing
from include.database.retries import with_retries
from include.database.values import in_parts
from include.storedb.runs import RunContext, moment
from include.storedb.tables import LEDGER, REASON, TEXT_MESSAGE
from include.storedb.text_rows import ClosingStatus, PlannedText, Tally, Text

T = TypeVar("T")

# SQL Server takes at most 2,100 values in one statement.
_BATCH = 500
_OPEN = ("planned", "unknown")


_FIELDS = [TEXT_MESSAGE.c[name] for name in Text.__dataclass_fields__]


class Texts:
    """The texts of the store database, as one task uses them."""

    def __init__(self, engine: Engine, run: RunContext) -> None:
        self.engine = engine
        self.run = run

    def add(self, texts: Iterable[PlannedText]) -> int:
        """Store the texts of which there is none yet for their phone and occasion; returns their number."""
        waiting, added = iter(texts), 0
        while part := [self._row(text) for text in islice(waiting, _BATCH)]:
            added += self._write(lambda connection, part=part: _add(connection, part))  # type: ignore[misc]
        return added

    def _row(self, text: PlannedText) -> dict[str, Any]:
        row = {name: getattr(text, name) for name in PlannedText.__dataclass_fields__}
        kept = {"text_hash": text.hash, "reason": text.reason[:REASON], "planned_at": moment()}
        return row | kept | self.run.columns()

    def planned(self, campaign: str, anchor: str, after: int = 0, limit: int = _BATCH) -> list[Text]:
        """The next texts that are still to be sent, by id, those with an id above `after`."""
        return self._page(campaign, anchor, ("planned",), after, limit)

    def _page(
        self, campaign: str, anchor: str, statuses: Sequence[str], after: int, limit: int
    ) -> list[Text]:
        among = TEXT_MESSAGE.c.status.in_(statuses)
        wanted = _of(campaign, anchor).where(among, TEXT_MESSAGE.c.id > after)
        return self._read(wanted.order_by(TEXT_MESSAGE.c.id).limit(limit))

    def open(self, campaign: str, anchor: str, phones: Iterable[str]) -> dict[str, Text]:
        """The texts to these phones whose fate is not known yet, by phone."""
        every = sorted(set(phones))
        found: dict[str, Text] = {}
        for part in in_parts(every, _BATCH):
            among = TEXT_MESSAGE.c.phone.in_(part)
            wanted = _of(campaign, anchor).where(among, TEXT_MESSAGE.c.status.in_(_OPEN))
            found |= {text.phone: text for text in self._read(wanted)}
        return found

    def _read(self, wanted: Any) -> list[Text]:
        def work() -> list[Text]:
            with self.engine.connect() as connection:
                return [Text(*row) for row in connection.execute(wanted)]

        return with_retries(work)

    def close(
        self,
        texts: Iterable[Text],
        status: ClosingStatus,
        *,
        reason: str = "",
        sid: str | None = None,
        error_code: int | None = None,
    ) -> None:
        """Write down what became of the texts; what was closed already stays, but for an unknown fate.

        One that may have gone out has a `sent_at`, too. One that went out is `sent` even if it was set aside
        in the same moment.
        """
        now, ids = moment(), [text.id for text in texts]
        sent_at = now if status in ("sent", "unknown") else None
        values = {"status": status, "reason": reason[:REASON], "sid": sid, "error_code": error_code}
        closing = update(TEXT_MESSAGE).values(**values, sent_at=sent_at, status_at=now, **self.run.columns())
        before = (*_OPEN, "set_aside") if status == "sent" else _OPEN
        for part in in_parts(ids, _BATCH):
            among = TEXT_MESSAGE.c.id.in_(part)
            these = closing.where(among, TEXT_MESSAGE.c.status.in_(before))
            self._write(lambda connection, these=these: connection.execute(these))  # type: ignore[misc]

    def set_aside(self, campaign: str, anchor: str, reason: str) -> int:
        """Set aside whatever is still planned for an occasion; returns the number of texts."""
        return self._turn(campaign, anchor, ("planned", TEXT_MESSAGE.c.reason), ("set_aside", reason))

    def reinstate(self, campaign: str, anchor: str, reason: str) -> int:
        """Plan again what was set aside for that reason; returns the number of texts."""
        return self._turn(campaign, anchor, ("set_aside", reason), ("planned", ""))

    def _turn(self, campaign: str, anchor: str, old: tuple[str, Any], new: tuple[str, str]) -> int:
        column = TEXT_MESSAGE.c
        these = (column.campaign == campaign, column.anchor == anchor)
        now = {"status": new[0], "reason": new[1], "status_at": moment(), **self.run.columns()}
        turning = update(TEXT_MESSAGE).where(*these, column.status == old[0], column.reason == old[1])
        return self._write(lambda connection: connection.execute(turning.values(now)).rowcount)

    def follow_ledger(self, campaign: str, anchor: str) -> None:
        """Close the texts that the ledger has closed: a process may die between the two."""
        last = 0
        while page := self._page(campaign, anchor, _OPEN, last, _BATCH):
            last = page[-1].id
            self._write(lambda connection, page=page: _follow(connection, page))  # type: ignore[misc]

    def tallies(self, campaign: str, anchor: str, *, of_run: bool = False) -> list[Tally]:
        """How many texts of an occasion stand how, with their segments and estimated dollars.

        `of_run`: only those that tasks of this run wrote last.
        """
        column = TEXT_MESSAGE.c
        own = (column.dag_id == self.run.dag_id, column.run_id == self.run.run_id) if of_run else ()
        sums = (func.count(), func.sum(column.segments), func.sum(column.cost))
        wanted = (
            select(column.status, column.reason, *sums)
            .where(column.campaign == campaign, column.anchor == anchor, *own)
            .group_by(column.status, column.reason)
            .order_by(column.status, column.reason)
        )

        def work() -> list[Tally]:
            with self.engine.connect() as connection:
                return [
                    Tally(status, reason, texts, int(segments), cost)
                    for status, reason, texts, segments, cost in connection.execute(wanted)
                ]

        return with_retries(work)

    def _write(self, work: Callable[[Connection], T]) -> T:
        def attempt() -> T:
            with self.engine.begin() as connection:
                return work(connection)

        return with_retries(attempt)


def _of(campaign: str, anchor: str) -> Any:
    return select(*_FIELDS).where(TEXT_MESSAGE.c.campaign == campaign, TEXT_MESSAGE.c.anchor == anchor)


def _add(connection: Connection, rows: Sequence[dict[str, Any]]) -> int:
    among = TEXT_MESSAGE.c.text_hash.in_([row["text_hash"] for row in rows])
    known = set(connection.scalars(select(TEXT_MESSAGE.c.text_hash).where(among)))
    missing = [row for row in rows if row["text_hash"] not in known]
    insert_missing(connection, TEXT_MESSAGE, missing, "text_hash")
    return len(missing)


def _follow(connection: Connection, texts: Sequence[Text]) -> None:
    # By the entries' own hashes, not by a join: databases pick the wrong index for it.
    ids = {text.entry.hash(): text.id for text in texts}
    closed = select(LEDGER).where(LEDGER.c.entry_hash.in_(ids), LEDGER.c.status.in_(("sent", "refused")))
    for row in connection.execute(closed).all():
        sent_at = row.closed_at if row.status == "sent" else None
        values = {"status": row.status, "sid": row.vendor_id, "reason": (row.detail or "")[:REASON]}
        this = update(TEXT_MESSAGE).where(
            TEXT_MESSAGE.c.id == ids[row.entry_hash], TEXT_MESSAGE.c.status.in_(_OPEN)
        )
        connection.execute(this.values(**values, sent_at=sent_at, status_at=row.closed_at))
