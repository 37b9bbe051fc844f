"""RFM scores: in which fifth of all customers somebody is, by recency, frequency and monetary."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FIFTHS = 5


def scores(rows: NDArray[np.float64]) -> list[str]:
    """Three digits for each row of `features.values`, 1 to 5, 5 the best: recent, often, much.

    Equal values get equal scores: the fifth in which the middle of them lies.
    """
    import numpy as np

    if not len(rows):
        return []
    digits = []
    for place, column in enumerate(rows.T):
        _, where, counts = np.unique(column, return_inverse=True, return_counts=True)
        middles = (np.cumsum(counts) - counts / 2)[where]
        fifths = (middles * _FIFTHS // len(column)).astype(int)
        digits.append(_FIFTHS - fifths if place == 0 else fifths + 1)
    return ["".join(map(str, three)) for three in zip(*digits, strict=True)]
