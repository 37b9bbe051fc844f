"""Who will buy within 90 days: a calibrated probability for each customer, judged on a later stretch of time
than it was learnt from, and against recency alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from include.gift_shop.rfm import buyers

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

HORIZON = timedelta(days=90)
_BETWEEN = timedelta(days=30)
_CUTS, _FEWEST = 6, 100
FEATURES = (
    "recency", "frequency", "money", "tenure", "overdue", "recent", "half_year", "same_season",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quality:
    """How well probabilities foretold the stretch that was held back.

    `auc` is how often a buyer has a higher one than somebody else (0.5 is chance), `brier` the mean squared
    error (smaller is better); `expected` and `came` are how many were foretold to buy and did.
    """

    auc: float
    brier: float
    expected: float
    came: int


@dataclass(frozen=True)
class Outlook:
    """`customers` has `probability`, `spent_if` (mils in 90 days, if they buy) and `expected_mils`, by
    customer. `held_back` is the first day of the stretch on which both were judged.
    """

    customers: pd.DataFrame
    held_back: date
    model: Quality
    recency_alone: Quality


def outlook(invoices: pd.DataFrame, as_of: date) -> Outlook | None:
    """Learn from stretches of 90 days that are over, judge on the last one, then foretell from `as_of` on.

    None when the sales are too few or too short to learn from.
    """
    held_back = as_of - HORIZON
    cuts = [held_back - HORIZON - number * _BETWEEN for number in range(_CUTS)]
    first = invoices["sold_at"].min()
    cuts = [cut for cut in cuts if cut - HORIZON > first.date()]
    if not cuts:
        return None
    learnt = [features(invoices, cut) for cut in cuts]
    labels = [bought_after(invoices, cut, one) for cut, one in zip(cuts, learnt, strict=True)]
    test = features(invoices, held_back)
    came = bought_after(invoices, held_back, test)
    if min(len(test), sum(map(len, learnt))) < _FEWEST or len(set(came)) < 2:
        return None
    judged = _fit(learnt, labels, FEATURES)
    alone = _fit(learnt, labels, ("recency",))
    season = _season(invoices, held_back, cuts)
    # For what is foretold, the stretch that was held back is known and is learnt from, too.
    final = _fit([test, *learnt], [came, *labels], FEATURES)
    now = features(invoices, as_of)
    probability = _foretell(final, now, FEATURES, _season(invoices, as_of, [held_back, *cuts]))
    spent = _spending(invoices, as_of, now)
    customers = spent.to_frame("spent_if").assign(probability=probability)
    customers["expected_mils"] = (customers["probability"] * customers["spent_if"]).round().astype("int64")
    return Outlook(
        customers,
        held_back,
        _quality(_foretell(judged, test, FEATURES, season), came),
        _quality(_foretell(alone, test, ("recency",), season), came),
    )


def features(invoices: pd.DataFrame, cut: date) -> pd.DataFrame:
    """What is known of each customer on the day `cut`, from the purchases before it."""
    import numpy as np
    import pandas as pd

    found = buyers(invoices, cut)
    end = pd.Timestamp(cut)
    before = _purchases(invoices, None, cut)
    tenure = (end - before.groupby("customer_id")["sold_at"].min().dt.normalize()).dt.days
    gap = (tenure - found["recency_days"]) / (found["frequency"] - 1).clip(lower=1)

    def count(start: pd.Timestamp, stop: pd.Timestamp) -> pd.Series:
        some = before[(before["sold_at"] >= start) & (before["sold_at"] < stop)]
        return some.groupby("customer_id").size().reindex(found.index, fill_value=0)

    days = pd.Timedelta(days=1)
    season = count(end - 365 * days, end - 275 * days)
    return pd.DataFrame(
        {
            "recency": np.log1p(found["recency_days"]),
            "frequency": np.log(found["frequency"]),
            "money": np.log1p(found["monetary_mils"] / 1000),
            "tenure": np.log1p(tenure),
            "overdue": np.log1p(found["recency_days"] / gap.where(gap > 0, tenure.clip(lower=1))),
            "recent": np.log1p(count(end - 90 * days, end)),
            "half_year": np.log1p(count(end - 180 * days, end)),
            "same_season": np.log1p(season),
        }
    )


def bought_after(invoices: pd.DataFrame, cut: date, customers: pd.DataFrame) -> np.ndarray[Any, Any]:
    """Whether each customer bought within 90 days from `cut` on: 0 or 1."""
    later = _purchases(invoices, cut, cut + HORIZON)
    found: np.ndarray[Any, Any] = customers.index.isin(later["customer_id"].unique()).astype(int)
    return found


def _purchases(invoices: pd.DataFrame, start: date | None, stop: date) -> pd.DataFrame:
    import pandas as pd

    chosen = (invoices["bought_lines"] > 0) & invoices["customer_id"].notna()
    chosen &= invoices["sold_at"] < pd.Timestamp(stop)
    if start is not None:
        chosen &= invoices["sold_at"] >= pd.Timestamp(start)
    return invoices[chosen]


def _fit(learnt: list[pd.DataFrame], labels: list[np.ndarray[Any, Any]], names: tuple[str, ...]) -> Any:
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    # Its probabilities are calibrated by what it minimises; the report's `expected` and `came` show it.
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return model.fit(pd.concat(learnt)[list(names)].to_numpy(), np.concatenate(labels))


def _season(invoices: pd.DataFrame, cut: date, learnt_from: list[date]) -> float:
    """How many times as many customers bought in the 90 days from `cut` on a year ago as in those that were
    learnt from, a year ago: Christmas is not foretold by a spring. 1 where there was no year before.
    """
    year = timedelta(days=365)
    first = invoices["sold_at"].min().date()

    def number(start: date) -> int:
        return int(_purchases(invoices, start - year, start - year + HORIZON)["customer_id"].nunique())

    known = [number(one) for one in learnt_from if one - year >= first]
    if not known or cut - year < first or not sum(known):
        return 1.0
    return number(cut) / (sum(known) / len(known))


def _foretell(
    model: Any, customers: pd.DataFrame, names: tuple[str, ...], season: float
) -> np.ndarray[Any, Any]:
    """Probabilities, their odds multiplied by `season`."""
    plain = model.predict_proba(customers[list(names)].to_numpy())[:, 1]
    odds = plain / (1 - plain) * season
    found: np.ndarray[Any, Any] = odds / (1 + odds)
    return found


def _quality(probability: np.ndarray[Any, Any], came: np.ndarray[Any, Any]) -> Quality:
    from sklearn.metrics import brier_score_loss, roc_auc_score

    return Quality(
        round(float(roc_auc_score(came, probability)), 4),
        round(float(brier_score_loss(came, probability)), 4),
        round(float(probability.sum()), 1),
        int(came.sum()),
    )


def _spending(invoices: pd.DataFrame, as_of: date, customers: pd.DataFrame) -> pd.Series:
    """Mils that a customer who buys spends in 90 days: invoices times their amount.

    Both are the customer's own means, drawn towards all customers' mean by one more invoice and stretch.
    Amounts above the 99th percentile count as that much: a single great order is not expected again.
    """
    past = _purchases(invoices, None, as_of)
    recent = _purchases(invoices, as_of - HORIZON, as_of)
    amount = past["bought_mils"].clip(upper=float(past["bought_mils"].quantile(0.99)))
    own = amount.groupby(past["customer_id"]).agg(["sum", "size"]).reindex(customers.index)
    usual = (own["sum"] + amount.mean()) / (own["size"] + 1)
    often = len(recent) / max(recent["customer_id"].nunique(), 1)
    times = recent.groupby("customer_id").size().reindex(customers.index)
    return (usual * ((times + often) / 2).fillna(often)).round().astype("int64")
