"""Variants (version 3): lists, and the batch update."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from sqlalchemy import ColumnElement, Select, and_, or_, select

from include.sandbox.standins.bigcommerce.filters import (
    Filters,
    apply_filters,
    number,
    numbers,
    wanted_fields,
)
from include.sandbox.standins.bigcommerce.paging import asked_page
from include.sandbox.standins.bigcommerce.product_store import find_products
from include.sandbox.standins.bigcommerce.variant_batch import read_variant_batch
from include.sandbox.standins.bigcommerce.variant_fields import VARIANT_FIELDS, shown_variant
from include.sandbox.standins.bigcommerce.variant_store import apply_variant_changes
from include.sandbox.standins.context import context_of
from include.sandbox.standins.state import products, variants, writing

router = APIRouter()

Chosen = Select[tuple[int, dict[str, object], dict[str, object]]]

_IS_BASE = products.c.document["base_variant_id"].as_integer() == variants.c.id


def _has_sku(value: str) -> ColumnElement[bool]:
    same = select(products.c.id).where(products.c.sku_key == value.casefold())
    return or_(variants.c.sku_key == value.casefold(), and_(variants.c.product_id.in_(same), _IS_BASE))


_FILTERS: Filters = {
    "id": lambda value: variants.c.id == number(value, "id"),
    "product_id:in": lambda value: variants.c.product_id.in_(numbers(value, "product_id:in")),
    "sku": _has_sku,
}


@router.get("/v3/catalog/variants")
def read_variants(request: Request) -> JSONResponse:
    """A page of all products' variants, sorted by id."""
    return _page(request, _all(), _FILTERS)


@router.get("/v3/catalog/products/{product_id:int}/variants")
def read_variants_of_product(request: Request, product_id: int) -> JSONResponse:
    """A page of one product's variants, sorted by id."""
    with context_of(request).engine.connect() as connection:
        find_products(connection, [product_id])
    return _page(request, _all().where(variants.c.product_id == product_id), {})


@router.put("/v3/catalog/variants")
async def update_variants(request: Request) -> JSONResponse:
    """Update up to fifty variants by id: all of them, or none where one is wrong."""
    changes = await read_variant_batch(request)

    def apply() -> JSONResponse:
        with writing(context_of(request).engine) as connection:
            apply_variant_changes(connection, changes)
            found = {
                row.id: shown_variant(row.id, row.own, row.product)
                for row in connection.execute(_all().where(variants.c.id.in_([c["id"] for c in changes])))
            }
        return JSONResponse({"data": [found[change["id"]] for change in changes], "meta": {}})

    return await run_in_threadpool(apply)


def _all() -> Chosen:
    return (
        select(variants.c.id, variants.c.document.label("own"), products.c.document.label("product"))
        .join_from(variants, products, variants.c.product_id == products.c.id)
        .order_by(variants.c.id)
    )


def _page(request: Request, chosen: Chosen, filters: Filters) -> JSONResponse:
    parameters = dict(request.query_params)
    page = asked_page(parameters)
    wanted = wanted_fields(parameters, VARIANT_FIELDS)
    with context_of(request).engine.connect() as connection:
        rows, meta = page.read(connection, apply_filters(chosen, filters, parameters))
    data = [
        {name: value for name, value in shown_variant(row.id, row.own, row.product).items() if name in wanted}
        for row in rows
    ]
    return JSONResponse({"data": data, "meta": meta})
