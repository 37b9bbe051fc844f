"""Methods tried on the past: forecasts as they would have been made on earlier mornings, week by week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.forecasting.calendar import WEEK, ShopCalendar
from include.forecasting.history import History, history_of
from include.forecasting.methods import BASELINE, run_method, usable
from include.forecasting.settings import MethodName

if TYPE_CHECKING:
    from include.forecasting.series import Flags, Floats, Series

AVERAGE = "average"
_LEAST_PAST = 4 * WEEK


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What each method (and the average of all) made of earlier weeks: `made[name]`, `actual` and `closed`
    have a row for each origin, the oldest first, and a column for each day ahead.

    `closed` are days that were known to be closed before.
    """

    made: dict[str, Floats]
    actual: Floats
    closed: Flags

    def __len__(self) -> int:
        return len(self.actual)

    def rows(self, chosen: slice) -> Trial:
        """Some of the origins."""
        made = {name: of_method[chosen] for name, of_method in self.made.items()}
        return Trial(made, self.actual[chosen], self.closed[chosen])

    def error(self, name: str) -> float | None:
        """The sum of the absolute errors as a share of what was sold (WAPE); None where nothing was sold."""
        sold = float(abs(self.actual).sum())
        return float(abs(self.made[name] - self.actual).sum()) / sold if sold else None


def forecasts(history: History, methods: Sequence[MethodName]) -> dict[str, Floats]:
    """The days ahead by method, and the average of all."""
    import numpy as np

    made: dict[str, Floats] = {name: run_method(name, history) for name in methods}
    return made | {AVERAGE: np.mean(list(made.values()), axis=0)}


def try_methods(
    series: Series, steps: int, origins: int, methods: Sequence[MethodName], calendar: ShopCalendar
) -> Trial:
    """Try the methods on up to `origins` mornings a week apart, each with nothing but the days before it.

    The last trial ends on the last known day. Methods that the days before the oldest origin are too few for
    are left out; a short series gives fewer origins, or none.
    """
    import numpy as np

    length = len(series.values)
    cuts = [length - steps - WEEK * back for back in range(origins)]
    cuts = [cut for cut in reversed(cuts) if cut >= _LEAST_PAST]
    names = usable(methods, cuts[0]) if cuts else [BASELINE]
    histories = [history_of(series, cut, steps, calendar) for cut in cuts]
    rows = [forecasts(history, names) for history in histories]
    actual = np.array([series.values[cut : cut + steps] for cut in cuts]).reshape(-1, steps)
    made = {name: np.array([row[name] for row in rows]).reshape(-1, steps) for name in (*names, AVERAGE)}
    closed = np.array([history.closed for history in histories], dtype=bool).reshape(-1, steps)
    return Trial(made, actual, closed)
