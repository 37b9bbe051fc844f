"""The DAG sales_forecast as a whole: uploads, forecasts, the page, what came true, and runs of past days."""

from __future__ import annotations

import csv
import os
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from markupsafe import escape
from sqlalchemy import func, select

from include.forecasting.settings import forecast_settings
from include.sandbox.daily_sales_upload import FOLDER, fill_daily_sales
from include.storedb.daily_sales import DailySales
from include.storedb.forecasts import Forecasts
from include.storedb.tables import FORECAST, SALES_UPLOAD
from tests.integration.conftest import TODAY, RunOfDay, Sandbox

SMALL = """
history_days: 400
levels:
  total: {top: 1, origins: 4, methods: [weekday_mean, seasonal_naive, theta, prophet]}
  category: {top: 2, origins: 4, methods: [weekday_mean, theta]}
  item: {top: 3, origins: 4, methods: [weekday_mean]}
chunk: 2
"""


@pytest.fixture
def run_forecast(airflow_db: None, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Any:
    settings = sandbox.folder / "settings"
    settings.mkdir()
    (settings / "forecast.yaml").write_text(SMALL)
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(settings))
    forecast_settings.cache_clear()
    fill_daily_sales(sandbox.files / FOLDER, TODAY)
    yield RunOfDay("sales_forecast", 9)
    forecast_settings.cache_clear()


def states(run: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for ti in run.get_task_instances():
        found.setdefault(ti.task_id, set()).add(str(ti.state))
    return found


def rows_of(sandbox: Sandbox) -> tuple[Any, ...]:
    forecasts, daily = Forecasts(sandbox.store_db), DailySales(sandbox.store_db)
    first = TODAY - timedelta(days=60)
    return (
        forecasts.days(first, TODAY),
        forecasts.choices(first, TODAY),
        forecasts.scores(first, TODAY),
        daily.between(first, TODAY),
    )


def test_two_runs_of_a_morning_leave_what_one_does(run_forecast: RunOfDay, sandbox: Sandbox) -> None:
    first = run_forecast()
    assert str(first.state) == "success"
    assert set().union(*states(first).values()) == {"success"}
    choices = Forecasts(sandbox.store_db).choices(TODAY, TODAY)
    assert [choice.key[:2] for choice in choices].count(("counterpoint", "item")) == 3
    of_tickets = {("counterpoint", level) for level in ("total", "category", "item")}
    assert {choice.key[:2] for choice in choices} == of_tickets | {("uploads", "total")}
    days = Forecasts(sandbox.store_db).days(TODAY, TODAY)
    assert len(days) == 7 * len(choices)
    assert all(Decimal(0) <= day.low <= day.amount <= day.high for day in days)
    assert {day.store_day for day in days} == {TODAY + timedelta(days=n) for n in range(7)}
    # The farm stand is closed on Tuesdays, which nobody has told.
    (tuesday,) = [day for day in days if day.source == "uploads" and day.store_day.weekday() == 1]
    assert (tuesday.amount, tuesday.high) == (0, 0)
    folder = sandbox.files / "reports" / "sales_forecast"
    page = folder / "latest.html"
    assert page.read_bytes() == (folder / f"{TODAY}.html").read_bytes()
    text = page.read_text()
    assert [choice.name for choice in choices if str(escape(choice.name)) not in text] == []
    assert (folder / str(TODAY) / "total-1.png").read_bytes().startswith(b"\x89PNG")
    (rejects,) = (sandbox.files / "rejects").rglob("uploads.csv")
    with rejects.open() as file:
        reasons = {row["item"]: row["reason"] for row in csv.DictReader(file)}
    assert set(reasons) == {f"old_book.csv line {line}" for line in (2, 3, 4)}

    before, written = rows_of(sandbox), page.stat().st_mtime_ns
    second = run_forecast()
    assert str(second.state) == "success"
    found = states(second)
    assert found.pop("report") == {"success"}
    assert set().union(*found.values()) == {"skipped"}
    assert rows_of(sandbox) == before
    assert page.stat().st_mtime_ns == written


def test_an_upload_of_a_day_corrects_it_and_only_its_series_is_forecast_again(
    run_forecast: RunOfDay, sandbox: Sandbox
) -> None:
    run_forecast()
    yesterday = TODAY - timedelta(days=1)
    before = Forecasts(sandbox.store_db).inputs(TODAY)
    file = sandbox.files / FOLDER / "again.csv"
    file.write_text(f'Date,Total\n{yesterday},100.10\n{yesterday},"1,000.05"\n{yesterday},-50\n')
    moment = datetime.combine(TODAY, time(8), UTC).timestamp()
    os.utime(file, (moment, moment))
    run_forecast()
    assert DailySales(sandbox.store_db).uploaded(TODAY)[yesterday] == Decimal("1050.15")
    after = Forecasts(sandbox.store_db).inputs(TODAY)
    assert {key for key in after if after[key] != before[key]} == {("uploads", "total", "")}


def test_a_file_that_cannot_be_used_is_told_once(run_forecast: RunOfDay, sandbox: Sandbox) -> None:
    (sandbox.files / FOLDER / "book.csv").write_text("Day;Amount\n2026-11-19;5\n")
    first = run_forecast()
    assert str(first.state) == "failed"
    assert states(first)["show"] == {"success"}
    (rejects,) = (sandbox.files / "rejects").rglob("uploads.csv")
    assert "book.csv: one column Date is expected; the heading has day, amount" in rejects.read_text()
    assert str(run_forecast().state) == "success"


def test_a_dry_run_keeps_nothing(run_forecast: RunOfDay, sandbox: Sandbox) -> None:
    run = run_forecast(dry_run=True)
    assert str(run.state) == "success"
    assert states(run)["forecast"] == {"success"}
    with sandbox.store_db.connect() as connection:
        for table in (FORECAST, SALES_UPLOAD):
            assert connection.scalar(select(func.count()).select_from(table)) == 0
    assert not (sandbox.files / "reports").exists()


def test_past_days_can_be_run_and_are_judged(run_forecast: RunOfDay, sandbox: Sandbox) -> None:
    run_forecast()
    forecasts = Forecasts(sandbox.store_db)
    today, page = forecasts.days(TODAY, TODAY), sandbox.files / "reports" / "sales_forecast" / "latest.html"
    latest = page.read_bytes()
    earlier = TODAY - timedelta(days=10)
    assert str(run_forecast(earlier).state) == "success"
    assert page.read_bytes() == latest
    assert forecasts.days(TODAY, TODAY) == today
    assert forecasts.scores(earlier, earlier) == []
    run_forecast(earlier + timedelta(days=3))
    assert {score.days for score in forecasts.scores(earlier, earlier)} == {3}
    run_forecast()
    assert {score.days for score in forecasts.scores(earlier, earlier)} == {7}
    (total,) = [s for s in forecasts.scores(earlier, earlier) if s.key == ("counterpoint", "total", "")]
    expected = [d for d in forecasts.days(earlier, earlier) if d.key == total.key]
    sold = {d.store_day: d.amount for d in DailySales(sandbox.store_db).between(earlier, TODAY)
            if (d.source, d.level) == ("counterpoint", "total")}  # fmt: skip
    assert total.sold == sum(sold[day.store_day] for day in expected)
    assert total.abs_error == sum(abs(sold[day.store_day] - day.amount) for day in expected)
    assert "What came true" in page.read_text()
    assert "Within the range" in page.read_text()
    # An earlier day that is run once more knows fewer days, and takes nothing away.
    run_forecast(earlier + timedelta(days=3))
    assert {score.days for score in forecasts.scores(earlier, earlier)} == {7}
