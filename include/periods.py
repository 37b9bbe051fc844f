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
