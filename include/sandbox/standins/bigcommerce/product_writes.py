"""Products (version 3): updates, in batches and one by one, and deletion."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from sqlalchemy import select

from include.sandbox.standins.bigcommerce import product_store
from include.sandbox.standins.bigcommerce.errors import BigCommerceError, partial_errors
from include.sandbox.standins.bigcommerce.filters import apply_filters, numbers
from include.sandbox.standins.bigcommerce.paging import MOST_PER_PAGE
from include.sandbox.standins.bigcommerce.product_batch import read_batch, read_change
from include.sandbox.standins.bigcommerce.product_faults import Orders, take_orders
from include.sandbox.standins.bigcommerce.product_view import ProductView, asked_view
from include.sandbox.standins.context import context_of
from include.sandbox.standins.state import products, writing

router = APIRouter()


@router.put("/v3/catalog/products")
async def update_products(request: Request) -> JSONResponse:
    """Update up to ten products by id: all of them, or none where one is wrong."""
    view = _asked_view(request)
    changes = await read_batch(request)
    return await run_in_threadpool(_apply_batch, request, view, changes)


@router.put("/v3/catalog/products/{product_id:int}")
async def update_product(request: Request, product_id: int) -> JSONResponse:
    """Update one product."""
    view = _asked_view(request)
    change = {**await read_change(request), "id": product_id}
    return await run_in_threadpool(_apply_one, request, view, change)


@router.delete("/v3/catalog/products")
def delete_products(request: Request) -> Response:
    """Delete the products that a filter names; without a filter nothing is deleted."""
    parameters = dict(request.query_params)
    if not parameters:
        raise BigCommerceError(
            422, "A filter is needed to delete products", {"filter": "at least one filter must be given"}
        )
    ids = numbers(parameters.pop("id:in", ""), "id:in")
    apply_filters(select(products.c.id), {}, parameters)
    if len(ids) > MOST_PER_PAGE:
        raise BigCommerceError(
            422, "Too many products", {"id:in": f"not more than {MOST_PER_PAGE} products at one time"}
        )
    with writing(context_of(request).engine) as connection:
        product_store.delete_products(connection, ids)
    return Response(status_code=204)


@router.delete("/v3/catalog/products/{product_id:int}")
def delete_product(request: Request, product_id: int) -> Response:
    """Delete one product, whether it exists or not."""
    with writing(context_of(request).engine) as connection:
        product_store.delete_products(connection, [product_id])
    return Response(status_code=204)


def _apply_batch(request: Request, view: ProductView, changes: list[dict[str, Any]]) -> JSONResponse:
    orders = take_orders(request, changes, [f"{index}." for index in range(len(changes))])
    with writing(context_of(request).engine) as connection:
        # A product that is not saved must exist all the same.
        product_store.find_products(connection, [change["id"] for change in changes])
        data = view.show(connection, product_store.apply_changes(connection, orders.changes))
    return _answer(data, orders)


def _apply_one(request: Request, view: ProductView, change: dict[str, Any]) -> JSONResponse:
    orders = take_orders(request, [change], [""])
    with writing(context_of(request).engine) as connection:
        product_store.apply_changes(connection, orders.changes)
        [data] = view.show(connection, product_store.find_products(connection, [change["id"]]))
    return _answer(data, orders)


def _answer(data: Any, orders: Orders) -> JSONResponse:
    if orders.undone is None:
        return JSONResponse({"data": data, "meta": {}})
    errors = partial_errors(orders.undone)
    return JSONResponse({"data": data, "errors": errors, "meta": {}}, status_code=207)


def _asked_view(request: Request) -> ProductView:
    parameters = dict(request.query_params)
    view = asked_view(parameters)
    apply_filters(select(products.c.id), {}, parameters)
    return view
