"""Tasks of the nightly backups: one for each target, then what goes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from include.changes import Budget, Change, Plan, Result
from include.errors import BadCredentials, InvalidRequest, RetailOpsError
from include.settings import store_settings
from retail_ops.task_run import TaskRun

if TYPE_CHECKING:
    from sqlalchemy import URL

    from include.backups.settings import BackupSettings
    from include.backups.sources import Source
    from include.backups.storage import OffsiteStorage

log = logging.getLogger(__name__)


def plan_backups(task_run: TaskRun) -> Plan:
    """A new backup of each target that is there; what is required and missing fails in its own task."""
    from include.backups import planning
    from include.backups.settings import backup_settings

    settings, storage = backup_settings(), offsite()
    storage.check()
    names = []
    for name in settings.targets:
        try:
            found: object = source(settings, name, storage)
        except RetailOpsError as error:
            found = error
        if found is None:
            log.info("%s is not there and not required: passed over", name)
        else:
            names.append(name)
    return planning.plan_backups(names, task_run.when)


def one_by_one(plan: Plan) -> list[tuple[int, int]]:
    """Each change by itself, so that each target has a task of its own."""
    return [(number, number + 1) for number in range(len(plan.changes))]


def make_backups(task_run: TaskRun, plan: Plan) -> Iterator[list[Result]]:
    """Make each planned backup. A suspicious one is kept and reported as failed."""
    from include.backups.backup import back_up
    from include.backups.settings import backup_settings
    from include.backups.storage import in_mb

    settings, storage = backup_settings(), offsite()
    for change in plan.changes:
        name = str(change.new)

        def work(change: Change = change, name: str = name) -> Result:
            found = source(settings, name, storage)
            if found is None:
                return Result(change, "skipped", "it is not there any more, and not required")
            made = back_up(
                storage,
                name,
                found,
                task_run.when,
                settings,
                f"{task_run.run.dag_id} {task_run.run.run_id}",
                accept_small=bool(task_run.params.get("accept_small")),
            )
            sizes = f"{in_mb(made.content.bytes)}, stored as {in_mb(made.stored.bytes)}"
            log.info("%s/%s: %s, %s", name, made.name, sizes, made.counts)
            if made.warning:
                return Result(change, "failed", f"the backup is kept, but {made.warning}")
            if made.left_out:
                missing = f"{len(made.left_out)} entries could not be read, the first: {made.left_out[0]}"
                return Result(change, "applied", missing, set_aside=True)
            return Result(change, "applied")

        yield [carefully(change, work)]


def plan_retention(task_run: TaskRun) -> Plan:
    """Backups that are not kept any longer, and what interrupted runs left."""
    from include.backups import planning
    from include.backups.backup import known_backups
    from include.backups.settings import backup_settings

    settings, storage = backup_settings(), offsite()
    found = {
        name: (known_backups(storage, name), storage.files(name), storage.unfinished_uploads(name))
        for name in settings.targets
    }
    return planning.plan_retention(found, settings.retention, task_run.when, store_settings().zone)


def retention_budget() -> Budget:
    """More than half of all backups going at once is a mistake in the settings."""
    return Budget(max_share=0.5)


def remove(_task_run: TaskRun, plan: Plan) -> Iterator[list[Result]]:
    """Remove what retention planned, each only when it is still what was planned."""
    from include.backups import removing

    storage = offsite()
    for change in plan.changes:
        yield [carefully(change, partial(removing.remove, storage, change))]


def offsite() -> OffsiteStorage:
    """The storage of the connection `offsite`."""
    from retail_ops.hooks.offsite import OffsiteHook

    return OffsiteHook().storage


def source(settings: BackupSettings, name: str, storage: OffsiteStorage) -> Source | None:
    """What is read for a target; None for one that is not there and not required."""
    from include.backups.sources import source_of

    keep_free = settings.checks.keep_free_mb * 1_000_000
    return source_of(name, settings.targets[name], url_of, storage.local, keep_free)


def url_of(conn_id: str) -> URL | None:
    """The database URL of a connection; None when there is no such connection."""
    from include.database.urls import url_of_connection

    try:
        found = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        return None
    names = ("conn_type", "host", "port", "login", "password", "schema")
    return url_of_connection({name: getattr(found, name) for name in names}, conn_id)


def carefully(change: Change, work: Any) -> Result:
    """The result of `work`, or what became of it as a failed one, so that the others go on."""
    try:
        result: Result = work()
    except (BadCredentials, InvalidRequest) as error:
        return Result(change, "failed", str(error))
    except RetailOpsError as error:
        return Result(change, "failed", str(error), retry=True)
    return result
