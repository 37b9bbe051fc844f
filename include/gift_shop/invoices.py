"""The warehouse's invoices as a frame: all figures are worked out from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Engine, select

from include.gift_shop.tables import INVOICE

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = (
    "invoice_no", "kind", "sold_at", "customer_id", "country", "amount_mils", "bought_lines", "bought_mils",
)  # fmt: skip


def read_invoices(engine: Engine) -> pd.DataFrame:
    """All invoices that count: kind, sold_at, customer_id (Int64, may be missing), country, amount_mils,
    bought_lines and bought_mils; the index is the invoice number, ascending.
    """
    import pandas as pd

    query = select(*(INVOICE.c[name] for name in _COLUMNS)).order_by(INVOICE.c.invoice_no)
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    columns = list(zip(*rows, strict=True)) or [()] * len(_COLUMNS)
    types = {
        "sold_at": "datetime64[s]", "customer_id": "Int64", "amount_mils": "int64", "bought_lines": "int64",
        "bought_mils": "int64",
    }  # fmt: skip
    series = {
        name: pd.Series(list(values), dtype=types.get(name, "str"))
        for name, values in zip(_COLUMNS, columns, strict=True)
    }
    return pd.DataFrame(series).set_index("invoice_no")
