"""Which files go: ages, links, today's file, and what changes while it runs; on a disk and in a bucket."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import boto3  # type: ignore[import-untyped]
import pytest
from pydantic import ValidationError
from upath import UPath

from include.errors import InvalidSettings
from include.housekeeping.old_files import plan_old_files, remove_files
from include.housekeeping.settings import OldFiles, housekeeping_settings
from include.housekeeping.trees import Tree, tree_at

ZONE = ZoneInfo("America/New_York")
TODAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=ZONE)
TARGET = "store_file"


def rule(folder: str, *names: str, days: int = 14) -> OldFiles:
    return OldFiles(folder=folder, names=names or ("*",), days=days)


def put(root: Path, path: str, age: timedelta = timedelta(0), content: str = "x") -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    at = (NOON - age).timestamp()
    os.utime(file, (at, at))
    return file


def planned(root: Path, **rules: OldFiles) -> list[str]:
    return [str(change.key) for change in plan_old_files(tree_at(root), TARGET, rules, TODAY, ZONE).changes]


def carry_out(root: Any, plan: Any, **rules: OldFiles) -> list[str]:
    tree: Tree = tree_at(root)
    return [result.status for batch in remove_files(tree, plan.changes, rules) for result in batch]


DAY = timedelta(days=1)


def test_fourteen_days_are_kept(tmp_path: Path) -> None:
    for age in (0, 1, 13, 14, 15, 40):
        put(tmp_path, f"logs/{age:02}.txt", age * DAY)
    assert planned(tmp_path, logs=rule("logs")) == ["logs/15.txt", "logs/40.txt"]


def test_days_are_store_days(tmp_path: Path) -> None:
    midnight = datetime(2026, 11, 18, tzinfo=ZONE)
    put(tmp_path, "logs/before.txt", NOON - midnight + timedelta(seconds=1))
    put(tmp_path, "logs/after.txt", NOON - midnight)
    assert planned(tmp_path, logs=rule("logs", days=2)) == ["logs/before.txt"]


def test_only_what_a_rule_names_goes(tmp_path: Path) -> None:
    for name in (
        "logs/a.txt",
        "logs/b.csv",
        "logs/latest.html",
        "logs/deep/c.txt",
        "new_customers.csv",
        "logs2/d.txt",
    ):
        put(tmp_path, name, 400 * DAY)
    names = OldFiles.model_validate(
        {"folder": "logs", "names": ["*.txt", "*.html"], "except": ["latest.html"], "days": 14}
    )
    assert planned(tmp_path, logs=names) == ["logs/a.txt", "logs/deep/c.txt"]


def test_a_file_of_today_stays_whatever_its_time_says(tmp_path: Path) -> None:
    for name in (
        "automations_11_20_2026.txt",
        "replies_11_20_26.csv",
        "2026-11-20.html",
        "automations_11_19_2026.txt",
    ):
        put(tmp_path, f"logs/{name}", 400 * DAY)
    assert planned(tmp_path, logs=rule("logs")) == ["logs/automations_11_19_2026.txt"]


def test_the_rule_of_the_nearer_folder_decides(tmp_path: Path) -> None:
    put(tmp_path, "reports/preview/a.html", 20 * DAY)
    put(tmp_path, "reports/sales/b.html", 20 * DAY)
    rules = {"pages": rule("reports", days=400), "previews": rule("reports/preview", days=14)}
    assert planned(tmp_path, **rules) == ["reports/preview/a.html"]
    rules = {"pages": rule("reports", days=14), "previews": rule("reports/preview", days=400)}
    assert planned(tmp_path, **rules) == ["reports/sales/b.html"]


def test_links_are_neither_followed_nor_removed(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    precious = put(outside, "precious.txt", 400 * DAY)
    (root / "logs").mkdir(parents=True)
    (root / "logs" / "folder").symlink_to(outside)
    (root / "logs" / "file.txt").symlink_to(precious)
    (root / "linked").symlink_to(outside)
    assert planned(root, logs=rule("logs"), linked=rule("linked")) == []

    put(root, "logs/sub/precious.txt", 400 * DAY)
    rules = {"logs": rule("logs")}
    plan = plan_old_files(tree_at(root), TARGET, rules, TODAY, ZONE)
    assert [change.key for change in plan.changes] == ["logs/sub/precious.txt"]
    (root / "logs" / "sub" / "precious.txt").unlink()
    (root / "logs" / "sub").rmdir()
    (root / "logs" / "sub").symlink_to(outside)
    carry_out(root, plan, **rules)
    assert precious.exists(), "a link took the folder's place after the plan was made"


@pytest.mark.parametrize("folder", ["..", "../other", "/etc", "logs/../..", "s3://bucket", ""])
def test_no_rule_leads_out_of_the_stores_files(folder: str) -> None:
    with pytest.raises(ValidationError, match="below the store's files"):
        rule(folder)


def test_a_plan_that_names_a_place_outside_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "other.txt")
    with pytest.raises(Exception, match="leads out"):
        tree_at(tmp_path / "root").remove("../other.txt", ".")
    assert (tmp_path / "other.txt").exists()


def test_empty_folders_go_with_their_last_file_and_the_rules_folder_stays(tmp_path: Path) -> None:
    put(tmp_path, "plans/dag/run 1/a.gz", 40 * DAY)
    put(tmp_path, "plans/dag/run 1/b.gz", 40 * DAY)
    put(tmp_path, "plans/dag/run 2/c.gz", 40 * DAY)
    put(tmp_path, "plans/dag/run 2/fresh.gz")
    put(tmp_path, "plans/gone/run 3/d.gz", 40 * DAY)
    rules = {"plans": rule("plans")}
    plan = plan_old_files(tree_at(tmp_path), TARGET, rules, TODAY, ZONE)
    assert (len(plan.changes), plan.considered) == (4, 5)
    assert carry_out(tmp_path, plan, **rules) == ["applied"] * 4
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert left == ["plans", "plans/dag", "plans/dag/run 2", "plans/dag/run 2/fresh.gz"]
    assert carry_out(tmp_path, plan, **rules) == ["applied"] * 4, "a retry finds them gone"
    assert planned(tmp_path, **rules) == []

    (tmp_path / "plans/dag/run 2/fresh.gz").unlink()
    put(tmp_path, "plans/dag/run 2/c.gz", 40 * DAY)
    carry_out(tmp_path, plan_old_files(tree_at(tmp_path), TARGET, rules, TODAY, ZONE), **rules)
    assert (tmp_path / "plans").is_dir()
    assert not (tmp_path / "plans/dag").exists()


def test_what_was_written_since_the_plan_stays(tmp_path: Path) -> None:
    put(tmp_path, "logs/a.txt", 40 * DAY)
    put(tmp_path, "logs/b.txt", 40 * DAY)
    rules = {"logs": rule("logs")}
    plan = plan_old_files(tree_at(tmp_path), TARGET, rules, TODAY, ZONE)
    put(tmp_path, "logs/a.txt", content="somebody is writing")
    assert carry_out(tmp_path, plan, **rules) == ["conflicted", "applied"]
    assert (tmp_path / "logs/a.txt").read_text() == "somebody is writing"


def test_a_rule_taken_out_of_the_settings_since_the_plan_removes_nothing(tmp_path: Path) -> None:
    file = put(tmp_path, "logs/a.txt", 40 * DAY)
    plan = plan_old_files(tree_at(tmp_path), TARGET, {"logs": rule("logs")}, TODAY, ZONE)
    assert carry_out(tmp_path, plan) == ["skipped"]
    assert file.exists()


def test_left_overs_of_writing_are_found_everywhere(tmp_path: Path) -> None:
    put(tmp_path, ".log.csv.0a1b.part", 5 * DAY)
    put(tmp_path, "coupons/.deleted.csv.0a1b.part", 5 * DAY)
    put(tmp_path, "coupons/.deleted.csv.77.part")
    put(tmp_path, "coupons/deleted.csv", 500 * DAY)
    parts = housekeeping_settings().file_rules["unfinished_files"]
    assert planned(tmp_path, parts=parts) == [".log.csv.0a1b.part", "coupons/.deleted.csv.0a1b.part"]
    plan = plan_old_files(tree_at(tmp_path), TARGET, {"parts": parts}, TODAY, ZONE)
    assert carry_out(tmp_path, plan, parts=parts) == ["applied"] * 2
    assert (tmp_path / "coupons" / "deleted.csv").exists()


@pytest.fixture
def bucket() -> Iterator[UPath]:
    """A bucket on a server that speaks S3."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    login: dict[str, Any] = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    url, region = f"http://{host}:{port}", "us-east-1"
    client = boto3.client("s3", endpoint_url=url, region_name=region, **login)
    client.create_bucket(Bucket="house-keeping")
    options: dict[str, Any] = {"key": "key", "secret": "secret", "endpoint_url": url}
    root = UPath("s3://house-keeping/store", client_kwargs={"region_name": region}, **options)
    yield root
    server.stop()


def test_objects_in_a_bucket_go_the_same_way(bucket: UPath) -> None:
    for path in ("plans/dag/run 1/a.gz", "plans/dag/latest.html", "plans2/b.gz", "top.csv"):
        (bucket / path).write_bytes(b"x")
    (bucket.parent / "elsewhere.gz").write_bytes(b"x")
    written = datetime.now(UTC).date()
    rules = {"plans": rule("plans", "*.gz", days=30), "all": rule(".", "*.csv", days=60)}
    tree = tree_at(bucket)
    assert plan_old_files(tree, TARGET, rules, written + 30 * DAY, ZONE).changes == ()
    plan = plan_old_files(tree, TARGET, rules, written + 45 * DAY, ZONE)
    assert [change.key for change in plan.changes] == ["plans/dag/run 1/a.gz"]
    assert plan.considered == 2
    assert carry_out(bucket, plan, **rules) == ["applied"]
    assert carry_out(bucket, plan, **rules) == ["applied"]
    assert not (bucket / "plans/dag/run 1/a.gz").exists()
    for path in ("plans/dag/latest.html", "plans2/b.gz", "top.csv"):
        assert (bucket / path).exists()
    assert (bucket.parent / "elsewhere.gz").exists()

    plan = plan_old_files(tree, TARGET, rules, written + 90 * DAY, ZONE)
    (bucket / "top.csv").write_bytes(b"longer now")
    assert carry_out(bucket, plan, **rules) == ["conflicted"]


def test_the_settings_keep_logs_for_fourteen_days_and_name_known_rows_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = housekeeping_settings()
    assert shipped.file_rules["daily_logs"].days == 14
    assert shipped.airflow_logs is not None
    assert shipped.airflow_logs.days == 14
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    file = tmp_path / "housekeeping.yaml"
    file.write_text("files: {plans: null}\ndatabase: {remove: {journal: null}}\n")
    assert "plans" not in housekeeping_settings().file_rules
    assert "journal" not in housekeeping_settings().database.days
    for wrong, complaint in (
        ("database: {remove: {ledger: {days: 400}}}", "no such rows: ledger"),
        ("database: {minimise: {leads: {days: 1}}}", "database.minimise.leads.days"),
        ("files: {plans: {folder: /etc}}", "files.plans.folder"),
    ):
        file.write_text(wrong)
        with pytest.raises(InvalidSettings, match=complaint):
            housekeeping_settings()
