"""When people buy: season, weekday and growth, per day and category."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from include.sandbox.seed.categories import CATEGORIES
from include.sandbox.seed.randomness import Floats, Integers

HISTORY_DAYS = 913
"""Two and a half years."""

SHOP, WEB = 0, 1
STORE_IDS = ("1", "WEB")

_SHOP_WEEKDAYS = np.array([0.80, 0.75, 0.82, 0.90, 1.15, 1.75, 0.0])
_WEB_WEEKDAYS = np.array([1.05, 0.95, 0.90, 0.90, 0.90, 1.00, 1.30])
_GROWTH_A_YEAR = 0.09
_WEB_SHARE_AT_START, _WEB_SHARE_AT_END = 0.08, 0.15


@dataclass(frozen=True)
class Calendar:
    """The days of the history, numbered from 0 (`start`) to `days - 1` (`until`)."""

    until: date

    @property
    def days(self) -> int:
        return HISTORY_DAYS + 1

    @property
    def start(self) -> date:
        return self.until - timedelta(days=HISTORY_DAYS)

    @property
    def last(self) -> int:
        """The number of the day `until`."""
        return HISTORY_DAYS

    def dates(self) -> np.ndarray:
        """All days as numpy dates."""
        return np.datetime64(self.start, "D") + np.arange(self.days)

    def weekdays(self) -> Integers:
        """0 Monday to 6 Sunday, per day."""
        return (np.arange(self.days, dtype=np.int64) + self.start.weekday()) % 7

    def months(self) -> list[tuple[int, int]]:
        """The calendar months as (first day, day after the last), in order."""
        month = self.dates().astype("datetime64[M]").astype(np.int64)
        starts = [0, *(np.flatnonzero(np.diff(month)) + 1).tolist(), self.days]
        return list(pairwise(starts))

    def month_of(self, day: int) -> int:
        """January = 1."""
        return (self.start + timedelta(days=day)).month


def open_days(calendar: Calendar) -> np.ndarray:
    """Whether each store sells on each day, as an array [day, store]: the shop is closed on Sundays."""
    weekdays = calendar.weekdays()
    return np.stack([_SHOP_WEEKDAYS[weekdays] > 0, _WEB_WEEKDAYS[weekdays] > 0], axis=1)


def demand(calendar: Calendar) -> Floats:
    """Relative number of tickets per day and store, as an array [day, store]."""
    day = np.arange(calendar.days)
    weekdays = calendar.weekdays()
    total_by_month = np.array([c.season for c in CATEGORIES]).T @ np.array([c.demand for c in CATEGORIES])
    middle_of_months = np.array([(date(2001, month, 15).timetuple().tm_yday) for month in range(1, 13)])
    day_of_year = (calendar.dates() - calendar.dates().astype("datetime64[Y]")).astype(np.int64) + 1
    season = np.interp(day_of_year, middle_of_months, total_by_month, period=365)
    growth = np.exp(np.log1p(_GROWTH_A_YEAR) * day / 365.25)
    web_share = np.interp(day, [0, calendar.last], [_WEB_SHARE_AT_START, _WEB_SHARE_AT_END])
    shop = season * growth * (1 - web_share) * _SHOP_WEEKDAYS[weekdays]
    web = season * growth * web_share * _WEB_WEEKDAYS[weekdays]
    return np.stack([shop, web], axis=1)


def category_season(month: int) -> Floats:
    """Relative demand of each category in that month (January = 1)."""
    return np.array([category.season[month - 1] for category in CATEGORIES])
