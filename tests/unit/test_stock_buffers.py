"""Stock buffers: which rule decides for an item, and that only differences are written."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include.catalog.buffers import buffered, plan_buffers
from include.catalog.upkeep_settings import BufferSettings, UpkeepSettings
from include.changes import Change
from include.counterpoint.items import Item
from include.settings import StoreSettings, load_settings
from tests.item_file import SeededStore, an_item

SHIPPED = load_settings(UpkeepSettings, "product_upkeep")
STORE = StoreSettings(name="Garden", stock_locations=("1",))
POTTERY = [{"above": 100, "buffer": 0}, {"buffer": 3}, {"above": 50, "buffer": 1}]
SETTINGS: dict[str, Any] = {
    "base": 5,
    "brands": {"PETALIA": 8},
    "vendors": {"evergreen": 0, "1001": 2},
    "categories": {"pottery": POTTERY},
}


def settings(**over: Any) -> BufferSettings:
    return BufferSettings.model_validate(SETTINGS | over)


def buffer_of(item: Item, **over: Any) -> Decimal | None:
    """The buffer that the item has after the plan."""
    changes = buffered([item], settings(**over)).changes
    return Decimal(str(changes[0].new)) if changes else item.buffer


@pytest.mark.parametrize(
    ("price", "buffer"),
    [
        (20, 3),
        (50, 3),
        ("50.01", 1),
        (100, 1),
        ("100.0001", 0),
        (299, 0),
        (0, 3),
        (-5, 3),
        (None, 3),
    ],
)
def test_a_category_goes_by_price_strictly_above_each_limit(price: Any, buffer: int) -> None:
    assert buffer_of(an_item(price=price)) == buffer


def test_the_shipped_example_holds_back_three_cheap_pots_and_no_dear_one() -> None:
    found = [an_item("1", price=20), an_item("2", price="100.01")]
    plan = buffered(found, SHIPPED.buffers)
    assert [(change.key, change.new) for change in plan.changes] == [("1", 3), ("2", 0)]


@pytest.mark.parametrize(
    ("over", "buffer"),
    [
        ({"brand": "petalia ", "vendor": "EVERGREEN"}, 8),
        ({"vendor": "Evergreen "}, 0),
        ({"vendor": "1001", "category": None}, 2),
        ({"category": "Pottery "}, 3),
        ({"category": "TREES"}, 5),
        ({"category": "TREES", "buffer": 1}, 1),
        ({"category": "TREES", "buffer": 0}, 0),
        ({"category": "TREES", "buffer": None}, 5),
        ({"category": None, "buffer": None}, 5),
        ({"category": None, "buffer": 2}, 2),
        ({"brand": None, "vendor": None, "category": "POTTERY", "buffer": None}, 3),
        ({"brand": "PETALIA", "buffer": -3}, 8),
    ],
)
def test_brand_then_vendor_then_category_then_base_for_what_has_none(
    over: dict[str, Any], buffer: int
) -> None:
    assert buffer_of(an_item(**over)) == buffer


def test_only_differences_are_planned_with_the_stored_value_and_the_rule() -> None:
    found = [
        an_item("1", buffer="3.0000", price=20),
        an_item("2", buffer="5.0000", price="79.9500"),
        an_item("3", buffer=None, price=None),
        an_item("4", buffer=None, category="TREES"),
        an_item("5", vendor="EVERGREEN"),
        an_item("6", brand="PETALIA"),
    ]
    plan = buffered(found, settings())
    assert plan.considered == 6
    assert plan.changes == (
        Change("IM_ITEM", "2", "PROF_NO_1", Decimal(5), Decimal(1), "POTTERY above 50: price 79.95"),
        Change("IM_ITEM", "3", "PROF_NO_1", None, Decimal(3), "POTTERY: no price"),
        Change("IM_ITEM", "4", "PROF_NO_1", None, Decimal(5), "it had no buffer"),
        Change("IM_ITEM", "5", "PROF_NO_1", Decimal(5), Decimal(0), "its vendor is EVERGREEN"),
        Change("IM_ITEM", "6", "PROF_NO_1", Decimal(5), Decimal(8), "its brand is PETALIA"),
    )


def test_a_store_may_leave_out_what_is_not_on_the_web() -> None:
    found = [an_item("1", on_web=False), an_item("2")]
    plan = buffered(found, settings(web_items_only=True))
    assert ([change.key for change in plan.changes], plan.considered) == (["2"], 1)


def test_the_dirt_of_a_real_store_settles_in_one_run(tmp_path: Path) -> None:
    store = SeededStore(tmp_path)
    plan = plan_buffers(store.read, SHIPPED, STORE)
    assert plan.changes
    SHIPPED.budgets["stock_buffers"].budget().check(plan)
    store.make(plan.changes)
    assert plan_buffers(store.read, SHIPPED, STORE).changes == ()
    assert None not in store.column("IM_ITEM", "PROF_NO_1").values()
