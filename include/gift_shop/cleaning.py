"""From rows as delivered to typed lines, and rejects with reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.gift_shop.tables import MILS

if TYPE_CHECKING:
    import pandas as pd

INVOICE = r"[AC]?[0-9]{6}"
_MOST = 2**31 - 1


@dataclass(frozen=True)
class Cleaned:
    """Typed lines, and what was set aside.

    `lines` has invoice_no, stock_code, description, quantity, price_mils, amount_mils, sold_at, customer_id
    and country; `rejects` has invoice_no, reason and delivered (the row as text). Both keep the row numbers
    as their index.
    """

    lines: pd.DataFrame
    rejects: pd.DataFrame


def clean(frame: pd.DataFrame, *, day_first: bool = False) -> Cleaned:
    """Type the rows of a delivery; the first reason that applies to a row is given."""
    import pandas as pd

    invoice = _text(frame["invoice_no"]).str.upper()
    stock, country = _text(frame["stock_code"]), _text(frame["country"])
    quantity, price = _number(frame["quantity"]), _number(frame["price"])
    customer = _number(frame["customer_id"])
    sold_at = _moment(frame["sold_at"], day_first)
    mils = (price * MILS).round()
    nobody = _is_empty(frame["customer_id"])
    reasons = {
        "the invoice number is missing": invoice == "",
        "the invoice number is not six digits, with C or A before them or without": ~invoice.str.fullmatch(
            INVOICE
        ),
        "the stock code is missing": stock == "",
        "the stock code is longer than 20 characters": stock.str.len() > 20,
        "the quantity is no whole number": ~((quantity % 1 == 0) & (quantity.abs() <= _MOST)),
        "the date is missing or no date": sold_at.isna(),
        "the price is missing or no number": ~(price.abs() <= _MOST),
        "the price has more than three decimals": ~((price * MILS - mils).abs() < 1e-4),
        "the customer is no whole number": ~(
            nobody | ((customer % 1 == 0) & (customer > 0) & (customer <= _MOST))
        ),
        "the country is missing": country == "",
        "the country is longer than 60 characters": country.str.len() > 60,
    }
    reason = pd.Series("", index=frame.index, dtype=object)
    bad = pd.Series(False, index=frame.index)
    for words, applies in reasons.items():
        if applies.any():
            applies = applies.fillna(True).astype(bool)
            reason[applies & ~bad] = words
            bad |= applies
    good = ~bad if bad.any() else slice(None)
    typed = pd.DataFrame(
        {
            "invoice_no": invoice,
            "stock_code": stock,
            "description": frame["description"],
            "quantity": quantity,
            "price_mils": mils,
            "sold_at": sold_at,
            "customer_id": customer,
            "country": country,
        }
    )
    lines = typed.loc[good].copy() if bad.any() else typed
    for name in ("quantity", "price_mils"):
        lines[name] = lines[name].astype("int64")
    lines["amount_mils"] = lines["quantity"] * lines["price_mils"]
    lines["customer_id"] = lines["customer_id"].astype("Int64")
    return Cleaned(lines, _rejects(frame[bad], invoice[bad], reason[bad]))


def _rejects(rows: pd.DataFrame, invoice: pd.Series, reason: pd.Series) -> pd.DataFrame:
    import pandas as pd

    written = [
        "; ".join(f"{name}={value}" for name, value in row.items() if not pd.isna(value))
        for row in rows.to_dict("records")
    ]
    return pd.DataFrame(
        {"invoice_no": invoice.str.slice(0, 20), "reason": reason, "delivered": written}, index=rows.index
    )


def _text(values: pd.Series) -> pd.Series:
    import pandas as pd

    if not isinstance(values.dtype, pd.StringDtype):
        # A workbook has 536365 as a number.
        values = values.map(lambda v: str(int(v)) if isinstance(v, float) and v.is_integer() else v)
    return values.astype("str").fillna("").str.strip()


def _number(values: pd.Series) -> pd.Series:
    import pandas as pd

    return pd.to_numeric(values, errors="coerce").astype("float64")


def _is_empty(values: pd.Series) -> pd.Series:
    import pandas as pd

    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.isna()
    return values.isna() | (values.astype("str").str.strip() == "")


def _moment(values: pd.Series, day_first: bool) -> pd.Series:
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return values.astype("datetime64[s]")
    text = values.astype("str").str.strip()
    # utc: times with a zone are not mixed with those without; the others stay as they are.
    found = pd.to_datetime(text, errors="coerce", format="ISO8601", utc=True).dt.tz_localize(None)
    if (left := found.isna()).any():
        day = "%d/%m/%Y" if day_first else "%m/%d/%Y"
        for form in (f"{day} %H:%M", f"{day} %H:%M:%S", f"{day[:-1]}y %H:%M"):
            again = pd.to_datetime(text[left], errors="coerce", format=form)
            found = found.where(~left, again.reindex(found.index))
            if not (left := found.isna()).any():
                break
    return found.astype("datetime64[s]")
