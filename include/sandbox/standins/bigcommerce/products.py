"""Products (version 3): the list, the summary and the batch update."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from sqlalchemy import Select, func, select

from include.sandbox.standins.bigcommerce import product_store
from include.sandbox.standins.bigcommerce.errors import BigCommerceError, partial_errors
from include.sandbox.standins.bigcommerce.paging import asked_page, whole_number
from include.sandbox.standins.bigcommerce.product_batch import read_batch
from include.sandbox.standins.bigcommerce.product_fields import LoadedProduct
from include.sandbox.standins.context import context_of
from include.sandbox.standins.state import products as products_table

router = APIRouter()

# What a 207 leaves undone: the stock level and the address are written by other services than the product.
_WRITTEN_ELSEWHERE = ("inventory_level", "custom_url")
_FIELDS = frozenset(LoadedProduct.model_fields) | {"base_variant_id", "calculated_price"}


@router.get("/v3/catalog/products")
def read_products(request: Request) -> dict[str, Any]:
    """A page of products, sorted by id."""
    parameters = dict(request.query_params)
    links = {name: value for name, value in parameters.items() if name not in ("page", "limit")}
    page = asked_page(parameters)
    wanted = _wanted_fields(parameters)
    chosen = _filtered(select(products_table.c.document), parameters)
    total_query = select(func.count()).select_from(chosen.subquery())
    rows = chosen.order_by(products_table.c.id).limit(page.limit).offset(page.offset)
    with context_of(request).engine.connect() as connection:
        total = connection.scalar(total_query) or 0
        documents = list(connection.scalars(rows))
    data = [{name: value for name, value in row.items() if name in wanted} for row in documents]
    return {"data": data, "meta": page.meta(total, len(data), links)}


@router.get("/v3/catalog/summary")
def read_summary(request: Request) -> dict[str, Any]:
    """Counts and price range over all products."""
    with context_of(request).engine.connect() as connection:
        documents = list(connection.scalars(select(products_table.c.document)))
    prices = [row["price"] for row in documents] or [0.0]
    dates = [row["date_created"] for row in documents]
    summary: dict[str, Any] = {
        "inventory_count": sum(row["inventory_level"] for row in documents),
        "inventory_value": round(sum(row["inventory_level"] * row["price"] for row in documents), 2),
        "variant_count": len(documents),
        "highest_variant_price": max(prices),
        "average_variant_price": sum(prices) / len(prices),
        # The price is a string here and a number in the fields above: so is the real answer.
        "lowest_variant_price": str(min(prices)),
    }
    if dates:
        summary |= {"oldest_variant_date": min(dates), "newest_variant_date": max(dates)}
    return {"data": summary, "meta": {}}


@router.put("/v3/catalog/products")
async def update_products(request: Request) -> JSONResponse:
    """Update up to ten products by id: all of them, or none where one is wrong."""
    changes = await read_batch(request)
    return await run_in_threadpool(_apply, request, changes)


def _apply(request: Request, changes: list[dict[str, Any]]) -> JSONResponse:
    context = context_of(request)
    fault = context.faults.take("bigcommerce", "PUT", request.url.path, {"partial_207"})
    left_out = _WRITTEN_ELSEWHERE if fault else ()
    documents = product_store.apply_changes(context.engine, changes, left_out)
    if fault is None:
        return JSONResponse({"data": documents, "meta": {}})
    # The journal reads from here what was done to the request.
    request.state.fault = fault.kind
    undone = {
        f"{index}.{name}": f"{name} was not saved; send it again"
        for index, change in enumerate(changes)
        for name in left_out
        if name in change
    }
    return JSONResponse({"data": documents, "errors": partial_errors(undone), "meta": {}}, status_code=207)


def _wanted_fields(parameters: dict[str, str]) -> frozenset[str]:
    included = _names(parameters.pop("include_fields", ""))
    excluded = _names(parameters.pop("exclude_fields", ""))
    unknown = (included | excluded) - _FIELDS
    if unknown:
        raise BigCommerceError(
            422, "The request is not valid", {"include_fields": f"unknown: {', '.join(sorted(unknown))}"}
        )
    return ((included or _FIELDS) - excluded) | {"id"}


def _names(value: str) -> frozenset[str]:
    return frozenset(name.strip() for name in value.split(",") if name.strip())


def _filtered(chosen: Select[Any], parameters: dict[str, str]) -> Select[Any]:
    ids, skus = products_table.c.id, products_table.c.sku_key
    for name, value in parameters.items():
        match name:
            case "id":
                chosen = chosen.where(ids == whole_number(value, name))
            case "id:in":
                chosen = chosen.where(ids.in_([whole_number(part, name) for part in value.split(",")]))
            case "id:greater":
                chosen = chosen.where(ids > whole_number(value, name))
            case "sku":
                chosen = chosen.where(skus == value.casefold())
            case "sku:in":
                chosen = chosen.where(skus.in_([part.strip().casefold() for part in value.split(",")]))
            case _:
                # Passing over a filter would answer with rows that nobody asked for.
                raise BigCommerceError(
                    422,
                    "The sandbox does not know this parameter of products",
                    {name: f"{name} is not simulated"},
                )
    return chosen
