"""What a method may know: the past up to a morning, and the calendar of the days to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from include.forecasting.calendar import WEEK, ShopCalendar

if TYPE_CHECKING:
    from include.forecasting.series import Flags, Floats, Series

MEAN_WEEKS = 8


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Daily sums from `first` on, in the shop's money.

    `seen` has NaN on closed days; `full` has there what the weekday would have brought, for methods that take
    no gaps. `ahead` are the days to forecast, the first of them the day after the last known one; on those
    that are `closed` nothing will be sold.
    """

    first: date
    seen: Floats
    full: Floats
    ahead: tuple[date, ...]
    closed: Flags
    holidays: Mapping[date, str]

    def __len__(self) -> int:
        return len(self.seen)


def history_of(series: Series, cut: int, steps: int, calendar: ShopCalendar) -> History:
    """The first `cut` days of a series, and the calendar of the `steps` days after them."""
    import numpy as np

    open_days = series.open[:cut]
    seen = np.where(calendar.was_closed(series.first, open_days), np.nan, series.values[:cut])
    morning = series.first + timedelta(days=cut)
    ahead = tuple(morning + timedelta(days=n) for n in range(steps))
    closed = calendar.will_be_closed(series.first, open_days, list(ahead))
    return History(series.first, seen, _filled(seen), ahead, closed, calendar.holidays)


def weekday_mean(seen: Floats, steps: int, weeks: int = MEAN_WEEKS) -> Floats:
    """For each of the next `steps` days the mean of the last `weeks` same weekdays that were open.

    Where there is none, the mean of all open days stands in; without any, 0.
    """
    import numpy as np

    open_days = seen[~np.isnan(seen)]
    overall = float(open_days.mean()) if len(open_days) else 0.0
    of_weekday = []
    for place in range(WEEK):
        same = seen[::-1][WEEK - 1 - place :: WEEK][:weeks]
        same = same[~np.isnan(same)]
        of_weekday.append(float(same.mean()) if len(same) else overall)
    return np.resize(np.array(of_weekday), steps)


def _filled(seen: Floats) -> Floats:
    """Each gap gets what `weekday_mean` made of the days before it; the first ones, of those after it."""
    import numpy as np

    full = seen.copy()
    for place in np.flatnonzero(np.isnan(seen)):
        before = full[max(0, place - MEAN_WEEKS * WEEK) : place]
        full[place] = weekday_mean(before, 1)[0] if len(before) else weekday_mean(seen, 1)[0]
    return full
