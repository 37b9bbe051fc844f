"""housekeeping on the sandbox: files, logs, rows and Airflow's own database."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import func, insert, select

from include.storedb.leads import Lead, Leads
from include.storedb.tables import AUDIT, JOURNAL, LEAD
from tests.integration.conftest import Sandbox, states

RunDag = Callable[..., Any]
DAG = "housekeeping"
FILES = ["files"]
# The day that runs of these tests stand for; files that a run itself writes are of this very moment.
NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)


@pytest.fixture(autouse=True)
def settings(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The store's own settings: without Airflow's clean-up, which takes ten seconds."""
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(sandbox.folder))
    file = sandbox.folder / "housekeeping.yaml"
    file.write_text("airflow_database: null\n")
    return file


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log folder of the test's own."""
    folder = tmp_path / "airflow_logs"
    folder.mkdir()
    monkeypatch.setenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", str(folder))
    return folder


def put(file: Path, days: float = 0) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("x")
    at = (NOON - timedelta(days=days)).timestamp()
    os.utime(file, (at, at))
    return file


def summary(run: Any, task_id: str = "report") -> dict[str, Any]:
    found: dict[str, Any] = run.get_task_instance(task_id).xcom_pull(task_ids=task_id, key="summary")
    return found


def fill(sandbox: Sandbox) -> tuple[list[Path], list[Path]]:
    """Files that go, and files that stay."""
    root = sandbox.files
    gone = [
        put(root / "business_automations" / "automations_10_01_2026.txt", 50),
        put(root / "plans" / "old_dag" / "run" / "plan.jsonl.gz", 31.5),
        put(root / "rejects" / "old_dag" / "run" / "plan.csv", 92),
        put(root / "reports" / "preview" / "sales" / "2026-10-01.html", 50),
        put(root / "reports" / "preview" / "sales" / "2026-10-01" / "total-1.png", 50),
        put(root / "reports" / "sales" / "2025-10-01" / "total-1.png", 410),
        put(root / "reports" / "sales" / "2025-10-01" / "people.csv", 410),
        put(root / "coupons" / ".deleted_coupons.csv.0f.part", 5),
    ]
    stay = [
        put(root / "business_automations" / "automations_11_10_2026.txt", 10),
        put(root / "business_automations" / "automations_11_20_2026.txt", 50),
        put(root / "plans" / "old_dag" / "young" / "plan.jsonl.gz", 20),
        put(root / "reports" / "sales" / "latest.html", 900),
        put(root / "reports" / "sales" / "2026-10-01" / "total-1.png", 50),
        put(root / "reports" / "plotly-4.1.1.min.js", 900),
        put(root / "coupons" / "deleted_coupons.csv", 900),
        put(root / "new_customers.csv", 900),
        put(root / "restored" / "photos" / "automations_x.txt", 900),
    ]
    return gone, stay


def test_old_files_logs_and_rows_go_once(run_dag: RunDag, sandbox: Sandbox, logs: Path) -> None:
    gone, stay = fill(sandbox)
    gone += [put(logs / "dag_id=a" / "run_id=1" / "task_id=t" / "attempt=1.log", 20)]
    stay += [
        put(logs / "dag_id=a" / "run_id=2" / "task_id=t" / "attempt=1.log", 2),
        put(logs / "notes.txt", 90),
    ]
    (logs / "latest").symlink_to(logs / "dag_id=a")
    old = (NOON - timedelta(days=900)).replace(tzinfo=None)
    Leads(sandbox.store_db).add([Lead(old, "csv", "old", first_name="Ada", email="ada@example.com")])
    with sandbox.store_db.begin() as connection:
        connection.execute(LEAD.update().values(status="created", processed_at=old))

    dry = run_dag(DAG, dry_run=True)
    assert str(dry.state) == "success"
    assert (summary(dry)["planned"], summary(dry)["applied"]) == (len(gone) + 1, 0)
    assert all(file.exists() for file in gone)

    first = run_dag(DAG)
    assert str(first.state) == "success", states(first)
    assert summary(first)["applied"] == len(gone) + 1
    assert [file for file in gone if file.exists()] == []
    assert [file for file in stay if not file.exists()] == []
    for folder in ("plans/old_dag/run", "reports/preview/sales", "reports/sales/2025-10-01"):
        assert not (sandbox.files / folder).exists(), f"{folder} has become empty"
    assert not (logs / "dag_id=a" / "run_id=1").exists()
    with sandbox.store_db.connect() as connection:
        assert connection.execute(select(LEAD.c.first_name, LEAD.c.email)).one() == ("", "")
        audited = set(connection.scalars(select(AUDIT.c.row_key).where(AUDIT.c.outcome == "applied")))
    assert "plans/old_dag/run/plan.jsonl.gz" in audited

    second = run_dag(DAG)
    assert states(second) == states(second) | dict.fromkeys(
        ("files.apply", "airflow_logs.apply", "database.apply", "airflow_database"), "skipped"
    )
    assert (summary(second)["planned"], summary(second)["applied"]) == (0, 0)
    assert "nothing to change" in summary(second)["reasons"]


def test_too_many_files_at_once_wait_for_a_person(run_dag: RunDag, sandbox: Sandbox) -> None:
    many = [put(sandbox.files / "plans" / "a_dag" / f"run {n}" / "plan.gz", 100) for n in range(30)]
    run = run_dag(DAG, only=FILES)
    assert str(run.state) == "failed"
    assert states(run)["files.plan"] == "failed"
    assert all(file.exists() for file in many)
    run = run_dag(DAG, only=FILES, over_budget=True)
    assert str(run.state) == "success"
    assert not any(file.exists() for file in many)


def test_too_many_rows_at_once_wait_for_a_person(run_dag: RunDag, sandbox: Sandbox) -> None:
    old = (NOON - timedelta(days=500)).replace(tzinfo=None)
    row = {"store_day": old.date(), "started_at": old, "ended_at": old, "seconds": 1.0, "outcome": "success"}
    row |= {"try_number": 1, "dag_id": "a", "task_id": "t", "map_index": -1}
    with sandbox.store_db.begin() as connection:
        connection.execute(insert(JOURNAL), [row | {"run_id": f"{n}"} for n in range(200)])
    aged = select(func.count()).select_from(JOURNAL).where(JOURNAL.c.store_day < date(2026, 1, 1))
    assert states(run_dag(DAG, only=["database"]))["database.plan"] == "failed"
    with sandbox.store_db.connect() as connection:
        assert connection.scalar(aged) == 200
    assert str(run_dag(DAG, only=["database"], over_budget=True).state) == "success"
    with sandbox.store_db.connect() as connection:
        assert connection.scalar(aged) == 0


def test_a_file_that_cannot_be_removed_fails_alone(
    run_dag: RunDag, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, _ = fill(sandbox)
    refused = gone[1]
    unlink = Path.unlink

    def refusing(path: Path, missing_ok: bool = False) -> None:
        if path == refused:
            raise PermissionError(13, "Permission denied")
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refusing)
    run = run_dag(DAG, only=FILES)
    assert str(run.state) == "failed"
    assert summary(run)["failed"] == 1
    assert [file for file in gone if file.exists()] == [refused]
    (rejects,) = (sandbox.files / "rejects" / DAG).rglob("files.apply.csv")
    assert "plans/old_dag/run/plan.jsonl.gz" in rejects.read_text()


def copy_of_airflows_database(file: Path) -> None:
    own = Path(os.environ["AIRFLOW_HOME"]) / "airflow.db"
    with sqlite3.connect(own) as source, sqlite3.connect(file) as database:
        source.backup(database)


def airflow_rows(file: Path, table: str) -> int:
    with sqlite3.connect(file) as database:
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_airflow_cleans_its_own_database_where_it_is_reached(
    run_dag: RunDag, sandbox: Sandbox, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.unlink()
    file = sandbox.folder / "airflow.db"
    fields = {"conn_type": "sqlite", "host": str(file)}
    monkeypatch.setenv("AIRFLOW_CONN_AIRFLOW_DB", json.dumps(fields))
    only = ["airflow_database"]

    broken = run_dag(DAG, only=only)
    assert states(broken)["airflow_database"] == "failed", "the operator named a database that is none"

    copy_of_airflows_database(file)
    # Other tests of this process may have left runs of long ago.
    assert str(run_dag(DAG, only=only).state) in ("success", "skipped")
    with sqlite3.connect(file) as database:
        for when in ("2026-01-01 00:00:00", "2026-11-19 00:00:00"):
            database.execute("INSERT INTO log (dttm, event) VALUES (?, 'by the test')", (when,))
    ours = "log WHERE event = 'by the test'"
    dry = run_dag(DAG, only=only, dry_run=True)
    assert "1 rows of Airflow's database" in str(summary(dry)["reasons"])
    assert airflow_rows(file, ours) == 2
    first = run_dag(DAG, only=only)
    assert (str(first.state), summary(first)["applied"]) == ("success", 1)
    assert airflow_rows(file, ours) == 1
    assert airflow_rows(file, "sqlite_master WHERE name LIKE '_airflow_deleted%'") == 0
    second = run_dag(DAG, only=only)
    assert any(reason.startswith("nothing to change: Airflow") for reason in summary(second)["reasons"])


def test_the_store_decides_what_is_kept(run_dag: RunDag, sandbox: Sandbox, settings: Path) -> None:
    gone, _ = fill(sandbox)
    values = {
        "files": {"daily_logs": None, "plans": {"days": 60}},
        "airflow_logs": None,
        "airflow_database": None,
    }
    settings.write_text(yaml.safe_dump(values))
    run = run_dag(DAG)
    assert str(run.state) == "success"
    assert [file.exists() for file in gone] == [True, True, *[False] * (len(gone) - 2)]
    assert sum("for ever" in reason for reason in summary(run)["reasons"]) == 2
