"""The list of customers: pages, and the time of the last change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select

from include.sandbox.standins.counterpoint_api.errors import CounterpointError
from include.sandbox.standins.counterpoint_api.fields import as_moment, read_moment
from include.sandbox.standins.state import customers


def read_page(connection: Connection, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
    """The customers that `parameters` ask for, by number. A page behind the last is empty.

    `Page` (from 1) and `Rows` come together or not at all. `StartDate` and `EndDate` are days or moments in
    UTC without an offset; both count in, and so does all of an `EndDate` that is a day.
    """
    chosen = select(customers.c.document).order_by(customers.c.number)
    if start := parameters.get("StartDate"):
        chosen = chosen.where(customers.c.modified >= _moment("StartDate", start))
    if end := parameters.get("EndDate"):
        chosen = chosen.where(customers.c.modified <= _moment("EndDate", end, ends=True))
    page, rows = parameters.get("Page"), parameters.get("Rows")
    if (page is None) != (rows is None):
        raise CounterpointError(400, "ERROR_MISSING_REQUIRED_DATA", "Page and Rows belong together")
    if page is not None and rows is not None:
        size = _number("Rows", rows)
        chosen = chosen.limit(size).offset((_number("Page", page) - 1) * size)
    return list(connection.scalars(chosen))


def _moment(name: str, value: str, *, ends: bool = False) -> str:
    try:
        moment = read_moment(value)
    except ValueError:
        raise CounterpointError(400, "ERROR_UNKNOWN", f"{name} is not a date") from None
    is_day = ends and len(value.strip()) == len("yyyy-mm-dd")
    return as_moment(moment + timedelta(days=1) - timedelta(microseconds=1) if is_day else moment)


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and 1 <= len(value) <= 9 and int(value) >= 1):
        raise CounterpointError(400, "ERROR_UNKNOWN", f"{name} is not a number from 1")
    return int(value)
