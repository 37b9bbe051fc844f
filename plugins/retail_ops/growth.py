"""Tasks of `growth_budget`: take over customers of months that changed, count, show."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from include.changes import Summary
from retail_ops.pages import keep_page, pngs
from retail_ops.task_run import TaskRun

if TYPE_CHECKING:
    from include.growth.settings import Source
    from include.growth.sources import Sales

log = logging.getLogger(__name__)


def count_source(task_run: TaskRun, source: Source) -> None:
    """Take over the months of a source whose sales changed and count the growth budget from them.

    Skips where nothing changed, and a source that the settings do not use. A dry run says what it would read.
    """
    from include.growth.settings import growth_settings
    from include.growth.taking import count_growth, stale_months, take_over
    from include.storedb.customer_months import CustomerMonths
    from retail_ops.hooks.databases import StoreDbHook

    started, settings = time.monotonic(), growth_settings()
    if source not in settings.sources:
        task_run.skip(f"growth_budget.yaml does not use {source}")
    engine, as_of = StoreDbHook().engine, task_run.when.date()
    months, sales = CustomerMonths(engine), _sales(source)
    again = bool(task_run.params.get("read_again", False))
    stale = stale_months(sales, months.months(source), as_of, settings, again=again)
    if stale is None:
        task_run.skip(f"{source} has no sales before {as_of}")
    differ = changed = 0
    log.info("Months to read: %s", ", ".join(f"{month:%Y-%m}" for month in stale.months) or "none")
    if not task_run.dry_run:
        differ = take_over(sales, stale, settings, months, task_run.run)
        changed = count_growth(engine, source, settings, task_run.run)
        if not stale.months and not changed:
            task_run.skip(f"nothing to change: the sales of {source} are those that were counted")
    details = {"months": len(stale.months), "customers": differ, "up to": stale.period.last.isoformat()}
    seconds = round(time.monotonic() - started, 3)
    task_run.leave(
        Summary(planned=len(stale.months), applied=differ + changed, seconds=seconds, details=details)
    )


def show(task_run: TaskRun) -> None:
    """Write the page and its pictures; skips a dry run, and where the page is the same."""
    from include.growth.figures import pictures
    from include.growth.page import as_page
    from include.growth.page_data import read_page
    from include.growth.settings import growth_settings
    from retail_ops.hooks.databases import StoreDbHook

    if task_run.dry_run:
        task_run.skip("dry run: the logs say which months would be read, and nothing was kept")
    started, settings, as_of = time.monotonic(), growth_settings(), task_run.when.date()
    shown = read_page(StoreDbHook().engine, as_of, settings)
    if not shown:
        task_run.skip(f"there are no customers of the months before {as_of} to show")
    images = [image for one in shown for image in pictures(one)]
    kept = keep_page(task_run, as_of, as_page(shown, as_of, settings), pngs(images))
    details = {"page": kept.place, "pictures": len(images)}
    seconds = round(time.monotonic() - started, 3)
    task_run.leave(Summary(applied=kept.changed, seconds=seconds, details=details))
    if not kept.changed:
        task_run.skip(f"nothing to change: the page is {kept.place}")


def _sales(source: Source) -> Sales:
    from include.growth.settings import growth_settings
    from include.growth.sources import TicketSales, UploadedSales
    from retail_ops.hooks.databases import CounterpointHook, StoreDbHook

    if source == "uploads":
        return UploadedSales(StoreDbHook().engine)
    return TicketSales(CounterpointHook().read, growth_settings().stores)
