"""The customer automations on the sandbox."""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from include.counterpoint.tables import AR_CUST
from include.sandbox.lead_file import FILE, fill_lead_file
from include.storedb.audit import audited_changes
from include.storedb.tables import LEAD, LEDGER
from tests.integration.conftest import TODAY, Sandbox, make_impatient, states

RunDag = Callable[..., Any]


def customers(sandbox: Sandbox) -> dict[str, tuple[Any, ...]]:
    names = ("CONTCT_1", "FST_SAL_DAT", "LST_SAL_DAT", "LOY_PGM_COD", "LOY_PTS_BAL", "LOY_CARD_NO", "PHONE_1")
    columns = [AR_CUST.c.CUST_NO, *(AR_CUST.c[name] for name in names)]
    with sandbox.counterpoint.connect() as connection:
        return {row[0]: tuple(row[1:]) for row in connection.execute(select(*columns))}


def leads(sandbox: Sandbox) -> list[str]:
    with sandbox.store_db.connect() as connection:
        return list(connection.scalars(select(LEAD.c.status).order_by(LEAD.c.id)))


def created(sandbox: Sandbox) -> int:
    return sandbox.vendors.count("counterpoint_api", "POST", "/Customer")


def test_customer_upkeep_mends_what_is_wrong_once(run_dag: RunDag, sandbox: Sandbox) -> None:
    before = customers(sandbox)
    run = run_dag("customer_upkeep")
    assert str(run.state) == "success", states(run)
    after = customers(sandbox)
    assert before != after
    assert min(row[4] for row in after.values()) >= 0
    with sandbox.counterpoint.connect() as connection:
        wholesale = func.upper(AR_CUST.c.CATEG_COD) == "WHOLESALE"
        assert not connection.scalar(
            select(func.count()).where(wholesale, AR_CUST.c.LOY_PGM_COD.is_not(None))
        )
    second = run_dag("customer_upkeep")
    assert customers(sandbox) == after
    assert audited_changes(sandbox.store_db, second.dag_id, second.run_id) == []

    undone = run_dag("undo_run", run_id=run.run_id, dag_id=run.dag_id, dry_run=False)
    assert str(undone.state) == "success"
    assert customers(sandbox) == before


def test_requests_become_customers_once(run_dag: RunDag, sandbox: Sandbox) -> None:
    fill_lead_file(sandbox.files / FILE, TODAY)
    run = run_dag("counterpoint_customers")
    assert str(run.state) == "success", states(run)
    # Two requests of one person make one customer, and what has neither phone nor address makes none.
    assert leads(sandbox) == ["created", "created", "matched", "created", "rejected"]
    assert created(sandbox) == 3
    with (sandbox.files / "new_customers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["last_name"] for row in rows] == ["O'Hare", "de la Cruz", "Leclair"]
    assert [row["zip_code"] for row in rows] == ["12037", "12207", "01201"]
    assert rows[0]["state"] == "NY"
    assert rows[2]["phone_number"] == "518-555-0163"

    second = run_dag("counterpoint_customers")
    assert str(second.state) == "success"
    assert created(sandbox) == 3
    with sandbox.store_db.connect() as connection:
        assert set(connection.scalars(select(LEDGER.c.status))) == {"sent"}


@pytest.mark.parametrize("kind", ["drop_connection", "timeout_after_accepting"])
def test_a_server_that_does_not_answer_never_creates_a_customer_twice(
    run_dag: RunDag, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    fill_lead_file(sandbox.files / FILE, TODAY)
    sandbox.vendors.order_fault("counterpoint_api", kind, count=1, method="POST", seconds=3)  # type: ignore[arg-type]
    make_impatient(sandbox, monkeypatch, "counterpoint_api", 1)
    for _ in range(3):
        run_dag("counterpoint_customers", only=["new_customers"])
    asked = len(sandbox.vendors.requests("counterpoint_api", "POST"))
    assert asked == 3
    assert leads(sandbox).count("created") >= 2
