"""Sold-out items become inactive: which do, and which are left alone."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from include.catalog.status import (
    OpenDocuments,
    as_documents,
    inactive_with_stock,
    open_lines,
    plan_inactive,
    sold_out,
    write_report,
)
from include.catalog.upkeep_settings import InactiveSettings, UpkeepSettings
from include.changes import Change
from include.counterpoint.items import Item
from include.counterpoint.tables import IM_INV, IM_ITEM, PS_DOC_LIN
from include.settings import StoreSettings, load_settings
from tests.item_file import SeededStore, an_item

SHIPPED = load_settings(UpkeepSettings, "product_upkeep")
STORE = StoreSettings(name="Garden", stock_locations=("1",))
SOLD_OUT = an_item(available=0)


def settings(*, below: int = 1, reactivate: bool = False, **leave: Any) -> InactiveSettings:
    values = {"leave": SHIPPED.inactive.leave.model_dump() | leave, "below": below, "reactivate": reactivate}
    return InactiveSettings.model_validate(values)


def inactive(found: list[Item], documents: OpenDocuments | None = None, **over: Any) -> list[str]:
    plan = sold_out(found, documents or OpenDocuments(), settings(**over))
    assert all((change.field, change.new) == ("STAT", "V") for change in plan.changes)
    return [str(change.key) for change in plan.changes]


@pytest.mark.parametrize(
    ("over", "becomes_inactive"),
    [
        ({"available": 0}, True),
        ({"available": -3}, True),
        ({"available": "0.5"}, True),
        ({"available": 1}, False),
        ({"available": None}, False),
        ({"available": 0, "status": "a "}, True),
        ({"available": 0, "status": "V"}, False),
        ({"available": 0, "status": None}, False),
        ({"available": 0, "category": "services "}, False),
        ({"available": 0, "category": None}, True),
        ({"available": 0, "category": "  "}, True),
        ({"available": 0, "vendor": "bonnie "}, False),
        ({"available": 0, "vendor": None}, True),
        ({"available": 0, "description": "BONNIE Tomato 6 Pack"}, False),
        ({"available": 0, "description": "Tomato (Bonnie's)"}, False),
        ({"available": 0, "description": "Bonnieville Rose"}, True),
        ({"available": 0, "description": None}, True),
        ({"available": 0, "tracked": False}, False),
    ],
)
def test_what_is_sold_out_becomes_inactive_with_the_stores_exceptions(
    over: dict[str, Any], becomes_inactive: bool
) -> None:
    assert inactive([an_item(**over)]) == ["1"] * becomes_inactive


@pytest.mark.parametrize(
    ("over", "leave"),
    [
        ({"category": "SERVICES"}, {"categories": []}),
        ({"vendor": "BONNIE"}, {"vendors": []}),
        ({"description": "Bonnie Tomato"}, {"words": []}),
        ({"tracked": False}, {"untracked": False}),
    ],
)
def test_each_exception_can_be_switched_off(over: dict[str, Any], leave: dict[str, Any]) -> None:
    item = an_item(available=0, **over)
    assert inactive([item]) == []
    assert inactive([item], **leave) == ["1"]


def test_a_store_may_keep_what_has_no_category_and_move_the_limit() -> None:
    assert inactive([an_item(available=0, category=None)], no_category=True) == []
    assert inactive([an_item(available=2)], below=3) == ["1"]
    assert inactive([an_item(available=0)], below=0) == []


@pytest.mark.parametrize(
    ("kind", "flag", "words"), [("orders", "on_orders", "open order"), ("holds", "on_holds", "hold or quote")]
)
def test_what_is_on_an_open_document_stays_active_or_says_so(kind: str, flag: str, words: str) -> None:
    documents = OpenDocuments(**{kind: frozenset({"1"})})
    assert inactive([SOLD_OUT], documents) == []
    plan = sold_out([SOLD_OUT], documents, settings(**{flag: False}))
    assert [words in change.reason for change in plan.changes] == [True]


@pytest.mark.parametrize(
    ("sibling", "stays"),
    [
        ({"available": 4}, True),
        ({"available": 4, "binding": "b0007 "}, True),
        ({"available": 4, "status": "V"}, True),
        ({"available": 0}, False),
        ({"available": None}, False),
        ({"available": 0, "tracked": False}, True),
        ({"available": 4, "binding": "B0008"}, False),
        ({"available": 4, "binding": None}, False),
    ],
)
def test_a_bound_product_stays_while_one_of_its_sizes_has_stock(sibling: dict[str, Any], stays: bool) -> None:
    parent = an_item("1", available=0, binding="B0007", is_parent=True)
    found = [parent, an_item("2", **({"binding": "B0007"} | sibling))]
    assert ("1" not in inactive(found)) is stays
    assert "1" in inactive(found, siblings_in_stock=False)


def test_single_items_are_nobodys_siblings() -> None:
    found = [an_item("1", available=0), an_item("2", available=9), an_item("3", available=0, binding=" ")]
    assert inactive(found) == ["1", "3"]


def test_the_plan_keeps_the_stored_value_and_says_why() -> None:
    plan = sold_out([an_item("0012", available="-2.5000", status="a")], OpenDocuments(), settings())
    assert plan.changes == (Change("IM_ITEM", "0012", "STAT", "a", "V", "-2.5 available, below 1"),)


def test_a_plan_says_how_many_items_it_was_drawn_from() -> None:
    found = [an_item("1"), an_item("2", available=None), an_item("3", status="V")]
    plan = sold_out(found, OpenDocuments(), settings())
    assert (plan.considered, plan.basis) == (2, 1)
    assert sold_out([], OpenDocuments(), settings()).considered == 0


def test_inactive_items_with_stock_are_reported_and_only_reactivated_when_asked() -> None:
    back = an_item("1", status="v", available=4)
    left = [
        an_item("2", status="V", category="SERVICES"),
        an_item("3", status="V", vendor="BONNIE"),
        an_item("4", status="V", tracked=False),
    ]
    others = [an_item("5", status="V", available=0), an_item("6"), an_item("7", status="V", available=None)]
    found = [back, *left, *others]
    assert inactive_with_stock(found, settings()) == [back]
    assert inactive(found) == []
    plan = sold_out(found, OpenDocuments(), settings(reactivate=True))
    assert plan.changes == (Change("IM_ITEM", "1", "STAT", "v", "A", "4 available again"),)
    assert plan.considered == len(found)


def test_staff_get_a_list_of_what_has_stock_again(tmp_path: Path) -> None:
    own, report = SeededStore(tmp_path), tmp_path / "inactive_with_stock.csv"
    plan, again = plan_inactive(own.read, SHIPPED, STORE)
    write_report(again, report)
    heading, *lines = list(csv.reader(report.read_text(encoding="utf-8").splitlines()))
    assert heading == ["item_no", "product_name", "category", "qty_avail"]
    status = own.column("IM_ITEM", "STAT")
    assert lines
    assert {status[line[0]] for line in lines} == {"V"}
    assert all(Decimal(line[3]) >= 1 for line in lines)
    assert {line[0] for line in lines}.isdisjoint(str(change.key) for change in plan.changes)

    write_report([an_item(description="=cmd|'/c'!A0", category=None, available="2.5000")], report)
    assert report.read_bytes().split(b"\r\n")[1:] == [b"1,'=cmd|'/c'!A0,,2.5", b""]


def test_document_lines_count_by_their_kind_whatever_its_case() -> None:
    pairs = [("a1 ", "o"), ("2", "S"), ("2", "O "), ("3", "R"), ("4", None)]
    rows = [SimpleNamespace(ITEM_NO=number, LIN_TYP=kind) for number, kind in pairs]
    assert as_documents(rows) == OpenDocuments(frozenset({"A1", "2"}), frozenset({"2"}))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> SeededStore:
    return SeededStore(tmp_path_factory.mktemp("store"))


def test_the_dirt_of_a_real_store_settles_in_one_run(store: SeededStore) -> None:
    plan, _ = plan_inactive(store.read, SHIPPED, STORE)
    assert plan.changes
    SHIPPED.budgets["inactive_products"].budget().check(plan)
    store.make(plan.changes)
    assert plan_inactive(store.read, SHIPPED, STORE)[0].changes == ()
    chosen = {change.key for change in plan.changes}
    assert chosen.isdisjoint(row.ITEM_NO for row in store.read(open_lines()))
    rows = store.read(
        select(IM_ITEM.c.CATEG_COD, IM_ITEM.c.ITEM_VEND_NO).where(IM_ITEM.c.ITEM_NO.in_(chosen))
    )
    assert {"SERVICES", "BONNIE"}.isdisjoint({str(cell).upper() for row in rows for cell in row})


def test_reactivating_and_deactivating_do_not_undo_each_other(tmp_path: Path) -> None:
    own = SeededStore(tmp_path)
    both = SHIPPED.model_copy(update={"inactive": SHIPPED.inactive.model_copy(update={"reactivate": True})})
    plan, _ = plan_inactive(own.read, both, STORE)
    assert {change.new for change in plan.changes} == {"A", "V"}
    own.make(plan.changes)
    assert plan_inactive(own.read, both, STORE)[0].changes == ()


def test_stock_is_added_up_over_the_stores_locations_only(tmp_path: Path) -> None:
    own = SeededStore(tmp_path)
    item = str(next(iter(own.column("IM_ITEM", "STAT"))))
    quantities = {"1": -2, "2": 3, "WEB": 50}
    with own.engine.begin() as connection:
        connection.execute(
            update(IM_ITEM)
            .where(IM_ITEM.c.ITEM_NO.in_([item]))
            .values(STAT="A", TRK_INV="Y", CATEG_COD="POTTERY", LONG_DESCR="Pot", USR_PROF_ALPHA_16=None)
            .values(ITEM_VEND_NO="HILLTOP")
        )
        connection.execute(IM_INV.delete().where(IM_INV.c.ITEM_NO.in_([item])))
        connection.execute(PS_DOC_LIN.delete().where(PS_DOC_LIN.c.ITEM_NO.in_([item])))
        rows = [{"ITEM_NO": item, "LOC_ID": place, "QTY_AVAIL": n} for place, n in quantities.items()]
        connection.execute(insert(IM_INV), rows)

    def keys(*locations: str) -> set[Any]:
        plan, _ = plan_inactive(own.read, SHIPPED, STORE.model_copy(update={"stock_locations": locations}))
        return {change.key for change in plan.changes}

    assert item in keys("1")
    assert item not in keys("1", "2")
    assert keys("9") == set()
