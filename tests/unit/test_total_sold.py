"""How often a product was sold, from sales by item to what the web shop is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from include.counterpoint.items import Item
from include.counterpoint.tables import IM_ITEM, PS_TKT_HIST, PS_TKT_HIST_LIN
from include.web_shop import total_sold
from include.web_shop.shop import Shop, WebVariant
from tests.item_file import an_item
from tests.web_shops import DAY, SHIPPED, WebStore, a_product, a_shop, sold, wanted_of_shop

RULE = SHIPPED.total_sold
BOUND = [
    an_item("100", binding="B0001", is_parent=True),
    an_item("101", binding="b0001 "),
    an_item("102", binding="B0001", on_web=False, status="V"),
]


def planned(found: list[Item], sales: Mapping[str, Any], shop: Shop) -> dict[int, Any]:
    return wanted_of_shop(total_sold.propose(found, sold(sales), shop, RULE))


def test_a_single_item_is_told_its_own_sales() -> None:
    found = [an_item("45"), an_item("0045")]
    assert planned(found, {"45": 12, "0045": 3}, a_shop({"45": 1, "0045": 2})) == {1: 12, 2: 3}


def test_a_bound_product_counts_parent_and_every_size_however_the_id_is_typed() -> None:
    sales = {"100": 5, "101": 7, "102": 1, "45": 99}
    assert planned(BOUND, sales, a_shop({"B0001": 9})) == {9: 13}


def test_an_item_gone_from_the_item_file_counts_for_the_product_that_carries_it() -> None:
    carried = a_product(9, "", variants=(WebVariant(1, "101"), WebVariant(2, " gone-1 ")))
    shop = a_shop({"B0001": 9, "45": 1}, carried)
    found = [*BOUND, an_item("45")]
    assert planned(found, {"100": 5, "GONE-1": 20, "GONE-2": 50, "45": 1}, shop) == {9: 25, 1: 1}


def test_an_item_with_a_mistyped_binding_id_counts_for_the_product_that_carries_it() -> None:
    carried = a_product(9, "", variants=(WebVariant(1, "100"), WebVariant(2, "103")))
    found = [*BOUND, an_item("103", binding="B001")]
    assert planned(found, {"100": 5, "103": 2}, a_shop({"B0001": 9}, carried)) == {9: 7}


def test_the_item_file_decides_where_the_shop_still_carries_an_item_elsewhere() -> None:
    old = a_product(1, "45", variants=(WebVariant(1, "45"), WebVariant(2, "101")))
    assert planned([*BOUND, an_item("45")], {"101": 4, "45": 1}, a_shop({"45": 1, "B0001": 9}, old)) == {
        1: 1,
        9: 4,
    }


@pytest.mark.parametrize(
    ("quantity", "units"),
    [
        ("2.5", 3),
        ("2.4999", 2),
        ("0.4", 0),
        ("0.5", 1),
        ("-3", 0),
        ("-0.5", 0),
        ("0", 0),
        ("1000000", 1_000_000),
    ],
)
def test_units_are_whole_and_never_below_zero(quantity: str, units: int) -> None:
    shop = a_shop({"45": 1}, a_product(1, "45", total_sold=7))
    assert planned([an_item("45")], {"45": quantity}, shop) == {1: units}


def test_what_never_sold_is_set_to_zero() -> None:
    shop = a_shop({"45": 1, "46": 2}, a_product(1, "45", total_sold=7))
    assert planned([an_item("45"), an_item("46")], {}, shop) == {1: 0}


def test_a_product_that_the_mapping_does_not_know_is_left_alone() -> None:
    shop = a_shop({"45": 1}, a_product(77, "GIFT", total_sold=5))
    plan = total_sold.propose([an_item("45")], sold({"45": 1, "GIFT": 3}), shop, RULE)
    assert wanted_of_shop(plan) == {1: 1}
    assert (plan.considered, plan.basis) == (1, 2)


def test_nothing_is_planned_where_the_shop_was_not_read(tmp_path: Path) -> None:
    plan = WebStore(tmp_path).plan(total_sold, shop=False)
    assert (plan.changes, plan.considered) == ((), 0)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> WebStore:
    return WebStore(tmp_path_factory.mktemp("store"))


def _lines(store: WebStore, numbers: list[str], *where: Any) -> int:
    """Net units, counted by hand: the seeded store writes returns as negative."""
    line = PS_TKT_HIST_LIN.c
    query = (
        select(func.sum(line.QTY_SOLD))
        .join(PS_TKT_HIST, PS_TKT_HIST.c.DOC_ID == line.DOC_ID)
        .where(line.ITEM_NO.in_(numbers), line.LIN_TYP.in_(["S", "R"]), *where)
    )
    return max(0, int(float(store.read(query)[0][0] or 0) + 0.5))


def test_every_product_of_the_seeded_store_is_right_and_the_next_run_changes_nothing(store: WebStore) -> None:
    store.apply(store.plan(total_sold))
    bindings = store.column("IM_ITEM", "USR_PROF_ALPHA_16")
    of_product: dict[str, list[str]] = {}
    for number, binding in bindings.items():
        of_product.setdefault((binding or number).strip().upper(), []).append(number)
    for key, product in store.shop.ids.items():
        assert store.shop.products[product].total_sold == _lines(store, of_product[key]), key
    assert any(len(numbers) > 1 for numbers in of_product.values())
    assert store.plan(total_sold).changes == ()


def test_stores_and_a_first_day_can_be_chosen(store: WebStore) -> None:
    since = date(2026, 1, 1)
    plan = store.plan(total_sold, since=since, stores=("WEB",))
    (number, product) = next(
        (row.ITEM_NO, store.shop.ids[row.ITEM_NO])
        for row in store.read(select(IM_ITEM).where(IM_ITEM.c.USR_PROF_ALPHA_16.is_(None)))
        if row.ITEM_NO in store.shop.ids and _lines(store, [row.ITEM_NO]) > 50
    )
    posted, shop = PS_TKT_HIST.c.POST_DAT, PS_TKT_HIST.c.STR_ID
    expected = _lines(store, [number], posted >= since, posted <= DAY, shop == "WEB")
    assert 0 < expected < _lines(store, [number])
    assert wanted_of_shop(plan)[product] == expected
    change = next(change for change in plan.changes if change.key == str(product))
    assert change.reason == "units sold less returns, stores WEB, since 2026-01-01"
