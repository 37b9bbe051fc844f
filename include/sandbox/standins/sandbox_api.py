"""The sandbox's own endpoints under /_sandbox: fault orders, the journal, opt-outs, health."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import delete, select

from include.sandbox.standins.context import context_of
from include.sandbox.standins.faults import Fault, FaultOrder
from include.sandbox.standins.state import opt_outs
from include.sandbox.standins.twilio.messages import opt_out

router = APIRouter(prefix="/_sandbox")


class OptOut(BaseModel):
    """A phone number in E.164 form."""

    number: Annotated[str, Field(pattern=r"^\+[1-9]\d{6,14}$")]


@router.get("/health")
def read_health() -> dict[str, str]:
    """Answers when the stand-ins are up."""
    return {"status": "ok"}


@router.post("/faults", status_code=201)
def order_fault(request: Request, order: FaultOrder) -> Fault:
    """Put a fault order in force."""
    return context_of(request).faults.order(order)


@router.get("/faults")
def read_faults(request: Request) -> list[Fault]:
    """The orders in force, oldest first."""
    return context_of(request).faults.in_force()


@router.delete("/faults", status_code=204)
def clear_faults(request: Request) -> Response:
    """Cancel all orders."""
    context_of(request).faults.clear()
    return Response(status_code=204)


@router.get("/requests")
def read_requests(
    request: Request,
    vendor: str | None = None,
    method: str | None = None,
    path: str | None = None,
    limit: Annotated[int, Query(ge=1)] = 1000,
) -> dict[str, Any]:
    """The newest requests that fit, and the counters over all that fit; `path` is a part of the path."""
    journal = context_of(request).journal
    return {
        "requests": [asdict(row) for row in journal.requests(vendor, method, path, limit)],
        "counters": [asdict(row) for row in journal.counters(vendor, method, path)],
    }


@router.delete("/requests", status_code=204)
def clear_requests(request: Request) -> Response:
    """Forget all requests."""
    context_of(request).journal.clear()
    return Response(status_code=204)


@router.post("/opt-outs", status_code=204)
def add_opt_out(request: Request, order: OptOut) -> Response:
    """Answer STOP for a number."""
    opt_out(context_of(request).engine, order.number)
    return Response(status_code=204)


@router.get("/opt-outs")
def read_opt_outs(request: Request) -> list[str]:
    """The numbers that answered STOP."""
    with context_of(request).engine.connect() as connection:
        return list(connection.scalars(select(opt_outs.c.number).order_by(opt_outs.c.at)))


@router.delete("/opt-outs", status_code=204)
def clear_opt_outs(request: Request) -> Response:
    """Forget all opt-outs, as if everybody had answered START."""
    with context_of(request).engine.begin() as connection:
        connection.execute(delete(opt_outs))
    return Response(status_code=204)
