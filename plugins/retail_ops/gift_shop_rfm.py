"""Tasks of `lgs_rfm`: work out the figures, write the page."""

from __future__ import annotations

import logging
import time
from datetime import date
from typing import Any

from include.changes import Summary
from retail_ops.gift_shop import gift_shop_settings, warehouse
from retail_ops.pages import keep_page, pngs
from retail_ops.task_run import TaskRun

log = logging.getLogger(__name__)

DAG = "lgs_rfm"


def work_out(task_run: TaskRun) -> str:
    """Work out the figures and keep them in the warehouse; returns the day to which recency is counted.

    Skips when there are no sales, and when nothing has changed since the last run for that day.
    """
    from include.gift_shop import analysis
    from include.gift_shop.invoices import read_invoices
    from include.gift_shop.tables import create_tables

    started, settings, engine = time.monotonic(), gift_shop_settings(), warehouse()
    create_tables(engine)
    as_of = analysis.day_to_count_to(engine, settings, task_run.params.get("reference_date"))
    if as_of is None:
        task_run.skip("the warehouse has no sales yet; lgs_warehouse_load brings them")
    made_from = analysis.basis(engine, settings)
    if analysis.is_done(engine, as_of, made_from):
        task_run.skip(f"nothing to change: the figures for {as_of} are up to date")
    figures = analysis.analyse(read_invoices(engine), as_of, settings)
    days: list[date] = []
    if task_run.dry_run:
        log.info("Dry run: the figures for %s are not kept", as_of)
    else:
        days = analysis.keep(engine, figures, made_from, task_run.run.run_id)
    details: dict[str, Any] = {
        "as_of": as_of.isoformat(),
        "customers": len(figures.segments),
        "days": len(days),
    }
    counts = figures.segments["segment"].value_counts()
    log.info("Segments: %s", ", ".join(f"{name} {count}" for name, count in counts.items()))
    changed = len(figures.segments) if days else 0
    seconds = round(time.monotonic() - started, 3)
    task_run.leave(Summary(planned=changed, applied=changed, seconds=seconds, details=details))
    return as_of.isoformat()


def write_page(task_run: TaskRun, day: str) -> None:
    """Keep the page, the pictures and the ranked list of the figures for `day`.

    `latest.html` is the page of the day to which the shop counts by itself; that of a reference date given by
    hand only where there is no page of a later day.
    """
    from include.gift_shop import analysis, charts, page
    from include.gift_shop.invoices import read_invoices
    from include.gift_shop.ranked_list import ranked_list

    started, settings, engine = time.monotonic(), gift_shop_settings(), warehouse()
    as_of = date.fromisoformat(day)
    figures = analysis.analyse(read_invoices(engine), as_of, settings)
    history = analysis.segment_history(engine, as_of)
    history[as_of] = figures.segments["segment"]
    content = page.as_page(figures, dict(sorted(history.items())), settings)
    files = pngs(charts.pictures(figures))
    if figures.outlook is not None:
        files["next_purchase.csv"] = ranked_list(figures, settings)
    latest = None if task_run.params.get("reference_date") else True
    kept = keep_page(task_run, as_of, content, files, latest=latest)
    seconds = round(time.monotonic() - started, 3)
    task_run.leave(Summary(seconds=seconds, details={"page": kept.place, "files": len(files)}))
