"""Reward points: wholesale customers have none, and nobody has less than none."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from include.changes import Plan
from include.counterpoint.tables import AR_CUST
from include.counterpoint.writer import write_changes
from include.customers.loyalty import (
    Member,
    plan_negative_points,
    plan_wholesale,
    without_loyalty,
)
from include.customers.upkeep_settings import CustomerSettings
from include.errors import BudgetExceeded
from include.settings import load_settings
from tests.item_file import SeededStore

SHIPPED = load_settings(CustomerSettings, "customers")
NIGHT = datetime(2026, 5, 7, 21)


@pytest.fixture
def store(tmp_path: Path) -> SeededStore:
    return SeededStore(tmp_path)


def write(store: SeededStore, plan: Plan) -> set[str]:
    return {one.status for batch in write_changes(store.engine, plan.changes, NIGHT) for one in batch}


@pytest.mark.parametrize(
    ("programme", "points", "card", "changed"),
    [
        ("BASIC", "12", "L1", {"LOY_PGM_COD": None, "LOY_PTS_BAL": 0, "LOY_CARD_NO": "VOID"}),
        ("BASIC", "0", None, {"LOY_PGM_COD": None, "LOY_CARD_NO": "VOID"}),
        ("BASIC", "0", "VOID", {"LOY_PGM_COD": None}),
        (None, "0.5", "void ", {"LOY_PTS_BAL": 0}),
        (None, "-3", "VOID", {"LOY_PTS_BAL": 0}),
        (None, "0", "L1", {"LOY_CARD_NO": "VOID"}),
        ("  ", "4", "VOID", {"LOY_PGM_COD": None, "LOY_PTS_BAL": 0}),
        (None, "0.0000", "VOID", {}),
        (None, "0", None, {}),
        (" ", "0", " ", {}),
    ],
)
def test_a_wholesale_customer_loses_what_it_has_of_the_programme(
    programme: str | None, points: str, card: str | None, changed: dict[str, Any]
) -> None:
    changes = without_loyalty([Member("1", programme, Decimal(points), card)])
    assert {change.field: change.new for change in changes} == changed
    held = {"LOY_PGM_COD": programme, "LOY_PTS_BAL": Decimal(points), "LOY_CARD_NO": card}
    assert {change.field: change.old for change in changes} == {name: held[name] for name in changed}


def test_no_wholesale_customer_of_a_whole_store_keeps_anything(store: SeededStore) -> None:
    with store.engine.begin() as connection:
        connection.execute(
            update(AR_CUST)
            .where(AR_CUST.c.CUST_NO.in_(["100001"]))
            .values(CATEG_COD="wholesale ", LOY_PTS_BAL=7)
        )
    customer = AR_CUST.c
    loyalty = (customer.CUST_NO, customer.LOY_PGM_COD, customer.LOY_PTS_BAL, customer.LOY_CARD_NO)
    retail = select(*loyalty).where(customer.CATEG_COD == "RETAIL")
    before = store.read(retail)

    plan = plan_wholesale(store.read, SHIPPED)
    SHIPPED.budgets["wholesale"].budget().check(plan)
    assert "100001" in {change.key for change in plan.changes}
    assert write(store, plan) == {"applied"}
    assert plan_wholesale(store.read, SHIPPED).changes == ()
    left = store.read(select(*loyalty).where(customer.CATEG_COD.ilike("wholesale%")))
    assert {(row.LOY_PGM_COD, row.LOY_PTS_BAL) for row in left} == {(None, 0)}
    assert {row.LOY_CARD_NO for row in left} <= {None, "VOID"}
    assert store.read(retail) == before


def test_a_whole_customer_file_turned_wholesale_by_mistake_keeps_its_points(store: SeededStore) -> None:
    with store.engine.begin() as connection:
        connection.execute(update(AR_CUST).values(CATEG_COD="WHOLESALE"))
    with pytest.raises(BudgetExceeded, match="budget allows 40%"):
        SHIPPED.budgets["wholesale"].budget().check(plan_wholesale(store.read, SHIPPED))


def test_the_categories_are_the_stores(store: SeededStore) -> None:
    own = CustomerSettings.model_validate({"wholesale": {"categories": ["landscaper"]}})
    assert plan_wholesale(store.read, own) == Plan((), 0)


def test_no_balance_of_a_whole_store_stays_below_zero(store: SeededStore) -> None:
    before = store.column("AR_CUST", "LOY_PTS_BAL")
    plan = plan_negative_points(store.read)
    SHIPPED.budgets["negative_points"].budget().check(plan)
    assert {change.key for change in plan.changes} == {
        number for number, points in before.items() if points < 0
    }
    assert plan.changes
    assert write(store, plan) == {"applied"}
    assert plan_negative_points(store.read).changes == ()
    after = store.column("AR_CUST", "LOY_PTS_BAL")
    assert after == {number: max(points, Decimal(0)) for number, points in before.items()}


def test_both_rules_may_be_planned_before_either_is_carried_out(store: SeededStore) -> None:
    with store.engine.begin() as connection:
        connection.execute(update(AR_CUST).where(AR_CUST.c.CATEG_COD == "WHOLESALE").values(LOY_PTS_BAL=-1))
    plans = [plan_wholesale(store.read, SHIPPED), plan_negative_points(store.read)]
    assert [write(store, plan) for plan in plans] == [{"applied"}, {"applied"}]
