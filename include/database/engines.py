"""Engines with what each database needs to be a good neighbour of the tills."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event

from include.errors import InvalidRequest

CONNECT_SECONDS = 10
LOCK_WAIT_SECONDS = 15
APPLICATION = "retail-ops"

_ARGUMENTS: dict[str, dict[str, Any]] = {
    "sqlite": {"timeout": LOCK_WAIT_SECONDS * 2},
    "mssql": {"login_timeout": CONNECT_SECONDS, "appname": APPLICATION, "charset": "UTF-8"},
    "postgresql": {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": APPLICATION,
        "options": f"-c lock_timeout={LOCK_WAIT_SECONDS * 1000}",
    },
    "mysql": {"connection_timeout": CONNECT_SECONDS, "charset": "utf8mb4"},
}

_ON_CONNECT: dict[str, tuple[str, ...]] = {
    "sqlite": ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL"),
    "mssql": (f"SET LOCK_TIMEOUT {LOCK_WAIT_SECONDS * 1000}",),
    "postgresql": (),
    "mysql": (
        f"SET SESSION innodb_lock_wait_timeout = {LOCK_WAIT_SECONDS}",
        "SET SESSION time_zone = '+00:00'",
    ),
}


@lru_cache(maxsize=8)
def engine_for(url: URL) -> Engine:
    """One engine for each URL and process: READ COMMITTED, bounded waits for connections and locks, checked
    before use. Raises `InvalidRequest` for a database that is not known here.
    """
    name = url.get_backend_name()
    dialect = "mysql" if name == "mariadb" else name
    if dialect not in _ARGUMENTS:
        raise InvalidRequest(f"{name!r} is none of the databases that are known: {', '.join(_ARGUMENTS)}")
    options: dict[str, Any] = {} if dialect == "sqlite" else {"isolation_level": "READ COMMITTED"}
    engine = create_engine(
        url, connect_args=dict(_ARGUMENTS[dialect]), pool_pre_ping=True, hide_parameters=True, **options
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for statement in _ON_CONNECT[dialect]:
            cursor.execute(statement)
        cursor.close()

    return engine
