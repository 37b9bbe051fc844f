"""What customers bought, added up by every database alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Select, insert
from sqlalchemy.dialects import mssql

from include.counterpoint.customer_sales import CustomerSum, business_days, customer_sums, month_marks
from include.counterpoint.tables import PS_TKT_HIST
from include.counterpoint.tables_base import metadata
from include.database.engines import engine_for
from include.periods import Period
from tests.databases import KINDS, fresh_database

SPRING = Period(date(2025, 3, 1), date(2025, 5, 31))
Sell = Callable[..., None]


@pytest.fixture(params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path) as url:
        made = engine_for(url)
        metadata.create_all(made, tables=[PS_TKT_HIST])
        yield made
        made.dispose()


@pytest.fixture
def sell(engine: Engine) -> Sell:
    numbers = iter(range(1, 1000))

    def one(customer: str | None, total: Any, day: date | None, store: str | None = "1") -> None:
        number = next(numbers)
        row = {"DOC_ID": number, "TKT_NO": str(number), "CUST_NO": customer, "TOT": total}
        with engine.begin() as connection:
            connection.execute(insert(PS_TKT_HIST), row | {"BUS_DAT": day, "STR_ID": store})

    return one


def reader(engine: Engine) -> Any:
    def read(query: Select[Any]) -> Any:
        with engine.connect() as connection:
            return connection.execute(query).all()

    return read


def sums(engine: Engine, stores: tuple[str, ...] = ()) -> dict[str, CustomerSum]:
    found = list(customer_sums(reader(engine), SPRING, stores))
    assert len({one.customer for one in found}) == len(found)
    return {one.customer: one for one in found}


def test_days_last_day_and_amount_are_of_the_period_and_exact(engine: Engine, sell: Sell) -> None:
    for customer in ("c-1", "C-1 ", " c-1"):
        sell(customer, "0.1", date(2025, 3, 1))
    sell("C-1", "10.25", date(2025, 5, 31))
    sell("C-1", "1000", date(2025, 2, 28))
    sell("C-1", "1000", date(2025, 6, 1))
    assert sums(engine) == {"C-1": CustomerSum("C-1", 2, date(2025, 5, 31), Decimal("10.55"))}


def test_returns_and_free_tickets_are_no_visits(engine: Engine, sell: Sell) -> None:
    sell("BACK", -5, date(2025, 4, 1))
    sell("BOTH", 20, date(2025, 4, 1))
    sell("BOTH", -30, date(2025, 4, 9))
    sell("FREE", 0, date(2025, 4, 1))
    sell("NULL", None, date(2025, 4, 1))
    found = {name: (one.days, one.last_day, one.amount) for name, one in sums(engine).items()}
    assert found == {
        "BACK": (0, None, -5),
        "BOTH": (1, date(2025, 4, 1), -10),
        "FREE": (0, None, 0),
        "NULL": (0, None, 0),
    }


def test_tickets_without_a_customer_are_one_customers(engine: Engine, sell: Sell) -> None:
    for customer in (None, "", "  "):
        sell(customer, 1, date(2025, 4, 1))
    sell("CASH", 7, date(2025, 4, 2))
    assert {name: one.amount for name, one in sums(engine).items()} == {"": 3, "CASH": 7}


def test_stores_are_compared_as_the_tills_do(engine: Engine, sell: Sell) -> None:
    for store in ("1", "web ", "WEB", None):
        sell("A", 10, date(2025, 4, 1), store)
    assert sums(engine, ("Web",))["A"].amount == 20
    assert sums(engine)["A"].amount == 40
    assert business_days(reader(engine), SPRING, ("2",)) == 0


def test_months_and_open_days(engine: Engine, sell: Sell) -> None:
    for day, total in ((1, 5), (1, 6), (2, -3), (3, 0)):
        sell("A", total, date(2025, 3, day))
    sell(None, "0.01", date(2025, 5, 31))
    assert month_marks(reader(engine), SPRING) == {
        date(2025, 3, 1): (4, Decimal(8)),
        date(2025, 5, 1): (1, Decimal("0.01")),
    }
    assert business_days(reader(engine), SPRING) == 2
    assert sums(engine, ("9",)) == {}


def test_the_queries_are_what_an_old_sql_server_understands() -> None:
    asked: list[str] = []

    def read(query: Select[Any]) -> list[Any]:
        asked.append(str(query.compile(dialect=mssql.dialect())).lower())
        return [(0,)] if len(asked) == 3 else []

    list(customer_sums(read, SPRING, ["1"]))
    month_marks(read, SPRING, ["1"])
    business_days(read, SPRING, ["1"])
    assert len(asked) == 3
    for sql in asked:
        assert " trim(" not in sql
        assert "(trim(" not in sql
    assert "datepart(month" in asked[1]
