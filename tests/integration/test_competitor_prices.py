"""Competitors' prices, read from the stand-in's site with a real Chromium."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import func, select

from include.competitors.settings import competitor_settings
from include.sandbox.standins import credentials
from include.sandbox.standins.competitor.app import DAY_FILE
from include.sandbox.standins.competitor.price_list import lines
from include.sandbox.standins.state import mails
from include.storedb.tables import COMPETITOR_PRICE
from retail_ops.browser import find_programs
from tests.integration.conftest import TODAY, Sandbox

RunDag = Callable[..., Any]
DAG, SITE = "competitor_prices", "greenfields"

pytestmark = pytest.mark.skipif(find_programs() is None, reason="no Chromium with its driver to browse with")


@pytest.fixture(autouse=True)
def _fresh_settings(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(sandbox.folder / "settings"))
    (sandbox.folder / "settings").mkdir()
    show(sandbox, TODAY)
    competitor_settings.cache_clear()
    yield
    competitor_settings.cache_clear()


@pytest.fixture(autouse=True)
def _no_stray_browsers() -> Iterator[None]:
    before = browsers()
    yield
    assert browsers() <= before


def browsers() -> set[int]:
    return {
        process.pid
        for process in psutil.process_iter(["name", "status"])
        if process.info["name"].startswith("chrom") and process.info["status"] != psutil.STATUS_ZOMBIE
    }


def show(sandbox: Sandbox, day: date) -> None:
    (sandbox.vendors.state_dir / DAY_FILE).write_text(day.isoformat())


def settle(sandbox: Sandbox, text: str) -> None:
    (sandbox.folder / "settings" / "competitors.yaml").write_text(text)
    competitor_settings.cache_clear()


def states(run: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for ti in run.get_task_instances():
        found.setdefault(ti.task_id, set()).add(str(ti.state))
    return found


def total(run: Any) -> dict[str, Any]:
    (report,) = (ti for ti in run.get_task_instances() if ti.task_id == "report")
    return dict(report.xcom_pull(task_ids="report", key="summary"))


def kept(sandbox: Sandbox) -> dict[str, bytes]:
    folders = ("competitor_prices", "reports")
    files = [file for folder in folders for file in (sandbox.files / folder).rglob("*") if file.is_file()]
    return {str(file.relative_to(sandbox.files)): file.read_bytes() for file in files}


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def mailed(sandbox: Sandbox) -> list[Path]:
    """The comparisons that were mailed."""
    query = select(mails.c.file).where(mails.c.subject.startswith("Competitor prices")).order_by(mails.c.id)
    context = sandbox.vendors.context
    with context.engine.connect() as connection:
        return [context.mail_dir / name for name in connection.scalars(query)]


def history(sandbox: Sandbox) -> int:
    with sandbox.store_db.connect() as connection:
        return connection.scalar(select(func.count()).select_from(COMPETITOR_PRICE)) or 0


def test_a_night_is_read_compared_and_mailed_once(run_dag: RunDag, sandbox: Sandbox) -> None:
    run = run_dag(DAG)
    assert str(run.state) == "success", states(run)
    listed = lines(sandbox.vendors.context.engine, TODAY)
    rows = table(sandbox.files / DAG / SITE / f"{TODAY}.csv")
    assert [row["Name"] for row in rows] == [line.name for line in listed]
    assert history(sandbox) == len(listed)
    assert not any(row["Low"] == "0.01" for row in rows), "hidden rows are no offers"
    for row, line in zip(rows, listed, strict=True):
        assert (row["Low"] == "") == (row["No price because"] != ""), row
        if line.price == "call":
            assert row["No price because"] == "on request"
        if amounts := re.fullmatch(r"\$([\d,.]+)", line.price):
            assert Decimal(row["Low"]) == Decimal(amounts[1].replace(",", ""))

    compared = table(sandbox.files / DAG / "comparison" / f"{TODAY}.csv")
    assert compared
    assert {row["Basis"] for row in compared} == {"very sure"}
    matches = table(sandbox.files / DAG / "matches.csv")
    assert matches
    assert {row["decision"] for row in matches} == {""}
    (mail, *_others) = mailed(sandbox)
    letter = message_from_bytes(mail.read_bytes(), policy=policy.default)
    assert {part.get_filename() for part in letter.iter_attachments()} == {
        f"competitor_prices_{TODAY}.csv", f"competitor_prices_{TODAY}.xlsx"
    }  # fmt: skip

    before, sent = kept(sandbox), mailed(sandbox)
    second = run_dag(DAG)
    assert str(second.state) == "success", states(second)
    assert total(second)["applied"] == 0
    assert total(second)["failed"] == 0
    assert kept(sandbox) == before
    assert history(sandbox) == len(listed)
    assert mailed(sandbox) == sent


def test_what_moved_overnight_and_what_staff_decided_is_in_the_next_comparison(
    run_dag: RunDag, sandbox: Sandbox
) -> None:
    run_dag(DAG)
    file = sandbox.files / DAG / "matches.csv"
    asked = table(file)
    text = file.read_text()
    yes, no = asked[0], next(row for row in asked if row["their_name"] != asked[0]["their_name"])
    for row, decision in ((yes, "yes"), (no, "NO")):
        (line,) = (line for line in text.splitlines() if row["pair"] in line)
        text = text.replace(line, decision + line)
    file.write_text(text)

    show(sandbox, TODAY + timedelta(days=1))
    run_dag.at += timedelta(days=1)  # type: ignore[attr-defined]
    run = run_dag(DAG)
    assert str(run.state) == "success", states(run)
    tomorrow = TODAY + timedelta(days=1)
    compared = table(sandbox.files / DAG / "comparison" / f"{tomorrow}.csv")
    (confirmed,) = (row for row in compared if row["Basis"] == "confirmed")
    assert (confirmed["Their product"], confirmed["Our item"]) == (yes["their_name"], yes["our_item"])
    assert not any(
        (row["Their product"], row["Our item"]) == (no["their_name"], no["our_item"]) for row in compared
    )
    assert file.read_text().startswith(text), "what staff wrote stays as it is"

    engine = sandbox.vendors.context.engine
    old, new = ({(line.name, line.size): line.price for line in lines(engine, d)} for d in (TODAY, tomorrow))
    moved = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    assert moved
    page = (sandbox.files / "reports" / DAG / "latest.html").read_text()
    assert f"what moved since Nov {TODAY.day}, {TODAY.year}" in page
    (summary,) = (ti.xcom_pull(task_ids="write", key="summary") for ti in run.get_task_instances()[:1])
    assert summary["details"]["moved"] == len(moved)


def test_a_dry_run_reads_and_compares_and_leaves_nothing(run_dag: RunDag, sandbox: Sandbox) -> None:
    run = run_dag(DAG, dry_run=True)
    assert str(run.state) == "success", states(run)
    assert kept(sandbox).keys() <= {f"reports/preview/{DAG}/{name}.html" for name in (TODAY, "latest")}
    assert history(sandbox) == 0
    assert mailed(sandbox) == []
    (ti, *_) = run.get_task_instances()
    for task_id in ("read", "compare"):
        found = ti.xcom_pull(task_ids=task_id, key="summary")
        summary = found if isinstance(found, dict) else found[0]
        assert (summary["applied"], summary["details"]["kept"]) == (0, "nothing: dry run")
    assert "dry run" in " ".join(total(run)["reasons"])


def test_a_refused_login_fails_at_once_and_shows_no_secret(
    run_dag: RunDag, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.vendors.order_fault("competitor", "refuse_login", count=5)
    run = run_dag(DAG)
    assert states(run)["read"] == {"failed"}
    assert str(run.state) == "failed"
    tried = [r for r in sandbox.vendors.requests("competitor", "POST") if r.path.endswith("/login")]
    assert len(tried) == 1, "a site that refuses a login locks the account when it is asked again and again"
    said = capsys.readouterr().out
    assert "the site refuses the login of the connection 'competitor_greenfields'" in said
    folder = sandbox.files / DAG / "failures" / SITE
    (page,) = folder.glob("*.html")
    (picture,) = folder.glob("*.png")
    assert picture.read_bytes().startswith(b"\x89PNG")
    text = page.read_text()
    assert "login-error" in text
    for secret in (credentials.COMPETITOR_PASSWORD, credentials.COMPETITOR_USER):
        assert secret not in text
        assert secret not in said


def test_a_site_that_is_down_leaves_the_others(
    run_dag: RunDag,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fields = credentials.connections(sandbox.vendors)["competitor_greenfields"]
    down = {**fields, "host": "http://127.0.0.1:9/competitor"}
    monkeypatch.setenv("AIRFLOW_CONN_COMPETITOR_DOWN", json.dumps(down))
    site = competitor_settings().sites[SITE].model_dump(mode="json", by_alias=True, exclude_none=True)
    settle(sandbox, json.dumps({"sites": {
        "down": {**site, "name": "Down", "connection": "competitor_down"},
        "nobody": {**site, "name": "Nobody", "connection": "competitor_nobody"},
    }}))  # fmt: skip
    run = run_dag(DAG)
    assert states(run)["read"] == {"success", "failed"}
    assert states(run)["compare"] == {"success"}
    assert str(run.state) == "failed"
    assert (sandbox.files / DAG / SITE / f"{TODAY}.csv").exists()
    said = capsys.readouterr().out
    assert "Down, step 1 of 7 (open '/login'): the site cannot be reached" in said
    assert "there is no connection 'competitor_nobody'" in said
    page = (sandbox.files / "reports" / DAG / "latest.html").read_text()
    assert "Down could not be read" in page
    assert "Greenfields Wholesale Nursery could not" not in page


def test_a_list_that_is_missing_for_a_while_is_read_by_the_retry(run_dag: RunDag, sandbox: Sandbox) -> None:
    settle(sandbox, json.dumps({"sites": {SITE: {"wait_seconds": 2}}}))
    sandbox.vendors.order_fault("competitor", "no_table", count=1)
    run = run_dag(DAG)
    assert str(run.state) == "success", states(run)
    (picture,) = (sandbox.files / DAG / "failures" / SITE).glob("*_try1.png")
    assert picture.stat().st_size


def test_where_there_is_no_chromium_the_run_says_so(
    run_dag: RunDag, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETAIL_OPS_CHROMIUM", "/nowhere/chromium")
    run = run_dag(DAG)
    assert str(run.state) == "success", states(run)
    assert {state for name, found in states(run).items() if name != "report" for state in found} == {
        "skipped"
    }
    assert any("Chromium or its driver is not on this machine" in reason for reason in total(run)["reasons"])
