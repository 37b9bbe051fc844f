"""Forecasts and series as rows of the store database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date, timedelta
from decimal import Decimal

from include.forecasting.forecast import SeriesForecast
from include.forecasting.series import Series
from include.storedb.daily_sales import DayOfSeries
from include.storedb.forecasts import ForecastChoice, ForecastDay

_FOURTH = Decimal("0.0001")


def as_choice(made: SeriesForecast) -> ForecastChoice:
    """How a forecast was made."""
    return ForecastChoice(
        made.as_of,
        **asdict(made.key),
        name=made.name,
        method=made.method,
        reason=made.reason,
        origins=made.origins,
        errors=made.errors,
        input_hash=made.input_hash,
    )


def as_days(made: SeriesForecast) -> list[ForecastDay]:
    """A forecast's days."""
    return [
        ForecastDay(
            made.as_of, **asdict(made.key), store_day=day.day, amount=day.amount, low=day.low,
            high=day.high, baseline=day.baseline,
        )
        for day in made.days
    ]  # fmt: skip


def last_days_of(series: Iterable[Series], first: date) -> Iterator[DayOfSeries]:
    """What the days from `first` on brought, days without sales included."""
    for one in series:
        start = max(0, (first - one.first).days)
        for place, amount in enumerate(one.values[start:], start):
            exact = Decimal(repr(float(amount))).quantize(_FOURTH)
            yield DayOfSeries(**asdict(one.key), store_day=one.first + timedelta(days=place), amount=exact)
