"""Refunded purchases: whose dates change, to what, and whose do not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, event, insert, select
from sqlalchemy.dialects import mssql

from include.changes import Plan
from include.counterpoint.tables import AR_CUST, PS_TKT_HIST
from include.counterpoint.writer import write_changes
from include.customers.refunds import plan_refunds
from include.customers.tickets import as_tickets, maybe_refunds, refunded_numbers, tickets
from include.customers.upkeep_settings import CustomerSettings
from include.database.engines import engine_for
from include.settings import load_settings
from tests.databases import KINDS, fresh_database
from tests.item_file import SeededStore

SHIPPED = load_settings(CustomerSettings, "customers")
TODAY = date(2026, 5, 7)
NIGHT = datetime(2026, 5, 7, 21)

Ticket = tuple[str, int, float]
"""A ticket's number, how many days ago it was, and its total in dollars."""


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def midnight(days: int) -> datetime:
    return datetime.combine(ago(days), time())


@pytest.mark.parametrize(
    ("number", "originals"),
    [
        ("115R1", [("115", True)]),
        ("115R12", [("115", True)]),
        ("115PR1", [("115", False), ("115P", True)]),
        ("1150R1", [("1150", True)]),
        ("S1931R1", [("S1931", True)]),
        ("GR1234", [("G", True)]),
        ("GR1234R1", [("GR1234", True)]),
        ("115R1R1", [("115R1", True)]),
        ("115R", []),
        ("R1", []),
        ("115", []),
    ],
)
def test_which_ticket_a_number_may_refund(number: str, originals: list[tuple[str, bool]]) -> None:
    assert list(refunded_numbers(number)) == originals


class Till:
    """A Counterpoint with one customer, 1001, and the tickets that a test needs."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        with engine.begin() as connection:
            connection.execute(delete(AR_CUST))
            connection.execute(delete(PS_TKT_HIST))
        self._documents = 0

    def customer(
        self, first: int | None, last: int | None, amount: float | None, number: str = "1001"
    ) -> None:
        row = {
            "CUST_NO": number,
            "FST_SAL_DAT": None if first is None else midnight(first),
            "LST_SAL_DAT": None if last is None else midnight(last),
            "LST_SAL_AMT": None if amount is None else Decimal(str(amount)),
            "LOY_PTS_BAL": 0,
        }
        with self.engine.begin() as connection:
            connection.execute(insert(AR_CUST), row)

    def tickets(self, *found: Ticket, customer: str = "1001", store: str = "1", **over: Any) -> None:
        rows = []
        for number, days, total in found:
            self._documents += 1
            row = {"DOC_ID": self._documents, "TKT_NO": number, "STR_ID": store, "CUST_NO": customer}
            day = {"BUS_DAT": ago(days), "POST_DAT": ago(days), "TOT": Decimal(str(total))}
            moment = midnight(days) + timedelta(hours=9, minutes=self._documents)
            rows.append({**row, **day, "TKT_DT": moment} | over)
        with self.engine.begin() as connection:
            connection.execute(insert(PS_TKT_HIST), rows)

    def read(self, query: Any) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(query))

    def plan(self, day: date = TODAY, **over: Any) -> Plan:
        refunds = SHIPPED.refunds.model_validate(SHIPPED.refunds.model_dump() | over)
        return plan_refunds(self.read, SHIPPED.model_copy(update={"refunds": refunds}), day)

    def settled(self, **over: Any) -> tuple[int | None, int | None, float | None]:
        """First and last sale (days ago) and amount after the plan, which a second one leaves alone."""
        plan = self.plan(**over)
        results = [one for batch in write_changes(self.engine, plan.changes, NIGHT) for one in batch]
        assert {one.status for one in results} <= {"applied"}
        assert self.plan(**over).changes == ()
        customer = AR_CUST.c
        query = select(customer.FST_SAL_DAT, customer.LST_SAL_DAT, customer.LST_SAL_AMT)
        (row,) = self.read(query.where(customer.CUST_NO == "1001"))
        first, last = ((TODAY - cell.date()).days if cell else None for cell in row[:2])
        return first, last, None if row[2] is None else float(row[2])


@pytest.fixture(scope="module", params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path_factory.mktemp("counterpoint")) as url:
        engine = engine_for(url)
        with engine.begin() as connection:
            AR_CUST.create(connection)
            PS_TKT_HIST.create(connection)
        yield engine


@pytest.fixture
def till(engine: Engine) -> Till:
    return Till(engine)


Dates = tuple[int | None, int | None, float | None]


GONE: Dates = (None, None, None)
CASES: dict[str, tuple[list[Ticket], Dates, Dates]] = {
    "first order": ([("115", 0, 50), ("115R1", 0, -50)], (0, 0, 50), GONE),
    "last of two": ([("90", 40, 20), ("115", 1, 50), ("115R1", 0, -50)], (40, 1, 50), (40, 40, 20)),
    "first of two": ([("90", 40, 20), ("90R1", 1, -20), ("115", 9, 50)], (40, 9, 50), (9, 9, 50)),
    "middle": (
        [("80", 60, 9), ("90", 40, 20), ("90R1", 1, -20), ("115", 9, 50)],
        (60, 9, 50),
        (60, 9, 50),
    ),
    "all, one of them long ago": (
        [("90", 40, 20), ("90R1", 30, -20), ("115", 1, 50), ("115R1", 0, -50)],
        (40, 1, 50),
        GONE,
    ),
    "in part": ([("115", 1, 50), ("115PR1", 0, -10)], (1, 1, 50), (1, 1, 50)),
    "in part, then in full": ([("115", 1, 50), ("115PR1", 1, -10), ("115R1", 0, -40)], (1, 1, 50), GONE),
    "twice": ([("115", 1, 50), ("115R1", 1, -50), ("115R2", 0, -50)], (1, 1, 50), GONE),
    "R2 alone": ([("115", 1, 50), ("115R2", 0, -50)], (1, 1, 50), GONE),
    "taken back": ([("115", 2, 50), ("115R1", 1, -50), ("115R1R1", 0, 50)], (2, 2, 50), (2, 2, 50)),
    "letter case and blanks": ([("s1931 ", 1, 50), ("S1931r1", 0, -50)], (1, 1, 50), GONE),
    "115 is not 1150": ([("115", 2, 30), ("1150", 1, 50), ("1150R1", 0, -50)], (2, 1, 50), (2, 2, 30)),
    "1150 is not 115": ([("1150", 2, 30), ("115", 1, 50), ("115R1", 0, -50)], (2, 1, 50), (2, 2, 30)),
    "an R in a normal number": ([("GR1234", 0, 50)], (0, 0, 50), (0, 0, 50)),
    "refund of such a number": ([("GR1234", 1, 50), ("GR1234R1", 0, -50)], (1, 1, 50), GONE),
    "refund of nothing known": ([("115", 1, 50), ("77R1", 0, -50)], (1, 1, 50), (1, 1, 50)),
    "two on one day": ([("90", 1, 20), ("115", 1, 50), ("115R1", 0, -50)], (1, 1, 50), (1, 1, 20)),
    "a return is no purchase": (
        [("90", 9, 20), ("91", 3, -5), ("115", 1, 50), ("115R1", 0, -50)],
        (9, 1, 50),
        (9, 9, 20),
    ),
    "a gift is one": ([("90", 9, 0), ("115", 1, 50), ("115R1", 0, -50)], (9, 1, 50), (9, 9, 0)),
    "no dates at all": ([("115", 1, 50), ("115R1", 0, -50)], GONE, GONE),
    "from before the history": ([("115", 1, 50), ("115R1", 0, -50)], (700, 1, 50), (700, None, None)),
    "a sale that is not posted yet": (
        [("90", 40, 20), ("115", 3, 50), ("115R1", 2, -50)],
        (40, 0, 70),
        (40, 0, 70),
    ),
    "the refund's own date": ([("90", 40, 20), ("115", 3, 50), ("115R1", 2, -50)], (40, 2, 50), (40, 40, 20)),
}


@pytest.mark.parametrize("case", CASES)
def test_the_dates_are_those_of_what_was_kept(till: Till, case: str) -> None:
    found, before, after = CASES[case]
    till.customer(*before)
    till.tickets(*found)
    assert till.settled() == after


def test_a_plan_says_what_was_refunded_and_what_is_left(till: Till) -> None:
    till.customer(40, 1, 50)
    till.tickets(("90", 40, 20), ("115", 1, 50), ("115R1", 0, -50))
    plan = till.plan()
    assert [(c.field, c.old, c.new) for c in plan.changes] == [
        ("LST_SAL_DAT", midnight(1), midnight(40)),
        ("LST_SAL_AMT", Decimal(50), Decimal(20)),
    ]
    assert plan.changes[0].reason == (
        "the last purchase 115 was refunded in full (115R1); the last purchase that stands is 90"
    )
    assert plan.considered == 3


@pytest.mark.parametrize(
    ("days", "posted", "found"), [(3, 3, True), (3, 4, False), (0, 0, True), (0, 1, False), (30, 20, True)]
)
def test_refunds_of_the_last_days_are_looked_at(till: Till, days: int, posted: int, found: bool) -> None:
    till.customer(30, 30, 50)
    till.tickets(("115", 30, 50), ("115R1", posted, -50))
    assert bool(till.plan(days=days).changes) is found


def test_the_day_of_posting_counts_and_the_business_day_where_there_is_none(till: Till) -> None:
    till.customer(30, 30, 50)
    till.tickets(("115", 30, 50))
    till.tickets(("115R1", 10, -50), POST_DAT=ago(1))
    assert till.plan().changes
    till.tickets(("200", 1, 9), ("200R1", 1, -9), POST_DAT=None)
    assert {change.new for change in till.plan().changes} == {None}


def test_the_day_is_the_runs_and_not_todays(till: Till) -> None:
    till.customer(30, 30, 50)
    till.tickets(("115", 30, 50), ("115R1", 20, -50))
    assert till.plan().changes == ()
    assert till.plan(day=ago(18)).changes
    assert till.plan(day=ago(21)).changes == ()


def test_a_store_may_look_at_the_web_shops_purchases_only(till: Till) -> None:
    till.customer(1, 1, 50)
    till.tickets(("S5", 1, 50), store="web ")
    till.tickets(("S5R1", 0, -50), store="1")
    assert till.plan(stores=["1"]).changes == ()
    assert till.plan(stores=["WEB"]).changes


def test_a_refund_rung_up_for_nobody_still_finds_who_bought(till: Till) -> None:
    till.customer(1, 1, 50)
    till.tickets(("115", 1, 50))
    till.tickets(("115R1", 0, -50), customer="CASH")
    assert till.settled() == (None, None, None)


@pytest.mark.parametrize("customer", ["CASH", "cash ", "2002", None])
def test_the_walk_in_customer_and_who_is_gone_are_left_alone(till: Till, customer: str | None) -> None:
    till.customer(1, 1, 50)
    till.customer(1, 1, 50, number="CASH")
    till.tickets(("115", 1, 50), ("115R1", 0, -50), customer=customer)  # type: ignore[arg-type]
    assert till.plan().changes == ()


def test_a_number_given_out_twice_means_the_latest_ticket_before_the_refund(till: Till) -> None:
    till.customer(400, 1, 50)
    till.customer(800, 800, 11, number="1002")
    till.tickets(("115", 800, 11), customer="1002")
    till.tickets(("90", 400, 20), ("115", 1, 50), ("115R1", 0, -50))
    assert {change.key for change in till.plan().changes} == {"1001"}
    assert till.settled() == (400, 400, 20)


def test_a_number_given_out_again_after_the_refund_is_another_ticket(till: Till) -> None:
    till.customer(400, 1, 50)
    till.tickets(("90", 400, 20), ("115", 30, 11), ("115R1", 2, -11), ("115", 1, 50))
    assert till.settled() == (400, 1, 50)


def test_a_purchase_rung_up_during_planning_is_not_lost(till: Till) -> None:
    till.customer(40, 1, 50)
    till.tickets(("90", 40, 20), ("115", 1, 50), ("115R1", 0, -50))
    plan = till.plan()
    with till.engine.begin() as connection:
        connection.execute(AR_CUST.update().values(LST_SAL_DAT=midnight(0), LST_SAL_AMT=5))
    results = [one for batch in write_changes(till.engine, plan.changes, NIGHT) for one in batch]
    assert {one.status for one in results} == {"conflicted"}


def test_many_refunds_take_no_more_queries_than_one(till: Till) -> None:
    till.customer(1, 1, 5)
    sold = [(f"T{number}", 1, 5.0) for number in range(600)]
    till.tickets(*sold, *((f"{number}R1", 0, -total) for number, _, total in sold))
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    event.listen(till.engine, "before_cursor_execute", note)
    try:
        till.plan()
    finally:
        event.remove(till.engine, "before_cursor_execute", note)
    assert len(statements) <= 4


def test_the_queries_are_understood_by_old_sql_servers() -> None:
    text = str(tickets(maybe_refunds()).compile(dialect=mssql.dialect()))
    assert "upper([PS_TKT_HIST].[TKT_NO]) LIKE" in text


def test_a_whole_store_settles_in_one_run(tmp_path: Path) -> None:
    store = SeededStore(tmp_path)
    before = {name: store.column("AR_CUST", name) for name in ("FST_SAL_DAT", "LST_SAL_DAT", "LST_SAL_AMT")}
    plan = plan_refunds(store.read, SHIPPED, TODAY)
    SHIPPED.budgets["refunds"].budget().check(plan)
    results = [one for batch in write_changes(store.engine, plan.changes, NIGHT) for one in batch]
    assert {one.status for one in results} == {"applied"}
    assert plan_refunds(store.read, SHIPPED, TODAY).changes == ()

    history = as_tickets(store.read(tickets()))
    sales: dict[str, list[Any]] = {}
    numbers = {ticket.number for ticket in history}
    for ticket in sorted(history, key=lambda one: one.moment):
        if (ticket.total or 0) >= 0 and f"{ticket.number}R1" not in numbers:
            sales.setdefault(ticket.customer or "", []).append(ticket)
    after = {name: store.column("AR_CUST", name) for name in before}
    changed = {str(change.key) for change in plan.changes}
    for number in changed:
        kept = sales.get(number, [])
        assert after["LST_SAL_DAT"][number] == (datetime.combine(kept[-1].day, time()) if kept else None)
        assert after["FST_SAL_DAT"][number] == (datetime.combine(kept[0].day, time()) if kept else None)
        assert after["LST_SAL_AMT"][number] == (kept[-1].total if kept else None)
    assert any(after["LST_SAL_DAT"][number] is None for number in changed)
    assert any(after["LST_SAL_DAT"][number] is not None for number in changed)
    assert all(
        before[name][number] == after[name][number]
        for name in before
        for number in before[name].keys() - changed
    )


def test_nobody_of_a_whole_store_is_thanked_for_a_purchase_that_came_back(tmp_path: Path) -> None:
    store = SeededStore(tmp_path)
    far = CustomerSettings.model_validate({"refunds": {"days": 400}})
    list(write_changes(store.engine, plan_refunds(store.read, far, TODAY).changes, NIGHT))
    thanked = {ago(days) for days in (0, 1, 3, 7)}
    last = {n: value.date() for n, value in store.column("AR_CUST", "LST_SAL_DAT").items() if value}
    history = as_tickets(store.read(tickets()))
    numbers = {ticket.number for ticket in history}
    kept = {
        (ticket.customer, ticket.day)
        for ticket in history
        if (ticket.total or 0) >= 0 and f"{ticket.number}R1" not in numbers
    }
    assert {(number, day) for number, day in last.items() if day in thanked} <= kept
