"""Customers by segment, as they were found on each day."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, insert, select, update

from include.database.dialects import insert_missing
from include.database.retries import with_retries
from include.database.values import in_parts
from include.storedb.runs import RunContext, digest, moment
from include.storedb.tables import CUSTOMER_SEGMENT, SEGMENT, SEGMENTATION

_MADE, _SEGMENT, _PLACED = SEGMENTATION.c, SEGMENT.c, CUSTOMER_SEGMENT.c
_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Segmentation:
    """How a source's customers were divided on the morning of `as_of`; `clusters` is 1 where they were not.

    `details` can be written as JSON.
    """

    source: str
    as_of: date
    customers: int
    set_aside: int
    clusters: int
    silhouette: Decimal | None
    stability: Decimal | None
    details: Mapping[str, Any]
    input_hash: str


@dataclass(frozen=True, slots=True)
class SegmentFigures:
    """A segment: means of its customers' recency, frequency and monetary, what they bought together, what is
    recommended, and what that may be expected to bring, in dollars.
    """

    name: str
    rule_text: str
    customers: int
    recency: Decimal
    frequency: Decimal
    monetary: Decimal
    amount: Decimal
    action: str
    expected_value: Decimal


@dataclass(frozen=True, slots=True)
class Placed:
    """A customer in a segment."""

    customer: str
    segment: str
    recency: int
    frequency: int
    monetary: Decimal
    score: str


class Segmentations:
    """The tables `segmentation`, `segment` and `customer_segment`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def of(self, source: str, as_of: date) -> Segmentation | None:
        """The segmentation of a source on a day."""
        return self._first(_MADE.source == source, _MADE.as_of == as_of)

    def before(self, source: str, as_of: date) -> Segmentation | None:
        """A source's last segmentation before a day."""
        return self._first(_MADE.source == source, _MADE.as_of < as_of)

    def newest(self, source: str, as_of: date) -> Segmentation | None:
        """A source's last segmentation up to and with a day."""
        return self._first(_MADE.source == source, _MADE.as_of <= as_of)

    def newest_day(self) -> date | None:
        """The last day with a segmentation."""
        with self.engine.connect() as connection:
            return connection.scalar(select(func.max(_MADE.as_of)))

    def keep(
        self,
        made: Segmentation,
        segments: Iterable[SegmentFigures],
        placed: Iterable[Placed],
        run: RunContext,
    ) -> None:
        """Keep a segmentation in place of what is there of its source and day, whole."""
        row = asdict(made) | {"details": json.dumps(dict(made.details), sort_keys=True)}
        key = digest(made.source, made.as_of.isoformat())
        figures = [asdict(one) for one in segments]
        rows = [asdict(one) | {"as_of": made.as_of} for one in placed]

        def work() -> None:
            noted = {"made_at": moment(), **run.columns()}
            with self.engine.begin() as connection:
                same = {"segmentation_hash": key, **row, **noted}
                insert_missing(connection, SEGMENTATION, [same], "segmentation_hash")
                mine = _MADE.segmentation_hash == key
                connection.execute(update(SEGMENTATION).where(mine).values(row | noted))
                number = connection.scalars(select(_MADE.id).where(mine)).one()
                _drop_parts(connection, number)
                of = {"segmentation_id": number}
                if figures:
                    connection.execute(insert(SEGMENT), [of | one for one in figures])
                for part in in_parts(rows, _ROWS):
                    connection.execute(insert(CUSTOMER_SEGMENT), [of | one for one in part])

        with_retries(work)

    def keep_only(self, as_of: date, sources: Collection[str]) -> int:
        """Remove the segmentations of a day that are of other sources; returns how many."""

        def work() -> int:
            with self.engine.begin() as connection:
                others = select(_MADE.id).where(_MADE.as_of == as_of, _MADE.source.not_in(list(sources)))
                gone = list(connection.scalars(others))
                for number in gone:
                    _drop_parts(connection, number)
                    connection.execute(delete(SEGMENTATION).where(_MADE.id == number))
                return len(gone)

        return with_retries(work)

    def segments(self, made: Segmentation) -> list[SegmentFigures]:
        """The segments of a segmentation, the most valuable first."""
        names = [field.name for field in fields(SegmentFigures)]
        wanted = select(*(_SEGMENT[name] for name in names)).where(_SEGMENT.segmentation_id == _id_of(made))
        with self.engine.connect() as connection:
            return [SegmentFigures(*row) for row in connection.execute(wanted.order_by(_SEGMENT.id))]

    def placed(self, made: Segmentation) -> Iterator[Placed]:
        """The customers of a segmentation, by number."""
        columns = [_PLACED[field.name] for field in fields(Placed)]
        wanted = select(*columns).where(_PLACED.segmentation_id == _id_of(made)).order_by(_PLACED.id)
        with self.engine.connect().execution_options(yield_per=10 * _ROWS) as connection:
            for row in connection.execute(wanted):
                yield Placed(*row)

    def segment_of(self, made: Segmentation) -> dict[str, str]:
        """The segment of each customer; none where the rows were old enough to be removed."""
        wanted = select(_PLACED.customer, _PLACED.segment).where(_PLACED.segmentation_id == _id_of(made))
        with self.engine.connect() as connection:
            return {row.customer: row.segment for row in connection.execute(wanted)}

    def is_whole(self, made: Segmentation) -> bool:
        """Whether all its customers are there: the rows may have been old enough to be removed."""
        wanted = select(func.count()).where(_PLACED.segmentation_id == _id_of(made))
        with self.engine.connect() as connection:
            return connection.scalar(wanted) == made.customers

    def members(self, made: Segmentation, names: Collection[str]) -> set[str]:
        """The customers who are in one of these segments."""
        those = (_PLACED.segmentation_id == _id_of(made), _PLACED.segment.in_(list(names)))
        with self.engine.connect() as connection:
            return set(connection.scalars(select(_PLACED.customer).where(*those)))

    def _first(self, *conditions: ColumnElement[bool]) -> Segmentation | None:
        columns = [_MADE[field.name] for field in fields(Segmentation)]
        wanted = select(*columns).where(*conditions).order_by(_MADE.as_of.desc()).limit(1)
        with self.engine.connect() as connection:
            row = connection.execute(wanted).mappings().first()
        return Segmentation(**dict(row) | {"details": json.loads(row["details"])}) if row else None


def _id_of(made: Segmentation) -> Any:
    key = digest(made.source, made.as_of.isoformat())
    return select(_MADE.id).where(_MADE.segmentation_hash == key).scalar_subquery()


def _drop_parts(connection: Connection, number: int) -> None:
    for table in (SEGMENT, CUSTOMER_SEGMENT):
        connection.execute(delete(table).where(table.c.segmentation_id == number))
