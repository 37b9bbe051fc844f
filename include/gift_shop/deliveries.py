"""Which deliveries there are, by their content, and in which order they came."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from include.files import sha256_of
from include.gift_shop.reading import parts_of
from include.gift_shop.tables import DELIVERY, LINE, LOAD, REJECT, STAGED_INVOICE, STAGED_PRODUCT

STAGED, PUBLISHED, DROPPED = "staged", "published", "dropped"
LEFT_OVER_AFTER = timedelta(hours=12)
"""No run takes as long; see `dagrun_timeout` of the DAG."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery: a file, or one part of it. Its number says when it was first seen; a load of it is waiting
    as long as `load_no` is None.
    """

    number: int
    content: str
    file: str
    part: str
    load_no: int | None

    @property
    def name(self) -> str:
        """File and part, for people."""
        return f"{self.file} ({self.part})" if self.part else self.file


def contents_of(path: Path, *, together: bool) -> list[tuple[str, str]]:
    """Content and part of each delivery in a file: the SHA-256 of the file, and of part and file.

    Raises `InvalidRequest` for a file that cannot be read.
    """
    whole = sha256_of(path)
    parts = [""] if together else parts_of(path)
    return [
        (hashlib.sha256(f"{part}\n{whole}".encode()).hexdigest() if part else whole, part) for part in parts
    ]


def register(
    engine: Engine, file: str, contents: Sequence[tuple[str, str]], seen_at: datetime
) -> list[Delivery]:
    """The file's deliveries, those seen for the first time numbered in their order.

    A content that is known keeps its number, whatever its file is called now.
    """
    found = []
    with engine.begin() as connection:
        for content, part in contents:
            known = _by_content(connection, content)
            if known is None:
                number = (connection.scalar(select(func.max(DELIVERY.c.delivery_no))) or 0) + 1
                row = {
                    "delivery_no": number, "content": content, "file": file, "part": part,
                    "seen_at": seen_at.replace(tzinfo=None),
                }  # fmt: skip
                connection.execute(insert(DELIVERY), row)
                known = Delivery(number, content, file, part, None)
            found.append(known)
    return found


def _by_content(connection: Connection, content: str) -> Delivery | None:
    columns = (
        DELIVERY.c.delivery_no,
        DELIVERY.c.content,
        DELIVERY.c.file,
        DELIVERY.c.part,
        DELIVERY.c.load_no,
    )
    row = connection.execute(select(*columns).where(DELIVERY.c.content == content)).first()
    return Delivery(*row) if row else None


def waiting(deliveries: Iterable[Delivery], month: date | None) -> list[Delivery]:
    """Those to load: what has not been loaded yet, or all of them when a month is loaded again; each once."""
    once = {one.number: one for one in deliveries}
    return [once[number] for number in sorted(once) if month is not None or once[number].load_no is None]


def new_load(connection: Connection, delivery: Delivery, month: date | None, run_id: str) -> int:
    """A number for a load; what the run staged of the delivery before is dropped.

    Other runs may be at the same delivery: a backfill loads several months side by side.
    """
    drop_staged(connection, LOAD.c.delivery_no == delivery.number, LOAD.c.run_id == run_id)
    number: int = (connection.scalar(select(func.max(LOAD.c.load_no))) or 0) + 1
    row = {
        "load_no": number, "delivery_no": delivery.number, "month": month, "state": STAGED, "run_id": run_id,
        "staged_at": _now(), "line_count": 0, "reject_count": 0, "amount_mils": 0,
    }  # fmt: skip
    connection.execute(insert(LOAD), row)
    return number


def drop_left_over(connection: Connection) -> list[int]:
    """Remove what runs staged that must have ended long ago; returns the numbers of those loads."""
    return drop_staged(connection, LOAD.c.staged_at < _now() - LEFT_OVER_AFTER)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def drop_staged(connection: Connection, *which: object) -> list[int]:
    """Remove what was staged and never published; returns the numbers of those loads, which stay taken."""
    chosen = select(LOAD.c.load_no).where(LOAD.c.state == STAGED, *which)  # type: ignore[arg-type]
    numbers = list(connection.scalars(chosen))
    if numbers:
        for table in (LINE, REJECT, STAGED_INVOICE, STAGED_PRODUCT):
            connection.execute(delete(table).where(table.c.load_no.in_(numbers)))
        connection.execute(update(LOAD).where(LOAD.c.load_no.in_(numbers)).values(state=DROPPED))
    return numbers


def mark_loaded(connection: Connection, load_no: int) -> None:
    """The load is published; with a whole delivery, the delivery is loaded."""
    connection.execute(update(LOAD).where(LOAD.c.load_no == load_no).values(state=PUBLISHED))
    of_load = select(LOAD.c.delivery_no).where(LOAD.c.load_no == load_no, LOAD.c.month.is_(None))
    whole = update(DELIVERY).where(DELIVERY.c.delivery_no.in_(of_load)).values(load_no=load_no)
    connection.execute(whole)


def month_to_load(run_type: str, interval_start: datetime | None, wanted: str | None) -> date | None:
    """The month that a run loads again, or None for what is waiting.

    A backfill loads the month of its interval (`interval_start` in store time); any run can be asked for one
    (`wanted`, such as 2010-12).
    """
    if wanted:
        return date.fromisoformat(f"{wanted}-01")
    if run_type == "backfill" and interval_start is not None:
        return interval_start.date().replace(day=1)
    return None
