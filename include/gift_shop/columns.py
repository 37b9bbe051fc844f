"""The columns of a transaction file, in the spellings of both published versions and of the database dump."""

from __future__ import annotations

from collections.abc import Sequence

from include.errors import InvalidRequest

COLUMNS = (
    "invoice_no", "stock_code", "description", "quantity", "sold_at", "price", "customer_id", "country",
)  # fmt: skip
"""What a file must have, by our names, in the order of the database dump."""

PART = "sheet"
_SPELLINGS = {
    "invoice": "invoice_no",
    "invoiceno": "invoice_no",
    "stockcode": "stock_code",
    "description": "description",
    "quantity": "quantity",
    "invoicedate": "sold_at",
    "price": "price",
    "unitprice": "price",
    "customerid": "customer_id",
    "country": "country",
    PART: PART,
}


def known_columns(headings: Sequence[object], where: str) -> dict[int, str]:
    """Our names of the columns at their positions; unknown columns are left out.

    Raises `InvalidRequest` naming the columns that are missing or there twice.
    """
    found: dict[int, str] = {}
    for position, heading in enumerate(headings):
        name = _SPELLINGS.get("".join(c for c in str(heading or "").lower() if c.isalnum()))
        if name in found.values():
            raise InvalidRequest(f"{where}: the column {heading!r} is there twice")
        if name:
            found[position] = name
    if missing := [name for name in COLUMNS if name not in found.values()]:
        shown = ", ".join(repr(str(heading)) for heading in headings)
        raise InvalidRequest(f"{where}: no column for {', '.join(missing)}; its columns are {shown}")
    return found
