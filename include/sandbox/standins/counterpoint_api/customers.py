"""Customers: create one, change one, one by its number, and all of them in pages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from sqlalchemy import Engine
from sqlalchemy.dialects.sqlite import insert

from include.sandbox.standins.context import context_of
from include.sandbox.standins.counterpoint_api.customer_list import read_page
from include.sandbox.standins.counterpoint_api.customer_store import Customers
from include.sandbox.standins.counterpoint_api.errors import SUCCESS, CounterpointError, fault_answer
from include.sandbox.standins.counterpoint_api.fields import as_moment, utc_now
from include.sandbox.standins.faults import FaultKind
from include.sandbox.standins.state import customers as customers_table

router = APIRouter()

_ERRORS: frozenset[FaultKind] = frozenset({"error_after_accepting"})


@router.get("/Customer/{number}")
@router.get("/CUSTOMER/{number}")
def read_customer(request: Request, number: str) -> dict[str, Any]:
    """A customer with its notes, addresses and cards."""
    document = Customers(context_of(request)).read(number)
    return {"AR_CUST": document, "ErrorCode": SUCCESS}


@router.get("/Customers")
def read_customers(request: Request) -> dict[str, Any]:
    """The customers that were created or loaded here, by number; `StartDate` and `EndDate` are UTC."""
    with context_of(request).engine.connect() as connection:
        return {"Customers": read_page(connection, request.query_params), "ErrorCode": SUCCESS}


@router.post("/Customer")
async def create_customer(request: Request) -> Response:
    """Create a customer: 201 with its number, which is the next of the counter unless one was asked for."""
    body = await _body(request)
    customers = Customers(context_of(request))
    number = await run_in_threadpool(customers.create, body["AR_CUST"], body.get("Workgroup"))
    return _done(request, number)


@router.patch("/Customer/{number}")
async def change_customer(request: Request, number: str) -> Response:
    """Change the fields that the request names."""
    body = await _body(request)
    customers = Customers(context_of(request))
    await run_in_threadpool(customers.change, number, body["AR_CUST"])
    return _done(request, number)


def load_customers(engine: Engine, rows: Iterable[Mapping[str, Any]]) -> int:
    """Put customers into the point of sale; returns how many.

    A row has the columns of `AR_CUST`, at least `CUST_NO`; a customer with the same number is replaced.
    """
    now = as_moment(utc_now())
    values = []
    for row in rows:
        document = {"RS_UTC_DT": now, "AR_CUST_NOTE": [], "AR_SHIP_ADRS": [], "AR_CUST_CARDS": [], **row}
        values.append({"number": row["CUST_NO"], "modified": document["RS_UTC_DT"], "document": document})
    if not values:
        return 0
    statement = insert(customers_table)
    statement = statement.on_conflict_do_update(
        index_elements=["number"],
        set_={"document": statement.excluded.document, "modified": statement.excluded.modified},
    )
    with engine.begin() as connection:
        connection.execute(statement, values)
    return len(values)


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise CounterpointError(400, "ERROR_UNKNOWN", "The body is not JSON") from None
    if not isinstance(body, dict) or not isinstance(body.get("AR_CUST"), dict):
        raise CounterpointError(400, "ERROR_MISSING_REQUIRED_DATA", "AR_CUST is required")
    return body


def _done(request: Request, number: str) -> Response:
    context = context_of(request)
    fault = context.faults.take("counterpoint_api", request.method, request.url.path, _ERRORS)
    if fault is not None:
        # The journal reads from here what was done to the request.
        request.state.fault = fault.kind
        answer = fault_answer(fault, context)
        return Response(answer.body, answer.status, dict(answer.headers))
    base = f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}"
    link = {"uri": f"{base}/CUSTOMER/{number}", "method": "get"}
    body = {"CUST_NO": number, "reference": "Customer", "Link": link, "ErrorCode": SUCCESS}
    return JSONResponse(body, status_code=201)
