"""Availability feeds, from rows to files."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, Select

from include.changes import Plan, Reject
from include.counterpoint.tables import IM_INV, IM_ITEM
from include.database.engines import engine_for
from include.errors import BudgetExceeded
from include.inventory.feed_files import write_feed
from include.inventory.feed_items import FeedItem, active_items, feed_items
from include.inventory.feeds import plan_feed
from include.inventory.settings import FeedSettings, InventorySettings
from include.publishing import RemoteFile
from include.settings import StoreSettings, load_settings
from include.storedb.published import PublishedFile
from tests.databases import KINDS, fresh_database

FEEDS = load_settings(InventorySettings, "inventory").feeds
STORE = StoreSettings(name="Garden", stock_locations=("1", "2"))
ITEM = {
    "STAT": "A",
    "PRC_1": Decimal("9.99"),
    "REG_PRC": Decimal("7.5"),
    "CATEG_COD": "POTTERY",
    "PROF_NO_1": 5,
}
ITEMS: list[dict[str, Any]] = [
    {"ITEM_NO": "0012", "LONG_DESCR": '3" Terracotta Pot, round', "stock": {"1": 4, "2": 3}},
    {"ITEM_NO": "45", "LONG_DESCR": 'apple, Jörg\'s "Best"', "CATEG_COD": "trees ", "stock": {"1": 0}},
    {"ITEM_NO": "A-7", "LONG_DESCR": "=cmd|'/c calc'!A0", "stock": {"1": 2, "WEB": 90}},
    {"ITEM_NO": "46", "LONG_DESCR": "Zinnia", "CATEG_COD": "ANNUAL", "PRC_1": None, "stock": {"1": 9}},
    {"ITEM_NO": "47", "LONG_DESCR": "Below nothing", "stock": {"1": -1}},
    {"ITEM_NO": "48", "LONG_DESCR": "Inactive", "STAT": "V", "stock": {"1": 9}},
    {"ITEM_NO": "49", "LONG_DESCR": "Elsewhere only", "stock": {"WEB": 9}},
    {
        "ITEM_NO": "50",
        "LONG_DESCR": "No category",
        "CATEG_COD": None,
        "PRC_1": Decimal("1.005"),
        "stock": {"1": 2.75},
    },
]


@pytest.fixture(scope="module", params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path_factory.mktemp("counterpoint")) as url:
        engine = engine_for(url)
        with engine.begin() as connection:
            IM_ITEM.create(connection)
            IM_INV.create(connection)
            for item in ITEMS:
                columns = {**ITEM, **{name: value for name, value in item.items() if name != "stock"}}
                connection.execute(IM_ITEM.insert(), columns)
                for place, count in item["stock"].items():
                    row = {"ITEM_NO": item["ITEM_NO"], "LOC_ID": place, "QTY_AVAIL": Decimal(str(count))}
                    connection.execute(IM_INV.insert(), row)
        yield engine


def lines(engine: Engine, segment: str = "retail", **over: Any) -> list[FeedItem]:
    feeds = FEEDS.model_copy(update=over)
    with engine.connect() as connection:
        rows = connection.execute(active_items(feeds, feeds.segments[segment], STORE.stock_locations))
        return list(feed_items(rows, feeds, []))


def test_active_items_by_description_with_stock_of_all_locations(engine: Engine) -> None:
    assert [(item.number, item.available) for item in lines(engine)] == [
        ("0012", 7),
        ("A-7", 2),
        ("45", 0),
        ("50", 2),
    ]


def test_a_store_may_leave_out_what_is_sold_out(engine: Engine) -> None:
    assert "45" not in {item.number for item in lines(engine, include_sold_out=False)}
    buffered = lines(engine, include_sold_out=False, subtract_buffer=True)
    assert [(item.number, item.available) for item in buffered] == [("0012", 2)]


def test_the_buffer_is_taken_off_only_when_asked_and_never_below_zero(engine: Engine) -> None:
    assert {i.number: i.available for i in lines(engine, subtract_buffer=True)} == {
        "0012": 2,
        "A-7": 0,
        "45": 0,
        "50": 0,
    }


def test_wholesale_has_its_categories_and_its_own_price(engine: Engine) -> None:
    found = {item.number: (item.category, item.price) for item in lines(engine, "wholesale")}
    assert found == {"45": ("TREES", Decimal("7.50")), "46": ("ANNUAL", Decimal("7.50"))}


def test_prices_have_two_decimals_rounded_as_a_till_does(engine: Engine) -> None:
    assert {item.number: str(item.price) for item in lines(engine)}["50"] == "1.01"


def _row(**over: Any) -> SimpleNamespace:
    base = {
        "number": "1",
        "description": "Pot",
        "category": "POTTERY",
        "price": Decimal(1),
        "available": 1,
        "buffer": 0,
    }
    return SimpleNamespace(**{**base, **over})


def test_an_item_without_a_price_is_reported_and_left_out() -> None:
    rejects: list[Reject] = []
    assert [i.number for i in feed_items([_row(price=None), _row(number="2")], FEEDS, rejects)] == ["2"]
    assert [(r.key, "price" in r.reason) for r in rejects] == [("1", True)]


def _written(
    items: list[FeedItem], folder: Path, segment: str = "retail"
) -> tuple[list[list[str]], list[dict[str, Any]]]:
    files = [folder / "feed.csv", folder / "feed.json"]
    write_feed(items, files, FEEDS, FEEDS.segments[segment])
    with files[0].open(encoding="utf-8", newline="") as text:
        return list(csv.reader(text)), json.loads(files[1].read_text(encoding="utf-8"))["data"]


def test_quotes_commas_inches_and_accents_survive_both_formats(tmp_path: Path) -> None:
    words = '3" pot, "Jörg\'s" 50% – glazed'
    rows, data = _written([FeedItem("0012", words, "POTTERY", Decimal("9.90"), 7)], tmp_path)
    assert rows == [["0012", words, "9.90", "7"]]
    assert data == [{"item_no": "0012", "description": words, "price": "9.90", "available": 7}]


@given(st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs"])))
def test_no_cell_is_run_as_a_formula_by_a_spreadsheet(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    row = _row(number="7", description=text, category=text)
    item = next(feed_items([row], FEEDS, []))
    rows, data = _written([item], tmp_path_factory.mktemp("feed"), "wholesale")
    assert len(rows) == 1
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in rows[0])
    assert data[0]["description"] == " ".join(text.split())


def test_an_empty_feed_is_still_valid_json(tmp_path: Path) -> None:
    assert _written([], tmp_path) == ([], [])


def test_a_reader_never_sees_a_half_written_feed(tmp_path: Path) -> None:
    def broken() -> Iterator[FeedItem]:
        yield FeedItem("1", "Pot", "", Decimal(1), 1)
        raise ConnectionError

    target = tmp_path / "feed.csv"
    target.write_text("old")
    with pytest.raises(ConnectionError):
        write_feed(broken(), [target], FEEDS, FEEDS.segments["retail"])
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def _plan(
    engine: Engine,
    folder: Path,
    known: dict[str, PublishedFile],
    feeds: FeedSettings = FEEDS,
    remote: dict[str, RemoteFile] | None = None,
) -> Plan:
    @contextmanager
    def stream(query: Select[Any]) -> Iterator[Iterator[Any]]:
        with engine.connect() as connection:
            yield iter(connection.execute(query))

    return plan_feed(stream, folder, "retail", feeds, STORE, remote or {}, known)


def _as_published(plan: Plan, rows: int) -> tuple[dict[str, PublishedFile], dict[str, Any]]:
    known = {str(c.key): PublishedFile(str(c.key), str(c.new), 10, "e", rows) for c in plan.changes}
    return known, {path: SimpleNamespace(path=path, size=10, etag="e") for path in known}


def test_the_second_plan_publishes_nothing(engine: Engine, tmp_path: Path) -> None:
    first = _plan(engine, tmp_path, {})
    assert {str(c.key) for c in first.changes} == {"content/availability.csv", "content/availability.json"}
    assert [reject.key for reject in first.rejects] == ["46"]
    known, remote = _as_published(first, 4)
    assert _plan(engine, tmp_path, known, remote=remote).changes == ()


def test_what_somebody_replaced_on_the_server_is_published_again(engine: Engine, tmp_path: Path) -> None:
    known, remote = _as_published(_plan(engine, tmp_path, {}), 4)
    remote["content/availability.csv"].etag = "another"
    del remote["content/availability.json"]
    again = _plan(engine, tmp_path, known, remote=remote)
    assert {str(c.key): c.reason for c in again.changes} == {
        "content/availability.csv": "was changed on the server",
        "content/availability.json": "is not on the server",
    }


def test_a_collapsed_feed_is_refused(engine: Engine, tmp_path: Path) -> None:
    known, remote = _as_published(_plan(engine, tmp_path, {}), rows=1000)
    with pytest.raises(BudgetExceeded, match="shrink from 1000 to 4"):
        _plan(engine, tmp_path, known, remote=remote)


def test_an_empty_feed_is_refused_even_the_first_time(engine: Engine, tmp_path: Path) -> None:
    nowhere = STORE.model_copy(update={"stock_locations": ("9",)})
    with engine.connect() as connection:
        assert (
            connection.execute(active_items(FEEDS, FEEDS.segments["retail"], nowhere.stock_locations)).all()
            == []
        )
    from include.inventory.feeds import check_size

    with pytest.raises(BudgetExceeded, match="no items"):
        check_size("retail", 0, [], FEEDS)
