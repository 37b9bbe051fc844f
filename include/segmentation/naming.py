"""Names from rules: the median customer of a cluster, compared with the median of all customers.

What a cluster is called depends on its customers only, not on the number that k-means gives it, so that a
segment keeps its name from run to run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.segmentation.settings import Names
from include.settings.customer_segments import BIG_SPENDERS, NOT_DIVIDED, SegmentName

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_GRID: dict[tuple[bool, str], SegmentName] = {
    (True, "high"): "Champions",
    (True, "middle"): "Regulars",
    (True, "low"): "Occasional",
    (False, "high"): BIG_SPENDERS,
    (False, "middle"): "Lost regulars",
    (False, "low"): "Lost occasional",
}
RECENCY, _, MONETARY = range(3)


def name_of(middle: NDArray[np.float64], usual: NDArray[np.float64], rules: Names) -> SegmentName:
    """The name for a group with the medians `middle` in a shop with the medians `usual` (recency, frequency,
    monetary).
    """
    lately = bool(middle[RECENCY] <= _days(usual, rules))
    spent, unit = float(middle[MONETARY]), float(usual[MONETARY])
    # Where the usual customer spends nothing, a multiple of it says nothing.
    if unit <= 0:
        value = "middle" if spent > 0 else "low"
    else:
        value = "high" if spent >= rules.high * unit else "low" if spent < rules.low * unit else "middle"
    return _GRID[lately, value]


def _days(usual: NDArray[np.float64], rules: Names) -> float:
    return max(rules.lately * float(usual[RECENCY]), rules.lately_days)


def lost_big_spenders(
    rows: NDArray[np.float64], usual: NDArray[np.float64], rules: Names
) -> NDArray[np.bool_]:
    """Which customers are lost and spent much, each on his own."""
    lost = rows[:, RECENCY] > _days(usual, rules)
    spent: NDArray[np.bool_] = rows[:, MONETARY] >= rules.high * usual[MONETARY]
    return lost & spent & (usual[MONETARY] > 0)


def names_of(
    rows: NDArray[np.float64], labels: NDArray[np.int_], usual: NDArray[np.float64], rules: Names
) -> dict[int, SegmentName]:
    """The name of each cluster; two may have the same."""
    import numpy as np

    return {
        int(label): name_of(np.median(rows[labels == label], axis=0), usual, rules)
        for label in np.unique(labels)
    }


def rule_text(name: SegmentName, usual: NDArray[np.float64], rules: Names) -> str:
    """What the rule of a name says, in days and dollars of this shop."""
    if name == NOT_DIVIDED:
        return "The customers do not fall into groups that can be told apart."
    days, unit = _days(usual, rules), float(usual[MONETARY])
    lately, value = next(key for key, found in _GRID.items() if found == name)
    when = f"within {days:,.0f} days" if lately else f"more than {days:,.0f} days ago"
    high, low = f"${rules.high * unit:,.2f}", f"${rules.low * unit:,.2f}"
    spent = {"high": f"at least {high}", "middle": f"{low} to {high}", "low": f"less than {low}"}[value]
    who = "Customers who" if name == BIG_SPENDERS else "A group whose median customer"
    return f"{who} bought last {when} and spent {spent}."
