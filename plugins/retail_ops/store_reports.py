"""The morning report to the management and the week's revenue for accounting."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from include.changes import Reject
from include.errors import VendorUnavailable
from include.settings import store_settings
from retail_ops.mailing import Report
from retail_ops.task_run import TaskRun

if TYPE_CHECKING:
    from include.store_reports.figures import Figures
    from include.store_reports.report import Make, StoreReport

ADMIN, REVENUE = "admin_report", "revenue_report"
LATE = timedelta(days=2)
"""A run of a moment so much earlier than the run itself is about the past."""

_LEFT_OUT = "The page of an earlier day: stock and item file are left out, since only today's are known."


def compose_admin(task_run: TaskRun) -> Report:
    """All sections for the morning of the run's day; those about the present only where it is the present."""
    from include.reporting.rendering import day
    from include.store_reports.letter import as_letter
    from include.store_reports.report import ADMIN_SECTIONS, HISTORY_SECTIONS

    past = _is_past(task_run)
    report, figures = _made(task_run, HISTORY_SECTIONS if past else ADMIN_SECTIONS)
    written_on = figures.days.day
    letter = as_letter(ADMIN, "Morning report", day(written_on), report, _LEFT_OUT if past else "")
    occasion = "" if past else _occasion(ADMIN, written_on.isoformat(), report)
    return Report(letter, occasion, _numbers(report, figures), _missing(report))


def compose_revenue(task_run: TaskRun) -> Report:
    """Payments, revenue and cost of the week before the run's day."""
    from include.store_reports.letter import as_letter
    from include.store_reports.report import REVENUE_SECTIONS
    from include.store_reports.words import span

    report, figures = _made(task_run, REVENUE_SECTIONS)
    week = figures.days.last_week
    letter = as_letter(REVENUE, "Revenue of the week", span(week), report)
    # The ledger's anchor has 40 characters, with the word for a report that lacks something.
    occasion = "" if _is_past(task_run) else _occasion(REVENUE, f"week to {week.last}", report)
    return Report(letter, occasion, _numbers(report, figures), _missing(report))


def _made(task_run: TaskRun, makers: Mapping[str, Make]) -> tuple[StoreReport, Figures]:
    from include.store_reports.figures import Figures
    from include.store_reports.report import store_report
    from include.store_reports.settings import store_report_settings
    from retail_ops.hooks.databases import CounterpointHook

    figures = Figures(
        CounterpointHook().read,
        task_run.when.date(),
        store_report_settings(),
        store_settings().stock_locations,
        _photos,
    )
    report = store_report(figures, makers)
    if report.may_pass and task_run.tries_left:
        missing = ", ".join(one.title for one in report.failed)
        raise VendorUnavailable(f"Counterpoint's database did not answer in time for: {missing}")
    return report, figures


def _photos() -> Collection[str]:
    from include.catalog.photo_plan import photo_names
    from include.catalog.photo_settings import photo_settings
    from retail_ops.photo_folder import photo_folder

    return list(photo_names(photo_folder(), photo_settings().prepare))


def _is_past(task_run: TaskRun) -> bool:
    """Whether somebody triggered the run for an earlier date."""
    return bool(task_run.context["dag_run"].run_after - task_run.when > LATE)


def _occasion(name: str, occasion: str, report: StoreReport) -> str:
    """What the report is mailed once for. A report that lacks sections has an occasion of its own, so that
    the whole one is mailed after it; once the whole one is out, it is mailed no more.
    """
    if not report.failed or _was_mailed(name, occasion):
        return occasion
    return f"{occasion} incomplete"


def _was_mailed(name: str, occasion: str) -> bool:
    from sqlalchemy import select

    from include.reporting.delivery import KIND
    from include.storedb.tables import LEDGER
    from retail_ops.hooks.databases import StoreDbHook

    entry = LEDGER.c
    wanted = (
        select(entry.id).where(entry.kind == KIND, entry.campaign == name, entry.anchor == occasion).limit(1)
    )
    return StoreDbHook().transaction(lambda connection: connection.execute(wanted).first()) is not None


def _numbers(report: StoreReport, figures: Figures) -> dict[str, Any]:
    week = figures.days.last_week
    return {"day": str(report.day), "week": str(week), "sections": len(report.sections)}


def _missing(report: StoreReport) -> tuple[Reject, ...]:
    return tuple(Reject(f"section {one.title}", f"{one.error}: {one.words}") for one in report.failed)
