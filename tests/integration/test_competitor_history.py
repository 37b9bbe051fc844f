"""The price history on every engine."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from include.competitors.history import as_price_on_day
from include.competitors.reading import as_offer
from include.database.engines import engine_for
from include.storedb.competitor_prices import CompetitorPrices, PriceOnDay
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext
from tests.databases import KINDS, fresh_database

RUN = RunContext("competitor_prices", "manual__2026-11-20", "read", 0)
DAY, BEFORE = date(2026, 11, 20), date(2026, 11, 18)


@pytest.fixture(scope="module", params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path_factory.mktemp("history")) as url:
        upgrade(url)
        yield engine_for(url)


def price(name: str, text: str, site: str, day: date = DAY) -> PriceOnDay:
    return as_price_on_day(site, day, as_offer(name, "#1", "12", text))


def test_a_day_that_is_read_again_is_brought_up_to_date_and_never_doubled(engine: Engine) -> None:
    history = CompetitorPrices(engine)
    many = [price(f"Rosé {n}", f"${n + 1}.99", "again") for n in range(250)]
    assert history.keep("again", DAY, many, RUN) == 250
    assert history.keep("again", DAY, many, RUN) == 0
    dearer = replace(many[0], low=Decimal("7.1234"), price_text="$7.1234")
    other = [price("Aster", "call", "again"), dearer, *many[2:]]
    assert history.keep("again", DAY, other, RUN) == 3
    assert sorted(history.on("again", DAY), key=lambda p: p.name) == sorted(other, key=lambda p: p.name)


def test_the_last_list_is_the_one_before_the_day(engine: Engine) -> None:
    history = CompetitorPrices(engine)
    for day in (BEFORE, DAY):
        history.keep("days", day, [price("Aster", "3 for $10", "days", day)], RUN)
    assert history.last_day_before("days", DAY) == BEFORE
    assert history.last_day_before("days", BEFORE) is None
    assert [p.price_each for p in history.on("days", BEFORE)] == [Decimal("3.3333")]


def test_two_who_keep_the_same_day_at_once_keep_it_once(engine: Engine) -> None:
    found = [price(f"Sedum {n}", "$5", "race") for n in range(40)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: CompetitorPrices(engine).keep("race", DAY, found, RUN), range(4)))
    assert len(CompetitorPrices(engine).on("race", DAY)) == 40
