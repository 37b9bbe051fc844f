"""The range in which what comes true is to lie, calibrated on the errors of the trial (split conformal)."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.forecasting.series import Floats

_POWER = 0.5
"""Errors grow with the sums, more slowly than in proportion; the root is what counts of things do."""
_FLOOR = 0.05


@dataclass(frozen=True, slots=True)
class Spread:
    """How far below and above a forecast the truth lay, in units that grow with the forecast; `level` is the
    usual size of a day's sum.
    """

    below: float
    above: float
    level: float

    def around(self, made: Floats) -> tuple[Floats, Floats]:
        """The lowest and highest sums for forecasts; never negative, and never beyond the forecast itself."""
        import numpy as np

        scale = _scales(made, self.level)
        low = np.maximum(made - self.below * scale, 0.0)
        return np.minimum(low, made), np.maximum(made + self.above * scale, made)


def spread_of(made: Floats, actual: Floats, coverage: float) -> Spread:
    """The spread that covers the share `coverage` of days to come, from forecasts and what came true.

    The rank counts one unseen error more than there are, which is what makes the share hold for new days as
    far as they are like those of the trial. Without any trial the range reaches from 0 to twice the sum.
    """
    import numpy as np

    level = float(np.mean(abs(actual))) if actual.size else 0.0
    if not actual.size:
        return Spread(float("inf"), 1.0, level)
    errors = ((actual - made) / _scales(made, level)).ravel()
    tail = (1 - coverage) / 2
    rank = min(len(errors), ceil((len(errors) + 1) * (1 - tail)))
    ordered = np.sort(errors)
    return Spread(float(-ordered[len(errors) - rank]), float(ordered[rank - 1]), level)


def _scales(made: Floats, level: float) -> Floats:
    import numpy as np

    floor = max(_FLOOR * level, 1e-9)
    return np.maximum(made, floor) ** _POWER * (max(level, floor) ** (1 - _POWER))
