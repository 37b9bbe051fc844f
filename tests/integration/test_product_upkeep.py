"""Product upkeep on the sandbox, and taking runs back."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from include.counterpoint.tables import AR_CUST, IM_INV, IM_ITEM
from include.storedb.audit import audited_changes
from tests.integration.conftest import Sandbox, states

RunDag = Callable[..., Any]
DAG = "product_upkeep"
COLUMNS = ("STAT", "PROF_COD_1", "PROF_NO_1")
LOGS = {"STAT": "inactive_products", "PROF_COD_1": "brands", "PROF_NO_1": "stock_buffers"}


def item_file(sandbox: Sandbox) -> dict[str, tuple[Any, ...]]:
    columns = [IM_ITEM.c[name] for name in ("ITEM_NO", *COLUMNS, "LST_MAINT_DT")]
    with sandbox.counterpoint.connect() as connection:
        return {row[0]: tuple(row[1:]) for row in connection.execute(select(*columns))}


def lines(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def audited(sandbox: Sandbox, run: Any) -> list[tuple[Any, str]]:
    return audited_changes(sandbox.store_db, run.dag_id, run.run_id)


def test_upkeep_changes_what_is_wrong_once_and_tells_staff_what(run_dag: RunDag, sandbox: Sandbox) -> None:
    before = item_file(sandbox)
    run = run_dag(DAG)
    assert str(run.state) == "success", states(run)
    after = item_file(sandbox)
    for position, column in enumerate(COLUMNS):
        changed = {number for number in before if before[number][position] != after[number][position]}
        assert changed, column
        assert all(after[number][-1] > before[number][-1] for number in changed)
        (file,) = (sandbox.files / LOGS[column]).glob(f"{LOGS[column]}_*.csv")
        assert {line[1] for line in lines(file)[1:]} == {number.strip() for number in changed}
    assert {outcome for _, outcome in audited(sandbox, run)} == {"applied"}
    retail = lines(sandbox.files / "email_lists" / "retail_customers.csv")
    assert len(retail) > 100
    assert all(int(line[-1]) >= 0 for line in retail[1:])
    again = lines(sandbox.files / "inactive_products" / "inactive_with_stock.csv")
    assert len(again) > 1
    # What lies beside the plans has nothing personal in it once the lists are published.
    assert not list((sandbox.files / "plans").rglob("*customers.csv"))

    second = run_dag(DAG)
    assert str(second.state) == "success"
    assert item_file(sandbox) == after
    assert audited(sandbox, second) == []


def test_a_default_brand_gives_way_to_a_corrected_description(run_dag: RunDag, sandbox: Sandbox) -> None:
    run = run_dag(DAG, only=["brands"])
    given = [str(change.key) for change, _ in audited(sandbox, run) if change.new == "STORE"]
    by_person = next(n for n, row in item_file(sandbox).items() if row[1] == "STORE" and n not in given)
    with sandbox.counterpoint.begin() as connection:
        renamed = IM_ITEM.c.ITEM_NO.in_([given[0], by_person])
        connection.execute(update(IM_ITEM).where(renamed).values(LONG_DESCR="GREENSPADE TROWEL"))
    run_dag(DAG, only=["brands"])
    assert item_file(sandbox)[given[0]][1] == "GREENSPADE"
    assert item_file(sandbox)[by_person][1] == "STORE"


def test_a_stock_table_that_lost_its_numbers_sets_nothing_inactive(run_dag: RunDag, sandbox: Sandbox) -> None:
    with sandbox.counterpoint.begin() as connection:
        connection.execute(update(IM_INV).values(QTY_AVAIL=0))
    before = item_file(sandbox)
    run = run_dag(DAG)
    assert str(run.state) == "failed"
    assert states(run)["inactive_products.plan"] == "failed"
    assert states(run)["stock_buffers.apply"] == "success"
    assert {n: row[0] for n, row in item_file(sandbox).items()} == {n: row[0] for n, row in before.items()}


def test_a_collapsed_list_leaves_the_published_one(run_dag: RunDag, sandbox: Sandbox) -> None:
    run_dag(DAG, only=["email_lists"])
    published = sandbox.files / "email_lists" / "retail_customers.csv"
    kept = published.read_bytes()
    with sandbox.counterpoint.begin() as connection:
        connection.execute(update(AR_CUST).values(EMAIL_ADRS_1=None))
    run = run_dag(DAG, only=["email_lists"])
    assert states(run)["email_lists.plan_retail"] == "failed"
    assert published.read_bytes() == kept


def undo(run_dag: RunDag, run: Any, **more: Any) -> Any:
    return run_dag("undo_run", run_id=run.run_id, dag_id=run.dag_id, **more)


def test_a_run_is_taken_back_but_for_what_was_changed_since(run_dag: RunDag, sandbox: Sandbox) -> None:
    before = item_file(sandbox)
    run = run_dag(DAG, only=["inactive_products", "stock_buffers"])
    changed = [str(change.key) for change, _ in audited(sandbox, run) if change.field == "PROF_NO_1"]
    with sandbox.counterpoint.begin() as connection:
        row = IM_ITEM.c.ITEM_NO.in_(changed[:1])
        connection.execute(update(IM_ITEM).where(row).values(PROF_NO_1=77))
    after = item_file(sandbox)

    shown = run_dag("undo_run", run_id=run.run_id)
    assert str(shown.state) == "success", states(shown)
    assert item_file(sandbox) == after

    done = undo(run_dag, run, dry_run=False)
    assert str(done.state) == "success", states(done)
    now = item_file(sandbox)
    differing = {number for number in before if now[number][:-1] != before[number][:-1]}
    assert differing == {changed[0]}
    assert now[changed[0]][2] == 77
    files = (sandbox.files / "rejects" / "undo_run").rglob("plan.csv")
    rejects = max(files, key=lambda file: file.stat().st_mtime_ns)
    assert "was changed since, and stays" in rejects.read_text()

    again = undo(run_dag, run, dry_run=False)
    assert item_file(sandbox) == now
    assert audited(sandbox, again) == []


def test_the_web_shop_is_taken_back_too(run_dag: RunDag, sandbox: Sandbox) -> None:
    fields = ("total_sold", "sort_order", "is_featured", "related_products")

    def shop() -> dict[int, list[Any]]:
        return {
            p["id"]: [sorted(p[n]) if isinstance(p[n], list) else p[n] for n in fields]
            for p in sandbox.vendors.products()
        }

    before = shop()
    run = run_dag("nightly_bigcommerce_sync")
    assert shop() != before
    done = undo(run_dag, run, dry_run=False)
    assert str(done.state) == "success", states(done)
    assert shop() == before


@pytest.mark.parametrize(
    ("params", "state", "word"),
    [
        ({}, "skipped", "no run was named"),
        ({"run_id": "manual__1999"}, "failed", "there are no audited changes of a run 'manual__1999'"),
    ],
)
def test_an_unknown_run_is_said_clearly(
    run_dag: RunDag, capsys: pytest.CaptureFixture[str], params: dict[str, str], state: str, word: str
) -> None:
    run = run_dag("undo_run", **params)
    assert states(run)["plan"] == state
    assert word in capsys.readouterr().out
