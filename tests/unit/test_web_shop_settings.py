"""What a store may set for its web shop, what it is told when it slips, and what the budgets stop."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import delete, select

from include.changes import Budget
from include.counterpoint.tables import PS_TKT_HIST, PS_TKT_HIST_LIN
from include.errors import BudgetExceeded, InvalidSettings
from include.settings import load_settings
from include.web_shop import always_online, featured, related_items, sort_order, total_sold
from include.web_shop.settings import WebShopSettings
from tests.item_file import an_item
from tests.web_shops import DAY, PERIOD, SHIPPED, WebStore, sold

RULES = [total_sold, related_items, always_online, sort_order, featured]


def budget_of(rule: ModuleType) -> Budget:
    return SHIPPED.budgets[rule.__name__.rpartition(".")[2]].budget()


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    return tmp_path / "web_shop.yaml"


def test_a_store_replaces_single_values_and_whole_lists(own: Path) -> None:
    own.write_text(
        """
total_sold: {since: 2020-01-01}
related_items: {staff_lists: {house: ["0012"], TOOLS: []}}
sort_order: {new_arrivals: {min_price: 9.95}}
""",
        encoding="utf-8",
    )
    found = load_settings(WebShopSettings, "web_shop")
    assert found.total_sold.since == date(2020, 1, 1)
    assert found.total_sold.stores == ("1", "WEB")
    assert found.related_items.staff_lists == {"CHRISTMAS": ("45",), "HOUSE": ("0012",), "TOOLS": ()}
    assert found.sort_order.new_arrivals.min_price == Decimal("9.95")
    assert found.sort_order.new_arrivals.behind_top == 8


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("total_sold: {stores: [1, WEB]}", r"total_sold\.stores: .*in quotes; found 1 "),
        ("related_items: {staff_lists: {HOUSE: [0012]}}", r"staff_lists\.HOUSE: .*in quotes; found 10 "),
        ("featured: {keep: ['  ']}", r"featured\.keep: .*found '  '"),
        ("featured: {keep: '45'}", r"featured\.keep: .*tuple"),
        ("total_sold: {since: last year}", r"total_sold\.since: .*last year"),
        ("related_items: {period: last_30_days}", r"related_items\.period: .*last_30_days"),
        ("related_items: {at_most: 0}", r"related_items\.at_most: .*found 0"),
        ("always_online: {topp: 3}", r"always_online\.topp: Extra inputs"),
        ("sort_order: {new_arrivals: {who: anybody}}", r"sort_order\.new_arrivals\.who: .*anybody"),
        ("featured: {budget: {max_share: 50}}", r"featured\.budget\.max_share: .*found 50"),
        ("coupons: {only_codes: 'BACK['}", r"coupons\.only_codes: .*no regular expression.*BACK\["),
        ("coupons: {keep_days: -1}", r"coupons\.keep_days: .*found -1"),
        ("coupon: {keep_days: 1}", r"coupon: Extra inputs"),
    ],
)
def test_a_slip_is_named_with_field_and_value(own: Path, text: str, expected: str) -> None:
    own.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidSettings, match=expected):
        load_settings(WebShopSettings, "web_shop")


def test_every_rule_has_a_budget() -> None:
    assert list(SHIPPED.budgets) == [rule.__name__.rpartition(".")[2] for rule in RULES] + ["coupons"]


@pytest.fixture
def store(tmp_path: Path) -> WebStore:
    return WebStore(tmp_path)


@pytest.mark.parametrize("rule", RULES)
def test_an_empty_ticket_table_is_noticed(rule: ModuleType, store: WebStore) -> None:
    store.forget_sales()
    plan = store.plan(rule)
    assert plan.basis == 0
    with pytest.raises(BudgetExceeded, match="made from 0 rows"):
        budget_of(rule).check(plan)


@pytest.mark.parametrize("rule", [total_sold, related_items])
def test_a_shop_without_products_is_noticed(rule: ModuleType, store: WebStore) -> None:
    with pytest.raises(BudgetExceeded, match="made from 0 rows"):
        budget_of(rule).check(store.plan(rule, shop=False))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("spring", [DAY, date(2026, 4, 20)], ids=["November", "April"])
def test_a_normal_night_passes(rule: ModuleType, spring: date, store: WebStore) -> None:
    for night in range(3):
        plan = store.plan(rule, spring + timedelta(days=night))
        if night:
            budget_of(rule).check(plan)
        store.apply(plan)


@pytest.mark.parametrize("rule", [always_online, sort_order, featured])
def test_the_first_night_of_all_passes_where_it_is_harmless(rule: ModuleType, store: WebStore) -> None:
    budget_of(rule).check(store.plan(rule))


@pytest.mark.parametrize("rule", [total_sold, related_items])
def test_a_plan_that_rewrites_every_product_is_shown_to_a_person_first(
    rule: ModuleType, store: WebStore
) -> None:
    with pytest.raises(BudgetExceeded, match="would change"):
        budget_of(rule).check(store.plan(rule))


def test_a_history_that_lost_its_older_half_does_not_reach_the_shop(store: WebStore) -> None:
    store.apply(store.plan(total_sold))
    old = select(PS_TKT_HIST.c.DOC_ID).where(date(2026, 1, 1) > PS_TKT_HIST.c.POST_DAT)
    with store.engine.begin() as connection:
        connection.execute(delete(PS_TKT_HIST_LIN).where(PS_TKT_HIST_LIN.c.DOC_ID.in_(old)))
    with pytest.raises(BudgetExceeded, match="would change"):
        budget_of(total_sold).check(store.plan(total_sold))


def test_a_field_that_the_store_uses_for_something_else_is_not_wiped() -> None:
    found = [an_item(str(number), featured="Y") for number in range(1000)]
    plan = featured.propose(found, sold({str(n): n for n in range(1000)}), None, SHIPPED.featured, PERIOD)
    with pytest.raises(BudgetExceeded, match="at most 100"):
        budget_of(featured).check(plan)
