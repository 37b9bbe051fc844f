"""Days and times of day in settings."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, field_validator

from include.settings.loader import Settings

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
_TIME_OF_DAY = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


def _month_and_day(value: str) -> str:
    try:
        # A leap year, so that 02-29 is a day.
        date.fromisoformat(f"2024-{value}")
    except ValueError:
        raise ValueError(f'month and day such as "12-25" are expected, found {value!r}') from None
    return value


def _time_of_day(value: Any) -> Any:
    if isinstance(value, time):
        return value
    if not (isinstance(value, str) and (found := _TIME_OF_DAY.fullmatch(value))):
        # Without quotes YAML reads 21:00 as the number 1260: 21 minutes past midnight.
        raise ValueError('a time of day such as "18:30" is expected, in quotes')
    return time(int(found[1]), int(found[2]))


MonthAndDay = Annotated[str, AfterValidator(_month_and_day)]
"""A day of every year, such as "12-25"."""

TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
"""Hours and minutes in quotes, such as "18:30"."""


class ClosedDays(Settings):
    """The days without business."""

    weekdays: tuple[Weekday, ...] = ()
    every_year: tuple[MonthAndDay, ...] = ()
    days: tuple[date, ...] = ()
    open: tuple[date, ...] = ()

    @field_validator("weekdays")
    @classmethod
    def _open_sometimes(cls, value: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
        if len(set(value)) == len(WEEKDAYS):
            raise ValueError("the shop is open on one day of the week at least")
        return value

    def closes(self, day: date) -> bool:
        """Whether the settings say that the shop is closed on that day."""
        if day in self.open:
            return False
        return (
            WEEKDAYS[day.weekday()] in self.weekdays or f"{day:%m-%d}" in self.every_year or day in self.days
        )
