"""Reading whole lists from BigCommerce.

A page begins after the last id that was read instead of at a page number: what is made or deleted meanwhile
then moves no row across the border of two pages, where it would be lost or read twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import requests

from include.errors import VendorUnavailable

PER_PAGE = 250

Row = dict[str, Any]
Get = Callable[[str, Mapping[str, Any]], requests.Response]


def rows_v3(get: Get, path: str, params: Mapping[str, Any]) -> Iterator[Row]:
    """Every row of a version 3 list, by id; for lists that know `sort=id` and `id:greater`."""
    last, more = 0, True
    while more:
        after = {"id:greater": last} if last else {}
        answer = get(path, {**params, **after, "sort": "id", "direction": "asc", "limit": PER_PAGE})
        body = body_of(answer, path)
        found = rows_of(body.get("data"), path)
        rows = _after(last, found, path)
        yield from rows
        last = rows[-1]["id"] if rows else last
        more = bool(rows) and _pages(body, len(found)) > 1


def rows_v2(get: Get, path: str, params: Mapping[str, Any]) -> Iterator[Row]:
    """Every row of a version 2 list, by id; for lists that know `min_id`.

    Version 2 tells no total and may give fewer rows than asked for, so only an empty page is the end.
    """
    last, more = 0, True
    while more:
        answer = get(path, {**params, "min_id": last + 1, "limit": PER_PAGE})
        rows = _after(last, array_of(answer, path), path)
        yield from rows
        last = rows[-1]["id"] if rows else last
        more = bool(rows)


def array_of(answer: requests.Response, path: str) -> list[Row]:
    """The rows of a version 2 answer, which has no body (204) when there are none."""
    return [] if answer.status_code == 204 else rows_of(_json(answer), path)


def body_of(answer: requests.Response, path: str) -> Row:
    """The body of a version 3 answer; raises `VendorUnavailable` when it is something else than an object."""
    body = _json(answer)
    if not isinstance(body, dict):
        raise VendorUnavailable(f"BigCommerce: {path} answered {answer.status_code} without a JSON object")
    return body


def rows_of(found: Any, path: str) -> list[Row]:
    """`found` when it is a list of rows with ids; raises `VendorUnavailable` otherwise."""
    if not isinstance(found, list) or not all(
        isinstance(row, dict) and isinstance(row.get("id"), int) for row in found
    ):
        raise VendorUnavailable(f"BigCommerce: {path} answered with something else than rows with an id")
    return found


def _json(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _after(last: int, rows: list[Row], path: str) -> list[Row]:
    # Whether `id:greater` includes the id itself is not documented: the last row may come again, none before.
    if any(row["id"] < last for row in rows):
        raise VendorUnavailable(f"BigCommerce: {path} answered with rows before the id {last}, not after it")
    return sorted((row for row in rows if row["id"] > last), key=lambda row: row["id"])


def _pages(body: Row, rows: int) -> int:
    """How many pages there are from this one on."""
    pagination = (body.get("meta") or {}).get("pagination") or {}
    told = pagination.get("total_pages")
    return told if isinstance(told, int) else 1 + rows // PER_PAGE
