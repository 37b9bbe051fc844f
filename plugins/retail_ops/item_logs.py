"""The CSV logs of changed items that the store's staff know, written after changes were carried out."""

from __future__ import annotations

from collections.abc import Sequence

from include.changes import Result
from include.settings import store_settings
from retail_ops.store_changes import ITEMS
from retail_ops.task_run import TaskRun


def log_items(task_run: TaskRun, results: Sequence[Result], topic: str) -> None:
    """Add what was applied to the day's file of a topic, `<topic>/<topic>_MM_DD_YY.csv`."""
    from include.catalog.item_log import ITEM_LOGS, log_rows
    from retail_ops.hooks.databases import CounterpointHook

    applied = [result for result in results if result.change.target in ITEMS]
    log = ITEM_LOGS[topic]
    rows = log_rows(CounterpointHook().read, applied, task_run.when, store_settings().stock_locations)
    if rows:
        log.append(task_run.file(topic, log.file_name(task_run.when.date())), rows)
