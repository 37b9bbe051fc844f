"""The DAG growth_budget as a whole: two runs, late tickets, past days, uploads, and its notebook."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from include.counterpoint.tables import PS_TKT_HIST
from include.growth import figures
from include.growth.page_data import read_page
from include.growth.settings import growth_settings
from include.sandbox.daily_sales_upload import FOLDER
from include.storedb.customer_months import CustomerMonths
from include.storedb.growth_months import GrowthMonth, GrowthMonths
from include.storedb.tables import CUSTOMER_MONTH, CUSTOMER_RETURN, GROWTH_MONTH, SALES_MONTH
from tests.integration.conftest import TODAY, Sandbox, states
from tests.notebooks import executed

NOVEMBER, OCTOBER, JUNE = date(2026, 11, 1), date(2026, 10, 1), date(2026, 6, 1)
UPLOAD = """Date,Customer,Total
2026-09-03,ann,10.00
2026-09-05,bob,5.00
2026-10-02,ann,7.50
2026-10-31,cid,1.00
2026-11-18,,99.00
2026-11-18,UNKNOWN,50.00
2026-11-18,dot,3.00
"""


class RunGrowth:
    """Runs the DAG at five in the morning of a day."""

    runs = 0

    def __call__(self, day: date = TODAY, **conf: Any) -> Any:
        from scripts.dag_docs import load_dags

        self.runs += 1
        at = datetime(day.year, day.month, day.day, 10, self.runs, tzinfo=UTC)
        dag = load_dags()["growth_budget"]
        for task in dag.tasks:
            task.retry_delay, task.retry_exponential_backoff = timedelta(0), 0
        run = dag.test(logical_date=at, run_conf=conf)
        assert str(run.state) == "success"
        return states(run)


@pytest.fixture
def run_growth(airflow_db: None, sandbox: Sandbox) -> Iterator[RunGrowth]:
    growth_settings.cache_clear()
    yield RunGrowth()
    growth_settings.cache_clear()


def rows(sandbox: Sandbox, source: str = "counterpoint") -> dict[date, GrowthMonth]:
    return {row.month: row for row in GrowthMonths(sandbox.store_db).months(source) if row.silent_months == 2}


def sell(sandbox: Sandbox, number: int, day: date, customer: str, total: str) -> None:
    ticket = {"DOC_ID": 900_000_000 + number, "TKT_NO": f"L{number}", "BUS_DAT": day, "STR_ID": "1"}
    with sandbox.counterpoint.begin() as connection:
        connection.execute(insert(PS_TKT_HIST), ticket | {"CUST_NO": customer, "TOT": Decimal(total)})


def test_two_runs_late_tickets_and_past_days(run_growth: RunGrowth, sandbox: Sandbox) -> None:
    (sandbox.files / FOLDER).mkdir(parents=True)
    (sandbox.files / FOLDER / "book.csv").write_text(UPLOAD)
    assert set(run_growth().values()) == {"success"}
    first = rows(sandbox)
    with sandbox.counterpoint.connect() as connection:
        before_today = PS_TKT_HIST.c.BUS_DAT < TODAY
        sold = connection.scalar(select(func.sum(PS_TKT_HIST.c.TOT)).where(before_today))
        people = select(PS_TKT_HIST.c.CUST_NO).where(
            before_today, PS_TKT_HIST.c.BUS_DAT >= NOVEMBER, func.coalesce(PS_TKT_HIST.c.CUST_NO, "") != ""
        )
        november = {name.strip().upper() for name in connection.scalars(people)} - {"CASH"}
    months = CustomerMonths(sandbox.store_db).months("counterpoint")
    assert sum(month.amount for month in months.values()) == Decimal(str(sold)).quantize(Decimal("0.0001"))
    assert months[NOVEMBER].customers == len(november)
    assert months[NOVEMBER].same_days_customers
    assert [row.month for row in first.values() if row.is_provisional] == [NOVEMBER]
    assert list(first)[-1] == NOVEMBER
    assert len(first) == len(months)
    own = rows(sandbox, "uploads")
    assert [(row.new, row.churned, row.pool) for row in own.values()] == [(0, 0, 2), (1, 0, 3), (1, 1, 3)]
    folder = sandbox.files / "reports" / "growth_budget"
    page = folder / "latest.html"
    assert page.read_bytes() == (folder / f"{TODAY}.html").read_bytes()
    text = page.read_text()
    assert "Uploaded daily sales: How long is lost?" in text
    assert "are not yet back and churn unless they come in the 11 days" in text
    drawn = {f"{source}-{name}" for source in ("counterpoint", "uploads") for name in ("sales", "customers")}
    drawn |= {f"counterpoint-{name}" for name in ("growth", "net", "pool")}
    pngs = list((folder / str(TODAY)).glob("*.png"))
    assert {png.stem for png in pngs} == drawn
    assert all(png.read_bytes().startswith(b"\x89PNG") for png in pngs)

    again = run_growth()
    assert again.pop("report") == "success"
    assert set(again.values()) == {"skipped"}

    # One who had never come, in June and in October, with tickets posted late; and an upload that only says
    # who it was.
    correction = sandbox.files / FOLDER / "correction.csv"
    correction.write_text("Date,Customer,Total\n2026-09-05,eve,5.00\n")
    os.utime(correction, (correction.stat().st_mtime + 60,) * 2)
    for number, day in enumerate((JUNE + timedelta(days=9), OCTOBER)):
        sell(sandbox, number, day, "LATE1", "12.34")
    assert run_growth()["show"] == "success"
    later = rows(sandbox)
    changed = {month: row for month, row in later.items() if row != first[month]}
    came = select(CUSTOMER_MONTH.c.customer).where(CUSTOMER_MONTH.c.month == date(2026, 9, 1))
    with sandbox.store_db.connect() as connection:
        assert set(connection.scalars(came.where(CUSTOMER_MONTH.c.source == "uploads"))) == {"ann", "eve"}
    assert changed[JUNE].new == first[JUNE].new + 1
    assert changed[date(2026, 8, 1)].churned == first[date(2026, 8, 1)].churned + 1
    assert changed[OCTOBER].regained == first[OCTOBER].regained + 1
    assert set(changed) == {date(2026, number, 1) for number in (6, 7, 8, 10, 11)}

    # A past day takes nothing away, but reads what is in the books of its months by now.
    latest, upload_rows = page.read_bytes(), rows(sandbox, "uploads")
    sell(sandbox, 9, JUNE, "LATE2", "1")
    sell(sandbox, 10, TODAY - timedelta(days=1), "LATE2", "1")
    assert run_growth(date(2026, 9, 15))["tickets"] == "success"
    past = rows(sandbox)
    assert past[JUNE].new == later[JUNE].new + 1
    assert past[NOVEMBER].customers == later[NOVEMBER].customers
    assert rows(sandbox, "uploads") == upload_rows
    assert page.read_bytes() == latest
    words = (folder / "2026-09-15.html").read_text()
    assert "2026-08" in words
    assert "2026-09" not in words.partition("<section>")[2].replace("2026-09-15", "")


def test_a_dry_run_keeps_nothing(run_growth: RunGrowth, sandbox: Sandbox) -> None:
    assert run_growth(dry_run=True)["show"] == "skipped"
    with sandbox.store_db.connect() as connection:
        for table in (CUSTOMER_MONTH, SALES_MONTH, CUSTOMER_RETURN, GROWTH_MONTH):
            assert connection.scalar(select(func.count()).select_from(table)) == 0
    assert not (sandbox.files / "reports").exists()


def test_the_notebook_makes_the_pages_figures(
    run_growth: RunGrowth, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_growth()
    (shown,) = read_page(sandbox.store_db, TODAY, growth_settings())
    made_by_notebook = executed("growth_budget.ipynb")
    drawn = made_by_notebook.drawn
    makers = (
        figures.sales_figure,
        figures.customers_figure,
        figures.growth_figure,
        figures.net_figure,
        figures.pool_figure,
    )
    expected = [json.loads(make(shown).to_json()) for make in makers]
    assert drawn == [wanted["data"] for wanted in expected]
    words = made_by_notebook.words
    assert f"{len(shown.months)} months, known up to 2026-11-19" in words
    newest = shown.months[-1].growth
    assert f"{newest.new + newest.regained - newest.churned}" in words
