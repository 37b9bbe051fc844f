"""Brands of items: who gives them, what is left to people, and what is remembered about the default."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Engine, delete, select, update

from include.catalog.brands import BY_DEFAULT, branded, forget_decided, plan_brands, remember_given
from include.catalog.upkeep_settings import BrandSettings, UpkeepSettings
from include.changes import Change, Plan, read_plan, write_plan
from include.counterpoint.items import Item
from include.counterpoint.tables import IM_ITEM, IM_ITEM_PROF_COD
from include.database.engines import engine_for
from include.settings import StoreSettings, load_settings
from include.storedb.given_brands import GivenBrands
from include.storedb.tables import GIVEN_BRAND
from tests.databases import KINDS, fresh_database
from tests.item_file import SeededStore, an_item

SHIPPED = load_settings(UpkeepSettings, "product_upkeep")
STORE = StoreSettings(name="Garden", stock_locations=("1",))
CODES = {"STORE": "STORE", "BONNIE": "Bonnie", "OAK": "OAK", "MAPLE": "MAPLE"}
SETTINGS: dict[str, Any] = {
    "company": "store",
    "vendors": {"bonnie": "BONNIE"},
    "patterns": [
        {"pattern": "(red )?oak", "brand": "OAK"},
        {"pattern": "oak|maple", "brand": "MAPLE"},
        {"pattern": '3"', "brand": "maple"},
    ],
}


def settings(**over: Any) -> BrandSettings:
    return BrandSettings.model_validate(SETTINGS | over)


def plan_of(*found: Item, given: dict[tuple[str, str], bool] | None = None, **over: Any) -> Plan:
    return branded(found, CODES, given or {}, settings(**over))


def brand_of(item: Item, **over: Any) -> Any:
    """What the plan gives the item; its own brand where there is no change."""
    changes = plan_of(item, **over).changes
    return changes[0].new if changes else item.brand


@pytest.mark.parametrize(
    ("over", "brand"),
    [
        ({"description": "Oak Barrel"}, "OAK"),
        ({"description": "RED OAK 2 Gal"}, "OAK"),
        ({"description": "Red \t Oak"}, "OAK"),
        ({"description": "Barrel, oak"}, "OAK"),
        ({"description": "Water-Soaked Sponge"}, "STORE"),
        ({"description": "Oakridge Pot"}, "STORE"),
        ({"description": "Maple and Oak"}, "OAK"),
        ({"description": "Sugar Maple"}, "MAPLE"),
        ({"description": 'Pot 3" x 4"'}, "MAPLE"),
        ({"description": 'Pot 13"'}, "STORE"),
        ({"description": None}, "STORE"),
        ({"description": "Oak", "vendor": "Bonnie "}, "Bonnie"),
        ({"description": "Fern", "vendor": None}, "STORE"),
        ({"description": "Oak", "brand": "   "}, "OAK"),
        ({"description": "Oak", "brand": "MAPLE"}, "MAPLE"),
        ({"description": "Oak", "brand": "Store"}, "Store"),
    ],
)
def test_the_vendor_comes_first_then_the_first_pattern_then_the_company(
    over: dict[str, Any], brand: str
) -> None:
    assert brand_of(an_item(**({"brand": None} | over))) == brand


def test_the_plan_keeps_the_stored_value_and_says_why() -> None:
    found = [an_item("1", brand="  ", description="Oak"), an_item("2", brand=None, vendor="BONNIE")]
    found.append(an_item("3", brand=None))
    plan = plan_of(*found)
    assert plan.changes == (
        Change("IM_ITEM", "1", "PROF_COD_1", "  ", "OAK", "its description names (red )?oak"),
        Change("IM_ITEM", "2", "PROF_COD_1", None, "Bonnie", "its vendor is BONNIE"),
        Change("IM_ITEM", "3", "PROF_COD_1", None, "STORE", BY_DEFAULT),
    )
    assert (plan.considered, plan.rejects) == (3, ())


@pytest.mark.parametrize(
    ("over", "item", "places"),
    [
        ({"vendors": {"V": "NONE"}}, {"vendor": "V", "description": "Oak"}, ["brands.vendors.V"]),
        (
            {"patterns": [{"pattern": "oak", "brand": "NONE"}, {"pattern": "oak", "brand": "OAK"}]},
            {"description": "Oak"},
            ["brands.patterns.0 (oak)"],
        ),
        ({"company": "none"}, {}, ["brands.company"]),
    ],
)
def test_a_brand_that_counterpoint_lacks_is_reported_and_stops_only_its_own_items(
    over: dict[str, Any], item: dict[str, Any], places: list[str]
) -> None:
    plan = plan_of(
        an_item("1", **{"brand": None} | item), an_item("2", brand=None, description="Maple"), **over
    )
    assert "1" not in {change.key for change in plan.changes}
    assert [reject.key for reject in plan.rejects] == places
    assert "no brand NONE" in plan.rejects[0].reason
    if "patterns" not in over:
        assert [(change.key, change.new) for change in plan.changes] == [("2", "MAPLE")]


@pytest.mark.parametrize(
    ("brand", "given", "review", "expected"),
    [
        ("STORE", {("A1", "STORE"): True}, False, "OAK"),
        ("store ", {("A1", "STORE"): True}, False, "OAK"),
        ("STORE", {}, False, "STORE"),
        ("STORE", {("B2", "STORE"): True}, False, "STORE"),
        ("MAPLE", {("A1", "STORE"): True}, False, "MAPLE"),
        ("STORE", {}, True, "OAK"),
        ("MAPLE", {}, True, "MAPLE"),
    ],
)
def test_our_own_default_is_looked_at_again_and_a_persons_choice_stays(
    brand: str, given: dict[tuple[str, str], bool], review: bool, expected: str
) -> None:
    item = an_item("a1", description="Oak", brand=brand)
    assert brand_of(item, given=given, review_company_items=review) == expected


def test_another_company_brand_reaches_the_items_of_the_default() -> None:
    assert brand_of(an_item(brand="STORE"), given={("1", "STORE"): True}, company="OAK") == "OAK"
    assert plan_of(an_item(brand="store "), given={("1", "STORE"): True}).changes == ()


@pytest.fixture(params=KINDS)
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GivenBrands]:
    with fresh_database(request.param, tmp_path) as url:
        engine: Engine = engine_for(url)
        GIVEN_BRAND.create(engine)
        yield GivenBrands(engine)


def test_the_memory_takes_and_gives_any_number_of_items_any_number_of_times(memory: GivenBrands) -> None:
    given = [(f"K{number}", "STORE") for number in range(2500)]
    for _ in range(2):
        memory.remember(given, by_default=True)
        assert memory.all() == dict.fromkeys(given, True)
    memory.remember([("K0", "HOUSE"), ("K0", "HOUSE"), ("K1", "STORE")], by_default=False)
    assert memory.all() == {**dict.fromkeys(given, True), ("K0", "HOUSE"): False}
    for _ in range(2):
        memory.forget([key for key, _ in given[1:]])
        assert memory.all() == {("K0", "STORE"): True, ("K0", "HOUSE"): False}
    memory.remember([], by_default=True)
    memory.forget(["never known"])
    assert len(memory.all()) == 2


def test_only_what_our_default_gave_is_remembered(memory: GivenBrands, tmp_path: Path) -> None:
    plan = plan_of(an_item("a1 ", brand=None), an_item("2", brand=None, description="Oak"))
    write_plan(plan, tmp_path / "plan")
    for _ in range(2):
        remember_given(read_plan(tmp_path / "plan").changes, memory)
    assert memory.all() == {("A1", "STORE"): True}


@pytest.fixture
def store(tmp_path: Path) -> SeededStore:
    return SeededStore(tmp_path)


@pytest.fixture
def own(tmp_path: Path) -> GivenBrands:
    engine = engine_for(URL.create("sqlite", database=str(tmp_path / "store.db")))
    GIVEN_BRAND.create(engine)
    return GivenBrands(engine)


def run(store: SeededStore, memory: GivenBrands, settings: UpkeepSettings = SHIPPED) -> Plan:
    plan = plan_brands(store.read, settings, STORE, memory.all())
    remember_given(plan.changes, memory)
    store.make(plan.changes)
    forget_decided(store.read, memory)
    return plan


def set_item(store: SeededStore, number: str, **values: Any) -> None:
    with store.engine.begin() as connection:
        connection.execute(update(IM_ITEM).where(IM_ITEM.c.ITEM_NO.in_([number])).values(values))


def test_a_real_store_settles_in_one_run(store: SeededStore, own: GivenBrands) -> None:
    blank = {key for key, brand in store.column("IM_ITEM", "PROF_COD_1").items() if not brand}
    plan = run(store, own)
    assert {change.key for change in plan.changes} == blank
    assert plan.rejects == ()
    SHIPPED.budgets["brands"].budget().check(plan)
    assert set(store.column("IM_ITEM", "PROF_COD_1").values()) <= set(
        store.column("IM_ITEM_PROF_COD", "DESCR")
    )
    again = run(store, own)
    assert again.changes == ()
    assert again.considered == plan.considered


def test_a_later_pattern_and_a_corrected_description_still_apply(
    store: SeededStore, own: GivenBrands
) -> None:
    first = run(store, own)
    one, other, chosen = [str(c.key) for c in first.changes if c.reason == BY_DEFAULT][:3]
    set_item(store, one, LONG_DESCR="Petalia Hosta 1 Gal")
    set_item(store, other, LONG_DESCR="Sunvale Hosta 1 Gal")
    set_item(store, chosen, PROF_COD_1="FERNWAY", LONG_DESCR="Petalia Rose")
    patterns = [*SHIPPED.brands.model_dump()["patterns"], {"pattern": "sunvale", "brand": "ROOTWELL"}]
    later = UpkeepSettings.model_validate({"brands": SHIPPED.brands.model_dump() | {"patterns": patterns}})
    assert {(c.key, c.new) for c in run(store, own, later).changes} == {(one, "PETALIA"), (other, "ROOTWELL")}
    assert chosen not in {key for key, _ in own.all()}

    set_item(store, chosen, PROF_COD_1="STORE")
    assert run(store, own, later).changes == (), "the company's brand that a person set stays"


def test_an_item_whose_run_was_taken_back_is_looked_at_again(store: SeededStore, own: GivenBrands) -> None:
    one = next(str(c.key) for c in run(store, own).changes if c.reason == BY_DEFAULT)
    set_item(store, one, LONG_DESCR="Petalia Hosta 1 Gal")
    run(store, own)
    run(store, own)
    set_item(store, one, PROF_COD_1="STORE", LONG_DESCR="Fernway Hosta 1 Gal")
    assert {(c.key, c.new) for c in run(store, own).changes} == {(one, "FERNWAY")}


def test_a_run_that_died_before_writing_forgets_nothing_and_spoils_nothing(
    store: SeededStore, own: GivenBrands
) -> None:
    plan = plan_brands(store.read, SHIPPED, STORE, own.all())
    remember_given(plan.changes, own)
    assert plan_brands(store.read, SHIPPED, STORE, own.all()) == plan
    run(store, own)
    assert len(own.all()) == sum(change.reason == BY_DEFAULT for change in plan.changes)


def test_an_item_file_that_is_read_as_empty_does_not_empty_the_memory(
    store: SeededStore, own: GivenBrands
) -> None:
    run(store, own)
    before = own.all()
    with store.engine.begin() as connection:
        connection.execute(delete(IM_ITEM))
    forget_decided(store.read, own)
    assert own.all() == before
    assert plan_brands(store.read, SHIPPED, STORE, before).considered == 0


def test_codes_are_written_as_counterpoint_has_them(store: SeededStore, own: GivenBrands) -> None:
    with store.engine.begin() as connection:
        code = IM_ITEM_PROF_COD.c.PROF_COD
        connection.execute(update(IM_ITEM_PROF_COD).where(code.in_(["STORE"])).values(PROF_COD="Store"))
    run(store, own)
    brands = [row[0] for row in store.read(select(IM_ITEM.c.PROF_COD_1).distinct())]
    assert {"Store", "STORE"} <= set(brands), "what has a brand already is not rewritten for its case"
    assert run(store, own).changes == ()
