"""Every request that reached a stand-in, and how often each endpoint was called."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Select, case, delete, func, insert, select

from include.sandbox.standins.state import requests as requests_table

_SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "x-auth-token", "apikey", "cookie", "set-cookie"}
)
HIDDEN = "(hidden)"


@dataclass(frozen=True)
class RecordedRequest:
    """One request as a stand-in saw it.

    `at` is in seconds since the epoch, `milliseconds` how long the stand-in took. `status` is the HTTP status
    or the SMTP reply code that the client saw, None when it saw none; `fault` names the fault order that was
    carried out on it. `path` is a mail's recipients, joined by commas, for the mail server.
    """

    id: int
    at: float
    vendor: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    status: int | None
    request_bytes: int
    response_bytes: int
    milliseconds: float
    fault: str | None


@dataclass(frozen=True)
class Counter:
    """How often one endpoint was called, and how many of the calls were answered with success (2xx)."""

    vendor: str
    method: str
    path: str
    calls: int
    succeeded: int


def without_secrets(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Header names in lower case with their values; a placeholder stands for what would let somebody in."""
    return {name.lower(): HIDDEN if name.lower() in _SECRET_HEADERS else value for name, value in headers}


class Journal:
    """Writes and reads the record of requests."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(
        self,
        vendor: str,
        method: str,
        path: str,
        *,
        status: int | None,
        started: float,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        request_bytes: int = 0,
        response_bytes: int = 0,
        fault: str | None = None,
    ) -> None:
        """Write one request down; `started` is the `time.perf_counter()` at its arrival."""
        row = {
            "at": time.time(),
            "vendor": vendor,
            "method": method,
            "path": path,
            "query": query,
            "headers": dict(headers or {}),
            "status": status,
            "request_bytes": request_bytes,
            "response_bytes": response_bytes,
            "milliseconds": round((time.perf_counter() - started) * 1000, 2),
            "fault": fault,
        }
        with self._engine.begin() as connection:
            connection.execute(insert(requests_table), [row])

    def requests(
        self,
        vendor: str | None = None,
        method: str | None = None,
        path: str | None = None,
        limit: int | None = None,
    ) -> list[RecordedRequest]:
        """The requests, newest first; `path` is a part of the path, `limit` the most that are returned."""
        chosen = _filtered(select(requests_table), vendor, method, path)
        chosen = chosen.order_by(requests_table.c.id.desc()).limit(limit)
        with self._engine.connect() as connection:
            return [RecordedRequest(**row) for row in connection.execute(chosen).mappings()]

    def counters(
        self, vendor: str | None = None, method: str | None = None, path: str | None = None
    ) -> list[Counter]:
        """Calls per vendor, method and path, in that order; `path` is a part of the path."""
        columns = (requests_table.c.vendor, requests_table.c.method, requests_table.c.path)
        succeeded = func.sum(case((requests_table.c.status.between(200, 299), 1), else_=0))
        chosen = select(*columns, func.count().label("calls"), succeeded.label("succeeded"))
        chosen = _filtered(chosen, vendor, method, path).group_by(*columns).order_by(*columns)
        with self._engine.connect() as connection:
            return [Counter(**row) for row in connection.execute(chosen).mappings()]

    def count(self) -> int:
        """How many requests are on record."""
        with self._engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(requests_table)) or 0

    def clear(self) -> None:
        """Forget all requests, so that the counters begin at nothing."""
        with self._engine.begin() as connection:
            connection.execute(delete(requests_table))


def _filtered(chosen: Select[Any], vendor: str | None, method: str | None, path: str | None) -> Select[Any]:
    if vendor:
        chosen = chosen.where(requests_table.c.vendor == vendor)
    if method:
        chosen = chosen.where(requests_table.c.method == method.upper())
    if path:
        chosen = chosen.where(func.instr(requests_table.c.path, path) > 0)
    return chosen
