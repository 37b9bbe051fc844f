"""Fresh, empty databases for tests: SQLite always, the servers where the machine offers them."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from include.database.engines import engine_for

SERVERS = {"postgresql": "TEST_POSTGRES_URL", "mysql": "TEST_MYSQL_URL", "mssql": "TEST_MSSQL_URL"}
KINDS = ("sqlite", *SERVERS)


@contextmanager
def fresh_database(kind: str, folder: Path) -> Iterator[URL]:
    """The URL of an empty database, dropped afterwards; skips the test where there is no such server."""
    if kind == "sqlite":
        yield URL.create("sqlite", database=str(folder / f"{uuid.uuid4().hex}.db"))
        return
    address = os.environ.get(SERVERS[kind])
    if not address:
        pytest.skip(f"{SERVERS[kind]} is not set: no {kind} server to test with")
    server = make_url(address)
    name = f"retail_ops_{uuid.uuid4().hex[:12]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = server.set(database=name)
    try:
        yield url
    finally:
        engine_for(url).dispose()
        with admin.connect() as connection:
            connection.execute(
                text(f"DROP DATABASE {name}" + (" WITH (FORCE)" if kind == "postgresql" else ""))
            )
        admin.dispose()
