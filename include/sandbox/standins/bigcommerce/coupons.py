"""Coupons (version 2)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from sqlalchemy import func, select

from include.sandbox.standins.bigcommerce import coupon_store
from include.sandbox.standins.bigcommerce.bodies import read_json
from include.sandbox.standins.bigcommerce.coupon_fields import new_coupon
from include.sandbox.standins.bigcommerce.errors import BigCommerceError
from include.sandbox.standins.bigcommerce.filters import Filters, apply_filters, number, numbers
from include.sandbox.standins.bigcommerce.paging import MOST_PER_PAGE
from include.sandbox.standins.context import context_of
from include.sandbox.standins.state import coupons, writing

router = APIRouter()

_COLUMNS = coupons.c
_FILTERS: Filters = {
    "id": lambda value: _COLUMNS.id == number(value, "id"),
    "min_id": lambda value: _COLUMNS.id >= number(value, "min_id"),
    "max_id": lambda value: _COLUMNS.id <= number(value, "max_id"),
    "code": lambda value: _COLUMNS.code_key == value.casefold(),
    "name": lambda value: _COLUMNS.name_key == value.casefold(),
    "type": _COLUMNS.type.__eq__,
    "exclude_type": _COLUMNS.type.__ne__,
}


@router.get("/v2/coupons")
def read_coupons(request: Request) -> Response:
    """A page of coupons as an array, or 204 without a body where there is none."""
    parameters = dict(request.query_params)
    page = number(parameters.pop("page", "1"), "page")
    limit = min(number(parameters.pop("limit", "50"), "limit"), MOST_PER_PAGE)
    chosen = apply_filters(select(_COLUMNS.document).order_by(_COLUMNS.id), _FILTERS, parameters)
    with context_of(request).engine.connect() as connection:
        found = list(connection.scalars(chosen.limit(limit).offset((page - 1) * limit)))
    return JSONResponse(found) if found else Response(status_code=204)


@router.get("/v2/coupons/count")
def count_coupons(request: Request) -> dict[str, int]:
    """How many coupons there are."""
    with context_of(request).engine.connect() as connection:
        return {"count": connection.scalar(select(func.count()).select_from(coupons)) or 0}


@router.post("/v2/coupons")
async def create_coupon(request: Request) -> JSONResponse:
    """Make a coupon."""
    document = new_coupon(await read_json(request))

    def add() -> dict[str, Any]:
        with writing(context_of(request).engine) as connection:
            return coupon_store.add_coupon(connection, document)

    return JSONResponse(await run_in_threadpool(add), status_code=201)


@router.put("/v2/coupons/{coupon_id:int}")
async def update_coupon(request: Request, coupon_id: int) -> JSONResponse:
    """Change a coupon; `applies_to` is cleared where it is not given."""
    body = await read_json(request)

    def change() -> dict[str, Any]:
        with writing(context_of(request).engine) as connection:
            return coupon_store.change_coupon(connection, coupon_id, body)

    return JSONResponse(await run_in_threadpool(change))


@router.delete("/v2/coupons/{coupon_id:int}")
def delete_coupon(request: Request, coupon_id: int) -> Response:
    """Delete one coupon."""
    with writing(context_of(request).engine) as connection:
        if not coupon_store.delete_coupons(connection, [coupon_id]):
            raise BigCommerceError(404)
    return Response(status_code=204)


@router.delete("/v2/coupons")
def delete_coupons(request: Request) -> Response:
    """Delete the coupons that `id:in` names. Without it all coupons are deleted, as the real API does."""
    parameters = dict(request.query_params)
    value = parameters.pop("id:in", "")
    ids = numbers(value, "id:in") if value.strip() else None
    apply_filters(select(_COLUMNS.id), {}, parameters)
    with writing(context_of(request).engine) as connection:
        coupon_store.delete_coupons(connection, ids)
    return Response(status_code=204)
