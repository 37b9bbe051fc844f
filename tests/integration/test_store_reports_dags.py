"""The store reports' DAGs as a whole: who is mailed what, how often, and what becomes of failing sections."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, text

from include.store_reports.settings import store_report_settings
from include.storedb.tables import LEDGER
from tests.integration.conftest import TODAY, Sandbox, states
from tests.integration.test_store_reports import report_of, rows, tables

SETTINGS = store_report_settings()


class RunReport:
    """Runs a report's DAG at five in the morning, as if the run itself took place `late` days after that."""

    def __call__(self, dag_id: str, day: date = TODAY, late: int = 0, **conf: Any) -> Any:
        from scripts.dag_docs import load_dags

        self.runs = getattr(self, "runs", 0) + 1
        at = datetime(day.year, day.month, day.day, 10, self.runs, tzinfo=UTC)
        dag = load_dags()[dag_id]
        for task in dag.tasks:
            task.retry_delay, task.retry_exponential_backoff = timedelta(0), 0
        return dag.test(logical_date=at, run_after=at + timedelta(days=late), run_conf=conf)


@pytest.fixture
def run_report(airflow_db: None, sandbox: Sandbox) -> RunReport:
    return RunReport()


def mails(sandbox: Sandbox) -> list[Any]:
    files = sorted((sandbox.folder / "vendors" / "mails").glob("*.eml"))
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


def sheets(mail: Any) -> dict[str, Any]:
    found = [part for part in mail.iter_attachments() if part.get_filename().endswith(".xlsx")]
    assert len(found) == 1
    return {sheet.title: sheet for sheet in load_workbook(io.BytesIO(found[0].get_content())).worksheets}


def test_the_morning_report_is_mailed_once(run_report: RunReport, sandbox: Sandbox) -> None:
    run = run_report("admin_report")
    assert states(run) == dict.fromkeys(("write", "mail", "report"), "success")
    sent = mails(sandbox)
    assert sorted(str(mail["To"]) for mail in sent) == ["managers@example.com", "owner@example.com"]
    (mail, *_) = sent
    assert mail["Subject"] == "Morning report, Nov 20, 2026"
    week = rows(tables(report_of(sandbox.counterpoint))["Weeks"], "Total")[0][0]
    html, plain = (mail.get_body((kind,)).get_content() for kind in ("html", "plain"))
    assert f"${week:,.0f}" in html
    assert f"${week:,.0f}" in plain
    # What is longer is cut off by some mailboxes.
    assert len(html.encode()) < 102_000
    for part in mail.walk():
        if part.get_content_maintype() == "image":
            assert part.get_content().startswith(b"\x89PNG")
            assert part["Content-ID"].strip("<>") in html
    book = sheets(mail)
    assert book["Weeks"]["D2"].value == pytest.approx(float(week))
    assert book["Low stock"].max_row > SETTINGS.mail_rows
    csvs = [part for part in mail.iter_attachments() if part.get_filename().endswith(".csv")]
    first, *lines = csvs[0].get_payload(decode=True).decode("utf-8-sig").splitlines()
    assert first.startswith("Day,Store,Web shop,Total")
    assert lines[-1].startswith(f"{TODAY - timedelta(days=1)},")
    folder = sandbox.files / "reports" / "admin_report"
    assert (folder / "latest.html").read_bytes() == (folder / f"{TODAY}.html").read_bytes()
    assert "Missing photos" in (folder / "latest.html").read_text(encoding="utf-8")

    second = run_report("admin_report")
    assert str(second.state) == "success"
    assert states(second) == {"write": "success", "mail": "skipped", "report": "success"}
    assert len(mails(sandbox)) == 2


def test_the_revenue_report_is_mailed_once_a_week(run_report: RunReport, sandbox: Sandbox) -> None:
    assert str(run_report("revenue_report").state) == "success"
    # Another day of the same week.
    second = run_report("revenue_report", TODAY - timedelta(days=1))
    assert states(second)["mail"] == "skipped"
    (mail,) = mails(sandbox)
    assert mail["To"] == "accounting@example.com"
    assert mail["Subject"] == "Revenue of the week, Nov 8 – 14, 2026"
    total = tables(report_of(sandbox.counterpoint))["Payments all stores"].total
    assert f"{total[-1]:,.2f}" in mail.get_body(("plain",)).get_content()
    assert {"Payments 1", "Payments WEB", "Payments all stores", "Pay codes"} <= set(sheets(mail))


def test_a_dry_run_and_an_earlier_day_mail_nobody(run_report: RunReport, sandbox: Sandbox) -> None:
    assert states(run_report("admin_report", dry_run=True))["mail"] == "skipped"
    earlier = run_report("admin_report", date(2026, 3, 2), late=200)
    assert states(earlier) == {"write": "success", "mail": "skipped", "report": "success"}
    assert states(run_report("revenue_report", date(2026, 3, 1), late=200))["mail"] == "skipped"
    assert mails(sandbox) == []
    folder = sandbox.files / "reports"
    assert (folder / "preview" / "admin_report" / "latest.html").exists()
    assert [path.name for path in (folder / "admin_report").iterdir()] == ["2026-03-02.html"]
    page = (folder / "admin_report" / "2026-03-02.html").read_text(encoding="utf-8")
    assert "only today" in page
    assert "Low stock" not in page
    with sandbox.store_db.connect() as connection:
        assert list(connection.execute(select(LEDGER))) == []


def test_a_failing_section_is_told_and_mailed_once_it_is_mended(
    run_report: RunReport, sandbox: Sandbox
) -> None:
    def rename(old: str, new: str) -> None:
        with sandbox.counterpoint.begin() as connection:
            connection.execute(text(f'ALTER TABLE "{old}" RENAME TO "{new}"'))

    rename("SY_USR", "SY_USR_AWAY")
    broken = run_report("admin_report")
    assert states(broken) == {"write": "success", "mail": "success", "report": "failed"}
    (mail, _) = mails(sandbox)
    assert mail["Subject"].endswith("(missing: Sales reps)")
    plain = mail.get_body(("plain",)).get_content()
    assert "OperationalError: Counterpoint's database refuses the question" in plain
    assert "SY_USR" not in plain
    assert "LOW STOCK" in plain
    (rejects,) = (sandbox.files / "rejects").rglob("write.csv")
    assert "section Sales reps,OperationalError" in rejects.read_text(encoding="utf-8")

    # It is still broken: nobody is told twice.
    assert states(run_report("admin_report")) == {"write": "success", "mail": "skipped", "report": "failed"}
    rename("SY_USR_AWAY", "SY_USR")
    assert str(run_report("admin_report").state) == "success"
    assert [str(mail["Subject"]) for mail in mails(sandbox)[2:]] == ["Morning report, Nov 20, 2026"] * 2
    # Once the whole report is out, an incomplete one is mailed no more.
    rename("SY_USR", "SY_USR_AWAY")
    assert states(run_report("admin_report"))["mail"] == "skipped"
    assert len(mails(sandbox)) == 4


def test_without_photo_folder_only_the_photos_are_missing(
    run_report: RunReport, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RETAIL_OPS_PHOTO_FOLDER")
    run = run_report("admin_report")
    assert states(run)["report"] == "failed"
    plain = mails(sandbox)[0].get_body(("plain",)).get_content()
    assert "InvalidSettings: RETAIL_OPS_PHOTO_FOLDER must name" in plain
    assert "ITEM FILE" in plain
