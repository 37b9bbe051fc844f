"""Uploaded daily sales: what is taken, what is set aside, and that no day ever counts twice."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete

from include.database.engines import engine_for
from include.errors import InvalidRequest
from include.sales_uploads import read_upload
from include.storedb.customer_days import Bought, CustomerDays
from include.storedb.daily_sales import DailySales, SalesUpload
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext
from include.storedb.tables import CUSTOMER_DAY, DAILY_SALES, SALES_UPLOAD
from tests.databases import fresh_database

ON = date(2026, 11, 20)
RUN = RunContext("sales_forecast", "run", "uploads")


def test_a_file_as_the_shop_writes_it() -> None:
    content = (
        ",Date,Customer,Total\n"
        "0,2026-11-18 00:00:00,ab,10.10\n1,2026-11-18 00:00:00,ab,10.10\n2,2026-11-19,cd,-4\n"
        '3,2026-11-18T12:00:00,cd,"1,000.25"\n4,2026-11-19,,0\n'
    )
    found = read_upload(content.encode("utf-8-sig"), "a.csv", ON)
    assert found.days == {date(2026, 11, 18): Decimal("1020.45"), date(2026, 11, 19): Decimal(-4)}
    assert (found.rows, found.rejects) == (5, ())
    assert found.customers == {
        (date(2026, 11, 18), "ab"): Bought(Decimal("20.20"), 2),
        (date(2026, 11, 18), "cd"): Bought(Decimal("1000.25"), 1),
        (date(2026, 11, 19), "cd"): Bought(Decimal(-4), 0),
        (date(2026, 11, 19), ""): Bought(Decimal(0), 1),
    }


def test_without_the_column_nobody_is_known_and_long_customers_are_still_told_apart() -> None:
    assert read_upload(b"Date,Total\n2026-11-19,5\n2026-11-19,6\n", "a.csv", ON).customers == {
        (date(2026, 11, 19), ""): Bought(Decimal(11), 2)
    }
    long = [f"{'x' * 70}{end}" for end in "ab"]
    rows = "".join(f"2026-11-19,5,{customer}\n" for customer in (*long, " c ", "c", "C", "  "))
    found = read_upload(f"Date,Total,Customer\n{rows}".encode(), "a.csv", ON).customers
    names = [customer for _, customer in found]
    assert sorted(map(len, names)) == [0, 1, 1, 64, 64]
    assert found[date(2026, 11, 19), "c"] == Bought(Decimal(10), 2)
    with pytest.raises(InvalidRequest, match="at most one column Customer"):
        read_upload(b"Date,Customer,Total,customer\n", "a.csv", ON)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2020-01,5", "2020-01 is a month, not a day"),
        ("2026-11-21,5", "2026-11-21 lies after the day of the upload, 2026-11-20"),
        ("11/12/2026,5", "'11/12/2026' is no date such as 2026-11-20"),
        ("2026-02-29,5", "'2026-02-29' is no date such as 2026-11-20"),
        ("1899-12-31,5", "1899-12-31 lies before the year 2000"),
        (",5", "the date is empty"),
        ("2026-11-19,", "the total is empty"),
        ("2026-11-19", "the total is empty"),
        ("2026-11-19,nan", "'nan' is no amount such as 1234.50"),
        ("2026-11-19,1e5", "'1e5' is no amount such as 1234.50"),
        ('2026-11-19,"12,50"', "'12,50' is no amount such as 1234.50"),
        ("2026-11-19,100000000", "100000000 is too large for a sale"),
    ],
)
def test_a_row_that_cannot_be_used_is_set_aside_alone(row: str, reason: str) -> None:
    content = f"Date,Total\n2026-11-19,7.50\n{row}\n2026-11-19,1\n"
    found = read_upload(content.encode(), "a.csv", ON)
    assert [(one.key, one.reason) for one in found.rejects] == [("a.csv line 3", reason)]
    assert found.days == {date(2026, 11, 19): Decimal("8.50")}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the heading has nothing"),
        (b"Day,Total\n", "one column Date is expected; the heading has day, total"),
        (b"Date,Total,total\n", "one column Total is expected"),
        (b"PK\x03\x04\x00\x00", "no text file"),
        (
            b'Date,Total,Customer\n2026-11-19,5,"Bo\n2026-11-19,6,Al\n',
            "the row from line 2 on is no CSV: unexpected end",
        ),
        (b'Date,Total,Customer\n2026-11-19,5,"Bo\n2026-11-19,6,"Al"\n', "the row from line 2 on is no CSV: "),
    ],
)
def test_a_file_that_is_none_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        read_upload(content, "a.csv", ON)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_other_separators_and_old_encodings_are_read(separator: str) -> None:
    rows = [["Total", "Kundin", "DATE "], ["5.5", "Zoë", "2026-11-19"]]
    content = "\r\n".join(separator.join(row) for row in rows).encode("cp1252")
    assert read_upload(content, "a.csv", ON).days == {date(2026, 11, 19): Decimal("5.5")}


@given(st.lists(st.tuples(st.integers(0, 5), st.decimals(-9999, 9999, places=2)), max_size=40))
def test_days_hold_exactly_what_the_rows_say(rows: list[tuple[int, Decimal]]) -> None:
    lines = "".join(f"{ON - timedelta(days=back)},{amount:f}\n" for back, amount in rows)
    found = read_upload(f"Date,Total\n{lines}".encode(), "a.csv", ON)
    assert sum(found.days.values()) == sum(amount for _, amount in rows)
    assert found.rows == len(rows)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    with fresh_database("sqlite", tmp_path_factory.mktemp("uploads")) as url:
        upgrade(url)
        return engine_for(url)


UPLOADS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.dictionaries(st.integers(0, 5), st.decimals(0, 99, places=2), min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(uploads=UPLOADS, data=st.data())
def test_no_day_counts_twice_whatever_the_order_and_repetition(
    uploads: list[tuple[int, dict[int, Decimal]]], data: st.DataObject, store: Engine
) -> None:
    made = [
        SalesUpload(
            "a.csv",
            hashlib.sha256(repr(days).encode()).hexdigest(),
            datetime(2026, 11, 20, hour),
            len(days),
            0,
            {ON - timedelta(days=back): amount for back, amount in days.items()},
            {
                (ON - timedelta(days=back), f"c-{customer}"): Bought(amount - customer, 1)
                for back, amount in days.items()
                for customer in range(int(amount) % 3 + 1)
            },
        )
        for hour, days in uploads
    ]
    latest: dict[date, SalesUpload] = {}
    for upload in sorted(made, key=lambda one: (one.uploaded_at, one.sha256)):
        latest |= dict.fromkeys(upload.days, upload)
    order = data.draw(st.permutations([*made, *data.draw(st.lists(st.sampled_from(made), max_size=4))]))
    daily = DailySales(store)
    with store.begin() as connection:
        for table in (CUSTOMER_DAY, DAILY_SALES, SALES_UPLOAD):
            connection.execute(delete(table))
    for upload in order:
        daily.keep_upload(upload, RUN)
    assert daily.uploaded(ON + timedelta(days=1)) == {day: one.days[day] for day, one in latest.items()}
    for day, one in latest.items():
        found = CustomerDays(store).sums(day, day + timedelta(days=1))
        expected = {who: bought.amount for (at, who), bought in one.customers.items() if at == day}
        assert {customer.customer: customer.amount for customer in found} == expected
    assert sum(daily.keep_upload(upload, RUN) for upload in made) == 0


def test_the_sandbox_writes_uploads_that_can_be_read(tmp_path: Path) -> None:
    from include.sandbox.daily_sales_upload import fill_daily_sales

    count = fill_daily_sales(tmp_path, ON)
    files = sorted(tmp_path.glob("*.csv"))
    assert len(files) == count
    assert fill_daily_sales(tmp_path, ON) == 0
    read = [read_upload(file.read_bytes(), file.name, ON) for file in files]
    assert [len(one.rejects) for one in read].count(3) == 1
    assert len({day for one in read for day in one.days}) > 150
    assert {day.weekday() for one in read for day in one.days} == {0, 2, 3, 4, 5, 6}
