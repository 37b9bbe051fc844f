"""Whether every connection that the automations use works: the task, and how each kind is tested."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from include.changes import Reject, Summary
from include.errors import InvalidRequest, RetailOpsError
from include.privacy import masked
from include.settings import store_settings
from retail_ops.connectivity import HOSTS, SHOWN_FOR, outages_of_the_store
from retail_ops.pages import LATEST, PREVIEW, REPORTS
from retail_ops.task_run import TaskRun

if TYPE_CHECKING:
    from include.connectivity.hosts import Answer
    from include.connectivity.letters import ConnectionState
    from include.storedb.connectivity import Outages

log = logging.getLogger(__name__)

Test = Callable[[], tuple[bool, str]]

_SUBJECT = "connection "
_LONGEST = 300
_DATABASES = ("sqlite", "mssql", "mysql", "postgres")


class NotSetUp(Exception):
    """There is no such connection."""


def test_connections(task_run: TaskRun) -> None:
    """Test all connections and write the page; those that fail in too many runs in a row count as failed."""
    from include.connectivity.letters import status_page
    from include.connectivity.limits import all_within
    from include.connectivity.settings import connectivity_settings
    from include.connectivity.watch import INTERNET
    from include.files import write_atomically
    from include.reporting.page import as_page
    from include.storedb.runs import moment

    started, settings = time.monotonic(), connectivity_settings().connections
    outages = outages_of_the_store()
    out = outages.current(INTERNET)
    is_out = out is not None and out.confirmed_at is not None
    answers = all_within(settings.answer_seconds, {name: tester(name) for name in settings.tested})
    tested = [_tested(name, answers[name], required=name in settings.required) for name in settings.tested]
    if not task_run.dry_run:
        tested = [_remembered(outages, one, task_run, counts=not is_out) for one in tested]
        outages.forget_except(_SUBJECT, [_SUBJECT + one.conn_id for one in tested])
    for one in tested:
        level = logging.ERROR if one.state == "fails" else logging.INFO
        log.log(level, "%-20s %-10s %s", one.conn_id, one.state, one.words)
    now = datetime.now(UTC)
    recent = outages.confirmed(INTERNET, moment() - SHOWN_FOR)
    page = status_page(_pulled(task_run), tested, recent, now, store_settings().zone)
    folder = (REPORTS, PREVIEW) if task_run.dry_run else (REPORTS,)
    place = task_run.file(*folder, task_run.run.dag_id, LATEST)
    write_atomically(place, as_page(page))
    _leave(task_run, tested, settings.runs, str(place), time.monotonic() - started)


def _leave(task_run: TaskRun, tested: list[ConnectionState], runs: int, page: str, seconds: float) -> None:
    failing = [one for one in tested if one.state == "fails"]
    lasting = [one for one in failing if one.runs >= runs]
    details: dict[str, Any] = {"page": page, "connections": {one.conn_id: one.state for one in tested}}
    rejects = [
        Reject(one.conn_id, f"{one.words} (in {one.runs} runs in a row; {runs} make the run fail)")
        for one in failing
    ]
    if path := task_run.write_rejects(rejects):
        details["rejects"] = path
    task_run.leave(
        Summary(failed=len(lasting), rejected=len(failing), seconds=round(seconds, 3), details=details)
    )
    working = sum(one.state == "answers" for one in tested)
    log.info("%d of %d connections work; the page: %s", working, len(tested), page)


def _tested(conn_id: str, answer: tuple[bool, str] | Exception, *, required: bool) -> ConnectionState:
    from include.connectivity.letters import ConnectionState

    match answer:
        case (bool() as works, str() as words):
            return ConnectionState(conn_id, "answers" if works else "fails", _safe(words))
        case NotSetUp():
            return ConnectionState(conn_id, "fails" if required else "not set up", str(answer))
        case RetailOpsError() | TimeoutError():
            return ConnectionState(conn_id, "fails", _safe(str(answer)))
        case _:
            return ConnectionState(conn_id, "fails", f"its test broke off with {type(answer).__name__}")


def _remembered(
    outages: Outages, tested: ConnectionState, task_run: TaskRun, *, counts: bool
) -> ConnectionState:
    from include.storedb.runs import moment

    subject = _SUBJECT + tested.conn_id
    if tested.state != "fails":
        outages.recovered(subject, moment())
        return tested
    if not counts:
        return replace(tested, words=f"{tested.words} (not counted: the internet is away)")
    run = task_run.run
    return replace(tested, runs=outages.failed(subject, moment(), tested.words, run, once_per_run=True).tries)


def _pulled(task_run: TaskRun) -> list[Answer]:
    from include.connectivity.hosts import Answer

    rows = task_run.context["ti"].xcom_pull(task_ids="internet", key=HOSTS) or []
    return [Answer(*row) for row in rows]


def _safe(words: str) -> str:
    return " ".join(masked(words).split())[:_LONGEST]


def tester(conn_id: str) -> Test:
    """The test of a connection; it raises `NotSetUp` when there is none of that name.

    Our own types and databases have one; of a type without a test the host is asked.
    """

    def test() -> tuple[bool, str]:
        try:
            connection = BaseHook.get_connection(conn_id)
        except AirflowNotFoundException:
            raise NotSetUp("there is no such connection") from None
        works, words = _test_of(conn_id, connection)()
        return works, masked(words, [connection.password or "", connection.login or ""])

    return test


def _test_of(conn_id: str, connection: Any) -> Test:
    from airflow.sdk.module_loading import import_string

    from retail_ops.get_provider_info import get_provider_info
    from retail_ops.hooks.databases import DatabaseHook
    from retail_ops.hooks.offsite import OffsiteHook

    ours = {kind["connection-type"]: kind for kind in get_provider_info()["connection-types"]}
    kind = str(connection.conn_type or "")
    if kind in ours:
        found: Test = import_string(ours[kind]["hook-class-name"])(conn_id).test_connection
    elif kind in _DATABASES:
        found = DatabaseHook(conn_id).test_connection
    elif kind == "smtp":
        found = _mail_server
    elif conn_id == OffsiteHook.default_conn_name:
        found = OffsiteHook(conn_id).test_connection
    else:
        found = getattr(connection.get_hook(), "test_connection", None) or _without_test
    return found


def _mail_server() -> tuple[bool, str]:
    from retail_ops.mail_connection import connected

    client = connected()
    try:
        client.noop()
    finally:
        client.close()
    return True, "the mail server takes the login"


def _without_test() -> tuple[bool, str]:
    raise InvalidRequest("connections of this type have no test; take it out of connectivity.yaml")
