"""What the page and the notebook show, read from the store database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import Engine

from include.forecasting.scoring import as_sold
from include.storedb.daily_sales import DailySales, DayOfSeries
from include.storedb.forecasts import ForecastChoice, ForecastDay, Forecasts, ForecastScore, Key

LEVELS = {"total": 0, "category": 1, "item": 2}


@dataclass(frozen=True, slots=True)
class Shown:
    """One series on the page: its last days, its forecast, how it was made, how earlier ones came true."""

    choice: ForecastChoice
    past: tuple[tuple[date, Decimal], ...]
    days: tuple[ForecastDay, ...]
    scores: tuple[ForecastScore, ...]

    @property
    def expected(self) -> Decimal:
        """The sum of all forecast days."""
        return sum((day.amount for day in self.days), Decimal(0))


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The errors of several forecasts together, as shares of what was sold, and the share of days within the
    range; None where nothing was sold or no day is over.
    """

    error: float | None
    baseline: float | None
    inside: float | None
    days: int


def read_page(engine: Engine, as_of: date, shown_days: int) -> list[Shown]:
    """All series of a morning: totals first, then categories and items, the largest first."""
    first = as_of - timedelta(days=shown_days)
    daily, forecasts = DailySales(engine), Forecasts(engine)
    past = daily.between(first, as_of)
    sold = as_sold(past)
    seen: dict[Key, list[DayOfSeries]] = {}
    for day in past:
        seen.setdefault((day.source, day.level, day.code), []).append(day)
    expected: dict[Key, list[ForecastDay]] = {}
    for one in forecasts.days(as_of, as_of):
        expected.setdefault(one.key, []).append(one)
    scores: dict[Key, list[ForecastScore]] = {}
    for score in forecasts.scores(first, as_of - timedelta(days=1)):
        scores.setdefault(score.key, []).append(score)
    found = [
        Shown(
            choice,
            tuple((day.store_day, sold[choice.key, day.store_day]) for day in seen.get(choice.key, [])),
            tuple(expected.get(choice.key, [])),
            tuple(scores.get(choice.key, [])),
        )
        for choice in forecasts.choices(as_of, as_of)
    ]
    return sorted(found, key=lambda one: (LEVELS[one.choice.level], -one.expected, one.choice.key))


def accuracy(scores: Sequence[ForecastScore]) -> Accuracy:
    """The errors of several forecasts together."""
    sold = sum((abs(score.sold) for score in scores), Decimal(0))
    days = sum(score.days for score in scores)
    wrong = sum((score.abs_error for score in scores), Decimal(0))
    baseline = sum((score.baseline_abs_error for score in scores), Decimal(0))
    return Accuracy(
        float(wrong / sold) if sold else None,
        float(baseline / sold) if sold else None,
        sum(score.inside for score in scores) / days if days else None,
        days,
    )


def of_level(page: Sequence[Shown], level: str) -> list[Shown]:
    """The series of one level, in the page's order."""
    return [one for one in page if one.choice.level == level]
