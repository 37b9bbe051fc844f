"""Database hooks, the retry policy, and what a task has at hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import RetryAction
from sqlalchemy import URL, Engine, event, insert, select, text

from include.counterpoint.tables import IM_CATEG_COD
from include.database.engines import engine_for
from include.errors import (
    BadCredentials,
    BudgetExceeded,
    Deadlock,
    InvalidRequest,
    InvalidSettings,
    OutcomeUnknown,
    RateLimited,
    VendorUnavailable,
    VerificationFailed,
)
from retail_ops.dag_defaults import RETRY_POLICY
from retail_ops.hooks.databases import CounterpointHook, StoreDbHook
from retail_ops.task_run import local_folder, store_files
from tests.databases import KINDS, fresh_database

TYPES = {"sqlite": "sqlite", "postgresql": "postgres", "mysql": "mysql", "mssql": "mssql"}


def connection_json(url: URL) -> str:
    kind = TYPES[url.get_backend_name()]
    host = url.database if kind == "sqlite" else url.host
    fields = {
        "conn_type": kind,
        "host": host,
        "port": url.port,
        "login": url.username,
        "password": url.password,
        "schema": None if kind == "sqlite" else url.database,
    }
    return json.dumps({name: value for name, value in fields.items() if value is not None})


@pytest.fixture(params=KINDS)
def counterpoint(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path) as url:
        monkeypatch.setenv("AIRFLOW_CONN_COUNTERPOINT", connection_json(url))
        engine = CounterpointHook().engine
        with engine.begin() as connection:
            IM_CATEG_COD.create(connection)
            rows = [{"CATEG_COD": f"C{n:04d}", "DESCR": "Category"} for n in range(12_000)]
            connection.execute(insert(IM_CATEG_COD), rows)
        yield engine
        engine.dispose()


def test_rows_are_read_whole_or_as_a_stream(counterpoint: Engine) -> None:
    query = select(IM_CATEG_COD.c.CATEG_COD).order_by(IM_CATEG_COD.c.CATEG_COD)
    whole = [row.CATEG_COD for row in CounterpointHook().read(query)]
    with CounterpointHook().stream(query, size=1000) as rows:
        streamed = [row.CATEG_COD for row in rows]
    assert whole == streamed
    assert len(whole) == 12_000


def test_reading_leaves_no_transaction_open(counterpoint: Engine) -> None:
    query = select(IM_CATEG_COD).limit(1)
    CounterpointHook().read(query)
    with CounterpointHook().stream(query) as rows:
        next(rows)
    assert counterpoint.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_a_failed_transaction_leaves_nothing_behind(counterpoint: Engine) -> None:
    def work(connection: Any) -> None:
        connection.execute(insert(IM_CATEG_COD), {"CATEG_COD": "HALF", "DESCR": "Half"})
        raise KeyError("stop")

    with pytest.raises(KeyError):
        CounterpointHook().transaction(work)
    found = CounterpointHook().read(select(IM_CATEG_COD).where(IM_CATEG_COD.c.CATEG_COD == "HALF"))
    assert found == []


def test_the_connection_test_tells_yes_and_why_not(
    counterpoint: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CounterpointHook().test_connection()[0] is True
    monkeypatch.setenv(
        "AIRFLOW_CONN_COUNTERPOINT", json.dumps({"conn_type": "mssql", "host": "cp.example.com"})
    )
    ok, words = CounterpointHook().test_connection()
    assert (ok, "has no port" in words) == (False, True)


def test_sql_server_sessions_are_polite() -> None:
    engine = engine_for(URL.create("mssql+pymssql", "u", "p", "127.0.0.1", 1433, "cp"))
    seen: list[str] = []

    class Cursor:
        def execute(self, statement: str) -> None:
            seen.append(statement)

        def close(self) -> None: ...

    class Session:
        def cursor(self) -> Cursor:
            return Cursor()

    for listener in engine.pool.dispatch.connect:
        if listener.__module__ == "include.database.engines":
            listener(Session(), None)
    assert seen == ["SET LOCK_TIMEOUT 15000"]
    arguments: dict[str, Any] = {}

    @event.listens_for(engine, "do_connect")
    def capture(_dialect: Any, _record: Any, _args: Any, parameters: dict[str, Any]) -> None:
        arguments.update(parameters)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        engine.connect()
    assert arguments["appname"] == "retail-ops"
    assert arguments["login_timeout"] <= 30
    assert engine.get_execution_options() is not None
    engine.dispose()


def test_a_lock_is_not_waited_for_without_end(tmp_path: Path) -> None:
    with fresh_database("postgresql", tmp_path) as url, engine_for(url).connect() as connection:
        assert connection.scalar(text("SHOW lock_timeout")) == "15s"
        assert connection.scalar(text("SHOW application_name")) == "retail-ops"
        assert connection.scalar(text("SHOW transaction_isolation")) == "read committed"


@pytest.mark.parametrize(
    "error", [BadCredentials, InvalidRequest, InvalidSettings, BudgetExceeded, OutcomeUnknown]
)
def test_what_cannot_get_better_fails_at_once(error: type[Exception]) -> None:
    assert RETRY_POLICY.evaluate(error("x"), 1, 3).action is RetryAction.FAIL


@pytest.mark.parametrize("error", [VendorUnavailable, Deadlock, VerificationFailed, ConnectionError])
def test_what_may_pass_is_left_to_the_growing_waits(error: type[Exception]) -> None:
    assert RETRY_POLICY.evaluate(error("x"), 1, 3).action is not RetryAction.FAIL


def test_a_vendor_that_asks_to_wait_is_given_its_time() -> None:
    decision = RETRY_POLICY.evaluate(RateLimited("429", retry_after=95), 1, 3)
    assert (decision.action, decision.retry_delay) == (RetryAction.RETRY, timedelta(seconds=95))


def test_files_need_a_place_that_somebody_chose(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RETAIL_OPS_STORE_FILES")
    with pytest.raises(InvalidSettings, match="RETAIL_OPS_STORE_FILES is not set"):
        store_files()
    monkeypatch.setenv("RETAIL_OPS_PHOTO_FOLDER", str(tmp_path / "missing"))
    with pytest.raises(InvalidSettings, match=r"RETAIL_OPS_PHOTO_FOLDER must name .*missing"):
        local_folder("RETAIL_OPS_PHOTO_FOLDER", "the folder of photos")


def test_the_store_database_s_hook_has_its_own_connection(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_STORE_DB", json.dumps({"conn_type": "sqlite", "host": str(tmp_path / "s.db")})
    )
    assert StoreDbHook().test_connection() == (True, "sqlite answers")
