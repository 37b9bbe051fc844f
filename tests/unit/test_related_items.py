"""What is shown beside a product: the staff's picks, the best sellers, and what must never appear."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from include.counterpoint.items import Item, folded
from include.counterpoint.sales import as_sales, sales_by_item
from include.periods import last_days
from include.web_shop import related_items
from include.web_shop.shop import Shop
from tests.item_file import an_item
from tests.web_shops import DAY, PERIOD, SHIPPED, WebStore, a_product, a_shop, sold, wanted_of_shop

RULE = SHIPPED.related_items.model_copy(update={"staff_lists": {}})
POTS = [an_item(str(number)) for number in range(1, 6)]
POT_SHOP = a_shop({str(number): number for number in range(1, 6)})
POT_SALES = {"1": 10, "2": 20, "3": 30, "4": 40}


def planned(found: list[Item], sales: Mapping[str, Any], shop: Shop, **over: Any) -> dict[int, Any]:
    rule = RULE.model_copy(update=over)
    return wanted_of_shop(related_items.propose(found, sold(sales), shop, rule, PERIOD))


def test_the_best_sellers_of_the_category_come_in_order_and_the_next_moves_up_for_the_product_itself() -> (
    None
):
    assert planned(POTS, POT_SALES, POT_SHOP, popular=2) == {
        1: (4, 3),
        2: (4, 3),
        3: (4, 2),
        4: (3, 2),
        5: (4, 3),
    }


def test_the_staffs_picks_come_first_in_their_order_and_nothing_comes_twice() -> None:
    lists = {"POTTERY": ("5", "4", "5", "1")}
    found = planned(POTS, POT_SALES, POT_SHOP, popular=2, staff_lists=lists)
    assert found == {1: (5, 4, 3), 2: (5, 4, 1, 3), 3: (5, 4, 1, 2), 4: (5, 1, 3, 2), 5: (4, 1, 3)}


def test_the_longest_list_cuts_the_best_sellers_first() -> None:
    lists = {"POTTERY": ("5", "1")}
    assert planned(POTS, POT_SALES, POT_SHOP, staff_lists=lists, at_most=3)[2] == (5, 1, 4)


def test_equal_sales_are_ordered_by_item_number_and_returns_are_no_sales() -> None:
    sales = {"3": 5, "2": 5, "1": 0, "4": -2}
    assert planned(POTS, sales, POT_SHOP)[5] == (2, 3)


def test_a_bound_product_among_equals_stands_where_its_lowest_number_does() -> None:
    found = [an_item("05", binding="B0001"), an_item("6", binding="B0001"), *POTS[:3]]
    shop = a_shop({"B0001": 9, "1": 1, "2": 2, "3": 3})
    assert planned(found, {"6": 5, "1": 5, "2": 5}, shop)[3] == (9, 1, 2)


def test_best_is_by_quantity_not_by_amount() -> None:
    assert planned(POTS, {"1": (9, 1), "2": (1, 900)}, POT_SHOP)[5] == (1, 2)


@pytest.mark.parametrize(
    "over", [{"is_visible": False}, {"availability": "disabled"}], ids=["hidden", "disabled"]
)
def test_what_the_shop_does_not_show_is_never_suggested(over: dict[str, Any]) -> None:
    shop = a_shop(POT_SHOP.ids, a_product(4, **over), a_product(5, **over))
    found = planned(POTS, POT_SALES, shop, popular=2, staff_lists={"POTTERY": ("5", "1")})
    assert found[2] == (1, 3)
    assert found[4] == (1, 3, 2), "but it gets suggestions of its own, for the day it comes back"


def test_a_product_on_preorder_may_be_suggested() -> None:
    shop = a_shop(POT_SHOP.ids, a_product(4, availability="preorder"))
    assert planned(POTS, POT_SALES, shop, popular=1)[1] == (4,)


def test_an_item_without_a_product_is_passed_over() -> None:
    shop = a_shop({"1": 1, "2": 2, "3": 3})
    assert planned(POTS, POT_SALES, shop, popular=2, staff_lists={"POTTERY": ("5",)}) == {
        1: (3, 2),
        2: (3, 1),
        3: (2, 1),
    }


def test_sizes_of_a_bound_product_are_one_suggestion_with_their_sales_together() -> None:
    found = [
        an_item("10", binding="B0001", is_parent=True),
        an_item("11", binding="b0001", category="TREES"),
        *POTS[:3],
    ]
    shop = a_shop({"B0001": 9, "1": 1, "2": 2, "3": 3})
    sales = {"10": 20, "11": 20, "3": 30, "2": 5}
    lists = {"POTTERY": ("11", "10")}
    assert planned(found, sales, shop) == {9: (3, 2), 1: (9, 3, 2), 2: (9, 3), 3: (9, 2)}
    assert planned(found, sales, shop, staff_lists=lists)[1] == (9, 3, 2)
    assert planned(found, sales, shop, staff_lists=lists)[9] == (3, 2)


@pytest.mark.parametrize(
    ("parent", "child", "category"),
    [("TREES", "POTTERY", "TREES"), (None, "pottery ", "POTTERY"), (" ", "TREES", "TREES")],
)
def test_a_bound_product_has_its_parents_category_else_that_of_its_first_item(
    parent: str | None, child: str, category: str
) -> None:
    bound = [
        an_item("10", binding="B0001", category=child),
        an_item("11", binding="B0001", category=parent, is_parent=True),
    ]
    others = [an_item("1", category="POTTERY"), an_item("2", category="trees")]
    shop = a_shop({"B0001": 9, "1": 1, "2": 2})
    found = planned([*bound, *others], {"1": 5, "2": 5}, shop)
    assert found[9] == ((1,) if category == "POTTERY" else (2,))


def test_an_unknown_number_is_reported_once_with_its_lists_and_the_rest_of_the_list_counts() -> None:
    lists = {"POTTERY": ("999", "5"), "TREES": (" 999",), "TOOLS": ()}
    rule = RULE.model_copy(update={"staff_lists": lists})
    plan = related_items.propose(POTS, {}, POT_SHOP, rule, PERIOD)
    assert [(reject.key, "POTTERY, TREES" in reject.reason) for reject in plan.rejects] == [("999", True)]
    assert wanted_of_shop(plan) == {1: (5,), 2: (5,), 3: (5,), 4: (5,)}


def test_a_staff_list_may_name_a_binding_id() -> None:
    found = [an_item("10", binding="B0001", is_parent=True), an_item("1")]
    shop = a_shop({"B0001": 9, "1": 1})
    assert planned(found, {}, shop, staff_lists={"POTTERY": ("b0001",)}) == {1: (9,)}


def test_a_list_stays_as_it_is_where_there_is_nothing_to_suggest() -> None:
    found = [an_item("1", category=None), an_item("2", category="TREES"), an_item("3", on_web=False)]
    assert planned(found, {"1": 5, "2": 5, "3": 5}, a_shop({"1": 1, "2": 2, "3": 3})) == {}


def test_another_order_of_the_same_products_is_no_difference() -> None:
    shop = a_shop(POT_SHOP.ids, a_product(5, related_products=(3, 4)), a_product(1, related_products=(3,)))
    found = planned(POTS, POT_SALES, shop, popular=2)
    assert 5 not in found
    assert found[1] == (4, 3)


def test_sold_out_products_are_suggested_unless_the_store_says_otherwise() -> None:
    found = [an_item("1"), an_item("2", available=5), an_item("3", available=0, tracked=False)]
    shop, sales = a_shop({"1": 1, "2": 2, "3": 3}), {"2": 9, "3": 3}
    assert planned(found, sales, shop)[1] == (2, 3)
    assert planned(found, sales, shop, skip_sold_out=True)[1] == (3,)


def test_thousands_in_one_category_get_their_lists() -> None:
    found = [an_item(f"{number:05d}") for number in range(20_000)]
    shop = a_shop({item.number: place for place, item in enumerate(found, 1)})
    plan = related_items.propose(
        found, sold({item.number: int(item.number) for item in found}), shop, RULE, PERIOD
    )
    assert len(plan.changes) == 20_000
    assert wanted_of_shop(plan)[1] == tuple(range(20_000, 19_992, -1))


@pytest.fixture
def store(tmp_path: Path) -> WebStore:
    return WebStore(tmp_path)


def test_on_the_seeded_store_the_second_run_changes_nothing(store: WebStore) -> None:
    plan = store.plan(related_items)
    assert len(plan.changes) > 50
    store.apply(plan)
    for product in store.shop.products.values():
        assert product.id not in product.related_products
        assert len(product.related_products) == len(set(product.related_products)) <= 20
    assert store.plan(related_items).changes == ()
    assert plan.changes[0].reason.endswith("best sellers of 2025-11-20 to 2026-01-04")
    assert [reject.key for reject in plan.rejects] == []


def test_the_last_two_weeks_can_be_the_measure_instead(store: WebStore) -> None:
    plan = store.plan(related_items, period="last_14_days", staff_lists={})
    lately = as_sales(store.read(sales_by_item(last_days(DAY, 14))))
    bindings = store.column("IM_ITEM", "USR_PROF_ALPHA_16")
    key_of = {folded(number): folded(binding) or folded(number) for number, binding in bindings.items()}
    sold_lately = {store.shop.ids.get(key_of.get(item, ""), 0) for item in lately}
    suggested = {number for products in wanted_of_shop(plan).values() for number in products}
    assert suggested
    assert suggested <= sold_lately
    assert "2026-11-06 to 2026-11-19" in plan.changes[0].reason
    assert plan.basis == len(lately)


def test_nothing_is_planned_where_the_shop_was_not_read(store: WebStore) -> None:
    assert store.plan(related_items, shop=False).changes == ()
