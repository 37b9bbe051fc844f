"""The ten segments: names for the 25 pairs of a recency and a frequency score."""

from __future__ import annotations

_GRID = {
    # Frequency 1 to 5, from left to right.
    1: ("Hibernating", "Hibernating", "At Risk", "At Risk", "Can't Lose"),
    2: ("Hibernating", "Hibernating", "At Risk", "At Risk", "Can't Lose"),
    3: ("About to Sleep", "About to Sleep", "Need Attention", "Loyal Customers", "Loyal Customers"),
    4: ("Promising", "Potential Loyalists", "Potential Loyalists", "Loyal Customers", "Loyal Customers"),
    5: ("New Customers", "Potential Loyalists", "Potential Loyalists", "Champions", "Champions"),
}

BY_SCORES: dict[tuple[int, int], str] = {
    (recency, frequency): name for recency, names in _GRID.items() for frequency, name in enumerate(names, 1)
}
"""The segment of each pair of scores (recency, frequency), both 1 to 5, 5 being the best."""

SEGMENTS = (
    "Champions",
    "Loyal Customers",
    "Potential Loyalists",
    "New Customers",
    "Promising",
    "Need Attention",
    "About to Sleep",
    "At Risk",
    "Can't Lose",
    "Hibernating",
)
"""All segments, the most valuable first."""
