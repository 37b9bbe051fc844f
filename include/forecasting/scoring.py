"""How earlier forecasts came true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from include.storedb.daily_sales import DayOfSeries
from include.storedb.forecasts import ForecastChoice, ForecastDay, ForecastScore, Key

Sold = Mapping[tuple[Key, date], Decimal]


def as_sold(days: Iterable[DayOfSeries]) -> dict[tuple[Key, date], Decimal]:
    """What was sold, by series and day."""
    return {((day.source, day.level, day.code), day.store_day): day.amount for day in days}


def newest_days(days: Iterable[DayOfSeries]) -> dict[Key, date]:
    """The last day that is known of each series."""
    found: dict[Key, date] = {}
    for day in days:
        key = (day.source, day.level, day.code)
        found[key] = max(day.store_day, found.get(key, day.store_day))
    return found


def score(
    expected: Iterable[ForecastDay], choices: Iterable[ForecastChoice], sold: Sold, until: Mapping[Key, date]
) -> list[ForecastScore]:
    """Scores of all forecasts of which at least one day is over.

    `until` is the last day that is known of each series: up to it, a day without a row is one without sales.
    """
    methods = {(choice.as_of, choice.key): choice.method for choice in choices}
    over: dict[tuple[date, Key], list[ForecastDay]] = {}
    for day in expected:
        if day.key in until and day.store_day <= until[day.key] and (day.as_of, day.key) in methods:
            over.setdefault((day.as_of, day.key), []).append(day)
    return [
        _scored(as_of, key, methods[as_of, key], days, sold) for (as_of, key), days in sorted(over.items())
    ]


def _scored(as_of: date, key: Key, method: str, days: list[ForecastDay], sold: Sold) -> ForecastScore:
    nothing = Decimal(0)
    pairs = [(day, sold.get((key, day.store_day), nothing)) for day in days]
    return ForecastScore(
        as_of,
        *key,
        method=method,
        days=len(pairs),
        inside=sum(day.low <= true <= day.high for day, true in pairs),
        sold=sum((true for _, true in pairs), nothing),
        expected=sum((day.amount for day, _ in pairs), nothing),
        abs_error=sum((abs(day.amount - true) for day, true in pairs), nothing),
        baseline_abs_error=sum((abs(day.baseline - true) for day, true in pairs), nothing),
    )
