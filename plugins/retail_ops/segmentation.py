"""Tasks of `customer_segmentation`: gather customers, divide each source's, show the segments."""

from __future__ import annotations

import logging
import time
from datetime import date, timedelta
from typing import TYPE_CHECKING

from include.changes import Summary
from include.files import write_atomically
from retail_ops.pages import keep_page, pngs
from retail_ops.task_run import TaskRun

if TYPE_CHECKING:
    from include.counterpoint.customer_sales import CustomerSum
    from include.segmentation.settings import SegmentationSettings, Source

log = logging.getLogger(__name__)


def gather_customers(task_run: TaskRun) -> list[str]:
    """Read what customers bought up to the day before the run; returns the sources to divide.

    A source whose customers and settings are those that its segments of this day were made from is left out,
    unless housekeeping has removed its customers since. Skips where none is left.
    """
    from include.segmentation.customers import sort_customers
    from include.segmentation.dividing import input_hash
    from include.segmentation.gathered import Gathered
    from include.segmentation.settings import segmentation_settings
    from include.storedb.customer_segments import Segmentations
    from retail_ops.hooks.databases import StoreDbHook

    started, settings, as_of = time.monotonic(), segmentation_settings(), task_run.when.date()
    kept = Segmentations(StoreDbHook().engine)
    new: list[str] = []
    found: dict[str, int] = {}
    for source in settings.sources:
        sums, open_days = _read(source, as_of, settings)
        if not sums:
            log.warning("Left out: %s has no sales to go by", source)
            continue
        divided = sort_customers(sums, as_of, open_days, settings.set_aside)
        found[source] = len(divided.customers)
        last, there = kept.before(source, as_of), kept.of(source, as_of)
        before = last.clusters if last else None
        made_from = input_hash(divided, as_of, settings, before)
        if there is None or there.input_hash != made_from or not kept.is_whole(there):
            new.append(source)
            gathered = Gathered(divided, before, made_from)
            write_atomically(task_run.run_file(_file(source)), gathered.packed())
    gone = 0 if task_run.dry_run else kept.keep_only(as_of, list(found))
    if not new and not gone:
        task_run.skip(
            f"nothing to change: the segments of {as_of} are up to date" if found else "no sales to go by"
        )
    seconds = round(time.monotonic() - started, 3)
    task_run.leave(Summary(applied=gone, seconds=seconds, details={"customers": found, "to divide": new}))
    return new


def _read(source: Source, as_of: date, settings: SegmentationSettings) -> tuple[list[CustomerSum], int]:
    from include.counterpoint.customer_sales import business_days, customer_sums
    from include.periods import last_days
    from include.storedb.customer_days import CustomerDays
    from retail_ops.hooks.databases import CounterpointHook, StoreDbHook

    period = last_days(as_of, settings.window_days)
    if source == "counterpoint":
        read = CounterpointHook().read
        return list(customer_sums(read, period, settings.stores)), business_days(
            read, period, settings.stores
        )
    days = CustomerDays(StoreDbHook().engine)
    sums = list(days.sums(period.first, period.end))
    newest = max((one.last_day for one in sums if one.last_day), default=None)
    if newest is None or newest < as_of - timedelta(days=settings.upload_days):
        return [], 0
    return sums, days.open_days(period.first, period.end)


def divide_source(task_run: TaskRun, source: str) -> None:
    """Divide a source's customers into segments and keep them, unless the run is dry."""
    from include.segmentation.dividing import divide, placed, segment_figures, segmentation
    from include.segmentation.gathered import unpacked
    from include.segmentation.settings import segmentation_settings
    from include.storedb.customer_segments import Segmentations
    from retail_ops.hooks.databases import StoreDbHook

    started, settings, as_of = time.monotonic(), segmentation_settings(), task_run.when.date()
    gathered = unpacked(task_run.run_file(_file(source)).read_bytes())
    division = divide(gathered.found.customers, settings, gathered.before)
    figures = segment_figures(division, settings)
    log.info("%s: %d clusters, %s", source, division.choice.count, division.choice.reason)
    for one in figures:
        log.info("%s: %d customers. %s", one.name, one.customers, one.rule_text)
    changed = 0
    if not task_run.dry_run:
        made = segmentation(source, as_of, gathered.found, division, gathered.made_from)
        Segmentations(StoreDbHook().engine).keep(made, figures, placed(division), task_run.run)
        changed = made.customers
    details = {"segments": {one.name: one.customers for one in figures}, "why": division.choice.reason}
    task_run.leave(Summary(applied=changed, seconds=round(time.monotonic() - started, 3), details=details))


def show_segments(task_run: TaskRun) -> None:
    """Write the page, its pictures and the list of customers; skips a dry run, and where nothing changed."""
    from include.segmentation.export import segments_csv
    from include.segmentation.page import as_page, pictures
    from include.segmentation.page_data import read_page
    from include.segmentation.settings import segmentation_settings
    from retail_ops.hooks.databases import StoreDbHook

    if task_run.dry_run:
        task_run.skip("dry run: the segments are in the logs of the divide tasks, and nothing was kept")
    started, settings, as_of = time.monotonic(), segmentation_settings(), task_run.when.date()
    shown = read_page(StoreDbHook().engine, as_of, settings.sources)
    if not shown:
        task_run.skip(f"there are no segments of {as_of} to show")
    files = {**pngs(pictures(shown)), "segments.csv": segments_csv(shown)}
    kept = keep_page(task_run, as_of, as_page(shown, as_of, settings), files)
    seconds = round(time.monotonic() - started, 3)
    task_run.leave(Summary(applied=kept.changed, seconds=seconds, details={"page": kept.place}))
    if not kept.changed:
        task_run.skip(f"nothing to change: the page is {kept.place}")


def _file(source: str) -> str:
    return f"customers-{source}.json.gz"
