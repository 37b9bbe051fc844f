"""The task that reads uploaded files of daily sales, for all families that use them."""

from __future__ import annotations

import hashlib
import logging
import time
from datetime import UTC, datetime

from airflow.sdk import ObjectStoragePath

from include.changes import Reject, Summary
from include.errors import InvalidRequest
from include.settings import store_settings
from retail_ops.task_run import TaskRun, store_files

log = logging.getLogger(__name__)

FOLDER = ("uploads", "daily_sales")


def read_uploads(task_run: TaskRun) -> None:
    """Take over the days of new files, and what each customer bought; skips where there is none.

    Rows that cannot be used are set aside with their reasons. A file that cannot be used at all counts as
    failed, once: it is not tried again until it is uploaded anew.
    """
    from include.sales_uploads import Upload, read_upload
    from include.storedb.daily_sales import DailySales, SalesUpload, upload_hash
    from retail_ops.hooks.databases import StoreDbHook

    started, daily = time.monotonic(), DailySales(StoreDbHook().engine)
    rejects: list[Reject] = []
    files = _files()
    new = changed = failed = set_aside = 0
    for path in files:
        content, uploaded_at = path.read_bytes(), _uploaded_at(path)
        sha256 = hashlib.sha256(content).hexdigest()
        if daily.was_read(upload_hash(path.name, sha256, uploaded_at)):
            continue
        new += 1
        on = uploaded_at.replace(tzinfo=UTC).astimezone(store_settings().zone).date()
        try:
            found = read_upload(content, path.name, on)
        except InvalidRequest as error:
            found = Upload({}, {}, 0, (Reject(path.name, str(error)),))
            failed += 1
            log.warning("%s", error)
        else:
            set_aside += len(found.rejects)
        rejects += found.rejects
        upload = SalesUpload(
            path.name, sha256, uploaded_at, found.rows, len(found.rejects), found.days, found.customers
        )
        here = 0 if task_run.dry_run else daily.keep_upload(upload, task_run.run)
        changed += here
        log.info("%s: %d rows of %d days, %d days changed", path.name, found.rows, len(found.days), here)
    if not new:
        task_run.skip(f"nothing to change: {len(files)} uploaded files were read before")
    details = {"files": new, **({"rejects": kept} if (kept := task_run.write_rejects(rejects)) else {})}
    seconds = round(time.monotonic() - started, 3)
    task_run.leave(
        Summary(applied=changed, failed=failed, rejected=set_aside, seconds=seconds, details=details)
    )


def _files() -> list[ObjectStoragePath]:
    """The uploaded CSV files, the oldest first."""
    folder = store_files().joinpath(*FOLDER)
    if not folder.exists():
        return []
    found = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
    wanted = [path for path in found if path.suffix.lower() == ".csv"]
    for path in sorted(set(found) - set(wanted), key=str):
        log.warning("%s is left alone: daily sales are read from CSV files", path.name)
    return sorted(wanted, key=lambda path: (_uploaded_at(path), path.name))


def _uploaded_at(path: ObjectStoragePath) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None)
