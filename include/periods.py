"""Stretches of days that the rules look at: pure functions of the store's day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Period:
    """Store days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def end(self) -> date:
        """The day after the last, for columns that may hold a time of day."""
        return self.last + timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


def a_year_before(day: date) -> date:
    """The same day of the year before; the 28th for the 29th of February."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def this_time_last_year(day: date, days: int) -> Period:
    """From the same day last year on, and `days` days further: what a seasonal business will sell soon."""
    first = a_year_before(day)
    return Period(first, first + timedelta(days=days))


def since_start_of_last_year(day: date) -> Period:
    """From 1 January of last year to `day`."""
    return Period(date(day.year - 1, 1, 1), day)


def last_days(day: date, days: int) -> Period:
    """The `days` days before `day`, without `day` itself, which is not over yet."""
    return Period(day - timedelta(days=days), day - timedelta(days=1))


def up_to(day: date, days: int) -> Period:
    """From `days` days before `day` to `day` itself."""
    return Period(day - timedelta(days=days), day)


def month_of(day: date) -> date:
    """The first day of the day's month."""
    return day.replace(day=1)


def month_after(month: date, months: int = 1) -> date:
    """The first day of the month that is so many months later; earlier, when they are negative."""
    years, place = divmod(month.year * 12 + month.month - 1 + months, 12)
    return date(years, place + 1, 1)


def months_apart(earlier: date, later: date) -> int:
    """How many months the month of `later` comes after that of `earlier`."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def whole_month(month: date) -> Period:
    """From a month's first day to its last."""
    return Period(month_of(month), month_after(month) - timedelta(days=1))


def same_days_of_month_before(day: date) -> Period:
    """From the first of the month before to the same day of it, or to its end where it is shorter."""
    before = whole_month(month_after(month_of(day), -1))
    return Period(before.first, min(before.last, before.first + timedelta(days=day.day - 1)))
