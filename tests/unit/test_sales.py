"""Net sales and the item file, as the rules get them from the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.dialects import mssql

from include.counterpoint.items import as_items, folded, items, products
from include.counterpoint.sales import ItemSales, as_sales, sales_by_item
from include.counterpoint.tables import IM_INV, IM_ITEM, PS_TKT_HIST, PS_TKT_HIST_LIN
from include.database.engines import engine_for
from include.periods import Period
from tests.databases import fresh_database
from tests.web_shops import DAY, WebStore

MAY = Period(date(2025, 5, 1), date(2025, 5, 31))
Sell = Callable[..., None]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with fresh_database("sqlite", tmp_path) as url:
        found = engine_for(url)
        for table in (IM_ITEM, IM_INV, PS_TKT_HIST, PS_TKT_HIST_LIN):
            table.create(found)
        yield found


@pytest.fixture
def sell(engine: Engine) -> Sell:
    """Writes one ticket with one line."""
    tickets = iter(range(1, 1000))

    def write(
        item: str | None,
        quantity: Any,
        amount: Any,
        kind: str | None = "S",
        day: date | None = MAY.first,
        store: str | None = "1",
    ) -> None:
        number = next(tickets)
        with engine.begin() as connection:
            head = {"DOC_ID": number, "TKT_NO": str(number), "POST_DAT": day, "STR_ID": store}
            connection.execute(insert(PS_TKT_HIST), head | {"BUS_DAT": date(2020, 1, 1)})
            line = {"DOC_ID": number, "LIN_SEQ_NO": 1, "ITEM_NO": item, "LIN_TYP": kind, "QTY_SOLD": quantity}
            connection.execute(insert(PS_TKT_HIST_LIN), line | {"EXT_PRC": amount, "BUS_DAT": MAY.first})

    return write


def sums(engine: Engine, *where: Any) -> dict[str, tuple[str, str]]:
    with engine.connect() as connection:
        found = as_sales(connection.execute(sales_by_item(*where)).all())
    return {key: (f"{s.quantity.normalize():f}", f"{s.amount.normalize():f}") for key, s in found.items()}


def test_returns_count_as_negative_with_either_sign(engine: Engine, sell: Sell) -> None:
    sell("45", 5, 50)
    sell("45", -1, -10, "R")
    sell("45", 2, 20, "R")
    sell("46", 1, 9, "R")
    assert sums(engine) == {"45": ("2", "20"), "46": ("-1", "-9")}


def test_fulfilment_history_and_lines_without_an_item_are_no_sales(engine: Engine, sell: Sell) -> None:
    sell("45", 7, 70, "U")
    sell("45", 7, 70, None)
    sell(None, 7, 70)
    sell("  ", 7, 70)
    sell("45", 1, 10, "s")
    assert sums(engine) == {"45": ("1", "10")}


def test_a_number_in_any_spelling_is_one_item_and_leading_zeros_make_another(
    engine: Engine, sell: Sell
) -> None:
    sell("hb", 1, 10)
    sell("HB  ", 2, 20)
    sell("Hb", -1, -10, "R")
    sell("804", 3, 30)
    sell("00804", 4, 40)
    assert sums(engine) == {"HB": ("2", "20"), "804": ("3", "30"), "00804": ("4", "40")}


def test_missing_quantities_and_prices_count_as_nothing(engine: Engine, sell: Sell) -> None:
    sell("45", None, 12)
    sell("45", 2, None)
    sell("46", None, None, "R")
    assert sums(engine) == {"45": ("2", "12"), "46": ("0", "0")}


def test_parts_of_units_and_cents_add_up_exactly(engine: Engine, sell: Sell) -> None:
    for _ in range(10):
        sell("MULCH", Decimal("0.1"), Decimal("0.01"))
    with engine.connect() as connection:
        found = as_sales(connection.execute(sales_by_item()).all())
    assert found == {"MULCH": ItemSales("MULCH", Decimal(1), Decimal("0.1"))}


def test_a_period_has_both_its_days_whole_and_is_about_posting(engine: Engine, sell: Sell) -> None:
    for day in (date(2025, 4, 30), MAY.first, MAY.last, date(2025, 6, 1), None):
        sell(f"on {day}", 1, 1, day=day)
    sell("late", 1, 1, day=MAY.last)
    with engine.begin() as connection:
        late = select(PS_TKT_HIST_LIN.c.DOC_ID).where(PS_TKT_HIST_LIN.c.ITEM_NO == "late").scalar_subquery()
        with_time = text("'2025-05-31 23:59:59'")
        connection.execute(
            PS_TKT_HIST.update().where(late == PS_TKT_HIST.c.DOC_ID).values(POST_DAT=with_time)
        )
    assert set(sums(engine, MAY)) == {"ON 2025-05-01", "ON 2025-05-31", "LATE"}
    assert len(sums(engine)) == 6


def test_stores_are_compared_as_the_tills_do(engine: Engine, sell: Sell) -> None:
    for store in ("1", "web ", "WEB", "2", None):
        sell("45", 1, 10, store=store)
    assert sums(engine, None, ("WEB",)) == {"45": ("2", "20")}
    assert sums(engine, MAY, ("1", "Web")) == {"45": ("3", "30")}
    assert sums(engine) == {"45": ("5", "50")}


def test_no_tickets_are_no_sales(engine: Engine) -> None:
    assert sums(engine, MAY, ("1",)) == {}


def test_the_seeded_stores_sales_are_what_its_lines_say(tmp_path: Path) -> None:
    store = WebStore(tmp_path)
    period = Period(date(2025, 11, 20), DAY)
    posted = {
        row.DOC_ID
        for row in store.read(select(PS_TKT_HIST))
        if row.POST_DAT and period.first <= row.POST_DAT <= period.last and row.STR_ID == "WEB"
    }
    expected: dict[str, Decimal] = {}
    for row in store.read(select(PS_TKT_HIST_LIN)):
        if row.DOC_ID in posted and row.LIN_TYP in ("S", "R") and row.ITEM_NO:
            net = -abs(row.EXT_PRC) if row.LIN_TYP == "R" else row.EXT_PRC
            key = folded(row.ITEM_NO)
            expected[key] = expected.get(key, Decimal(0)) + net
    found = as_sales(store.read(sales_by_item(period, ["WEB"])))
    assert len(expected) > 50
    assert {key: sales.amount for key, sales in found.items()} == expected


def an_item_row(engine: Engine, number: str, stock: dict[str, Any], **columns: Any) -> None:
    with engine.begin() as connection:
        connection.execute(insert(IM_ITEM), {"ITEM_NO": number, **columns})
        for place, available in stock.items():
            row = {"ITEM_NO": number.lower(), "LOC_ID": place, "QTY_AVAIL": available}
            connection.execute(insert(IM_INV), row)


def test_stock_is_that_of_the_stores_locations_together(engine: Engine) -> None:
    an_item_row(engine, "HB", {"1": 4, "2": Decimal("2.5"), "web": 100}, PROF_NO_1=5)
    an_item_row(engine, "Low ", {"1": -3, "2": 2})
    an_item_row(engine, "NONE", {"WEB": 9})
    an_item_row(engine, "NULL", {"1": None})
    with engine.connect() as connection:
        found = {item.number: item for item in as_items(connection.execute(items(["1", "2"])))}
        on_web = {i.number: i.available for i in as_items(connection.execute(items(["Web "])))}
    assert {number: item.available for number, item in found.items()} == {
        "HB": Decimal("6.5"),
        "Low ": Decimal(-1),
        "NONE": None,
        "NULL": None,
    }
    assert {number: item.buffered for number, item in found.items()} == {
        "HB": 1,
        "Low ": 0,
        "NONE": 0,
        "NULL": 0,
    }
    assert on_web == {"HB": Decimal(100), "Low ": None, "NONE": Decimal(9), "NULL": None}


def test_items_of_one_binding_id_are_one_product_however_it_is_typed(engine: Engine) -> None:
    an_item_row(engine, "2", {}, USR_PROF_ALPHA_16="b0001 ", IS_ADM_TKT="y")
    an_item_row(engine, "1", {}, USR_PROF_ALPHA_16="B0001", IS_ADM_TKT="N")
    an_item_row(engine, "3", {}, USR_PROF_ALPHA_16="  ")
    with engine.connect() as connection:
        found = products(as_items(connection.execute(items(["1"]))))
    assert {key: [item.number for item in members] for key, members in found.items()} == {
        "B0001": ["1", "2"],
        "3": ["3"],
    }
    assert [item.is_parent for item in found["B0001"]] == [False, True]


def test_the_queries_are_what_an_old_sql_server_understands() -> None:
    for query in (sales_by_item(MAY, ["1", "WEB"]), items(["1"])):
        sql = str(query.compile(dialect=mssql.dialect())).lower()
        assert "trim(" in sql
        assert " trim(" not in sql
        assert "(trim(" not in sql
    sql = str(items(["1"]).compile(dialect=mssql.dialect()))
    assert sql.count("upper(ltrim(rtrim([IM_INV].[ITEM_NO])))") == 2, "grouped by what is selected"


@pytest.mark.parametrize("rows", [[], [SimpleNamespace(item="45", quantity=None, amount=None)]])
def test_sums_of_nothing_are_zero(rows: list[Any]) -> None:
    assert all((sales.quantity, sales.amount) == (0, 0) for sales in as_sales(rows).values())
