"""The nightly backups, restores and the drill on the sandbox."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyrage  # type: ignore[import-untyped]
import pytest

from include.backups.manifest import Manifest
from tests.integration.conftest import Sandbox, states

RunDag = Callable[..., Any]


@pytest.fixture
def offsite(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty storage, and a store that has something to save."""
    place = sandbox.folder / "offsite"
    fields = {"conn_type": "generic", "host": place.as_uri()}
    monkeypatch.setenv("AIRFLOW_CONN_OFFSITE", json.dumps(fields))
    (sandbox.files / "reports").mkdir(parents=True)
    (sandbox.files / "reports" / "Größen, 2026.csv").write_text("a,b\n1,2\n")
    (sandbox.files / "restored").mkdir()
    (sandbox.files / "restored" / "old.txt").write_text("no original")
    write_settings(sandbox, monkeypatch, "checks: {keep_free_mb: 1}\n")
    return place


def write_settings(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    folder = sandbox.folder / "settings"
    folder.mkdir(exist_ok=True)
    (folder / "backups.yaml").write_text(text)
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(folder))


def manifests(offsite: Path, target: str) -> list[Manifest]:
    return [
        Manifest.model_validate_json(file.read_bytes()) for file in sorted((offsite / target).glob("*.json"))
    ]


def summary(run: Any, task_id: str = "report") -> dict[str, Any]:
    ti = run.get_task_instance(task_id)
    found: dict[str, Any] = ti.xcom_pull(task_ids=task_id, key="summary")
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_every_night_makes_backups_that_can_be_restored(
    run_dag: RunDag, sandbox: Sandbox, offsite: Path
) -> None:
    first = run_dag("offsite_backups")
    assert str(first.state) == "success", states(first)
    targets = {"store_db", "store_files", "photos", "store_settings"}
    assert {folder.name for folder in offsite.iterdir()} == targets
    assert summary(first)["applied"] == len(targets)

    second = run_dag("offsite_backups")
    assert str(second.state) == "success", states(second)
    assert summary(second)["applied"] == len(targets)
    assert {len(manifests(offsite, target)) for target in targets} == {2}

    drill = run_dag("backup_restore_drill")
    assert str(drill.state) == "success", states(drill)
    assert summary(drill)["applied"] == len(targets)

    before = contents(sandbox.photos)
    restored = run_dag("restore_backup", target="photos", into="photos-of-november")
    assert str(restored.state) == "success", states(restored)
    assert contents(sandbox.files / "restored" / "photos-of-november") == before


def test_files_that_were_restored_are_no_part_of_the_next_backup(
    run_dag: RunDag, sandbox: Sandbox, offsite: Path
) -> None:
    run_dag("offsite_backups")
    assert str(run_dag("restore_backup", target="store_files", into="again").state) == "success"
    found = contents(sandbox.files / "restored" / "again")
    assert found["reports/Größen, 2026.csv"] == b"a,b\n1,2\n"
    assert not any(name.startswith("restored") for name in found)


def test_a_restored_database_has_what_was_saved(run_dag: RunDag, sandbox: Sandbox, offsite: Path) -> None:
    run_dag("offsite_backups")
    (saved,) = manifests(offsite, "store_db")
    assert saved.counts["audit"] > 0
    with sandbox.store_db.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE made_later (x INTEGER)")
    run = run_dag("restore_backup", target="store_db", backup=saved.name)
    assert str(run.state) == "success", states(run)
    (file,) = (sandbox.files / "restored").glob("store_db-*/store_db.db")
    with sqlite3.connect(file) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert set(saved.counts) <= tables
    assert "made_later" not in tables


def test_nothing_is_overwritten(run_dag: RunDag, sandbox: Sandbox, offsite: Path) -> None:
    run_dag("offsite_backups")
    precious = sandbox.files / "restored" / "precious"
    precious.mkdir()
    (precious / "a.txt").write_text("mine")
    run = run_dag("restore_backup", target="photos", into="precious")
    assert str(run.state) == "failed"
    assert contents(precious) == {"a.txt": b"mine"}
    assert str(run_dag("restore_backup", target="photos", into="../../photos").state) == "failed"


def test_without_a_target_or_backups_runs_say_why_they_did_nothing(run_dag: RunDag, offsite: Path) -> None:
    restored = run_dag("restore_backup")
    assert str(restored.state) == "success"
    assert "store_db" in summary(restored)["reasons"][0]
    drill = run_dag("backup_restore_drill")
    assert str(drill.state) == "success", states(drill)
    assert "run offsite_backups first" in summary(drill)["reasons"][0]


def test_one_target_that_fails_leaves_the_others(
    run_dag: RunDag, sandbox: Sandbox, offsite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_settings(
        sandbox,
        monkeypatch,
        "files: {keys: {paths: [/nowhere/keys.env]}}\n"
        "databases: {tills: {connection: tills}, store_db: {connection: store_db}}\n",
    )
    fields = {"conn_type": "mssql", "host": "127.0.0.1", "port": 1433, "schema": "x"}
    monkeypatch.setenv("AIRFLOW_CONN_TILLS", json.dumps(fields))
    run = run_dag("offsite_backups")
    assert str(run.state) == "failed"
    assert summary(run)["failed"] == 2
    rejects = "".join(Path(path.removeprefix("file://")).read_text() for path in summary(run)["rejects"])
    assert "/nowhere/keys.env" in rejects
    assert "BACKUP DATABASE" in rejects
    assert {len(manifests(offsite, name)) for name in ("store_db", "store_files", "photos")} == {1}


def test_a_backup_that_collapsed_is_kept_and_reported(
    run_dag: RunDag, sandbox: Sandbox, offsite: Path
) -> None:
    run_dag("offsite_backups")
    for photo in sandbox.photos.iterdir():
        if photo.is_file():
            photo.unlink()
        else:
            shutil.rmtree(photo)
    run = run_dag("offsite_backups")
    assert str(run.state) == "failed"
    good, small = manifests(offsite, "photos")
    assert "of the usual" in small.warning
    # The drill and a restore take the newest good one.
    assert str(run_dag("backup_restore_drill").state) == "success"
    assert str(run_dag("restore_backup", target="photos", into="back").state) == "success"
    assert len(contents(sandbox.files / "restored" / "back")) == good.counts["files"] > 0
    assert str(run_dag("offsite_backups", accept_small=True).state) == "success"


def test_a_flipped_byte_is_found(run_dag: RunDag, sandbox: Sandbox, offsite: Path) -> None:
    run_dag("offsite_backups")
    (saved,) = manifests(offsite, "photos")
    file = offsite / "photos" / saved.name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    drill = run_dag("backup_restore_drill")
    assert str(drill.state) == "failed"
    assert summary(drill)["failed"] == 1
    assert summary(drill)["applied"] == 3
    run = run_dag("restore_backup", target="photos", into="damaged")
    assert str(run.state) == "failed"
    assert [path.name for path in (sandbox.files / "restored").iterdir()] == ["old.txt"]


def test_encrypted_backups_open_with_the_private_key_only(
    run_dag: RunDag, sandbox: Sandbox, offsite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = pyrage.x25519.Identity.generate()
    write_settings(sandbox, monkeypatch, f"encryption: {{recipients: [{key.to_public()}]}}\n")
    assert str(run_dag("offsite_backups").state) == "success"
    (saved,) = manifests(offsite, "store_files")
    assert (offsite / "store_files" / saved.name).read_bytes().startswith(b"age-encryption.org/v1")

    drill = run_dag("backup_restore_drill")
    assert str(drill.state) == "success"
    assert summary(drill)["skipped"] == 4
    assert str(run_dag("restore_backup", target="store_files", into="no_key").state) == "failed"

    other = {"conn_type": "generic", "password": str(pyrage.x25519.Identity.generate())}
    monkeypatch.setenv("AIRFLOW_CONN_OFFSITE_KEY", json.dumps(other))
    assert str(run_dag("restore_backup", target="store_files", into="wrong_key").state) == "failed"

    monkeypatch.setenv("AIRFLOW_CONN_OFFSITE_KEY", json.dumps({**other, "password": str(key)}))
    assert summary(run_dag("backup_restore_drill"))["applied"] == 4
    assert str(run_dag("restore_backup", target="store_files", into="key").state) == "success"
    assert "reports/Größen, 2026.csv" in contents(sandbox.files / "restored" / "key")


def test_a_dry_run_writes_nothing(run_dag: RunDag, offsite: Path) -> None:
    assert str(run_dag("offsite_backups", dry_run=True).state) == "success"
    assert not list(offsite.rglob("*.*"))


def test_a_missing_connection_is_named(
    run_dag: RunDag, offsite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_OFFSITE")
    run = run_dag("offsite_backups")
    assert str(run.state) == "failed"
    assert not offsite.exists()
