"""What customers are compared by, on scales that let all of it count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from include.segmentation.customers import Customer
from include.segmentation.settings import Features

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COLUMNS = ("recency", "frequency", "monetary")


def values(customers: Sequence[Customer]) -> NDArray[np.float64]:
    """A row for each customer, with the columns `COLUMNS` in days, days and dollars."""
    import numpy as np

    rows = [(one.recency, one.frequency, float(one.monetary)) for one in customers]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(COLUMNS))


def scaled(rows: NDArray[np.float64], settings: Features) -> NDArray[np.float64]:
    """The rows of `values` as clusters are made from them: logarithms where the settings want them, each
    column on its own scale. What is negative keeps its sign; a column of equal values becomes 0.
    """
    import numpy as np
    from sklearn.preprocessing import RobustScaler, StandardScaler

    made = rows.copy()
    for place, name in enumerate(COLUMNS):
        if name in settings.log:
            made[:, place] = np.sign(made[:, place]) * np.log1p(np.abs(made[:, place]))
    scaler = RobustScaler() if settings.scaling == "robust" else StandardScaler()
    result: NDArray[np.float64] = scaler.fit_transform(made) if len(made) else made
    return result
