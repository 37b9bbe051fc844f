"""Writes the run journal and the daily text log for every task of every DAG.

It runs in the task's own process after the task has ended, and never lets a task fail: when the store
database or the files are out of reach, it says so in the task's log.
"""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from typing import Any

from airflow.listeners import hookimpl

log = logging.getLogger(__name__)
LONGEST_ERROR = 400


@hookimpl
def on_task_instance_success(task_instance: Any) -> None:
    """A task ended well."""
    _record(task_instance, "success")


@hookimpl
def on_task_instance_skipped(task_instance: Any) -> None:
    """A task had a reason to do nothing."""
    _record(task_instance, "skipped")


@hookimpl
def on_task_instance_failed(task_instance: Any, error: Any) -> None:
    """A try of a task failed; whether another follows depends on the tries left and on the error."""
    again = str(getattr(task_instance, "state", "")) == "up_for_retry"
    _record(task_instance, "retry" if again else "failed", error)


def _record(ti: Any, outcome: str, error: Any = None) -> None:
    try:
        _write(ti, outcome, error)
    except Exception as problem:
        log.warning("The run journal could not be written: %s", problem)


def _write(ti: Any, outcome: str, error: Any) -> None:
    from include.files import write_atomically
    from include.settings import store_settings
    from include.storedb.journal import TaskEnd, record
    from include.storedb.runs import RunContext
    from retail_ops.hooks.databases import StoreDbHook
    from retail_ops.task_run import LEFT_BEHIND, SKIPPED_BECAUSE, SUMMARY, store_files

    folder = store_files() / "business_automations"

    def write_log(day: date, text: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / f"automations_{day:%m_%d_%Y}.txt", text.encode())

    run = RunContext(ti.dag_id, ti.run_id, ti.task_id, -1 if ti.map_index is None else ti.map_index)
    end = TaskEnd(
        run=run,
        try_number=ti.try_number,
        started_at=ti.start_date,
        ended_at=ti.end_date or datetime.now(UTC),
        outcome=outcome,
        summary=LEFT_BEHIND.pop((run, SUMMARY), None),
        error=_words(error) or LEFT_BEHIND.pop((run, SKIPPED_BECAUSE), ""),
    )
    record(StoreDbHook().engine, end, store_settings().zone, write_log)


def _words(error: Any) -> str:
    if error is None:
        return ""
    from airflow.sdk.log import redact

    from include.privacy import masked

    words = " ".join(str(error).split())
    text = f"{type(error).__name__}: {words}" if isinstance(error, BaseException) else words
    if text.startswith("Executor "):
        return "its worker died or lost touch with Airflow"
    return masked(str(redact(text)))[:LONGEST_ERROR]
