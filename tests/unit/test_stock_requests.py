"""Requests to be told when an item is back: one for each person and item, none lost, none twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, func, insert, select

from include.database.engines import engine_for
from include.errors import InvalidRequest
from include.sandbox.stock_requests_file import fill_stock_requests_file
from include.storedb.migrate import upgrade
from include.storedb.runs import moment
from include.storedb.stock_request_files import FILE, import_stock_requests, item_key
from include.storedb.stock_requests import StockRequest, StockRequests
from include.storedb.tables import STOCK_REQUEST, WEB_PRODUCT
from tests.databases import KINDS, fresh_database

NEW_YORK = ZoneInfo("America/New_York")
MONDAY = datetime(2026, 5, 4, 14, 0)
ANN = StockRequest("100023", "ann@example.com", MONDAY, name="Ann Lee 🌷")
HEADING = "date,email,item_no\n"
ROW = "2026-05-04 10:00:00,ann@example.com,100023\n"


@pytest.fixture(params=KINDS)
def requests(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StockRequests]:
    with fresh_database(request.param, tmp_path) as url:
        upgrade(url)
        yield StockRequests(engine_for(url))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StockRequests]:
    with fresh_database("sqlite", tmp_path) as url:
        upgrade(url)
        yield StockRequests(engine_for(url))


class File:
    """The old form's file, and what importing it brings."""

    def __init__(self, folder: Path, requests: StockRequests) -> None:
        self.path, self._requests = folder / FILE, requests

    def holds(self, *parts: str) -> File:
        self.path.write_text("".join(parts), encoding="utf-8", newline="")
        return self

    def taken_in(self) -> int:
        return import_stock_requests(self.path, NEW_YORK, self._requests)[0]

    def rejects(self) -> list[str]:
        found = import_stock_requests(self.path, NEW_YORK, self._requests)[1]
        return [f"{one.key}: {one.reason}" for one in found]


@pytest.fixture
def file(tmp_path: Path, store: StockRequests) -> File:
    return File(tmp_path, store)


def rows(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(STOCK_REQUEST)) or 0


def test_a_request_is_kept_as_it_was_made(requests: StockRequests) -> None:
    wish = replace(ANN, phone="+15182345601", text_consent=True, verified=True)
    assert requests.add(wish)
    (found,) = requests.open()
    assert found == replace(wish, id=found.id, source_key=found.source_key)
    assert "ann" not in repr(found).lower()


def test_one_person_waits_once_for_one_item(requests: StockRequests) -> None:
    others = (replace(ANN, email="bob@example.com"), replace(ANN, item_key="100024"))
    assert [requests.add(wish) for wish in (ANN, ANN, *others, others[0])] == [True, False, True, True, False]
    assert [(wish.email, wish.item_key) for wish in requests.open()] == [
        ("ann@example.com", "100023"),
        ("bob@example.com", "100023"),
        ("ann@example.com", "100024"),
    ]


def test_item_numbers_and_addresses_are_compared_to_the_letter(requests: StockRequests) -> None:
    wishes = [replace(ANN, item_key=key) for key in ("CAFE", "CAFÉ", "0100023", "100023 X")]
    wishes += [replace(ANN, email=email) for email in ("a-nn@example.com", "an.n@example.com")]
    assert all(requests.add(wish) for wish in wishes)


def test_a_double_click_is_one_row_however_fast(requests: StockRequests) -> None:
    with ThreadPoolExecutor(8) as threads:
        added = list(threads.map(lambda _: requests.add(ANN), range(24)))
    assert sum(added) == 1
    assert rows(requests.engine) == 1


def test_a_phone_that_comes_later_is_added_and_none_is_replaced(requests: StockRequests) -> None:
    requests.add(ANN)
    requests.add(replace(ANN, phone="+15182345601"))
    assert requests.open()[0].phone is None
    for phone in ("+15182345602", "+15182345603"):
        requests.add(replace(ANN, phone=phone, text_consent=True))
    assert (requests.open()[0].phone, requests.open()[0].text_consent) == ("+15182345602", True)


def test_a_closed_request_says_what_became_of_it_and_makes_room(requests: StockRequests) -> None:
    requests.add(ANN)
    number = requests.open()[0].id
    assert number
    assert requests.close(number, "sent", "SPRING123")
    assert not requests.close(number, "expired")
    closed = requests.by_id([number, number + 99])[number]
    assert (closed.status, closed.coupon_code) == ("sent", "SPRING123")
    assert closed.closed_at
    assert requests.open() == []
    assert requests.add(ANN)
    assert len(requests.open()) == 1


def test_who_leaves_is_asked_nothing_more(requests: StockRequests) -> None:
    for wish in (ANN, replace(ANN, item_key="2"), replace(ANN, email="bob@example.com")):
        requests.add(wish)
    assert [requests.withdraw("ann@example.com") for _ in range(2)] == [2, 0]
    assert [wish.email for wish in requests.open()] == ["bob@example.com"]


def test_what_the_shop_sells_is_known_once_it_was_read(requests: StockRequests) -> None:
    assert requests.sells("100023") is None
    product = {"item_key": "100023", "product_id": 1, "found_by": "sku", "seen_at": moment()}
    with requests.engine.begin() as connection:
        connection.execute(insert(WEB_PRODUCT), product)
    assert [requests.sells(key) for key in ("100023", "100024")] == [True, False]


# --- the old form's file ------------------------------------------------------------------------------------


def test_a_row_is_taken_in_once_even_after_its_request_was_closed(
    requests: StockRequests, tmp_path: Path
) -> None:
    file = File(tmp_path, requests)
    again = ROW.replace("10:00", "11:00").replace("ann@", "ANN@")
    file.holds(HEADING, ROW, again, ROW.replace("100023", "100024.0"))
    assert [file.taken_in() for _ in range(2)] == [2, 0]
    assert [(w.item_key, w.created_at) for w in requests.open()] == [("100023", MONDAY), ("100024", MONDAY)]
    for wish in requests.open():
        requests.close(wish.id or 0, "sent")
    assert file.taken_in() == 0
    assert requests.open() == []


def test_a_form_and_the_file_do_not_make_two(requests: StockRequests, tmp_path: Path) -> None:
    requests.add(ANN)
    file = File(tmp_path, requests).holds(HEADING, ROW)
    assert file.taken_in() == 0
    assert [wish.source for wish in requests.open()] == ["form"]


def test_the_file_and_forms_at_the_same_moment_make_one_for_each(
    requests: StockRequests, tmp_path: Path
) -> None:
    items = [str(100_000 + number) for number in range(40)]
    file = File(tmp_path, requests).holds(HEADING, *(ROW.replace("100023", item) for item in items))
    with ThreadPoolExecutor(6) as threads:
        imports = [threads.submit(file.taken_in) for _ in range(2)]
        forms = [threads.submit(requests.add, replace(ANN, item_key=item)) for item in items]
        taken_in, added = sum(one.result() for one in imports), sum(one.result() for one in forms)
    assert sorted(wish.item_key for wish in requests.open()) == items
    assert taken_in + added == 40


def test_rows_appended_while_it_is_read_come_with_the_next_reading(file: File, store: StockRequests) -> None:
    second = ROW.replace("ann@", "bob@")
    file.holds(HEADING, ROW, second[:-6])
    assert (file.taken_in(), file.rejects()) == (1, [])
    file.holds(HEADING, ROW, second, ROW.replace("ann@", "zoe@"))
    assert file.taken_in() == 2
    assert [wish.email[:3] for wish in store.open()] == ["ann", "bob", "zoe"]


def test_a_spreadsheet_that_stored_the_file_again_brings_nothing_twice(file: File) -> None:
    file.holds(HEADING, ROW, ROW.replace("100023", "a-7"))
    assert file.taken_in() == 2
    file.holds(
        "Date,Email,Item_No\r\n",
        "5/4/2026 10:00,Ann@example.com,100023.0\r\n",
        "5/4/26 10:00,ann@example.com,A-7\r\n",
    )
    assert file.taken_in() == 0


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (ROW.replace("ann@example.com", "ann@"), "address is malformed"),
        (ROW.replace("ann@example.com", ""), "address is missing"),
        (ROW.replace("ann@example.com", "ann@shop.local"), "address is malformed"),
        (ROW.replace("100023", " "), "item number is missing"),
        (ROW.replace("100023", "1" * 41), "item number is too long"),
        (ROW.replace("2026-05-04", "soon"), "date cannot be read"),
        (ROW.replace("100023", "1,2"), "4 columns instead of 3"),
    ],
)
def test_a_row_that_is_none_is_set_aside_without_its_words(
    file: File, store: StockRequests, row: str, words: str
) -> None:
    (reject,) = file.holds(HEADING, row, ROW.replace("ann@", "zoe@")).rejects()
    assert reject.startswith(f"{FILE}, line 2: ")
    assert words in reject
    assert "ann@" not in reject
    assert [wish.email for wish in store.open()] == ["zoe@example.com"]


def test_a_missing_file_brings_nothing_and_another_file_is_refused(file: File) -> None:
    assert file.taken_in() == 0
    with pytest.raises(InvalidRequest, match="lacks the columns date, email, item_no"):
        file.holds("sku,price\n1,2\n").taken_in()


def test_a_large_file_is_taken_in_whole(file: File, store: StockRequests) -> None:
    lines = [ROW.replace("ann@", f"a{number % 4000}@") for number in range(5000)]
    assert file.holds(HEADING, *lines).taken_in() == 4000
    assert rows(store.engine) == 5000
    assert file.taken_in() == 0


@pytest.mark.parametrize("text", [" ab-1 ", "AB-1", "ab-1"])
def test_item_numbers_are_folded(text: str) -> None:
    assert item_key(text) == "AB-1"


def test_the_sandboxs_file_has_the_dirt_of_real_ones(file: File, store: StockRequests) -> None:
    assert fill_stock_requests_file(file.path, date(2026, 5, 8), ["100023", "100024"]) == 8
    assert fill_stock_requests_file(file.path, date(2026, 5, 8), ["100023", "100024"]) == 0
    assert file.taken_in() == 5
    assert [wish.item_key for wish in store.open()] == [
        "100023",
        "100024",
        "100023",
        "100024",
        "NO-SUCH-ITEM",
    ]
    assert [reject.partition(": ")[0] for reject in file.rejects()] == [f"{FILE}, line {n}" for n in (6, 9)]
