"""What a rule's task has at hand: the run's date, its parameters, the store's files and its own tables."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import ObjectStoragePath
from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import AirflowSkipException

from include.changes import Reject, Summary
from include.errors import InvalidSettings
from include.files import as_local_folder, write_atomically
from include.settings import store_settings
from include.spreadsheets import as_text
from include.storedb.runs import RunContext

if TYPE_CHECKING:
    from include.storedb.audit import Audit

STORE_FILES = "RETAIL_OPS_STORE_FILES"
SKIPPED_BECAUSE = "skipped_because"
SUMMARY = "summary"
# What tasks of this process pushed as XCom, for the listener, which runs in it after the task: asking Airflow
# for an XCom that is not there would write an error into the task's log.
LEFT_BEHIND: dict[tuple[RunContext, str], Any] = {}


def store_files() -> ObjectStoragePath:
    """The root of all files that the automations write: RETAIL_OPS_STORE_FILES, a folder or object storage
    URL.

    Raises `InvalidSettings` when it is not set: files in an unexpected place are files lost.
    """
    root = os.environ.get(STORE_FILES)
    if not root:
        raise InvalidSettings(
            f"the environment variable {STORE_FILES} is not set; it names the folder or object "
            "storage URL for the files of all automations, for example file:///srv/store_files"
        )
    return ObjectStoragePath(root)


@dataclass(frozen=True)
class TaskRun:
    """One task of one run, as rules see it; `stamp` tells the plans that it carries out from others."""

    context: Context
    stamp: str = ""

    @cached_property
    def run(self) -> RunContext:
        """Dag, run and task, as rows of the store database name them."""
        ti = self.context["ti"]
        return RunContext(ti.dag_id, ti.run_id, ti.task_id, -1 if ti.map_index is None else ti.map_index)

    @property
    def when(self) -> datetime:
        """The moment that the run stands for, in store time: the only "now" that a rule may use."""
        dag_run = self.context["dag_run"]
        moment = dag_run.logical_date or dag_run.run_after
        return moment.astimezone(store_settings().zone)

    @property
    def params(self) -> dict[str, Any]:
        """The run's parameters, as validated by Airflow."""
        return dict(self.context["params"])

    @property
    def dry_run(self) -> bool:
        """Whether the run shall only plan."""
        return bool(self.params.get("dry_run", False))

    @property
    def tries_left(self) -> bool:
        """Whether Airflow would start this task again after a failure."""
        ti = self.context["ti"]
        return ti.try_number <= getattr(ti, "max_tries", 0)

    @property
    def was_cleared(self) -> bool:
        """Whether a person has cleared tasks of this run; a retry is none."""
        return bool(getattr(self.context["dag_run"], "clear_number", 0))

    @cached_property
    def audit(self) -> Audit:
        """The audit trail of this task."""
        from include.storedb.audit import Audit
        from retail_ops.hooks.databases import StoreDbHook

        return Audit(StoreDbHook().engine, self.run, self.stamp)

    def leave(self, summary: Summary) -> None:
        """Leave the task's summary behind, for the run's report, the journal and whoever looks."""
        self.push(SUMMARY, summary.as_dict())

    def push(self, key: str, value: Any) -> None:
        """Push an XCom that the listener can read, too."""
        self.context["ti"].xcom_push(key, value)
        LEFT_BEHIND[self.run, key] = value

    def skip(self, reason: str) -> NoReturn:
        """End the task as skipped and leave the reason behind for the run's report and the journal."""
        self.push(SKIPPED_BECAUSE, reason)
        raise AirflowSkipException(reason)

    def file(self, *parts: str) -> ObjectStoragePath:
        """A path below the store's files; its folder exists."""
        path = store_files().joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def folder(self, name: str) -> AbstractContextManager[Path]:
        """A folder of the store's files on this machine, to work in; see `include.files.as_local_folder`."""
        return as_local_folder(store_files() / name)

    @property
    def _run_folder(self) -> str:
        return "".join(c if c.isalnum() or c in "-_." else "_" for c in self.run.run_id)

    @property
    def _file_stem(self) -> str:
        index = f"-{self.run.map_index}" if self.run.map_index >= 0 else ""
        return f"{self._run_folder}/{self.run.task_id}{index}"

    def run_file(self, name: str) -> ObjectStoragePath:
        """A file that the tasks of this run share, beside their plans."""
        return self.file("plans", self.run.dag_id, self._run_folder, name)

    def plan_file(self) -> ObjectStoragePath:
        """Where this task stores its plan."""
        return self.file("plans", self.run.dag_id, f"{self._file_stem}.jsonl.gz")

    def write_rejects(self, rejects: Sequence[Reject]) -> str | None:
        """Write what was set aside to a CSV of its own; None when there was nothing."""
        if not rejects:
            return None
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["item", "reason"])
        writer.writerows((as_text(reject.key), as_text(reject.reason)) for reject in rejects)
        path = self.file("rejects", self.run.dag_id, f"{self._file_stem}.csv")
        write_atomically(path, text.getvalue().encode())
        return str(path)


def local_folder(variable: str, purpose: str) -> Path:
    """The folder on this machine that an environment variable names.

    Raises `InvalidSettings` with the variable and its purpose when it is not set or is no folder.
    """
    value = os.environ.get(variable, "")
    if not value or not Path(value).is_dir():
        raise InvalidSettings(f"{variable} must name {purpose}; found {value!r}, which is no folder")
    return Path(value)
