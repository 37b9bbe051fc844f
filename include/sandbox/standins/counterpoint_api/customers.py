"""Customers: one by its number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import Engine, select
from sqlalchemy.dialects.sqlite import insert

from include.sandbox.standins.context import context_of
from include.sandbox.standins.counterpoint_api.errors import SUCCESS, CounterpointError
from include.sandbox.standins.state import customers as customers_table

router = APIRouter()


@router.get("/Customer/{number}")
def read_customer(request: Request, number: str) -> dict[str, Any]:
    """A customer with its notes, addresses and cards."""
    chosen = select(customers_table.c.document).where(customers_table.c.number == number)
    with context_of(request).engine.connect() as connection:
        document = connection.scalar(chosen)
    if document is None:
        raise CounterpointError(404, "ERROR_RECORD_NOT_FOUND", f"Customer {number} was not found")
    return {"AR_CUST": document, "ErrorCode": SUCCESS}


def load_customers(engine: Engine, rows: Iterable[Mapping[str, Any]]) -> int:
    """Put customers into the point of sale; returns how many.

    A row has the columns of `AR_CUST`, at least `CUST_NO`; a customer with the same number is replaced.
    """
    values = [
        {
            "number": row["CUST_NO"],
            "document": {"AR_CUST_NOTE": [], "AR_SHIP_ADRS": [], "AR_CUST_CARDS": [], **row},
        }
        for row in rows
    ]
    if not values:
        return 0
    statement = insert(customers_table)
    statement = statement.on_conflict_do_update(
        index_elements=["number"], set_={"document": statement.excluded.document}
    )
    with engine.begin() as connection:
        connection.execute(statement, values)
    return len(values)
