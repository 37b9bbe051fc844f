"""RFM scores and segments: pure functions of the frame of invoices."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from include.gift_shop.segments import BY_SCORES

if TYPE_CHECKING:
    import pandas as pd

Ties = Literal["equal", "published"]
Days = Literal["day", "published"]
_FIFTHS = 5


def buyers(invoices: pd.DataFrame, as_of: date, days: Days = "day") -> pd.DataFrame:
    """Recency (days up to `as_of`), frequency (invoices) and money (mils) of each customer before `as_of`.

    Only lines with a quantity and an amount above 0 count, and only invoices with a customer. The index is
    the customer, ascending. `days` "published" counts whole times 24 hours up to midnight.
    """
    import pandas as pd

    end = pd.Timestamp(as_of)
    counted = invoices[
        (invoices["bought_lines"] > 0) & invoices["customer_id"].notna() & (invoices["sold_at"] < end)
    ]
    found = counted.groupby("customer_id").agg(
        last=("sold_at", "max"), frequency=("sold_at", "size"), monetary_mils=("bought_mils", "sum")
    )
    last = found.pop("last")
    found.insert(0, "recency_days", (end - (last.dt.normalize() if days == "day" else last)).dt.days)
    return found


def scored(customers: pd.DataFrame, ties: Ties = "equal") -> pd.DataFrame:
    """The customers with their scores r, f, m (1 to 5, 5 best) and their segment.

    Recency and money are cut at their quintiles: equal values get equal scores. Frequency has too many equal
    values for that. With `ties` "equal" each value takes the fifth in which the middle of its customers lies;
    "published" cuts at the quintiles of the rank in the order of customer numbers.
    """
    result = customers.copy()
    if not len(customers):
        return result.assign(r=0, f=0, m=0, segment="")
    result["r"] = _FIFTHS + 1 - _quintiles(customers["recency_days"])
    frequency = customers["frequency"]
    result["f"] = _middle_fifths(frequency) if ties == "equal" else _quintiles(frequency.rank(method="first"))
    result["m"] = _quintiles(customers["monetary_mils"])
    result["segment"] = [BY_SCORES[pair] for pair in zip(result["r"], result["f"], strict=True)]
    return result


def _quintiles(values: pd.Series) -> pd.Series:
    """Which fifth each value lies in, 1 to 5: up to and with the quintile that ends it."""
    import pandas as pd

    edges = values.quantile([part / _FIFTHS for part in range(1, _FIFTHS)]).to_numpy()
    return pd.Series(
        edges.searchsorted(values.to_numpy(), side="left") + 1, index=values.index, dtype="int64"
    )


def _middle_fifths(values: pd.Series) -> pd.Series:
    """The fifth in which the middle of all equal values lies, in ascending order."""
    middle = values.rank(method="average") - 0.5
    return (middle * _FIFTHS // len(values)).astype("int64") + 1


def month_ends(as_of: date, count: int) -> list[date]:
    """The first days of the `count` months up to `as_of`, oldest first: what was bought before them is what
    was known at the end of the month before. `as_of` itself is none of them.
    """
    found: list[date] = []
    first = as_of.replace(day=1)
    if first == as_of:
        first = (first - timedelta(days=1)).replace(day=1)
    while len(found) < count:
        found.append(first)
        first = (first - timedelta(days=1)).replace(day=1)
    return found[::-1]


NEW, GONE = "(new)", "(gone)"


def movements(before: pd.Series, after: pd.Series) -> pd.DataFrame:
    """How many customers went from which segment (rows) to which (columns); the two series are segments by
    customer. Who was in none before comes from `NEW`, who is in none any more goes to `GONE`.
    """
    import pandas as pd

    both = pd.DataFrame({"before": before, "after": after})
    return pd.crosstab(both["before"].fillna(NEW), both["after"].fillna(GONE))
