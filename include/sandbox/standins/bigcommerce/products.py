"""Products (version 3): the list, one product, and the summary."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy import Select, func, select

from include.sandbox.standins.bigcommerce.errors import BigCommerceError
from include.sandbox.standins.bigcommerce.filters import (
    Filters,
    apply_filters,
    moment,
    number,
    number_filters,
    yes_or_no,
)
from include.sandbox.standins.bigcommerce.paging import asked_page
from include.sandbox.standins.bigcommerce.product_store import find_products
from include.sandbox.standins.bigcommerce.product_view import asked_view
from include.sandbox.standins.context import context_of
from include.sandbox.standins.state import products, variants

router = APIRouter()

_COLUMNS = products.c
_FILTERS: Filters = {
    **number_filters("id", _COLUMNS.id),
    "sku": lambda value: _COLUMNS.sku_key == value.casefold(),
    "sku:in": lambda value: _COLUMNS.sku_key.in_([part.strip().casefold() for part in value.split(",")]),
    "name": lambda value: _COLUMNS.name_key == value.casefold(),
    "is_visible": lambda value: _COLUMNS.is_visible == yes_or_no(value, "is_visible"),
    "is_featured": lambda value: _COLUMNS.is_featured == yes_or_no(value, "is_featured"),
    "total_sold": lambda value: _COLUMNS.total_sold == number(value, "total_sold", 0),
    "date_modified:min": lambda value: _COLUMNS.modified >= moment(value, "date_modified:min"),
    "date_modified:max": lambda value: _COLUMNS.modified <= moment(value, "date_modified:max"),
}
_SORTS = {
    "id": _COLUMNS.id,
    "sku": _COLUMNS.sku_key,
    "name": _COLUMNS.name_key,
    "total_sold": _COLUMNS.total_sold,
    "date_modified": _COLUMNS.modified,
}


@router.get("/v3/catalog/products")
def read_products(request: Request) -> JSONResponse:
    """A page of products, sorted by id where nothing else was asked for."""
    parameters = dict(request.query_params)
    page = asked_page(parameters)
    view = asked_view(parameters)
    chosen = _sorted(select(_COLUMNS.document), parameters)
    with context_of(request).engine.connect() as connection:
        rows, meta = page.read(connection, apply_filters(chosen, _FILTERS, parameters))
        data = view.show(connection, [row.document for row in rows])
    return JSONResponse({"data": data, "meta": meta})


@router.get("/v3/catalog/products/{product_id:int}")
def read_product(request: Request, product_id: int) -> JSONResponse:
    """One product."""
    parameters = dict(request.query_params)
    view = asked_view(parameters)
    apply_filters(select(_COLUMNS.id), {}, parameters)
    with context_of(request).engine.connect() as connection:
        [data] = view.show(connection, find_products(connection, [product_id]))
    return JSONResponse({"data": data, "meta": {}})


@router.get("/v3/catalog/summary")
def read_summary(request: Request) -> dict[str, Any]:
    """Counts and price range over all products."""
    with context_of(request).engine.connect() as connection:
        documents = list(connection.scalars(select(_COLUMNS.document)))
        variant_count = connection.scalar(select(func.count()).select_from(variants))
    prices = [row["price"] for row in documents] or [0.0]
    dates = [row["date_created"] for row in documents]
    summary: dict[str, Any] = {
        "inventory_count": sum(row["inventory_level"] for row in documents),
        "inventory_value": round(sum(row["inventory_level"] * row["price"] for row in documents), 2),
        "variant_count": variant_count,
        "highest_variant_price": max(prices),
        "average_variant_price": sum(prices) / len(prices),
        # The price is a string here and a number in the fields above: so is the real answer.
        "lowest_variant_price": str(min(prices)),
    }
    if dates:
        summary |= {"oldest_variant_date": min(dates), "newest_variant_date": max(dates)}
    return {"data": summary, "meta": {}}


def _sorted(chosen: Select[Any], parameters: dict[str, str]) -> Select[Any]:
    name, direction = parameters.pop("sort", "id"), parameters.pop("direction", "asc")
    if name not in _SORTS or direction not in ("asc", "desc"):
        raise BigCommerceError(
            422,
            "The sandbox does not know this order of products",
            {"sort": f"{name!r} {direction!r} is not simulated"},
        )
    columns = [_SORTS[name], _COLUMNS.id]
    return chosen.order_by(*(column.desc() if direction == "desc" else column for column in columns))
