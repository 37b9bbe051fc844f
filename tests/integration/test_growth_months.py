"""Customers by month and the growth budget on real databases: any order of arrival, against a plain walk."""

from __future__ import annotations

import csv
import os
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete

from include.counterpoint.customer_sales import CustomerSum
from include.database.engines import engine_for
from include.growth.page import as_page
from include.growth.page_data import read_page
from include.growth.settings import GrowthSettings, growth_settings
from include.growth.sources import Sales, UploadedSales
from include.growth.taking import count_growth, growth_rows, stale_months, take_over
from include.periods import Period, month_after, month_of, months_apart, whole_month
from include.sales_uploads import read_upload
from include.storedb import visits_before
from include.storedb.customer_months import CustomerMonths, InMonth, SalesMonth
from include.storedb.daily_sales import DailySales, SalesUpload
from include.storedb.growth_months import GrowthMonths
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext
from include.storedb.tables import CUSTOMER_MONTH, CUSTOMER_RETURN, GROWTH_MONTH, SALES_MONTH
from tests.databases import KINDS, fresh_database

RUN = RunContext("growth_budget", "run", "tickets")
FIRST = date(2025, 11, 1)
MONTHS, PEOPLE = 8, 5
DATA = Path(os.environ.get("RETAIL_DATA_DIR") or Path(__file__).parents[3] / "shared" / "data")
SALON = DATA / "salon_sales.csv"
Sums = dict[tuple[date, str], Decimal]


def settings_with(**other: object) -> GrowthSettings:
    return GrowthSettings.model_validate(growth_settings().model_dump(mode="json") | other)


EVERY = settings_with(compared=[1, 2, 3, 4])


@dataclass
class Books:
    """Sales by day and customer, as a source of their own."""

    sums: Sums = field(default_factory=dict)
    source: str = "counterpoint"
    asked: list[Period] = field(default_factory=list)

    def last_day(self, as_of: date) -> date | None:
        return as_of - timedelta(days=1)

    def _in(self, period: Period) -> Iterator[tuple[date, str, Decimal]]:
        for (day, customer), amount in sorted(self.sums.items()):
            if period.first <= day <= period.last:
                yield day, customer, amount

    def marks(self, period: Period) -> dict[date, str]:
        found: dict[date, str] = {}
        for day, customer, amount in self._in(period):
            found[month_of(day)] = found.get(month_of(day), "") + f"{day}{customer}{amount:.4f};"
        return found

    def customers(self, period: Period) -> Iterable[CustomerSum]:
        self.asked.append(period)
        sums: dict[str, Decimal] = defaultdict(Decimal)
        days: dict[str, set[date]] = defaultdict(set)
        for day, customer, amount in self._in(period):
            sums[customer] += amount
            days[customer].add(day)
        for customer, amount in sums.items():
            yield CustomerSum(customer, len(days[customer]), max(days[customer]), amount)


def run(engine: Engine, sales: Sales, as_of: date, given_: GrowthSettings = EVERY) -> int:
    """What the DAG's task does; returns how many months were read."""
    months = CustomerMonths(engine)
    stale = stale_months(sales, months.months(sales.source), as_of, given_)
    if stale is None:
        return 0
    take_over(sales, stale, given_, months, RUN)
    count_growth(engine, sales.source, given_, RUN)
    return len(stale.months)


def walk(sums: Sums, last_day: date, silent: int) -> list[tuple[date, int, int, int, int]]:
    """Month, new, regained, churned and pool, by going through the months with a pool of the lost in hand."""
    of_month: dict[date, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for (day, customer), amount in sums.items():
        if day <= last_day and customer not in ("", "CASH"):
            of_month[month_of(day)][customer] += amount
    came = {month: {c for c, amount in found.items() if amount} for month, found in of_month.items()}
    first = min((month for month, found in came.items() if found), default=None)
    if first is None:
        return []
    ever: set[str] = set()
    lost: set[str] = set()
    silence: dict[str, int] = {}
    found = []
    for number in range(months_apart(first, last_day) + 1):
        month = month_after(first, number)
        here = came.get(month, set())
        new = here - ever if number else set()
        regained = here & lost
        lost -= here
        ever |= here
        silence = {customer: 0 if customer in here else silence[customer] + 1 for customer in ever}
        churned = {customer for customer, months in silence.items() if months == silent}
        lost |= churned
        pool = sum(months < silent for months in silence.values())
        found.append((month, len(new), len(regained), len(churned), pool))
    return found


def budget(engine: Engine, source: str = "counterpoint") -> dict[int, list[tuple[date, int, int, int, int]]]:
    found: dict[int, list[tuple[date, int, int, int, int]]] = defaultdict(list)
    for row in GrowthMonths(engine).months(source):
        found[row.silent_months].append((row.month, row.new, row.regained, row.churned, row.pool))
        assert row.net == row.new + row.regained - row.churned
    return found


def check(engine: Engine, sums: Sums, last_day: date) -> None:
    found = budget(engine)
    for silent in EVERY.every_silent_months:
        wanted = walk(sums, last_day, silent)
        assert found[silent] == wanted
        for before, now in pairwise(wanted):
            assert now[1] + now[2] - now[3] == now[4] - before[4]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with fresh_database("sqlite", tmp_path_factory.mktemp("growth")) as url:
        upgrade(url)
        yield engine_for(url)
        engine_for(url).dispose()


def empty(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in (CUSTOMER_MONTH, SALES_MONTH, CUSTOMER_RETURN, GROWTH_MONTH):
            connection.execute(delete(table))


days_of_books = st.builds(
    lambda month, day: month_after(FIRST, month) + timedelta(days=day),
    st.integers(0, MONTHS - 1),
    st.sampled_from([0, 14, 27]),
)
people = st.sampled_from(["", "CASH", *(f"C{number}" for number in range(PEOPLE))])
amounts = st.sampled_from([Decimal("10.25"), Decimal("-10.25"), Decimal(0), Decimal("3.3333")])
books = st.dictionaries(st.tuples(days_of_books, people), amounts, max_size=40)
mornings = st.builds(
    lambda month, day: month_after(FIRST, month) + timedelta(days=day),
    st.integers(0, MONTHS),
    st.sampled_from([0, 1, 15]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(books, mornings), min_size=1, max_size=5),
    many=st.sampled_from([1, 3, visits_before.MANY_MONTHS]),
)
def test_any_order_of_late_sales_and_past_days_gives_what_a_walk_from_scratch_gives(
    store: Engine, steps: list[tuple[Sums, date]], many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits_before, "MANY_MONTHS", many)
    empty(store)
    newest = FIRST
    known: Sums = {}
    for sums, as_of in steps:
        if as_of > newest or not CustomerMonths(store).months("counterpoint"):
            newest, until = as_of, as_of - timedelta(days=1)
        elif as_of == newest:
            until = as_of - timedelta(days=1)
        else:
            until = month_of(as_of) - timedelta(days=1)
        # Up to `until` the books are read as they are now; what was known of later days stays.
        known = {key: amount for key, amount in sums.items() if key[0] <= until} | {
            key: amount for key, amount in known.items() if key[0] > until
        }
        run(store, Books(sums), as_of)
        check(store, known, newest - timedelta(days=1))
        assert run(store, Books(sums), as_of) == 0


@pytest.fixture(params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path) as url:
        upgrade(url)
        yield engine_for(url)
        engine_for(url).dispose()


def made_up(seed: int, customers: int = 60, months: int = 15) -> Sums:
    dice = random.Random(seed)
    found: Sums = {}
    for number in range(customers):
        often = dice.random() * 0.6
        for month in range(months):
            if dice.random() < often:
                day = month_after(FIRST, month) + timedelta(days=dice.randrange(28))
                found[day, f"C{number}"] = Decimal(dice.choice(["12.5", "0.0001", "-4", "0"]))
    return found


def test_every_database_counts_as_a_walk_does(engine: Engine) -> None:
    sums = made_up(1)
    as_of = month_after(FIRST, 14) + timedelta(days=9)
    assert run(engine, Books(sums), as_of) == 15
    check(engine, sums, as_of - timedelta(days=1))
    # A day later, with late sales in two old months and one ticket of an old month gone.
    gone = next(key for key in sorted(sums) if key[0] >= month_after(FIRST, 5) and sums[key] > 0)
    late = {(month_after(FIRST, 2), "C99"): Decimal(5), (month_after(FIRST, 7), "C99"): Decimal(5)}
    later = {key: amount for key, amount in sums.items() if key != gone} | late
    books = Books(later)
    assert run(engine, books, as_of + timedelta(days=1)) == 4
    changed = {month_of(gone[0]), *(day for day, _ in late), month_of(as_of)}
    assert {month_of(period.first) for period in books.asked} - {month_after(FIRST, 13)} == changed
    check(engine, later, as_of)
    # All months are read again when somebody asks for it, and nothing differs.
    months = CustomerMonths(engine)
    stale = stale_months(books, months.months("counterpoint"), as_of + timedelta(days=1), EVERY, again=True)
    assert stale is not None
    assert len(stale.months) == 15
    assert take_over(books, stale, EVERY, months, RUN) == 0
    # Letters are told apart exactly, and the same row twice is one.
    for name in ("é", "É", "e"):
        later[month_after(FIRST, 9), name] = Decimal(1)
    run(engine, Books(later), as_of + timedelta(days=1))
    check(engine, later, as_of)


def test_many_customers_of_a_month_are_replaced_whole(engine: Engine) -> None:
    months = CustomerMonths(engine)
    some = {f"{number:06}": InMonth(Decimal("19.9900"), 2) for number in range(20_000)}
    for month in (FIRST, month_after(FIRST)):
        row = SalesMonth("uploads", month, whole_month(month).last, Decimal(1), len(some), None, None, "a")
        assert months.keep(row, some, RUN) == len(some)
        assert months.keep(row, some, RUN) == 0
    fewer = {name: one for name, one in some.items() if name >= "000500"}
    fewer["000777"] = InMonth(Decimal("5.0000"), 1)
    assert months.keep(row, fewer, RUN) == 501
    months.count("uploads", RUN)
    second = month_after(FIRST)
    assert months.returns("uploads") == {(FIRST, 0): 20_000, (second, 1): 19_500}


def test_a_run_that_broke_off_before_counting_is_made_good(store: Engine) -> None:
    empty(store)
    sums, as_of = made_up(2), month_after(FIRST, 15)
    months = CustomerMonths(store)
    stale = stale_months(Books(sums), {}, as_of, EVERY)
    assert stale is not None
    take_over(Books(sums), stale, EVERY, months, RUN)
    assert growth_rows(store, "counterpoint", EVERY) == []
    assert run(store, Books(sums), as_of) == 0
    check(store, sums, as_of - timedelta(days=1))


def test_the_right_edge_is_provisional_and_compared_with_the_same_days(store: Engine) -> None:
    empty(store)
    january = date(2026, 1, 1)
    sums: Sums = {(date(2026, 1, day), "C1"): Decimal(day) for day in (5, 28, 30, 31)}
    sums |= {(date(2026, 1, 2), "CASH"): Decimal(100), (date(2026, 2, 28), "C2"): Decimal(7)}
    run(store, Books(sums), date(2026, 2, 28))
    february = CustomerMonths(store).months("counterpoint")[date(2026, 2, 1)]
    assert (february.amount, february.same_days_amount, february.same_days_customers) == (0, 105, 1)
    rows = {r.month: r for r in GrowthMonths(store).months("counterpoint") if r.silent_months == 2}
    assert {month: row.is_provisional for month, row in rows.items()} == {
        january: False,
        february.month: True,
    }
    run(store, Books(sums), date(2026, 3, 1))
    february = CustomerMonths(store).months("counterpoint")[date(2026, 2, 1)]
    assert (february.amount, february.same_days_amount, february.customers) == (7, None, 1)
    assert not any(row.is_provisional for row in GrowthMonths(store).months("counterpoint"))
    # March has more days than February.
    run(store, Books(sums), date(2026, 3, 31))
    assert CustomerMonths(store).months("counterpoint")[date(2026, 3, 1)].same_days_amount == 7


def test_settings_decide_who_is_a_customer_and_which_months_count(store: Engine) -> None:
    empty(store)
    sums, as_of = made_up(3), month_after(FIRST, 15)
    sums |= {(month_after(FIRST, number), "Unknown "): Decimal(9) for number in range(15)}
    run(store, Books(sums), as_of)
    without = {key: amount for key, amount in sums.items() if key[1] != "Unknown "}
    check(store, without, as_of - timedelta(days=1))
    start = month_after(FIRST, 4)
    later = settings_with(compared=[1, 2, 3, 4], first_month=f"{start:%Y-%m}", not_customers=["C1"])
    assert run(store, Books(sums), as_of, later) == 15
    kept = {key: amount for key, amount in sums.items() if key[0] >= start and key[1] != "C1"}
    check(store, kept, as_of - timedelta(days=1))
    assert run(store, Books(sums), as_of, later) == 0


@pytest.mark.skipif(not SALON.exists(), reason=f"no {SALON.name} (set RETAIL_DATA_DIR)")
def test_a_real_shop_is_counted_as_its_owners_app_counted(store: Engine) -> None:
    empty(store)
    read = read_upload(SALON.read_bytes(), SALON.name, date(2021, 12, 1))
    at = datetime(2021, 12, 1, 8)
    upload = SalesUpload(SALON.name, "a" * 64, at, read.rows, len(read.rejects), read.days, read.customers)
    DailySales(store).keep_upload(upload, RUN)
    only = settings_with(sources=["uploads"], compared=[])
    run(store, UploadedSales(store), date(2021, 12, 1), only)
    (shown,) = read_page(store, date(2021, 12, 1), only)
    # The tiles of the owner's app: 504 customers, 49 fewer than in October, and sales that are 15 % lower.
    november, october = shown.months[-1], shown.months[-2]
    assert (november.customers, november.customers - october.customers) == (504, -49)
    assert november.amount == Decimal("9271.70")
    assert b"-15.3 %" in as_page([shown], date(2021, 12, 1), only)
    with SALON.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Date"] > "2020-09-30"]
    matrix: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in rows:
        matrix[row["Customer"]][row["Date"][:7]] += Decimal(row["Total"])
    assert (len(matrix), sum(not sum_ for one in matrix.values() for sum_ in one.values())) == (2447, 13)
    names = sorted({row["Date"][:7] for row in rows})
    published = []
    lost: set[str] = set()
    for place in range(1, len(names)):
        now = names[place]
        churned, regained, new = set(), set(), set()
        for customer, one in matrix.items():
            if one[now]:
                if customer in lost:
                    regained.add(customer)
                elif not any(one[earlier] for earlier in names[:place]):
                    new.add(customer)
            elif place >= 2 and not one[names[place - 1]] and one[names[place - 2]]:
                churned.add(customer)
        lost = (lost | churned) - regained
        published.append((now, len(new), len(regained), len(churned)))
    # Its table leaves out the first two rows.
    assert [
        (f"{one.month:%Y-%m}", one.growth.new, one.growth.regained, one.growth.churned)
        for one in shown.counted
    ] == published[2:]
    assert published[2][0] == "2021-01"
