"""The stretches of days that the reports compare: pure functions of the report's day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from include.periods import Period, this_time_last_year

WEEK = timedelta(days=7)
WEEKS_OF_A_YEAR = timedelta(days=364)
"""52 weeks: the same weekday of the year before."""

_LONGEST_CLOSED = 31


def weekday_before(period: Period) -> Period:
    """The same weekdays 52 weeks before."""
    return Period(period.first - WEEKS_OF_A_YEAR, period.last - WEEKS_OF_A_YEAR)


def last_week(day: date) -> Period:
    """Sunday to Saturday before the week of `day`."""
    sunday = day - timedelta(days=day.isoweekday() % 7)
    return Period(sunday - WEEK, sunday - timedelta(days=1))


def last_weeks(day: date, count: int) -> list[Period]:
    """So many weeks, the last one first."""
    last = last_week(day)
    return [Period(last.first - WEEK * back, last.last - WEEK * back) for back in range(count)]


def years_of(period: Period, count: int) -> list[Period]:
    """The same dates of so many years, this one first; the 28th for the 29th of February."""
    found = [period]
    for _ in range(count - 1):
        # Each from the one before would stay on the 28th, also in a leap year.
        years = len(found)
        found.append(Period(_years_before(period.first, years), _years_before(period.last, years)))
    return found


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def month_to_date(through: date) -> Period:
    """From the first of the month to `through`."""
    return Period(through.replace(day=1), through)


def year_to_date(through: date) -> Period:
    """From 1 January to `through`."""
    return Period(date(through.year, 1, 1), through)


def whole_month(day: date) -> Period:
    """The month of `day`."""
    next_month = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return Period(day.replace(day=1), next_month - timedelta(days=1))


def last_month_of_years(day: date, count: int) -> list[Period]:
    """The month before that of `day`, of so many years: whole months, also where February is longer."""
    last = day.replace(day=1) - timedelta(days=1)
    return [whole_month(date(last.year - back, last.month, 1)) for back in range(count)]


def newest_days(day: date, is_closed: Callable[[date], bool]) -> list[date]:
    """From the last day on which the tills were open to the day before `day`."""
    found = [day - timedelta(days=1)]
    while is_closed(found[0]) and len(found) < _LONGEST_CLOSED:
        found.insert(0, found[0] - timedelta(days=1))
    return found


@dataclass(frozen=True)
class ReportDays:
    """All stretches of days of a report that is written on the morning of `day`."""

    day: date
    weeks: tuple[Period, ...]
    months: tuple[Period, ...]
    month_to_date: tuple[Period, ...]
    year_to_date: tuple[Period, ...]
    forecast: Period

    @property
    def through(self) -> date:
        """The last day that is over."""
        return self.day - timedelta(days=1)

    @property
    def last_week(self) -> Period:
        """Sunday to Saturday."""
        return self.weeks[0]

    @property
    def since(self) -> date:
        """The first day that anything is compared with."""
        newest = self.through - timedelta(days=_LONGEST_CLOSED) - WEEKS_OF_A_YEAR
        every = (*self.weeks, *map(weekday_before, self.weeks))
        years = (*self.months, *self.month_to_date, *self.year_to_date)
        return min(newest, *(one.first for one in (*every, *years)))


def report_days(day: date, weeks: int, years: int, forecast_days: int) -> ReportDays:
    """The days of the report of the morning of `day`."""
    through = day - timedelta(days=1)
    return ReportDays(
        day=day,
        weeks=tuple(last_weeks(day, weeks)),
        months=tuple(last_month_of_years(day, years)),
        month_to_date=tuple(years_of(month_to_date(through), years)),
        year_to_date=tuple(years_of(year_to_date(through), years)),
        forecast=this_time_last_year(day, forecast_days),
    )
