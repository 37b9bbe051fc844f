"""Coupons (version 2): the list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Engine, select
from sqlalchemy.dialects.sqlite import insert

from include.sandbox.standins.bigcommerce.errors import BigCommerceError
from include.sandbox.standins.bigcommerce.paging import MOST_PER_PAGE, whole_number
from include.sandbox.standins.context import context_of
from include.sandbox.standins.state import coupons as coupons_table

router = APIRouter()

_FILTERS = {
    "id": coupons_table.c.id.__eq__,
    "min_id": coupons_table.c.id.__ge__,
    "max_id": coupons_table.c.id.__le__,
    "code": coupons_table.c.code.__eq__,
    "name": coupons_table.c.name.__eq__,
    "type": coupons_table.c.type.__eq__,
    "exclude_type": coupons_table.c.type.__ne__,
}
_NUMBERS = frozenset({"id", "min_id", "max_id"})


@router.get("/v2/coupons")
def read_coupons(request: Request) -> Response:
    """A page of coupons as an array, or 204 without a body where there is none."""
    chosen = select(coupons_table.c.document).order_by(coupons_table.c.id)
    parameters = dict(request.query_params)
    page = whole_number(parameters.pop("page", "1"), "page")
    limit = min(whole_number(parameters.pop("limit", "50"), "limit"), MOST_PER_PAGE)
    for name, value in parameters.items():
        if name not in _FILTERS:
            raise BigCommerceError(400, f"The sandbox does not know the filter {name!r} of coupons")
        chosen = chosen.where(_FILTERS[name](whole_number(value, name) if name in _NUMBERS else value))
    chosen = chosen.limit(limit).offset((page - 1) * limit)
    with context_of(request).engine.connect() as connection:
        found = list(connection.scalars(chosen))
    return JSONResponse(found) if found else Response(status_code=204)


def load_coupons(engine: Engine, rows: Iterable[Mapping[str, Any]]) -> int:
    """Put coupons into the web shop as if they had been there; returns how many.

    A row has at least `id, name, type, amount` (a string) and `code`; a coupon with the same id is replaced.
    """
    created = format_datetime(datetime.now(UTC))
    documents = [
        {
            "min_purchase": "0.0000",
            "expires": "",
            "enabled": True,
            "applies_to": {"entity": "categories", "ids": [0]},
            "num_uses": 0,
            "max_uses": 0,
            "max_uses_per_customer": 0,
            "restricted_to": [],
            "shipping_methods": None,
            "date_created": created,
            **row,
        }
        for row in rows
    ]
    if not documents:
        return 0
    statement = insert(coupons_table)
    columns = ("code", "name", "type", "document")
    statement = statement.on_conflict_do_update(
        index_elements=["id"], set_={name: statement.excluded[name] for name in columns}
    )
    values = [
        {"document": row, **{name: row[name] for name in ("id", "code", "name", "type")}} for row in documents
    ]
    with engine.begin() as connection:
        connection.execute(statement, values)
    return len(documents)
