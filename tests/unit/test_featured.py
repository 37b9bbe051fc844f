"""What the front page shows, and what it shows no more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from include.changes import Plan
from include.counterpoint.items import Item
from include.web_shop import featured
from include.web_shop.shop import Shop
from tests.item_file import an_item
from tests.web_shops import PERIOD, SHIPPED, WebStore, a_product, a_shop, sold, wanted, wanted_of_shop


def planned(found: list[Item], sales: Mapping[str, Any], shop: Shop | None = None, **over: Any) -> Plan:
    rule = SHIPPED.featured.model_copy(update=over)
    return featured.propose(found, sold(sales), shop, rule, PERIOD)


A, B, C = an_item("A"), an_item("B"), an_item("C")
GONE = an_item("G", available=5)
PARENT = an_item("P", binding="B0001", is_parent=True)
SIZES = [an_item("C1", binding="b0001 "), an_item("C2", binding="B0001")]


@pytest.mark.parametrize(
    ("found", "sales", "over", "expected"),
    [
        pytest.param([A, B, C], {"A": 1, "B": 3, "C": 2}, {"top": 2}, {"B", "C"}, id="the best two"),
        pytest.param([A, B], {"A": (9, 1), "B": (1, 9)}, {"top": 1}, {"B"}, id="by amount"),
        pytest.param([A, B], {"B": 5, "A": 5}, {"top": 1}, {"A"}, id="equals by number"),
        pytest.param([A, B], {"A": 0, "B": -5}, {}, set(), id="only what sold"),
        pytest.param(
            [GONE, A, B], {"G": 9, "A": 5, "B": 4}, {"top": 2}, {"A"}, id="sold out keeps its place"
        ),
        pytest.param(
            [GONE, A, B],
            {"G": 9, "A": 5, "B": 4},
            {"top": 2, "fill_up": True},
            {"A", "B"},
            id="or the next fills up",
        ),
        pytest.param([GONE, A], {"G": 9, "A": 5}, {"top": 9, "fill_up": True}, {"A"}, id="fewer than places"),
        pytest.param(
            [an_item("X", on_web=False), A], {"X": 9, "A": 1}, {"top": 1}, {"A"}, id="only on the web"
        ),
        pytest.param(
            [PARENT, *SIZES, A, B],
            {"C1": 5, "C2": 4, "A": 8, "B": 3},
            {"top": 2},
            {"P", "A"},
            id="sizes count together, take one place, and the parent has the flag",
        ),
        pytest.param(
            [an_item("P", binding="B0001", is_parent=True, available=0), *SIZES],
            {"C1": 5},
            {},
            {"P"},
            id="stock of any size",
        ),
        pytest.param(
            [PARENT, an_item("Q", binding="B0001", is_parent=True)],
            {"P": 5},
            {},
            {"P", "Q"},
            id="both parents",
        ),
        pytest.param([A], {"A": 5}, {"top": 0}, set(), id="no places at all"),
    ],
)
def test_what_is_featured(
    found: list[Item], sales: dict[str, Any], over: dict[str, Any], expected: set[str]
) -> None:
    assert wanted(planned(found, sales, **over)) == dict.fromkeys(expected, "Y")


def test_what_drops_out_is_cleared_in_both_places_and_what_stays_is_not_touched() -> None:
    found = [
        an_item("A", featured="y"),
        an_item("B", featured="Y"),
        an_item("G", featured="Y", available=0),
        C,
    ]
    shop = a_shop(
        {"A": 1, "B": 2, "G": 3, "C": 4},
        a_product(1, is_featured=True),
        a_product(2, is_featured=True),
        a_product(3, is_featured=True),
    )
    plan = planned(found, {"A": 9, "G": 8, "C": 7, "B": 1}, shop, top=3)
    assert wanted(plan) == {"B": "N", "G": "N", "C": "Y"}
    assert wanted_of_shop(plan) == {2: False, 3: False, 4: True}
    reasons = {change.key: change.reason for change in plan.changes}
    assert reasons["B"] == reasons["2"] == "not among the best 3 of 2025-11-20 to 2026-01-04"
    assert reasons["G"] == "sold out, though rank 2 of 4, $8.00 in 2025-11-20 to 2026-01-04"
    assert reasons["4"] == "rank 3 of 4, $7.00 in 2025-11-20 to 2026-01-04"


def test_the_flag_moves_from_a_size_to_its_parent() -> None:
    sizes = [an_item("C1", binding="B0001", featured="Y"), an_item("C2", binding="B0001", featured="N")]
    assert wanted(planned([PARENT, *sizes], {"C1": 5})) == {"P": "Y", "C1": "N"}


def test_other_values_than_y_are_no_flag() -> None:
    found = [an_item("A", featured=None), an_item("B", featured="!"), an_item("C", featured=" ")]
    assert {change.key: change.old for change in planned(found, {"A": 5}).changes} == {"A": None}


def test_what_staff_keep_is_not_cleared_and_takes_nobodys_place() -> None:
    found = [A, an_item("B", featured="Y"), an_item("C1", binding="B0001", featured="Y"), PARENT, C]
    shop = a_shop(
        {"A": 1, "B": 2, "B0001": 3}, a_product(2, is_featured=True), a_product(3, is_featured=True)
    )
    plan = planned(found, {"A": 9, "C": 1}, shop, top=1, keep=("b ", "C1", "NIX"))
    assert wanted(plan) == {"A": "Y"}
    assert wanted_of_shop(plan) == {1: True}
    assert [(reject.key, "featured.keep" in reject.reason) for reject in plan.rejects] == [("NIX", True)]


def test_a_product_that_counterpoint_does_not_know_is_left_to_its_owner() -> None:
    shop = a_shop({"A": 1}, a_product(77, "GIFT-CARD", is_featured=True))
    assert wanted_of_shop(planned([A], {"A": 5}, shop)) == {1: True}


def test_a_binding_id_without_a_parent_is_featured_in_the_shop_and_reported() -> None:
    plan = planned(SIZES, {"C1": 5}, a_shop({"B0001": 9}))
    assert (wanted(plan), wanted_of_shop(plan)) == ({}, {9: True})
    assert [(reject.key, "marked as its parent" in reject.reason) for reject in plan.rejects] == [
        ("B0001", True)
    ]


def test_without_the_shop_counterpoint_is_still_brought_up_to_date() -> None:
    plan = planned([A, an_item("B", featured="Y")], {"A": 5})
    assert wanted(plan) == {"A": "Y", "B": "N"}
    assert wanted_of_shop(plan) == {}


@pytest.fixture
def store(tmp_path: Path) -> WebStore:
    return WebStore(tmp_path)


def test_on_the_seeded_store_the_second_run_changes_nothing(store: WebStore) -> None:
    store.apply(store.plan(featured))
    flags = store.column("IM_ITEM", "ECOMM_NEW")
    shown = [product for product in store.shop.products.values() if product.is_featured]
    assert 5 < len(shown) <= 15
    assert 5 < sum(flag == "Y" for flag in flags.values()) <= 15
    assert store.plan(featured).changes == ()
    assert store.plan(featured, shop=False).changes == ()


def test_filling_up_features_as_many_as_there_are_places(store: WebStore) -> None:
    store.apply(store.plan(featured, fill_up=True, top=12))
    assert sum(flag == "Y" for flag in store.column("IM_ITEM", "ECOMM_NEW").values()) == 12
