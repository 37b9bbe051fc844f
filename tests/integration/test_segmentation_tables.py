"""Segmentations on real servers: kept whole, replaced whole, and found by day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from include.database.engines import engine_for
from include.storedb.customer_segments import Placed, Segmentation, Segmentations, SegmentFigures
from include.storedb.migrate import upgrade
from include.storedb.retention import Retention
from include.storedb.runs import RunContext
from include.storedb.tables import CUSTOMER_SEGMENT, SEGMENT
from tests.databases import KINDS, fresh_database

TODAY = date(2026, 11, 20)
RUN = RunContext("customer_segmentation", "run", "divide", 1)


@pytest.fixture(params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path) as url:
        upgrade(url)
        yield engine_for(url)
        engine_for(url).dispose()


def made(day: date = TODAY, source: str = "counterpoint") -> Segmentation:
    details = {"reason": "stable", "trials": [{"count": 2, "silhouette": 0.5}], "apart": []}
    numbers = (Decimal("0.527123"), Decimal("0.912345"))
    return Segmentation(source, day, 3, 1, 2, *numbers, details, "a" * 64)


def figures(name: str, count: int) -> SegmentFigures:
    amounts = (Decimal("12.5"), Decimal("3.25"), Decimal("99.99"), Decimal("299.97"))
    return SegmentFigures(name, "Spent much. é", count, *amounts, "Call them", Decimal("-1.25"))


def people(*customers: str, segment: str = "Champions") -> list[Placed]:
    return [Placed(one, segment, 5, 2, Decimal("10.0001"), "555") for one in customers]


def test_a_segmentation_comes_back_as_it_was_made_and_is_replaced_whole(engine: Engine) -> None:
    kept = Segmentations(engine)
    # Told apart exactly, as uploads write them.
    placed = [*people("CAFE", "CAFÉ", "cafe"), *people("x", segment="Lost regulars")]
    kept.keep(made(), [figures("Champions", 3), figures("Lost regulars", 1)], placed, RUN)
    kept.keep(made(source="uploads"), [], people("CAFE"), RUN)
    found = kept.of("counterpoint", TODAY)
    assert found == made()
    assert found is not None
    assert [one.name for one in kept.segments(found)] == ["Champions", "Lost regulars"]
    assert kept.segments(found)[0] == figures("Champions", 3)
    assert list(kept.placed(found)) == placed
    assert kept.members(found, ["Champions", "Regulars"]) == {"CAFE", "CAFÉ", "cafe"}
    assert kept.segment_of(found)["x"] == "Lost regulars"
    again = replace(made(), customers=1, silhouette=None, stability=None, input_hash="b" * 64)
    kept.keep(again, [figures("Not divided", 1)], people("y", segment="Not divided"), RUN)
    assert kept.of("counterpoint", TODAY) == again
    assert kept.segment_of(again) == {"y": "Not divided"}
    assert kept.segments(again) == [figures("Not divided", 1)]
    uploads = kept.of("uploads", TODAY)
    assert uploads is not None
    assert kept.segment_of(uploads) == {"CAFE": "Champions"}


def test_days_are_found_and_other_sources_of_a_day_removed(engine: Engine) -> None:
    kept = Segmentations(engine)
    assert (kept.newest("counterpoint", TODAY), kept.newest_day()) == (None, None)
    days = [TODAY - timedelta(days=back) for back in (0, 2, 5)]
    for day in days:
        kept.keep(made(day), [figures("Champions", 1)], people("a"), RUN)
    kept.keep(made(source="uploads"), [figures("Champions", 1)], people("a"), RUN)

    def day_of(one: Segmentation | None) -> date | None:
        return one.as_of if one else None

    assert day_of(kept.newest("counterpoint", TODAY)) == kept.newest_day() == TODAY
    assert day_of(kept.newest("counterpoint", TODAY - timedelta(days=1))) == days[1]
    assert day_of(kept.before("counterpoint", TODAY)) == days[1]
    assert kept.before("counterpoint", days[2]) is None
    assert kept.keep_only(TODAY, ["counterpoint"]) == 1
    assert kept.keep_only(TODAY, ["counterpoint"]) == 0
    assert kept.of("uploads", TODAY) is None
    with engine.connect() as connection:
        for table in (SEGMENT, CUSTOMER_SEGMENT):
            assert connection.scalar(select(func.count()).select_from(table)) == 3


def test_customers_of_old_days_go_and_the_figures_of_their_segments_stay(engine: Engine) -> None:
    kept, cutoff = Segmentations(engine), datetime(2026, 11, 18)
    for back in (0, 2, 3):
        kept.keep(made(TODAY - timedelta(days=back)), [figures("Champions", 1)], people("a", "b"), RUN)
    assert Retention(engine).count("customer_segments", cutoff) == (2, 6)
    assert Retention(engine).carry_out("customer_segments", cutoff) == 2
    oldest = kept.of("counterpoint", TODAY - timedelta(days=3))
    assert oldest is not None
    assert list(kept.placed(oldest)) == []
    assert kept.segments(oldest) == [figures("Champions", 1)]


def test_many_customers_are_kept(engine: Engine) -> None:
    kept = Segmentations(engine)
    kept.keep(made(), [figures("Champions", 1)], people(*map(str, range(2500))), RUN)
    found = kept.of("counterpoint", TODAY)
    assert found is not None
    assert len(kept.segment_of(found)) == 2500
