"""When the shop is closed, as far as it can be known on the morning of a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from include.forecasting.settings import HolidaySettings
from include.settings.days import ClosedDays

if TYPE_CHECKING:
    from include.forecasting.series import Flags

WEEK = 7
_WEEKS_CLOSED = 8
"""A weekday without sales for so many weeks is a closed one."""
_FEW = 0.1
"""Where more of the days of open weekdays are without sales, these are days on which nobody bought."""


@dataclass(frozen=True)
class ShopCalendar:
    """Public holidays by day, and the days that the settings close."""

    holidays: Mapping[date, str]
    closed: ClosedDays

    def closed_weekdays(self, first: date, open_days: Flags) -> frozenset[int]:
        """The weekdays (Monday is 0) on which nothing was sold in the last eight weeks."""
        recent = open_days[-_WEEKS_CLOSED * WEEK :]
        if len(recent) < _WEEKS_CLOSED * WEEK or not recent.any():
            return frozenset()
        start = first + timedelta(days=len(open_days) - len(recent))
        return frozenset(
            (start.weekday() + place) % WEEK for place in range(WEEK) if not recent[place::WEEK].any()
        )

    def was_closed(self, first: date, open_days: Flags) -> Flags:
        """Which of the past days teach nothing: days without any sale, unless such days are common."""
        import numpy as np

        silent = ~open_days
        weekdays = self.closed_weekdays(first, open_days)
        of_weekday = (first.weekday() + np.arange(len(open_days))) % WEEK
        others = ~np.isin(of_weekday, sorted(weekdays))
        if not others.any() or silent[others].mean() <= _FEW:
            return silent
        told = np.array([self.closed.closes(first + timedelta(days=n)) for n in range(len(open_days))], bool)
        return silent & (~others | told)

    def will_be_closed(self, first: date, open_days: Flags, days: list[date]) -> Flags:
        """Which of the coming `days` are closed: by settings, by their weekday, or since the holiday was
        closed each time before.
        """
        import numpy as np

        weekdays = self.closed_weekdays(first, open_days)
        silent = self.was_closed(first, open_days)
        before: dict[str, list[bool]] = {}
        for day, name in self.holidays.items():
            place = (day - first).days
            if 0 <= place < len(open_days) and day.weekday() not in weekdays:
                before.setdefault(name, []).append(bool(silent[place]))
        never_open = {name for name, found in before.items() if all(found)}

        def closed(day: date) -> bool:
            if day in self.closed.open:
                return False
            return (
                self.closed.closes(day)
                or day.weekday() in weekdays
                or self.holidays.get(day, "") in never_open
            )

        return np.array([closed(day) for day in days], dtype=bool)


def shop_calendar(settings: HolidaySettings, closed: ClosedDays, first: date, last: date) -> ShopCalendar:
    """The calendar of the configured country from the year of `first` to that of `last`."""
    import holidays

    years = range(first.year, last.year + 1)
    found = holidays.country_holidays(settings.country, subdiv=settings.subdivision, years=years)
    return ShopCalendar({day: str(name) for day, name in sorted(found.items())}, closed)
