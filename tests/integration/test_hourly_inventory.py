"""The whole family on the sandbox: real database, real WebDAV server, real photos."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from include.counterpoint.tables import IM_INV, IM_ITEM
from include.storedb.audit import audited_changes
from include.storedb.tables import JOURNAL
from tests.integration.conftest import Sandbox

RunDag = Callable[..., Any]
FEEDS = (
    "availability.csv",
    "availability.json",
    "commercial_availability.csv",
    "commercial_availability.json",
)


def states(run: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for ti in run.get_task_instances():
        found.setdefault(ti.task_id, set()).add(str(ti.state))
    return found


def uploads(sandbox: Sandbox) -> int:
    return sandbox.vendors.count("webdav", "PUT")


def photo_contents(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def published(sandbox: Sandbox, name: str) -> Path:
    return sandbox.vendors.webdav_dir / "content" / name


def test_feeds_reach_the_file_server_and_a_second_run_does_nothing(run_dag: RunDag, sandbox: Sandbox) -> None:
    run = run_dag("hourly_inventory")
    assert str(run.state) == "success", states(run)
    assert states(run)["photos.prepare"] == {"success"}
    assert states(run)["photos.plan_upload"] == {"skipped"}
    assert uploads(sandbox) == len(FEEDS)
    with published(sandbox, FEEDS[0]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    with sandbox.counterpoint.connect() as connection:
        active = connection.scalar(
            text(
                "SELECT COUNT(*) FROM IM_ITEM i JOIN IM_INV v ON v.ITEM_NO = i.ITEM_NO AND v.LOC_ID = '1' "
                "WHERE i.STAT = 'A' AND v.QTY_AVAIL >= 0 AND i.PRC_1 IS NOT NULL"
            )
        )
    assert len(rows) == active > 100
    assert all(len(row) == 4 and row[2].count(".") == 1 and int(row[3]) >= 0 for row in rows)
    assert len(json.loads(published(sandbox, FEEDS[1]).read_text(encoding="utf-8"))["data"]) == active
    made = {
        change.key: outcome for change, outcome in audited_changes(sandbox.store_db, run.dag_id, run.run_id)
    }
    assert {made[f"content/{name}"] for name in FEEDS} == {"applied"}
    before = photo_contents(sandbox.photos)

    second = run_dag("hourly_inventory")
    assert str(second.state) == "success"
    assert uploads(sandbox) == len(FEEDS)
    assert photo_contents(sandbox.photos) == before
    assert audited_changes(sandbox.store_db, second.dag_id, second.run_id) == []
    skipped = {task for task, found in states(second).items() if found == {"skipped"}}
    assert {"retail.publish", "wholesale.publish", "photos.prepare"} <= skipped


def test_only_the_feed_that_changed_is_uploaded(run_dag: RunDag, sandbox: Sandbox) -> None:
    run_dag("hourly_inventory", only=["retail", "wholesale"])
    with sandbox.counterpoint.begin() as connection:
        pot: Any = connection.scalars(
            select(IM_ITEM.c.ITEM_NO)
            .join(IM_INV, IM_INV.c.ITEM_NO == IM_ITEM.c.ITEM_NO)
            .where(
                IM_ITEM.c.CATEG_COD == "POTTERY",
                IM_ITEM.c.STAT == "A",
                IM_ITEM.c.PRC_1.is_not(None),
                IM_INV.c.LOC_ID == "1",
                IM_INV.c.QTY_AVAIL > 0,
            )
        ).first()
        connection.execute(update(IM_ITEM).where(pot == IM_ITEM.c.ITEM_NO).values(PRC_1=1234.5))
    before = uploads(sandbox)
    run_dag("hourly_inventory", only=["retail", "wholesale"])
    assert uploads(sandbox) == before + 2
    assert "1234.50" in published(sandbox, FEEDS[0]).read_text(encoding="utf-8")


def test_a_dry_run_shows_its_plan_and_touches_nothing(run_dag: RunDag, sandbox: Sandbox) -> None:
    before = photo_contents(sandbox.photos)
    run = run_dag("hourly_inventory", dry_run=True)
    assert str(run.state) == "success"
    assert states(run)["retail.publish"] == {"skipped"}
    assert uploads(sandbox) == 0
    assert photo_contents(sandbox.photos) == before
    assert list((sandbox.files / "plans" / "hourly_inventory").rglob("*.jsonl.gz"))


def test_an_empty_counterpoint_leaves_the_published_feed_and_the_photos_still_run(
    run_dag: RunDag, sandbox: Sandbox
) -> None:
    run_dag("hourly_inventory", only=["retail", "wholesale"])
    kept = published(sandbox, FEEDS[0]).read_bytes()
    with sandbox.counterpoint.begin() as connection:
        connection.execute(update(IM_ITEM).values(STAT="V"))
    run = run_dag("hourly_inventory")
    assert str(run.state) == "failed"
    assert states(run)["retail.plan"] == {"failed"}
    assert states(run)["photos.prepare"] == {"success"}
    assert states(run)["report"] == {"failed"}
    assert published(sandbox, FEEDS[0]).read_bytes() == kept


@pytest.mark.parametrize(
    "fault", [{"kind": "truncate_upload"}, {"kind": "drop_connection"}, {"kind": "status", "status": 503}]
)
def test_a_disturbed_upload_never_leaves_a_damaged_feed(
    run_dag: RunDag, sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    run_dag("hourly_inventory", only=["retail"])
    kept = published(sandbox, FEEDS[0]).read_bytes()
    with sandbox.counterpoint.begin() as connection:
        connection.execute(update(IM_ITEM).values(PRC_1=IM_ITEM.c.PRC_1 + 1))
    sandbox.vendors.order_fault(vendor="webdav", count=1000, match="availability", **fault)
    run = run_dag("hourly_inventory", only=["retail"])
    assert str(run.state) == "failed"
    assert published(sandbox, FEEDS[0]).read_bytes() == kept
    sandbox.vendors.clear_faults()
    assert str(run_dag("hourly_inventory", only=["retail"]).state) == "success"
    assert published(sandbox, FEEDS[0]).read_bytes() != kept


def test_a_refused_login_fails_at_once_with_a_clear_message(
    run_dag: RunDag, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    wrong = {**json.loads(os.environ["AIRFLOW_CONN_WEBDAV"]), "password": "not-the-password"}
    monkeypatch.setenv("AIRFLOW_CONN_WEBDAV", json.dumps(wrong))
    run = run_dag("hourly_inventory", only=["retail"])
    plan = next(ti for ti in run.get_task_instances() if ti.task_id == "retail.plan")
    assert (str(plan.state), plan.try_number) == ("failed", 1)
    with sandbox.store_db.connect() as connection:
        error = connection.scalars(select(JOURNAL.c.error).where(JOURNAL.c.task_id == "retail.plan")).one()
    assert "the login or the password is wrong" in error
    assert "not-the-password" not in error


def test_the_day_s_log_has_every_task_and_its_outcome(run_dag: RunDag, sandbox: Sandbox) -> None:
    run = run_dag("hourly_inventory", only=["retail"])
    (log,) = (sandbox.files / "business_automations").glob("automations_*.txt")
    lines = log.read_text().splitlines()
    assert lines[-1] == "Total errors: 0"
    tasks = {ti.task_id for ti in run.get_task_instances() if str(ti.state) in ("success", "skipped")}
    named = {task for task in tasks if any(f"hourly_inventory.{task}" in line for line in lines)}
    assert {"retail.plan", "retail.publish", "wholesale.plan", "report"} <= named
    assert any("this run is for retail only" in line for line in lines)


def test_photos_are_uploaded_where_the_store_wants_it(
    run_dag: RunDag, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "settings"
    own.mkdir()
    (own / "photos.yaml").write_text("upload: true\nupload_folder: product_images/import\n")
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(own))
    from include.catalog.photo_settings import photo_settings

    photo_settings.cache_clear()
    try:
        run = run_dag("hourly_inventory", only=["photos"])
        assert str(run.state) == "success", states(run)
        photos = [f for f in sandbox.photos.glob("[!.]*") if f.suffix.casefold() == ".jpg"]
        local = {f.name: f.read_bytes() for f in photos}
        remote = {
            f.name: f.read_bytes()
            for f in (sandbox.vendors.webdav_dir / "product_images" / "import").iterdir()
        }
        assert remote == local
        before = uploads(sandbox)
        run_dag("hourly_inventory", only=["photos"])
        assert uploads(sandbox) == before
    finally:
        photo_settings.cache_clear()


def test_items_without_a_price_are_reported_by_name(run_dag: RunDag, sandbox: Sandbox) -> None:
    run = run_dag("hourly_inventory", only=["retail"])
    (rejects,) = (sandbox.files / "rejects" / "hourly_inventory").rglob("retail.plan.csv")
    with sandbox.counterpoint.connect() as connection:
        query = (
            select(func.count())
            .select_from(IM_ITEM)
            .join(IM_INV, IM_INV.c.ITEM_NO == IM_ITEM.c.ITEM_NO)
            .where(
                IM_ITEM.c.STAT == "A",
                IM_ITEM.c.PRC_1.is_(None),
                IM_INV.c.LOC_ID == "1",
                IM_INV.c.QTY_AVAIL >= 0,
            )
        )
        unpriced = connection.scalar(query)
    assert unpriced
    assert len(rejects.read_text().splitlines()) - 1 == unpriced
    assert str(run.state) == "success"
