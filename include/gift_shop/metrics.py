"""Monthly figures, invoice amounts and sales by country: pure functions of the frame of invoices.

docs/GIFT_SHOP.md has the definitions. Money is in mils unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.gift_shop.tables import MILS

if TYPE_CHECKING:
    import pandas as pd


def monthly(invoices: pd.DataFrame) -> pd.DataFrame:
    """One row for each month from the first sale to the last.

    Columns: is_partial, invoices, placed, cancelled, placed_published, sales_mils, growth (a fraction; NaN
    where there is none), active_customers, new_customers, existing_customers. The index is the month's first
    day. The last month is partial when the day after the last sale lies in it.
    """
    import pandas as pd

    month = invoices["sold_at"].dt.to_period("M")
    cancelled = invoices["kind"] == "cancelled"
    by_month = pd.DataFrame(
        {
            "invoices": month.groupby(month).size(),
            "placed": (invoices["kind"] == "sale").groupby(month).sum(),
            "cancelled": cancelled.groupby(month).sum(),
            "sales_mils": invoices["amount_mils"].groupby(month).sum(),
        }
    )
    known = pd.DataFrame({"customer": invoices["customer_id"], "month": month}).dropna()
    visits = known.drop_duplicates()
    firsts = known.groupby("customer")["month"].min()
    by_month["active_customers"] = visits.groupby("month").size()
    by_month["new_customers"] = firsts.groupby(firsts).size()
    if len(by_month):
        every = pd.period_range(by_month.index.min(), by_month.index.max(), freq="M")
        by_month = by_month.reindex(every)
    by_month = by_month.fillna(0).astype("int64")
    by_month["existing_customers"] = by_month["active_customers"] - by_month["new_customers"]
    by_month["placed_published"] = by_month["invoices"] - 2 * by_month["cancelled"]
    before = by_month["sales_mils"].shift()
    by_month["growth"] = (by_month["sales_mils"] / before.where(before != 0) - 1).astype("float64")
    by_month["is_partial"] = by_month.index == _month_after_sales(invoices)
    by_month.index = pd.Index([period.start_time.date() for period in by_month.index], name="month")
    return by_month


def _month_after_sales(invoices: pd.DataFrame) -> pd.Period | None:
    import pandas as pd

    last = invoices["sold_at"].max()
    return None if pd.isna(last) else pd.Period(last + pd.Timedelta(days=1), "M")


@dataclass(frozen=True, slots=True)
class Amounts:
    """How the amounts of invoices are distributed, in pounds."""

    count: int
    minimum: float
    mean: float
    median: float
    mode: float
    maximum: float


def positive_amounts(invoices: pd.DataFrame) -> pd.Series:
    """The amounts above 0, in mils."""
    return invoices.loc[invoices["amount_mils"] > 0, "amount_mils"]


def usual(amounts: pd.Series, percentile: float) -> pd.Series:
    """The amounts up to a percentile (0 to 100, linear between two values)."""
    return amounts[amounts <= amounts.quantile(percentile / 100)]


def distribution(amounts: pd.Series) -> Amounts:
    """Of amounts in mils; the mode is the smallest of the most frequent ones."""
    return Amounts(
        len(amounts),
        *(
            round(float(value) / MILS, 4)
            for value in (
                amounts.min(),
                amounts.mean(),
                amounts.median(),
                amounts.mode().iloc[0],
                amounts.max(),
            )
        ),
    )


def by_country(invoices: pd.DataFrame, continents: dict[str, str]) -> pd.DataFrame:
    """Net sales, invoices and customers of each country, the largest sales first."""
    groups = invoices.groupby("country")
    found = groups.agg(
        sales_mils=("amount_mils", "sum"),
        invoices=("amount_mils", "size"),
        customers=("customer_id", "nunique"),
    )
    found.insert(0, "continent", [continents[str(country)] for country in found.index])
    return found.sort_values(["sales_mils", "invoices"], ascending=False, kind="stable")
