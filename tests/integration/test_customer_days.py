"""Customers of uploaded days on real servers: the latest upload counts, old files are read again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, select, text, update

from include.counterpoint.customer_sales import CustomerSum
from include.database.engines import engine_for
from include.storedb.customer_days import Bought, CustomerDays
from include.storedb.daily_sales import DailySales, SalesUpload
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext
from include.storedb.tables import CUSTOMER_DAY, SALES_UPLOAD
from tests.databases import KINDS, fresh_database

TODAY = date(2026, 11, 20)
END = TODAY + timedelta(days=1)
RUN = RunContext("sales_forecast", "run", "uploads")
Sales = dict[int, dict[str, tuple[str, int]]]


@pytest.fixture(params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path) as url:
        upgrade(url)
        yield engine_for(url)
        engine_for(url).dispose()


def upload(hour: int, sales: Sales) -> SalesUpload:
    """Sales by days back and customer."""
    customers = {
        (TODAY - timedelta(days=back), customer): Bought(Decimal(amount), count)
        for back, of_day in sales.items()
        for customer, (amount, count) in of_day.items()
    }
    days: dict[date, Decimal] = {}
    for (day, _), bought in customers.items():
        days[day] = days.get(day, Decimal(0)) + bought.amount
    moment = datetime(2026, 11, 20, hour, 30, 15, 123456)
    return SalesUpload("book.csv", f"{hour:064}", moment, len(customers), 0, days, customers)


def sums(engine: Engine, first: date = date(2000, 1, 1), end: date = END) -> dict[str, CustomerSum]:
    return {one.customer: one for one in CustomerDays(engine).sums(first, end)}


def test_customers_are_added_up_and_returns_and_free_services_are_told_apart(engine: Engine) -> None:
    sales: Sales = {
        1: {"café": ("10.25", 2), "cafe": ("0", 1), "CAFE": ("-5", 0), "": ("7", 3)},
        2: {"café": ("-1.0001", 0), "cafe": ("3", 1)},
        40: {"café": ("1", 1)},
    }
    assert DailySales(engine).keep_upload(upload(8, sales), RUN) == 3
    yesterday, before = TODAY - timedelta(days=1), TODAY - timedelta(days=2)
    assert sums(engine, before) == {
        "café": CustomerSum("café", 1, yesterday, Decimal("9.2499")),
        "cafe": CustomerSum("cafe", 2, yesterday, Decimal(3)),
        "CAFE": CustomerSum("CAFE", 0, None, Decimal(-5)),
        "": CustomerSum("", 1, yesterday, Decimal(7)),
    }
    assert sums(engine)["café"].days == 2
    assert sums(engine, TODAY, END) == {}
    days = CustomerDays(engine)
    assert (days.open_days(before, END), days.open_days(TODAY, END)) == (2, 0)
    assert list(days.fingerprints(before, END)) == [date(2026, 11, 1)]
    assert list(days.fingerprints(date(2000, 1, 1), END)) == [date(2026, 10, 1), date(2026, 11, 1)]


def test_a_later_upload_replaces_the_customers_of_its_days_whole(engine: Engine) -> None:
    daily, days = DailySales(engine), CustomerDays(engine)
    first = upload(8, {1: {"a": ("1", 1), "b": ("2", 1)}, 2: {"a": ("4", 1)}})
    second = upload(9, {1: {"b": ("1", 1), "c": ("2", 1)}})
    daily.keep_upload(first, RUN)
    before = days.fingerprints(date(2026, 11, 1), END)
    # The day's sum is what it was; who bought is not.
    assert daily.keep_upload(second, RUN) == 1
    assert {name: one.amount for name, one in sums(engine).items()} == {"a": 4, "b": 1, "c": 2}
    assert days.fingerprints(date(2026, 11, 1), END) != before
    assert daily.keep_upload(first, RUN) == daily.keep_upload(second, RUN) == 0
    assert {name: one.amount for name, one in sums(engine).items()} == {"a": 4, "b": 1, "c": 2}


def test_a_file_that_was_read_before_customers_were_kept_is_read_once_more(engine: Engine) -> None:
    daily = DailySales(engine)
    old, newer = upload(8, {1: {"a": ("1", 1)}, 2: {"b": ("2", 1)}}), upload(9, {1: {"c": ("5", 1)}})
    for one in (old, newer):
        daily.keep_upload(one, RUN)
    with engine.begin() as connection:
        connection.execute(delete(CUSTOMER_DAY))
        connection.execute(update(SALES_UPLOAD).values(customers=None))
    assert not daily.was_read(old.upload_hash)
    # Even when the later one is read first, it stays the one that counts.
    assert [daily.keep_upload(one, RUN) for one in (newer, old)] == [1, 1]
    assert daily.was_read(old.upload_hash)
    assert {name: one.amount for name, one in sums(engine).items()} == {"b": 2, "c": 5}


@pytest.mark.parametrize("kind", KINDS)
def test_files_of_an_older_database_are_read_again_but_not_those_without_days(
    kind: str, tmp_path: Path
) -> None:
    with fresh_database(kind, tmp_path) as url:
        upgrade(url, "0010")
        columns = "upload_hash, name, sha256, uploaded_at, row_count, rejected, days, read_at"
        at = "'2026-11-20 08:00:00'"
        row = f"'{{0}}', 'a.csv', '{{0}}', {at}, 1, 0, {{1}}, {at}, 'd', 'r', 't', -1"
        with engine_for(url).begin() as connection:
            for name, count in (("good", 1), ("bad", 0)):
                values = row.format(name, count)
                names = f"{columns}, dag_id, run_id, task_id, map_index"
                connection.execute(text(f"INSERT INTO sales_upload ({names}) VALUES ({values})"))
        upgrade(url)
        daily = DailySales(engine_for(url))
        assert (daily.was_read("good"), daily.was_read("bad")) == (False, True)


def test_uploads_read_at_once_leave_the_customers_of_the_latest(engine: Engine) -> None:
    made = [
        upload(hour, {back: {f"c-{hour}": ("1", 1), f"d-{back}": ("2", 1)} for back in range(1, 60)})
        for hour in range(8, 13)
    ]
    threads = [threading.Thread(target=DailySales(engine).keep_upload, args=(one, RUN)) for one in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = sums(engine)
    assert {name for name in found if name.startswith("c-")} == {"c-12"}
    assert len(found) == 60
    with engine.connect() as connection:
        of_days = connection.execute(select(CUSTOMER_DAY.c.store_day, CUSTOMER_DAY.c.customer)).all()
    assert len(of_days) == 2 * 59
