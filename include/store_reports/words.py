"""Days and stretches of days in words."""

from __future__ import annotations

from datetime import date

from include.periods import Period
from include.reporting.rendering import day

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def weekday(value: date) -> str:
    """Such as Sat, Nov 14."""
    return f"{_WEEKDAYS[value.weekday()]}, {short(value)}"


def short_weekday(value: date) -> str:
    """Such as Sat 14, where the month is known."""
    return f"{_WEEKDAYS[value.weekday()]} {value.day}"


def short(value: date) -> str:
    """Such as Nov 14."""
    return day(value).partition(",")[0]


def span(period: Period) -> str:
    """Such as Nov 8 – 14, 2026."""
    first, last = period.first, period.last
    if first == last:
        return day(first)
    if first.year != last.year:
        return f"{day(first)} – {day(last)}"
    if first.month != last.month:
        return f"{short(first)} – {day(last)}"
    return f"{short(first)} – {last.day}, {last.year}"
