"""The DAG customer_segmentation as a whole: two runs, a correction, movements, dry runs and past days."""

from __future__ import annotations

import csv
import os
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from include.counterpoint.customer_sales import customer_sums
from include.counterpoint.tables import PS_TKT_HIST
from include.periods import last_days
from include.sandbox.daily_sales_upload import FOLDER, fill_daily_sales
from include.segmentation.settings import segmentation_settings
from include.settings.customer_segments import SEGMENT_NAMES
from include.storedb.customer_segments import Placed, Segmentations
from include.storedb.retention import Retention
from include.storedb.tables import CUSTOMER_DAY, CUSTOMER_SEGMENT, SEGMENT, SEGMENTATION
from tests.integration.conftest import TODAY, RunOfDay, Sandbox

SMALL = "clusters: {starts: 5, resamples: 3, at_most: 4, sample: 400}\n"


@pytest.fixture
def run_dag_of(airflow_db: None, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Any:
    settings = sandbox.folder / "settings"
    settings.mkdir()
    (settings / "segmentation.yaml").write_text(SMALL)
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(settings))
    segmentation_settings.cache_clear()
    fill_daily_sales(sandbox.files / FOLDER, TODAY)
    yield RunOfDay("customer_segmentation", 9)
    segmentation_settings.cache_clear()


def states(run: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for ti in run.get_task_instances():
        found.setdefault(ti.task_id, set()).add(str(ti.state))
    return found


def placed(sandbox: Sandbox, source: str = "counterpoint", day: date = TODAY) -> list[Placed]:
    kept = Segmentations(sandbox.store_db)
    made = kept.of(source, day)
    return list(kept.placed(made)) if made else []


def test_two_runs_of_a_morning_leave_what_one_does(run_dag_of: RunOfDay, sandbox: Sandbox) -> None:
    first = run_dag_of()
    assert str(first.state) == "success"
    assert set().union(*states(first).values()) == {"success"}
    with sandbox.counterpoint.connect() as connection:
        sums = list(customer_sums(lambda query: connection.execute(query).all(), last_days(TODAY, 730)))
    buyers = {one.customer for one in sums if one.last_day} - {"CASH", ""}
    found = placed(sandbox)
    assert [one.customer for one in found] == sorted(buyers)
    assert {one.segment for one in found} <= set(SEGMENT_NAMES)
    assert len({one.segment for one in found}) >= 3
    by_number = {one.customer: one for one in sums}
    for one in found:
        bought = by_number[one.customer]
        assert bought.last_day is not None
        assert (one.recency, one.frequency, one.monetary) == (
            (TODAY - bought.last_day).days, bought.days, bought.amount,
        )  # fmt: skip
    made = Segmentations(sandbox.store_db).of("counterpoint", TODAY)
    assert made is not None
    apart = {one["customer"]: one["reason"] for one in made.details["apart"]}
    assert apart["CASH"] == "set aside by segmentation.yaml"
    figures = Segmentations(sandbox.store_db).segments(made)
    assert sum(one.customers for one in figures) == len(found) == made.customers
    assert sum(one.amount for one in figures) == sum(one.monetary for one in found)
    assert len(placed(sandbox, "uploads")) > 40
    folder = sandbox.files / "reports" / "customer_segmentation"
    page = (folder / "latest.html").read_text()
    assert page == (folder / f"{TODAY}.html").read_text()
    for segment in figures:
        assert segment.rule_text in page
    assert "CASH" in page
    assert (folder / str(TODAY) / "segments-counterpoint.png").read_bytes().startswith(b"\x89PNG")
    with (folder / str(TODAY) / "segments.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["source"] == "counterpoint"]
    assert [(row["customer"], row["segment"]) for row in rows] == [(o.customer, o.segment) for o in found]

    written = (folder / "latest.html").stat().st_mtime_ns
    second = run_dag_of()
    assert str(second.state) == "success"
    again = states(second)
    assert again.pop("report") == {"success"}
    assert set().union(*again.values()) == {"skipped"}
    assert placed(sandbox) == found
    assert (folder / "latest.html").stat().st_mtime_ns == written


def test_a_corrected_upload_divides_its_source_only(run_dag_of: RunOfDay, sandbox: Sandbox) -> None:
    run_dag_of()
    before, made = placed(sandbox, "uploads"), Segmentations(sandbox.store_db).of("counterpoint", TODAY)
    yesterday = TODAY - timedelta(days=1)
    file = sandbox.files / FOLDER / "again.csv"
    file.write_text(f"Date,Customer,Total\n{yesterday},=c-new,99.50\n{yesterday},,1\n")
    moment = datetime.combine(TODAY, time(8), UTC).timestamp()
    os.utime(file, (moment, moment))
    run = run_dag_of()
    assert [str(ti.state) for ti in run.get_task_instances() if ti.task_id == "divide"] == ["success"]
    after = {one.customer: one for one in placed(sandbox, "uploads")}
    assert (after["=c-new"].recency, after["=c-new"].frequency) == (1, 1)
    assert set(after) - {one.customer for one in before} == {"=c-new"}
    assert Segmentations(sandbox.store_db).of("counterpoint", TODAY) == made
    export = sandbox.files / "reports" / "customer_segmentation" / str(TODAY) / "segments.csv"
    assert ",'=c-new," in export.read_text()


def test_a_dry_run_keeps_nothing(run_dag_of: RunOfDay, sandbox: Sandbox) -> None:
    run = run_dag_of(dry_run=True)
    assert str(run.state) == "success"
    assert states(run)["divide"] == {"success"}
    with sandbox.store_db.connect() as connection:
        for table in (CUSTOMER_DAY, SEGMENTATION, SEGMENT, CUSTOMER_SEGMENT):
            assert connection.scalar(select(func.count()).select_from(table)) == 0
    assert not (sandbox.files / "reports").exists()


def test_past_days_can_be_run_and_who_moved_is_on_the_page(run_dag_of: RunOfDay, sandbox: Sandbox) -> None:
    run_dag_of()
    today, folder = placed(sandbox), sandbox.files / "reports" / "customer_segmentation"
    latest = (folder / "latest.html").read_bytes()
    assert b"Movements" not in latest
    earlier = TODAY - timedelta(days=120)
    assert str(run_dag_of(earlier).state) == "success"
    assert (folder / "latest.html").read_bytes() == latest
    assert placed(sandbox) == today
    then = {one.customer: one for one in placed(sandbox, day=earlier)}
    with sandbox.counterpoint.connect() as connection:
        sums = customer_sums(lambda query: connection.execute(query).all(), last_days(earlier, 730))
        known = {one.customer: one for one in sums if one.last_day and one.customer not in ("CASH", "")}
    # Nothing that was bought since is known then.
    assert {name: one.monetary for name, one in then.items()} == {name: o.amount for name, o in known.items()}
    assert placed(sandbox, "uploads", earlier) != placed(sandbox, "uploads")
    run_dag_of()
    moved = sum(one.customer not in then or then[one.customer].segment != one.segment for one in today)
    page = (folder / "latest.html").read_text()
    assert f"From {earlier} (rows) to {TODAY} (columns): " in page
    assert moved > 0


def test_a_past_day_that_housekeeping_has_seen_keeps_its_page(run_dag_of: RunOfDay, sandbox: Sandbox) -> None:
    day = TODAY - timedelta(days=100)
    run_dag_of(day)
    reports = sandbox.files / "reports" / "customer_segmentation"
    page, listed = reports / f"{day}.html", reports / f"{day}" / "segments.csv"
    before = page.read_bytes(), listed.read_bytes()
    midnight = datetime.combine(TODAY - timedelta(days=60), time())
    assert Retention(sandbox.store_db).carry_out("customer_segments", midnight) > 0
    assert str(run_dag_of(day).state) == "success"
    assert (page.read_bytes(), listed.read_bytes()) == before
    assert placed(sandbox, day=day)


def test_without_sales_there_is_nothing_to_divide(run_dag_of: RunOfDay, sandbox: Sandbox) -> None:
    run = run_dag_of(date(2001, 1, 1))
    assert str(run.state) == "success"
    assert states(run)["gather"] == states(run)["divide"] == states(run)["show"] == {"skipped"}


def test_a_number_that_many_share_is_set_aside(run_dag_of: RunOfDay, sandbox: Sandbox) -> None:
    with sandbox.counterpoint.begin() as connection:
        for back in range(1, 720):
            ticket = {"TKT_NO": f"S{back}", "BUS_DAT": TODAY - timedelta(days=back), "TOT": 5000}
            row = {"DOC_ID": 900_000_000 + back, "CUST_NO": "walkins", **ticket}
            connection.execute(insert(PS_TKT_HIST), row)
    run_dag_of()
    made = Segmentations(sandbox.store_db).of("counterpoint", TODAY)
    assert made is not None
    apart = {one["customer"]: one["reason"] for one in made.details["apart"]}
    assert apart["WALKINS"] == "a number that many people seem to share"
    assert "WALKINS" not in {one.customer for one in placed(sandbox)}
