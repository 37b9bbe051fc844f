"""Airflow's clean-up of its own database, by its own command, where a task can reach that database."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from include.changes import Summary
from include.errors import InvalidRequest, RetailOpsError, VendorUnavailable
from include.privacy import masked
from retail_ops.task_run import TaskRun

log = logging.getLogger(__name__)

CONNECTION = "airflow_db"
_URL = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
_KEPT_FROM_TASKS = "airflow-db-not-allowed"
_FOUND = re.compile(r"Found (\d+) rows meeting deletion criteria")
_ASK_SECONDS = 120
_SECRET = re.compile(r"://[^\s/@]*@")
_ELSEWHERE = (
    "a worker may not reach Airflow's own database here. Name it in the connection airflow_db, or let the "
    "scheduler's machine run: airflow db clean --skip-archive --yes --clean-before-timestamp ..."
)


def clean_airflow(task_run: TaskRun) -> None:
    """Remove what Airflow keeps of runs that are older than `airflow_database.days`.

    Skips, saying why, where the database is out of reach, and when nothing is that old. Raises
    `InvalidRequest` when the connection `airflow_db` names another database, `VendorUnavailable` when it does
    not answer, or the clean-up breaks off.
    """
    from include.housekeeping.settings import housekeeping_settings

    settings = housekeeping_settings().airflow_database
    if settings is None:
        task_run.skip("housekeeping.yaml keeps Airflow's runs for ever")
    started, given = time.monotonic(), _given_url()
    with tempfile.TemporaryDirectory() as folder:
        variables = _variables(given)
        if given is None and not _is_there(variables, folder):
            task_run.skip(_ELSEWHERE)
        before = (task_run.when - timedelta(days=settings.days)).isoformat()
        clean = ("db", "clean", "--clean-before-timestamp", before, "--skip-archive")
        seconds = settings.minutes * 60
        try:
            rows = _rows(_airflow([*clean, "--dry-run"], variables, seconds, folder))
        except RetailOpsError as error:
            if given is None:
                task_run.skip(f"{_ELSEWHERE} ({error})")
            raise
        if not rows:
            task_run.skip(f"nothing to change: Airflow has no runs from before {before[:10]}")
        if task_run.dry_run:
            task_run.skip(f"dry run: {rows} rows of Airflow's database are from before {before[:10]}")
        said = _airflow([*clean, "--yes", "--error-on-cleanup-failure"], variables, seconds, folder)
    log.info("%d rows of Airflow's database from before %s were removed", rows, before[:10])
    log.debug("%s", said)
    spent = round(time.monotonic() - started, 3)
    task_run.leave(Summary(planned=rows, applied=rows, seconds=spent, details={"before": before[:10]}))


def _rows(said: str) -> int:
    """How many rows a dry run found; raises `InvalidRequest` when it found no table of Airflow's."""
    counts = _FOUND.findall(said)
    if not counts:
        raise InvalidRequest(f"the database of the connection {CONNECTION} has no tables of Airflow's")
    return sum(map(int, counts))


def _given_url() -> str | None:
    """The database that the operator opened to tasks by a connection of its own."""
    from include.database.urls import url_of_connection

    try:
        found = BaseHook.get_connection(CONNECTION)
    except AirflowNotFoundException:
        return None
    names = ("conn_type", "host", "port", "login", "password", "schema")
    fields = {name: getattr(found, name) for name in names}
    return url_of_connection(fields, CONNECTION).render_as_string(hide_password=False)


def _variables(url: str | None) -> dict[str, str]:
    """This process's variables as Airflow's command needs them.

    Airflow puts a placeholder in the place of its database's address in every task; without it, the command
    reads the machine's own configuration, if there is one.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not value.startswith(_KEPT_FROM_TASKS) and not name.startswith("_AIRFLOW")
    }
    return kept | ({_URL: url} if url else {})


def _is_there(variables: dict[str, str], folder: str) -> bool:
    """Whether the machine's configuration names a database; a SQLite file has to be there already."""
    try:
        said = _airflow(
            ["config", "get-value", "database", "sql_alchemy_conn"], variables, _ASK_SECONDS, folder
        )
        url = make_url(said.strip().splitlines()[-1])
    except (RetailOpsError, ArgumentError, IndexError):
        return False
    if url.get_backend_name() != "sqlite":
        return True
    file = Path(url.database or "")
    return file.is_file() and file.stat().st_size > 0


def _airflow(arguments: list[str], variables: dict[str, str], seconds: float, folder: str) -> str:
    """Run Airflow's command away from any folder of ours; returns what it printed."""
    command = [sys.executable, "-m", "airflow", *arguments]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            env=variables,
            cwd=folder,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise VendorUnavailable(
            f"airflow {arguments[0]} {arguments[1]} took longer than {seconds:g} s"
        ) from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or done.stdout.strip().splitlines() or ["nothing"])[-1]
        words = masked(_SECRET.sub("://***@", last))[:300]
        raise VendorUnavailable(f"airflow {arguments[0]} {arguments[1]} failed and said: {words}")
    return done.stdout
