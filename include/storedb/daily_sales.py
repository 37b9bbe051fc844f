"""What each day brought: of uploaded files, the latest upload of a day; of Counterpoint, the last days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, Table, and_, bindparam, or_, select, update

from include.database.dialects import insert_missing
from include.database.retries import with_retries
from include.database.values import in_parts, storable
from include.storedb.customer_days import UPLOADS, Bought, replace_customers
from include.storedb.runs import RunContext, digest, moment
from include.storedb.tables import DAILY_SALES, SALES_UPLOAD, TYPED

_DAY = DAILY_SALES.c
# SQL Server takes at most 2,100 values in one statement.
_KEYS, _ROWS = 1000, 100


@dataclass(frozen=True, slots=True)
class SalesUpload:
    """A file of daily sales as it was read; `uploaded_at` is its moment in UTC, without a zone."""

    name: str
    sha256: str
    uploaded_at: datetime
    row_count: int
    rejected: int
    days: Mapping[date, Decimal]
    customers: Mapping[tuple[date, str], Bought]

    @property
    def upload_hash(self) -> str:
        """What stands for the file's name and content and the moment of its upload."""
        return upload_hash(self.name, self.sha256, self.uploaded_at)


@dataclass(frozen=True, slots=True)
class DayOfSeries:
    """What a day brought of one series, in the shop's money."""

    source: str
    level: str
    code: str
    store_day: date
    amount: Decimal


def upload_hash(name: str, sha256: str, uploaded_at: datetime) -> str:
    """What stands for a file of that content, uploaded at that moment."""
    return digest(name, sha256, uploaded_at.isoformat())


class DailySales:
    """The tables `sales_upload` and `daily_sales`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def was_read(self, upload: str) -> bool:
        """Whether the upload of that hash was read before, its customers included."""
        read = SALES_UPLOAD.c
        wanted = select(read.id).where(read.upload_hash == upload, read.customers.is_not(None))
        with self.engine.connect() as connection:
            return connection.execute(wanted).first() is not None

    def keep_upload(self, upload: SalesUpload, run: RunContext) -> int:
        """Take over the days of an upload for which there is no later one; returns how many that changed.

        In whatever order and however often uploads are kept, each day ends with the sum and the customers of
        its latest one (by moment; of the same moment, by content), and is never added to another.
        """

        def work() -> int:
            with self.engine.begin() as connection:
                return _keep_upload(connection, upload, run)

        return with_retries(work)

    def keep_days(self, days: Iterable[DayOfSeries], run: RunContext) -> int:
        """Make the rows of these days say these sums; returns how many rows that changed."""
        wanted = {
            digest(day.source, day.level, day.code, day.store_day.isoformat()): {
                name: getattr(day, name) for name in DayOfSeries.__dataclass_fields__
            }
            for day in days
        }

        def work() -> int:
            noted = {"read_at": moment(), **run.columns()}
            with self.engine.begin() as connection:
                return keep_rows(connection, DAILY_SALES, "day_hash", wanted, noted)

        return with_retries(work)

    def uploaded(self, before: date) -> dict[date, Decimal]:
        """The sums of all uploaded days before a day."""
        wanted = select(_DAY.store_day, _DAY.amount).where(_DAY.source == UPLOADS, _DAY.store_day < before)
        with self.engine.connect() as connection:
            return {row.store_day: row.amount for row in connection.execute(wanted)}

    def between(self, first: date, end: date) -> list[DayOfSeries]:
        """All series' days from `first` to the day before `end`, in order."""
        columns = [_DAY[name] for name in DayOfSeries.__dataclass_fields__]
        chosen = select(*columns).where(_DAY.store_day >= first, _DAY.store_day < end)
        with self.engine.connect() as connection:
            found = [DayOfSeries(*row) for row in connection.execute(chosen)]
        return sorted(found, key=lambda day: (day.source, day.level, day.code, day.store_day))


def _keep_upload(connection: Connection, upload: SalesUpload, run: RunContext) -> int:
    noted = {"read_at": moment(), **run.columns()}
    read = {
        "upload_hash": upload.upload_hash,
        "name": storable(upload.name)[:TYPED],
        "sha256": upload.sha256,
        "uploaded_at": upload.uploaded_at,
        "row_count": upload.row_count,
        "rejected": upload.rejected,
        "days": len(upload.days),
    }
    customers = {"customers": len({customer for _, customer in upload.customers})}
    insert_missing(connection, SALES_UPLOAD, [read | customers | noted], "upload_hash")
    without = and_(SALES_UPLOAD.c.upload_hash == upload.upload_hash, SALES_UPLOAD.c.customers.is_(None))
    connection.execute(update(SALES_UPLOAD).where(without).values(customers))
    mine = {"uploaded_at": upload.uploaded_at, "sha256": upload.sha256}
    wanted = {digest(UPLOADS, "total", "", day.isoformat()): (day, upload.days[day]) for day in upload.days}
    stored = _stored(connection, DAILY_SALES, "day_hash", list(wanted), ("amount", "uploaded_at", "sha256"))
    new = [key for key in wanted if key not in stored]
    later = [key for key, row in stored.items() if (row[1], row[2]) < (upload.uploaded_at, upload.sha256)]
    for keys in in_parts(new, _ROWS):
        rows = [
            {"day_hash": key, "source": UPLOADS, "level": "total", "code": "", **mine, **noted}
            | {"store_day": wanted[key][0], "amount": wanted[key][1]}
            for key in keys
        ]
        insert_missing(connection, DAILY_SALES, rows, "day_hash")
    # Also what another process has inserted since: the condition decides who is the latest.
    if later + new:
        older = or_(
            _DAY.uploaded_at < upload.uploaded_at,
            and_(_DAY.uploaded_at == upload.uploaded_at, _DAY.sha256 < upload.sha256),
        )
        statement = update(DAILY_SALES).where(_DAY.day_hash == bindparam("key"), older)
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in ("amount", *mine, *noted)}
        connection.execute(
            statement.values(values),
            [
                {"key": key, "new_amount": wanted[key][1]}
                | {f"new_{name}": value for name, value in (mine | noted).items()}
                for key in (*later, *new)
            ],
        )
    changed = {wanted[key][0] for key in new}
    changed |= {wanted[key][0] for key in later if stored[key][0] != wanted[key][1]}
    days = _days_of(connection, list(wanted), mine)
    return len(changed | replace_customers(connection, days, upload.customers, mine | noted))


def _days_of(connection: Connection, keys: Sequence[str], upload: Mapping[str, Any]) -> set[date]:
    """Which of these days the upload is the latest of. They stay locked until the transaction ends."""
    found: set[date] = set()
    for part in in_parts(keys, _KEYS):
        same = [_DAY[name] == value for name, value in upload.items()]
        wanted = select(_DAY.store_day).where(_DAY.day_hash.in_(part), *same)
        found |= set(connection.scalars(wanted.with_for_update()))
    return found


def keep_rows(
    connection: Connection,
    table: Table,
    key: str,
    wanted: Mapping[str, Mapping[str, Any]],
    noted: Mapping[str, Any],
) -> int:
    """Make the rows of these keys say what is wanted: insert what is missing, update what differs.

    `noted` is written with each row that changes and is not compared. Returns how many rows that changed.
    """
    if not wanted:
        return 0
    names = list(next(iter(wanted.values())))
    stored = _stored(connection, table, key, list(wanted), names)
    new = [{key: one, **row, **noted} for one, row in wanted.items() if one not in stored]
    for rows in in_parts(new, _ROWS):
        insert_missing(connection, table, list(rows), key)
    other = [one for one, row in wanted.items() if one in stored and stored[one] != tuple(row.values())]
    if other:
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in (*names, *noted)}
        connection.execute(
            update(table).where(table.c[key] == bindparam("key")).values(values),
            [
                {"key": one} | {f"new_{name}": value for name, value in {**wanted[one], **noted}.items()}
                for one in other
            ],
        )
    return len(new) + len(other)


def _stored(
    connection: Connection, table: Table, key: str, keys: Sequence[str], names: Iterable[str]
) -> dict[str, tuple[Any, ...]]:
    columns = [table.c[name] for name in names]
    found: dict[str, tuple[Any, ...]] = {}
    for part in in_parts(keys, _KEYS):
        for row in connection.execute(select(table.c[key], *columns).where(table.c[key].in_(part))):
            found[row[0]] = tuple(row[1:])
    return found
