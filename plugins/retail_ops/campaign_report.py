"""The weekly report on the text campaigns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select

from include.settings import store_settings
from retail_ops.mailing import Report
from retail_ops.task_run import TaskRun

NAME = "sms_campaign_report"
DAYS = "days"


def compose(task_run: TaskRun) -> Report:
    """Count and compare; skips when no text was planned in the period."""
    from include.campaigns.report import campaign_report
    from include.campaigns.report_letter import campaign_letter
    from include.campaigns.report_settings import campaign_report_settings
    from include.campaigns.settings import campaign_settings
    from include.messaging.refusals import refusal
    from retail_ops.hooks.databases import CounterpointHook, StoreDbHook

    store_db, settings = StoreDbHook(), campaign_report_settings()

    def texts(statement: Select[Any]) -> list[Any]:
        return store_db.transaction(lambda connection: list(connection.execute(statement)))

    report = campaign_report(
        texts,
        CounterpointHook().read,
        settings,
        task_run.when.date(),
        store_settings().zone,
        {name: one.title for name, one in campaign_settings().campaigns.items()},
        lambda code: refusal(code).words,
        task_run.params.get(DAYS),
    )
    if report is None:
        days = task_run.params.get(DAYS) or settings.days
        task_run.skip(f"no text was planned in the last {days} days: there is nothing to report")
    total = report.total
    numbers = {
        "period": str(report.period),
        "texts": total.audience,
        "sent": total.sent,
        "opt_outs": total.opt_outs,
    }
    occasion = f"{report.period.first} to {report.period.last}"
    return Report(campaign_letter(report), occasion, numbers)
