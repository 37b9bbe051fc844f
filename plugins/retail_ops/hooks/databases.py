"""Hooks for the databases: an engine from an Airflow connection, and short, repeatable transactions on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from airflow.sdk import BaseHook
from sqlalchemy import Connection, Engine, Select, text

from include.changes import Change, Result
from include.database.engines import engine_for
from include.database.retries import classified, with_retries
from include.database.urls import url_of_connection
from include.settings import store_settings

T = TypeVar("T")


class DatabaseHook(BaseHook):
    """Base of the database hooks: the connection's type decides which database it is."""

    conn_name_attr = "conn_id"
    default_conn_name = ""
    hook_name = "Database"

    def __init__(self, conn_id: str | None = None) -> None:
        super().__init__()
        self.conn_id = conn_id or self.default_conn_name

    @property
    def engine(self) -> Engine:
        """The engine for the connection; raises `InvalidRequest` naming what the connection lacks."""
        found = self.get_connection(self.conn_id)
        names = ("conn_type", "host", "port", "login", "password", "schema")
        fields = {name: getattr(found, name) for name in names}
        return engine_for(url_of_connection(fields, self.conn_id))

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction, again as a whole after a deadlock or a dropped connection."""

        def attempt() -> T:
            with self.engine.begin() as connection:
                return work(connection)

        return with_retries(attempt)

    def test_connection(self) -> tuple[bool, str]:
        """Whether the database answers, in one sentence."""
        try:
            with classified(), self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except Exception as error:
            return False, str(error)
        return True, f"{self.engine.dialect.name} answers"


class CounterpointHook(DatabaseHook):
    """The point of sale's database. Its tills come first: reads are short and wait for no lock for long."""

    default_conn_name = "counterpoint"
    hook_name = "Counterpoint"

    def read(self, statement: Select[Any]) -> list[Any]:
        """All rows of a query, read in one short transaction; tried again after a deadlock."""
        return self.transaction(lambda connection: list(connection.execute(statement)))

    @contextmanager
    def stream(self, statement: Select[Any], size: int = 5000) -> Iterator[Iterator[Any]]:
        """The rows of a large query, fetched `size` at a time, so that memory stays flat.

        Nothing is retried here, since rows may have been used already: an error reaches the caller as
        `Deadlock` or `VendorUnavailable`, whose task then starts again.
        """
        with classified(), self.engine.connect() as connection:
            streaming = connection.execution_options(stream_results=True, yield_per=size)
            yield iter(streaming.execute(statement))

    def write(self, changes: Sequence[Change]) -> Iterator[list[Result]]:
        """Carry out changes of Counterpoint's tables, last maintained now; see `write_changes`."""
        from include.counterpoint.writer import write_changes

        now = datetime.now(store_settings().zone).replace(tzinfo=None)
        return write_changes(self.engine, changes, now)


class StoreDbHook(DatabaseHook):
    """Our own tables: ledger, audit, journal, published files."""

    default_conn_name = "store_db"
    hook_name = "Store database"


class LgsWarehouseHook(DatabaseHook):
    """London Gift Shop's warehouse: PostgreSQL, or SQLite on a laptop."""

    default_conn_name = "lgs_warehouse"
    hook_name = "Gift shop warehouse"
