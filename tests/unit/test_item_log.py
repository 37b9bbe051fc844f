"""The CSV logs of changed items, as the store's staff read them."""

from __future__ import annotations

import csv
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from upath import UPath

from include.catalog.item_log import ITEM_LOGS, LogRow, log_rows
from include.changes import Change, Result
from include.counterpoint.tables import IM_INV
from include.database.values import in_parts
from tests.item_file import SeededStore

WHEN = datetime(2026, 5, 7, 8, tzinfo=ZoneInfo("America/New_York"))
LOG = ITEM_LOGS["inactive_products"]


def lines(path: Any) -> list[list[str]]:
    return list(csv.reader(path.read_bytes().decode().splitlines()))


@pytest.fixture(params=["disk", "object storage"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> UPath | Path:
    return tmp_path if request.param == "disk" else UPath(f"memory://{uuid4().hex}/logs")


def a_row(**over: Any) -> LogRow:
    values: dict[str, Any] = {
        "when": WHEN,
        "item": "0012",
        "name": '3" Pot, "blue"',
        "available": Decimal("-2.0000"),
    }
    return LogRow(**(values | {"old": "A", "new": "V"} | over))


def test_the_log_has_the_columns_that_the_staff_know(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOG.file_name(WHEN)
    assert path.name == "inactive_products_05_07_26.csv"
    assert LOG.append(path, [a_row()]) == 1
    assert lines(path) == [
        ["date", "item_no", "product_name", "qty_avail", "status_1", "status_2"],
        ["2026-05-07 08:00:00", "0012", '3" Pot, "blue"', "-2", "A", "V"],
    ]


def test_a_retried_task_adds_only_what_is_missing(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "log.csv"
    LOG.append(path, [a_row(), a_row(item="13")])
    again = [a_row(available=Decimal(9), name="renamed"), a_row(item="14"), a_row(item="14")]
    assert LOG.append(path, again) == 1
    assert [line[1] for line in lines(path)] == ["item_no", "0012", "13", "14"]
    assert LOG.append(path, [a_row(when=WHEN.replace(hour=10))]) == 1, "the same item in a later run"


def test_nothing_to_log_makes_no_file(tmp_path: Path) -> None:
    assert LOG.append(tmp_path / "log.csv", []) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [b"\r\n", b"\n", b""])
def test_lines_of_other_hands_stay_as_they_are(tmp_path: Path, ending: bytes) -> None:
    path = tmp_path / "log.csv"
    LOG.append(path, [a_row()])
    own = b"\xef\xbb\xbf" + path.read_bytes() + b'checked by Jos\xe9, "open quote' + ending
    path.write_bytes(own)
    assert LOG.append(path, [a_row(), a_row(item="13")]) == 1
    assert path.read_bytes().startswith(own)
    assert path.read_bytes()[len(own) :].strip().startswith(b"2026-05-07 08:00:00,13,")


@pytest.mark.parametrize(
    ("over", "column", "cell"),
    [
        ({"name": "=cmd|'/c calc'!A0"}, 2, "'=cmd|'/c calc'!A0"),
        ({"name": "-50 Hardy Mums"}, 2, "'-50 Hardy Mums"),
        ({"name": "two\r\nlines\tand tabs"}, 2, "two lines and tabs"),
        ({"name": None}, 2, ""),
        ({"available": None}, 3, ""),
        ({"available": Decimal("2.7500")}, 3, "2.75"),
        ({"available": Decimal("100.0000")}, 3, "100"),
        ({"old": None}, 4, ""),
        ({"old": Decimal("5.0000"), "new": Decimal(3)}, 4, "5"),
        ({"new": "-820"}, 5, "-820"),
        ({"new": "=1+1"}, 5, "'=1+1"),
    ],
)
def test_cells_are_plain_and_safe_in_a_spreadsheet(
    tmp_path: Path, over: dict[str, Any], column: int, cell: str
) -> None:
    LOG.append(tmp_path / "log.csv", [a_row(**over)])
    (_, line) = lines(tmp_path / "log.csv")
    assert line[column] == cell


def test_rows_are_made_of_what_was_applied_with_present_name_and_stock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SeededStore(tmp_path)
    monkeypatch.setattr("include.catalog.item_log.in_parts", partial(in_parts, size=2))
    numbers = sorted(store.column("IM_ITEM", "STAT"))[:5]
    changes = [Change("IM_ITEM", number, "STAT", "A", "V", "why") for number in [*numbers, "gone"]]
    results = [Result(change, "applied") for change in changes]
    results.append(Result(Change("IM_ITEM", numbers[0], "STAT", "V", "A", "why"), "conflicted"))
    rows = log_rows(store.read, results, WHEN, ("1",))
    names = store.column("IM_ITEM", "LONG_DESCR")
    stock = {row.ITEM_NO: row.QTY_AVAIL for row in store.read(select(IM_INV).where(IM_INV.c.LOC_ID == "1"))}
    assert [(r.item, r.name, r.available) for r in rows] == [
        *((number, names[number], stock[number]) for number in numbers),
        ("gone", None, None),
    ]


@pytest.mark.parametrize(
    ("topic", "columns"),
    [
        ("brands", ["brand_1", "brand_2"]),
        ("stock_buffers", ["buffer_1", "buffer_2"]),
        ("sort_order", ["sort_order_1", "sort_order_2"]),
        ("featured", ["featured_1", "featured_2"]),
        ("always_online", ["always_online_status_1", "always_online_status_2"]),
    ],
)
def test_every_topic_names_its_own_columns(topic: str, columns: list[str]) -> None:
    assert ITEM_LOGS[topic].heading[4:] == columns
