"""Which items keep their place in the shop when they run out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from include.changes import Plan
from include.counterpoint.items import Item
from include.counterpoint.sales import as_sales, sales_by_item
from include.periods import since_start_of_last_year
from include.web_shop import always_online
from tests.item_file import an_item
from tests.web_shops import DAY, SHIPPED, WebStore, sold, wanted

PERIOD = since_start_of_last_year(DAY)


def planned(found: list[Item], sales: Mapping[str, Any], **over: Any) -> Plan:
    rule = SHIPPED.always_online.model_copy(update=over)
    return always_online.propose(found, sold(sales), rule, PERIOD)


A, B, C = an_item("A"), an_item("B"), an_item("C")


@pytest.mark.parametrize(
    ("found", "sales", "over", "expected"),
    [
        pytest.param([A, B, C], {"A": 1, "B": 3, "C": 2}, {"top": 2}, {"B", "C"}, id="the best two"),
        pytest.param([A, B], {"A": (9, 1), "B": (1, 9)}, {"top": 1}, {"B"}, id="by amount"),
        pytest.param([A, B], {"B": 5, "A": 5}, {"top": 1}, {"A"}, id="equals by number"),
        pytest.param([A, B, C], {"A": 1, "B": 0, "C": -9}, {}, {"A"}, id="only what sold"),
        pytest.param(
            [an_item("X", on_web=False), A],
            {"X": 9, "GONE": 8, "A": 1},
            {"top": 1, "count": "web_items"},
            {"A"},
            id="web items count",
        ),
        pytest.param(
            [an_item("X", on_web=False), A],
            {"X": 9, "GONE": 8, "A": 1},
            {"top": 2},
            {"X"},
            id="all items count, also those that are gone",
        ),
        pytest.param([A], {}, {}, set(), id="no sales"),
        pytest.param([], {"A": 1}, {}, set(), id="no items"),
    ],
)
def test_best_sellers(
    found: list[Item], sales: dict[str, Any], over: dict[str, Any], expected: set[str]
) -> None:
    assert wanted(planned(found, sales, **over)) == dict.fromkeys(expected, "Y")


def test_only_what_is_not_marked_yet_is_written_with_its_old_value() -> None:
    marks = {"A": "Y", "B": "N", "C": None, "D": "!", "E": "y"}
    found = [an_item(number, always_online=mark) for number, mark in marks.items()]
    plan = planned(found, dict.fromkeys(marks, 5))
    assert {change.key: change.old for change in plan.changes} == {"B": "N", "C": None, "D": "!"}


def test_a_size_among_the_best_brings_all_its_parents() -> None:
    found = [
        an_item("P", binding="B0001", is_parent=True, on_web=False),
        an_item("Q", binding="b0001", is_parent=True),
        an_item("C1", binding="B0001 "),
        an_item("C2", binding="B0001"),
        an_item("C3", binding="B0002"),
    ]
    plan = planned(found, {"C1": 9, "C2": 1, "C3": 8}, top=2)
    assert wanted(plan) == {"P": "Y", "Q": "Y", "C1": "Y", "C3": "Y"}
    reasons = {change.key: change.reason for change in plan.changes}
    assert reasons["C1"] == "rank 1 of 3, $9.00 in 2025-01-01 to 2026-11-20"
    assert reasons["P"] == f"parent of C1: {reasons['C1']}"


def test_a_parent_that_sells_well_itself_has_its_own_reason() -> None:
    found = [an_item("P", binding="B0001", is_parent=True), an_item("C1", binding="B0001")]
    reasons = [change.reason for change in planned(found, {"C1": 9, "P": 5}).changes]
    assert [reason.partition(",")[0] for reason in reasons] == ["rank 2 of 2", "rank 1 of 2"]


def test_the_mark_of_others_stays_unless_the_store_says_otherwise() -> None:
    found = [A, an_item("B", always_online="Y"), an_item("C", always_online="y", on_web=False)]
    assert wanted(planned(found, {"A": 5})) == {"A": "Y"}
    assert wanted(planned(found, {"A": 5}, clear_others=True)) == {"A": "Y", "B": "N", "C": "N"}


@pytest.fixture
def store(tmp_path: Path) -> WebStore:
    return WebStore(tmp_path)


def test_on_the_seeded_store_the_best_are_marked_and_the_second_run_changes_nothing(store: WebStore) -> None:
    before = store.column("IM_ITEM", "USR_ALWAYS_ONLINE")
    plan = store.plan(always_online, top=20, count="web_items")
    store.apply(plan)
    marks = store.column("IM_ITEM", "USR_ALWAYS_ONLINE")
    on_web = store.column("IM_ITEM", "IS_ECOMM_ITEM")
    sales = as_sales(store.read(sales_by_item(since_start_of_last_year(DAY))))
    best = sorted((n for n in on_web if on_web[n] == "Y" and n in sales), key=lambda n: -sales[n].amount)
    assert [marks[number] for number in best[:20]] == ["Y"] * 20
    assert 0 < len(plan.changes) <= 40
    assert all(marks[number] == "Y" for number, mark in before.items() if mark == "Y")
    assert store.plan(always_online, top=20, count="web_items").changes == ()


def test_the_shop_is_not_needed(store: WebStore) -> None:
    assert store.plan(always_online, shop=False) == store.plan(always_online)
