"""Sales, items and receipts are the same on every database, however carelessly codes were typed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Engine, insert

from include.counterpoint.items import as_items, items
from include.counterpoint.sales import as_sales, sales_by_item
from include.counterpoint.tables import IM_INV, IM_ITEM, PO_RECVR_HIST_LIN, PS_TKT_HIST, PS_TKT_HIST_LIN
from include.database.engines import engine_for
from include.periods import Period, this_time_last_year, up_to
from include.sandbox.seed import seed
from include.web_shop.sort_order import as_receipts, receipts
from tests.databases import SERVERS, fresh_database

DAY = date(2026, 5, 7)
WINDOW = this_time_last_year(DAY, 45)
Answers = dict[str, Any]

# Item, line type, quantity, amount, posting day, store.
LINES: list[tuple[str | None, str | None, Any, Any, date | None, str | None]] = [
    ("zz1", "S", Decimal("2.5"), Decimal("0.3333"), WINDOW.first, "1"),
    ("ZZ1  ", "s", Decimal("0.1"), Decimal("0.0001"), WINDOW.last, "web"),
    ("Zz1", "R", -1, -2, WINDOW.last, "WEB "),
    ("ZZ1", "R", 1, 2, WINDOW.last, "1"),
    ("ZZ1", "U", 100, 100, WINDOW.last, "1"),
    ("ZZ1", "S", 1000, 1000, WINDOW.end, "1"),
    ("ZZ1", "S", 5000, 5000, None, None),
    ("ZZ2", "S", None, 7, WINDOW.first, "1"),
    ("ZZ2", "R", 3, None, WINDOW.first, "1"),
    (None, "S", 9, 9, WINDOW.first, "1"),
    ("ZZ2", None, 9, 9, WINDOW.first, "1"),
]


def soil(engine: Engine) -> None:
    """Add what is hard to add up alike."""
    with engine.begin() as connection:
        for number, (item, kind, quantity, amount, day, store) in enumerate(LINES):
            key = {"DOC_ID": 900_000_000 + number}
            head = {"TKT_NO": f"Z{number}", "BUS_DAT": DAY, "POST_DAT": day, "STR_ID": store}
            line = {
                "LIN_SEQ_NO": 1,
                "ITEM_NO": item,
                "LIN_TYP": kind,
                "QTY_SOLD": quantity,
                "EXT_PRC": amount,
            }
            connection.execute(insert(PS_TKT_HIST), key | head)
            connection.execute(insert(PS_TKT_HIST_LIN), key | line)
        for item in ("ZZ1", "zz2"):
            connection.execute(insert(IM_ITEM), {"ITEM_NO": item, "USR_PROF_ALPHA_16": "b9999 "})
        for item, place, available in (("zz1", "1", "1.5"), ("ZZ1", "web", 9), ("ZZ2 ", "1", -3)):
            stock = {"ITEM_NO": item, "LOC_ID": place, "QTY_AVAIL": Decimal(available)}
            connection.execute(insert(IM_INV), stock)
        for number, (item, day) in enumerate((("zz1", DAY), ("ZZ1 ", date(2026, 5, 1)))):
            line = {"ITEM_NO": item, "RECVR_DAT": datetime(day.year, day.month, day.day, 23), "QTY_RECVD": 1}
            connection.execute(insert(PO_RECVR_HIST_LIN), {"RECVR_NO": f"Z{number}", "SEQ_NO": 1, **line})


def answers(url: URL) -> Answers:
    """What the rules would read."""
    seed(url.render_as_string(hide_password=False), until=DAY, scale=0.02)
    engine = engine_for(url)
    soil(engine)
    with engine.connect() as connection:

        def sales(period: Period | None = None, stores: tuple[str, ...] = ()) -> Any:
            return as_sales(connection.execute(sales_by_item(period, stores)).all())

        return {
            "all time": sales(),
            "window": sales(WINDOW),
            "all time, online": sales(None, ("Web",)),
            "window, both stores": sales(WINDOW, ("1", "WEB")),
            "items": as_items(connection.execute(items(["1", "2"]))),
            "items, online": as_items(connection.execute(items(["WEB"]))),
            "receipts": as_receipts(connection.execute(receipts(up_to(DAY, 14)))),
        }


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    with fresh_database("sqlite", tmp_path_factory.mktemp("sales")) as url:
        yield answers(url)


def test_the_answers_are_right(on_sqlite: Answers) -> None:
    window, online = on_sqlite["window"], on_sqlite["all time, online"]
    assert (window["ZZ1"].quantity, window["ZZ1"].amount) == (Decimal("0.6"), Decimal("-3.6666"))
    assert (window["ZZ2"].quantity, window["ZZ2"].amount) == (-3, 7)
    assert on_sqlite["all time"]["ZZ1"].quantity == Decimal("6000.6")
    assert online["ZZ1"].quantity == Decimal("-0.9")
    stock = {item.key: item.available for item in on_sqlite["items"]}
    assert (stock["ZZ1"], stock["ZZ2"]) == (Decimal("1.5"), -3)
    assert {item.key: item.available for item in on_sqlite["items, online"]}["ZZ1"] == 9
    assert on_sqlite["receipts"]["ZZ1"] == DAY
    assert len(window) > 50


@pytest.mark.parametrize("kind", SERVERS)
def test_every_server_answers_as_sqlite_does(kind: str, on_sqlite: Answers, tmp_path: Path) -> None:
    with fresh_database(kind, tmp_path) as url:
        found = answers(url)
        for name, expected in on_sqlite.items():
            assert found[name] == expected, name
