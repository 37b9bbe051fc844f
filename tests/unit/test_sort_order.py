"""In which order the shop lists its products: ranks, parents, new arrivals, what is sold out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, insert

from include.changes import Plan
from include.counterpoint.items import Item, as_items, items, products
from include.counterpoint.tables import PO_RECVR_HIST_LIN
from include.periods import Period, up_to
from include.web_shop import sort_order
from include.web_shop.shop import Shop
from tests.item_file import an_item
from tests.web_shops import (
    DAY,
    PERIOD,
    SHIPPED,
    STORE,
    WebStore,
    a_product,
    a_shop,
    sold,
    wanted,
    wanted_of_shop,
)

RULE = SHIPPED.sort_order
RECENT = date(2026, 11, 12)
PARENT = an_item("P", binding="B0001", is_parent=True)
CHILD = an_item("C", binding="b0001 ")
A, B, C = an_item("A"), an_item("B"), an_item("C")


def planned(
    found: list[Item],
    sales: Mapping[str, Any],
    received: Mapping[str, date] | None = None,
    shop: Shop | None = None,
    **new_arrivals: Any,
) -> Plan:
    rule = RULE.model_copy(update={"new_arrivals": RULE.new_arrivals.model_copy(update=new_arrivals)})
    return sort_order.propose(found, sold(sales), received or {}, shop, rule, PERIOD)


RANKS: list[tuple[str, list[Item], dict[str, Any], dict[str, str | None]]] = [
    ("the best of three gets -3", [A, B, C], {"A": 10, "B": 30, "C": 20}, {"A": "-1", "B": "-3", "C": "-2"}),
    ("by amount, not by units", [A, B], {"A": (9, 5), "B": (1, 6)}, {"A": "-1", "B": "-2"}),
    (
        "equals by item number",
        [an_item("9"), an_item("10"), an_item("100")],
        {"9": 5, "10": 5, "100": 5},
        {"10": "-3", "100": "-2", "9": "-1"},
    ),
    (
        "what is not on the web, or gone from the item file, takes no place",
        [A, B, an_item("X", on_web=False)],
        {"X": 99, "GONE": 98, "A": 2, "B": 1},
        {"A": "-2", "B": "-1"},
    ),
    (
        "no sales, or more returned than sold",
        [A, B, C],
        {"A": 5, "B": -5},
        {"A": "-1", "B": "-1", "C": "-1"},
    ),
    (
        "a product stands where its best item does, and the parent's row says so",
        [PARENT, an_item("C", binding="b0001 ", sort_order="5"), an_item("D", binding="B0001"), A],
        {"C": 90, "D": 10, "A": 50},
        {"P": "-3", "C": None, "A": "-2"},
    ),
    ("sizes do not add up", [PARENT, CHILD, A], {"P": 40, "C": 40, "A": 50}, {"A": "-3", "P": "-2"}),
    (
        "a parent that is not on the web holds the place all the same",
        [an_item("P", binding="B0001", is_parent=True, on_web=False), CHILD, A],
        {"P": 5, "C": 10, "A": 50},
        {"P": "-1", "A": "-2"},
    ),
    (
        "nothing of the product is on the web",
        [an_item("P", binding="B0001", is_parent=True, on_web=False, sort_order="7")],
        {"P": 90},
        {},
    ),
    (
        "both parents of a binding id",
        [PARENT, an_item("Q", binding="B0001", is_parent=True, sort_order="x")],
        {"Q": 9},
        {"P": "-1", "Q": "-1"},
    ),
    (
        "no parent: the items hold nothing",
        [an_item("C", binding="B0001", sort_order="-4"), an_item("D", binding="B0001")],
        {"C": 9},
        {"C": None},
    ),
]


@pytest.mark.parametrize(("found", "sales", "expected"), [pytest.param(*c[1:], id=c[0]) for c in RANKS])
def test_ranks(found: list[Item], sales: dict[str, Any], expected: dict[str, str | None]) -> None:
    assert wanted(planned(found, sales)) == expected


STOCK: list[tuple[str, list[Item], dict[str, str | None]]] = [
    ("within the buffer is sold out", [an_item("A", available=5, buffer=5, sort_order="-7")], {"A": "0"}),
    ("one above the buffer is not", [an_item("A", available=6, buffer=5)], {"A": "-1"}),
    ("half a unit is none", [an_item("A", available=5.5, buffer=5, sort_order="-7")], {"A": "0"}),
    ("no buffer", [an_item("A", available=1, buffer=None)], {"A": "-1"}),
    ("no stock record", [an_item("A", available=None, sort_order="-7")], {"A": "0"}),
    ("negative stock", [an_item("A", available=-4, buffer=None, sort_order="-7")], {"A": "0"}),
    (
        "the sizes' stock counts for the product",
        [an_item("P", binding="B0001", is_parent=True, available=0), CHILD],
        {"P": "-1"},
    ),
    (
        "every size is sold out",
        [
            an_item("P", binding="B0001", is_parent=True, available=-9, sort_order="-1"),
            an_item("C", binding="B0001", available=5),
        ],
        {"P": "0"},
    ),
    ("what is not counted never runs out", [an_item("A", available=0, tracked=False)], {"A": "-1"}),
]


@pytest.mark.parametrize(("found", "expected"), [pytest.param(*c[1:], id=c[0]) for c in STOCK])
def test_sold_out_products_go_to_the_end(found: list[Item], expected: dict[str, str | None]) -> None:
    assert wanted(planned(found, {item.number: 9 for item in found[:1]})) == expected


@pytest.mark.parametrize(
    ("stored", "changes"),
    [
        ("-1", False),
        (" -1 ", False),
        ("-01", False),
        (None, True),
        ("", True),
        ("-1.0", True),
        ("−1", True),
        ("-1_0", True),
        ("first", True),
        ("1", True),
    ],
)
def test_stored_orders_are_compared_as_numbers(stored: str | None, changes: bool) -> None:
    plan = planned([an_item("A", sort_order=stored)], {"A": 1})
    assert [(change.old, change.new) for change in plan.changes] == ([(stored, "-1")] if changes else [])


@pytest.mark.parametrize(
    ("stored", "new"), [(None, []), ("0", []), ("+0", []), ("", ["0"]), ("abc", ["0"]), ("-3", ["0"])]
)
def test_nothing_stored_is_the_end(stored: str | None, new: list[str]) -> None:
    plan = planned([an_item("A", available=0, sort_order=stored)], {})
    assert [change.new for change in plan.changes] == new


SOLD = {f"S{n:02d}": 1200 - 100 * n for n in range(12)}
TWELVE = [an_item(number, sort_order=str(n - 12)) for n, number in enumerate(SOLD)]
ARRIVALS: list[tuple[str, Item, dict[str, Any], str]] = [
    ("eight behind the best of twelve", an_item("NEW"), {}, "-4"),
    ("another distance", an_item("NEW"), {"behind_top": 4}, "-8"),
    ("at the price that counts", an_item("NEW", price=14.95), {}, "-4"),
    ("below it", an_item("NEW", price=14.94), {}, "-1"),
    ("without a price", an_item("NEW", price=None), {}, "-1"),
    ("further behind than there are places", an_item("NEW"), {"behind_top": 50}, "-1"),
    ("sold out again", an_item("NEW", available=0, sort_order="-4"), {}, "0"),
]


@pytest.mark.parametrize(("item", "over", "expected"), [pytest.param(*c[1:], id=c[0]) for c in ARRIVALS])
def test_a_new_arrival_goes_near_the_top(item: Item, over: dict[str, Any], expected: str) -> None:
    plan = planned([*TWELVE, item], SOLD, {"NEW": RECENT}, **over)
    assert wanted(plan) == {"NEW": expected}


def test_what_was_received_is_moved_up_but_never_down() -> None:
    received = {"S02": RECENT, "S04": RECENT, "S09": RECENT}
    assert wanted(planned(TWELVE, SOLD, received)) == {"S09": "-4"}
    assert planned(TWELVE, SOLD, received).changes[0].reason == "received on 2026-11-12"


def test_a_store_may_move_up_only_what_has_no_sales() -> None:
    found = [*TWELVE, an_item("NEW")]
    received = {"S09": RECENT, "NEW": RECENT}
    assert wanted(planned(found, SOLD, received, who="without_sales")) == {"NEW": "-4"}


def test_a_new_size_moves_its_product_up() -> None:
    found = [*TWELVE, PARENT, CHILD]
    plan = planned(found, SOLD, {"C": RECENT})
    assert wanted(plan) == {"P": "-4"}
    assert plan.changes[0].reason == "C: received on 2026-11-12"


def test_a_handful_of_items_has_no_place_behind_the_end() -> None:
    plan = planned([A, B, an_item("NEW")], {"A": 5, "B": 4}, {"NEW": RECENT})
    assert wanted(plan)["NEW"] == "-1"


def test_the_shop_gets_the_products_place_and_only_what_differs() -> None:
    shop = a_shop(
        {"B0001": 9, "A": 1, "OLD": 3}, a_product(1, "A", sort_order=-2), a_product(3, sort_order=7)
    )
    plan = planned([PARENT, CHILD, A], {"C": 90, "A": 50}, shop=shop)
    assert wanted_of_shop(plan) == {9: -2, 1: -1}
    assert plan.considered == 3 + 2
    assert plan.basis == 2


def test_without_the_shop_counterpoint_gets_its_orders() -> None:
    found, sales = [PARENT, CHILD, A], {"C": 90, "A": 50}
    assert wanted(planned(found, sales)) == wanted(planned(found, sales, shop=a_shop({"B0001": 9, "A": 1})))
    assert wanted_of_shop(planned(found, sales)) == {}


def test_a_binding_id_without_a_parent_is_reported_and_the_shop_gets_its_order() -> None:
    found = [CHILD, an_item("D", binding="B0001")]
    plan = planned(found, {"C": 5}, shop=a_shop({"B0001": 9}))
    assert wanted_of_shop(plan) == {9: -1}
    (reject,) = plan.rejects
    assert reject.key == "B0001"
    assert "no item of this binding id is marked as its parent (C, D)" in reject.reason


def test_several_parents_are_reported() -> None:
    plan = planned([PARENT, an_item("Q", binding="B0001", is_parent=True), CHILD], {"C": 5})
    (reject,) = plan.rejects
    assert (reject.key, reject.reason.endswith("marked as its parent: P, Q")) == ("B0001", True)


def test_reasons_say_rank_sales_and_window() -> None:
    plan = planned([A, B], {"A": "1234.5", "B": 1})
    assert plan.changes[0].reason == "rank 1 of 2, $1,234.50 in 2025-11-20 to 2026-01-04"


def test_receipts_of_the_last_two_weeks_count_today_too(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'receipts.db'}")
    PO_RECVR_HIST_LIN.create(engine)
    received = [
        ("FIRST", datetime(2026, 11, 6), 5),
        ("today ", datetime(2026, 11, 20, 23, 59), 5),
        ("TODAY", datetime(2026, 11, 10), 5),
        ("BEFORE", datetime(2026, 11, 5, 23, 59), 5),
        ("TOMORROW", datetime(2026, 11, 21), 5),
        ("BACK", datetime(2026, 11, 12), -5),
        ("UNKNOWN", datetime(2026, 11, 12), None),
    ]
    with engine.begin() as connection:
        for number, (item, day, quantity) in enumerate(received):
            key = {"RECVR_NO": str(number), "SEQ_NO": 1}
            line = {"ITEM_NO": item, "RECVR_DAT": day, "QTY_RECVD": quantity}
            connection.execute(insert(PO_RECVR_HIST_LIN), key | line)
        rows = connection.execute(sort_order.receipts(up_to(DAY, 14))).all()
        assert sort_order.as_receipts(rows) == {
            "FIRST": date(2026, 11, 6),
            "TODAY": DAY,
            "UNKNOWN": date(2026, 11, 12),
        }
        assert connection.execute(sort_order.receipts(Period(date(2020, 1, 1), date(2020, 1, 2)))).all() == []


@pytest.fixture
def store(tmp_path: Path) -> WebStore:
    return WebStore(tmp_path)


def test_on_the_seeded_store_the_second_run_changes_nothing(store: WebStore) -> None:
    first = store.plan(sort_order)
    assert {change.target for change in first.changes} == {"IM_ITEM", "bigcommerce.product"}
    store.apply(first)
    assert store.plan(sort_order).changes == ()
    found = products(as_items(store.read(items(STORE.stock_locations))))
    for key, members in found.items():
        heads = [item for item in members if item.is_parent or not item.binding]
        orders = {int(item.sort_order or 0) for item in heads}
        if any(item.on_web for item in members) and heads:
            assert len(orders) == 1
            assert all(item.sort_order is None for item in members if item not in heads)
            if key in store.shop.ids:
                assert orders == {store.shop.products[store.shop.ids[key]].sort_order}
    assert {reject.key for reject in first.rejects} == {
        key
        for key, members in found.items()
        if members[0].binding
        and any(item.on_web for item in members)
        and sum(item.is_parent for item in members) != 1
    }
    assert first.rejects


def test_the_best_seller_of_the_seeded_store_leads_and_new_arrivals_follow_it(store: WebStore) -> None:
    plan = store.plan(sort_order)
    store.apply(plan)
    best = -(plan.basis or 0)
    assert min(product.sort_order for product in store.shop.products.values()) == best < -20
    arrived = {change.new for change in plan.changes if "received on 2026-11" in change.reason}
    assert {int(str(order)) for order in arrived} == {best + 8}
    assert store.plan(sort_order, shop=False).changes == ()


def test_fifty_thousand_items_are_ranked() -> None:
    found = [an_item(f"{n:06d}", price=Decimal(n)) for n in range(50_000)]
    plan = planned(found, {f"{n:06d}": n for n in range(1, 50_000)}, {f"{n:06d}": RECENT for n in range(999)})
    orders = wanted(plan)
    assert (orders["049999"], orders["000999"], orders["000998"]) == ("-49999", "-999", "-49991")
    assert max(len(order) for order in orders.values()) <= 10
