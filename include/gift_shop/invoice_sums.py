"""Adds lines up to invoices while they are being read: meanwhile the database takes the lines in."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

COMPLETE = 1_000_000_000
"""What a complete invoice has ahead of one with rejected lines, in `precedence`."""

_HOW = {
    "sold_at": ("sold_at", "min"),
    "customer_id": ("customer_id", "max"),
    "least_customer": ("least_customer", "min"),
    "country": ("country", "max"),
    "least_country": ("least_country", "min"),
    "line_count": ("line_count", "sum"),
    "amount_mils": ("amount_mils", "sum"),
    "bought_lines": ("bought_lines", "sum"),
    "bought_mils": ("bought_mils", "sum"),
}


class InvoiceSums:
    """The invoices of all lines that it was given; an invoice may be spread over several frames."""

    def __init__(self) -> None:
        self._parts: list[pd.DataFrame] = []

    def add(self, lines: pd.DataFrame) -> None:
        """Add the lines of a frame, as `include.gift_shop.cleaning.clean` types them."""
        bought = (lines["quantity"] > 0) & (lines["amount_mils"] > 0)
        self._parts.append(
            _added_up(
                lines[["invoice_no", "sold_at", "customer_id", "country", "amount_mils"]].assign(
                    least_customer=lines["customer_id"],
                    least_country=lines["country"],
                    line_count=1,
                    bought_lines=bought.astype("int64"),
                    bought_mils=lines["amount_mils"].where(bought, 0),
                )
            )
        )

    def invoices(self, incomplete: Collection[str], delivery_no: int) -> Iterator[pd.DataFrame]:
        """The columns of `lgs_staged_invoice` but for the load; nothing where there was no line.

        Of the `incomplete` invoices lines were rejected.
        """
        import numpy as np
        import pandas as pd

        if not self._parts:
            return
        sums = _added_up(pd.concat(self._parts, ignore_index=True))
        first, complete = sums["invoice_no"].str.slice(0, 1), ~sums["invoice_no"].isin(incomplete)
        # Without any customer the comparison is neither true nor false.
        other = (sums["least_customer"] != sums["customer_id"]).fillna(False).astype(bool)
        kinds = np.select([first == "C", first.str.isdigit()], ["cancelled", "sale"], "adjusted")
        yield sums.drop(columns=["least_customer", "least_country"]).assign(
            kind=kinds,
            sold_on=sums["sold_at"].dt.strftime("%Y-%m-%d"),
            precedence=np.where(complete, COMPLETE, 0) + delivery_no,
            is_mixed=(other | (sums["least_country"] != sums["country"])).astype("int64"),
        )


def _added_up(parts: pd.DataFrame) -> pd.DataFrame:
    return parts.groupby("invoice_no", sort=False).agg(**_HOW).reset_index()
