"""The nightly sync on the sandbox: a real database, the web shop's stand-in, its limits and its bad days."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, select

from include.counterpoint.tables import IM_ITEM, PS_TKT_HIST_LIN
from include.storedb.audit import audited_changes
from tests.integration.conftest import Sandbox, make_impatient, states

RunDag = Callable[..., Any]
DAG = "nightly_bigcommerce_sync"
PRODUCTS = "/v3/catalog/products"
FIELDS = ("total_sold", "sort_order", "is_featured", "related_products")
COLUMNS = ("USR_ALWAYS_ONLINE", "USR_PROF_ALPHA_27", "ECOMM_NEW")


def shop(sandbox: Sandbox) -> dict[int, dict[str, Any]]:
    return {product["id"]: product for product in sandbox.vendors.products()}


def wanted_fields(sandbox: Sandbox) -> dict[int, tuple[Any, ...]]:
    return {key: tuple(product[name] for name in FIELDS) for key, product in shop(sandbox).items()}


def item_file(sandbox: Sandbox) -> dict[str, tuple[Any, ...]]:
    columns = [IM_ITEM.c[name] for name in ("ITEM_NO", *COLUMNS, "LST_MAINT_DT")]
    with sandbox.counterpoint.connect() as connection:
        return {row[0]: tuple(row[1:]) for row in connection.execute(select(*columns))}


def batches(sandbox: Sandbox) -> int:
    return sandbox.vendors.count("bigcommerce", "PUT", PRODUCTS)


def outcomes(sandbox: Sandbox, run: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for change, outcome in audited_changes(sandbox.store_db, run.dag_id, run.run_id):
        name = f"{change.target} {outcome}"
        found[name] = found.get(name, 0) + 1
    return found


@pytest.fixture
def impatient(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that waits two seconds for an answer."""
    make_impatient(sandbox, monkeypatch, "bigcommerce", 2)


def test_a_night_brings_shop_and_item_file_up_to_date_and_a_second_one_changes_nothing(
    run_dag: RunDag, sandbox: Sandbox
) -> None:
    before, items_before = wanted_fields(sandbox), item_file(sandbox)
    run = run_dag(DAG)
    assert str(run.state) == "success", states(run)
    after, items_after = wanted_fields(sandbox), item_file(sandbox)
    assert all(any(before[key][n] != after[key][n] for key in before) for n in range(len(FIELDS)))
    for n in range(len(COLUMNS)):
        assert any(items_before[key][n] != items_after[key][n] for key in items_before), COLUMNS[n]
    touched = {key for key in items_before if items_before[key] != items_after[key]}
    assert all(items_after[key][-1] > items_before[key][-1] for key in touched)
    made = outcomes(sandbox, run)
    assert set(made) == {"IM_ITEM applied", "bigcommerce.product applied", "bigcommerce.coupon applied"}
    changed = sum(before[key] != after[key] for key in before)
    assert batches(sandbox) <= changed // 10 + 1

    sent = batches(sandbox)
    second = run_dag(DAG)
    assert str(second.state) == "success"
    assert batches(sandbox) == sent
    assert wanted_fields(sandbox) == after
    assert item_file(sandbox) == items_after
    assert audited_changes(sandbox.store_db, second.dag_id, second.run_id) == []


def test_a_dry_run_writes_nothing_anywhere(run_dag: RunDag, sandbox: Sandbox) -> None:
    before, items_before = wanted_fields(sandbox), item_file(sandbox)
    coupons = sandbox.vendors.count("bigcommerce", "DELETE")
    run = run_dag(DAG, dry_run=True)
    assert str(run.state) == "success", states(run)
    assert (wanted_fields(sandbox), item_file(sandbox)) == (before, items_before)
    assert sandbox.vendors.count("bigcommerce", "DELETE") == coupons
    assert batches(sandbox) == 0


def test_a_rule_without_a_source_is_stopped_and_the_others_go_on(run_dag: RunDag, sandbox: Sandbox) -> None:
    with sandbox.counterpoint.begin() as connection:
        connection.execute(delete(PS_TKT_HIST_LIN))
    before = wanted_fields(sandbox)
    run = run_dag(DAG)
    assert str(run.state) == "failed"
    found = states(run)
    planners = [f"{name}.plan" for name in ("total_sold", "always_online", "sort_order", "featured")]
    assert {found[name] for name in planners} == {"failed"}
    assert found["coupons.delete"] == "success"
    assert found["report"] == "failed"
    assert {key: value[:3] for key, value in wanted_fields(sandbox).items()} == {
        key: value[:3] for key, value in before.items()
    }


def test_a_shop_that_does_not_answer_does_not_keep_counterpoint_waiting(
    run_dag: RunDag, sandbox: Sandbox
) -> None:
    sandbox.vendors.order_fault("bigcommerce", "status", status=503, count=10_000)
    items_before = item_file(sandbox)
    run = run_dag(DAG)
    found = states(run)
    assert str(run.state) == "failed"
    assert found["read_shop"] == "failed"
    assert found["total_sold.plan"] == "upstream_failed"
    assert {found[f"{name}.apply"] for name in ("always_online", "sort_order", "featured")} == {"success"}
    assert item_file(sandbox) != items_before
    assert batches(sandbox) == 0


def test_a_revoked_token_fails_at_once_with_what_to_do(
    run_dag: RunDag, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.vendors.order_fault("bigcommerce", "status", status=401, count=10_000)
    run = run_dag(DAG, only=["total_sold"])
    assert states(run)["read_shop"] == "failed"
    assert len(sandbox.vendors.requests("bigcommerce")) == 1
    assert "the access token is wrong or was revoked" in capsys.readouterr().out


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 429, "retry_after": 0.2, "count": 6},
        {"kind": "status", "status": 503, "count": 6},
        {"kind": "drop_connection", "count": 3},
        {"kind": "timeout_after_accepting", "count": 1},
        {"kind": "partial_207", "count": 2},
    ],
    ids=lambda fault: str(fault["kind"]) + str(fault.get("status", "")),
)
def test_a_bad_night_ends_as_a_good_one(
    run_dag: RunDag, sandbox: Sandbox, impatient: None, fault: dict[str, Any]
) -> None:
    sandbox.vendors.order_fault(vendor="bigcommerce", method="PUT", **fault)
    run = run_dag(DAG, only=["total_sold", "sort_order"])
    assert str(run.state) == "success", states(run)
    before = wanted_fields(sandbox)
    run_dag(DAG, only=["total_sold", "sort_order"])
    assert wanted_fields(sandbox) == before
    assert set(outcomes(sandbox, run)) == {"IM_ITEM applied", "bigcommerce.product applied"}


def test_one_bad_product_loses_only_its_own_change(run_dag: RunDag, sandbox: Sandbox) -> None:
    first = run_dag(DAG, only=["total_sold"], dry_run=True)
    assert str(first.state) == "success"
    before = wanted_fields(sandbox)
    run_dag(DAG, only=["total_sold"])
    changed = sorted(key for key, value in wanted_fields(sandbox).items() if value != before[key])
    bad = changed[3]
    sandbox.vendors.set_products({key: {"total_sold": before[key][0]} for key in changed})
    sandbox.vendors.order_fault("bigcommerce", "refuse_product", product=bad, count=1000)
    run = run_dag(DAG, only=["total_sold"])
    assert str(run.state) == "failed"
    after = wanted_fields(sandbox)
    assert [key for key in changed if after[key] == before[key]] == [bad]
    assert outcomes(sandbox, run) == {
        "bigcommerce.product applied": len(changed) - 1,
        "bigcommerce.product failed": 1,
    }
