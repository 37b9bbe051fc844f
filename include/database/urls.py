"""From the fields of a connection to a database URL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL

from include.errors import InvalidRequest

_DRIVERS = {
    "mssql": "mssql+pymssql",
    "mysql": "mysql+mysqlconnector",
    "postgres": "postgresql+psycopg2",
    "postgresql": "postgresql+psycopg2",
    "sqlite": "sqlite",
}


def url_of_connection(fields: Mapping[str, Any], conn_id: str) -> URL:
    """The URL for a connection's fields (`conn_type, host, port, login, password, schema, extra`).

    Raises `InvalidRequest` for a type that is no database, a missing host, and SQL Server without a port: its
    driver would otherwise report the server as unavailable, which sends operators looking in the wrong place.
    """
    kind = str(fields.get("conn_type") or "").lower()
    if kind not in _DRIVERS:
        raise InvalidRequest(
            f"the connection '{conn_id}' has the type '{kind}'; a database is needed: "
            "mssql, mysql, postgres or sqlite"
        )
    host = fields.get("host")
    if not host:
        raise InvalidRequest(f"the connection '{conn_id}' has no host")
    if kind == "sqlite":
        return URL.create("sqlite", database=str(host))
    if kind == "mssql" and not fields.get("port"):
        raise InvalidRequest(
            f"the connection '{conn_id}' has no port; SQL Server listens on 1433 unless set otherwise"
        )
    port = fields.get("port")
    return URL.create(
        _DRIVERS[kind],
        username=fields.get("login") or None,
        password=fields.get("password") or None,
        host=str(host),
        port=int(port) if port else None,
        database=fields.get("schema") or None,
    )


def url_of_connection_json(text: str, conn_id: str) -> URL:
    """The URL for a connection written as JSON, the form of an `AIRFLOW_CONN_*` variable."""
    try:
        fields = json.loads(text)
    except ValueError as error:
        raise InvalidRequest(f"the connection '{conn_id}' is no JSON: {error}") from None
    return url_of_connection(fields, conn_id)
