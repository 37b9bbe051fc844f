"""The forecast of one series as of a morning, from nothing but the days before it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING

from include.forecasting.calendar import ShopCalendar
from include.forecasting.choice import choose
from include.forecasting.history import history_of
from include.forecasting.methods import BASELINE, usable
from include.forecasting.ranges import spread_of
from include.forecasting.series import Series, SeriesKey
from include.forecasting.settings import ForecastSettings
from include.forecasting.trial import AVERAGE, Trial, forecasts, try_methods

if TYPE_CHECKING:
    from include.forecasting.series import Floats

_CENT = Decimal("0.01")
_LIBRARIES = ("holidays", "numpy", "prophet", "statsforecast")


@dataclass(frozen=True, slots=True)
class DayForecast:
    """What is expected of a day in the shop's money, the range around it, and what the weekday mean says."""

    day: date
    amount: Decimal
    low: Decimal
    high: Decimal
    baseline: Decimal


@dataclass(frozen=True, slots=True)
class SeriesForecast:
    """The forecast of a series as of the morning of `as_of`, and how it was made.

    `errors` are the errors (WAPE) of all methods in the trial of `origins` past weeks; `input_hash` stands
    for all that the forecast was made from.
    """

    key: SeriesKey
    name: str
    as_of: date
    method: str
    reason: str
    origins: int
    errors: dict[str, float]
    days: tuple[DayForecast, ...]
    input_hash: str


def forecast_series(
    series: Series, as_of: date, settings: ForecastSettings, calendar: ShopCalendar
) -> SeriesForecast:
    """The next `horizon_days` from `as_of` on.

    Days of the series from `as_of` on are not looked at. Where its last day is earlier (an upload that is
    late), the days between are forecast with the others, and left out of the answer.
    """
    level = settings.levels[series.key.level]
    known = series.before(as_of)
    late = max(0, (as_of - known.end).days)
    steps = late + settings.horizon_days
    trial = try_methods(known, steps, level.origins, level.methods, calendar)
    choice = choose(trial, settings.clearly_better)
    history = history_of(known, len(known.values), steps, calendar)
    if choice.method == AVERAGE:
        names = [name for name in usable(level.methods, len(history)) if name in trial.made]
    else:
        names = usable(level.methods, len(history))
    made = forecasts(history, names)
    baseline = made[BASELINE]
    low, high = ranges(trial, choice.method, made[choice.method], settings.coverage)
    low, high = (low * ~history.closed, high * ~history.closed)
    days = tuple(
        DayForecast(as_of + timedelta(days=n - late), *(_money(part[n]) for part in found))
        for n, found in ((n, (made[choice.method], low, high, baseline)) for n in range(late, steps))
    )
    errors = {name: trial.error(name) for name in trial.made}
    return SeriesForecast(
        key=series.key,
        name=series.name,
        as_of=as_of,
        method=choice.method,
        reason=choice.reason,
        origins=len(trial),
        errors={name: round(error, 4) for name, error in errors.items() if error is not None},
        days=days,
        input_hash=input_hash(series, as_of, settings, calendar),
    )


def ranges(trial: Trial, method: str, made: Floats, coverage: float) -> tuple[Floats, Floats]:
    """The lowest and highest sums around `made`, from the errors of the method on the trial's open days."""
    open_days = ~trial.closed
    spread = spread_of(trial.made[method][open_days], trial.actual[open_days], coverage)
    return spread.around(made)


def input_hash(series: Series, as_of: date, settings: ForecastSettings, calendar: ShopCalendar) -> str:
    """What stands for all that a forecast is made from: data, settings, calendar and libraries."""
    known = series.before(as_of)
    end = as_of + timedelta(days=settings.horizon_days)
    parts = {
        "series": known.as_dict(),
        "as_of": as_of.isoformat(),
        "level": settings.levels[series.key.level].model_dump(mode="json"),
        "settings": settings.model_dump(mode="json", include={"horizon_days", "clearly_better", "coverage"}),
        "closed": calendar.closed.model_dump(mode="json"),
        "holidays": [
            (str(day), name) for day, name in calendar.holidays.items() if series.first <= day < end
        ],
        "libraries": [version(name) for name in _LIBRARIES],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _money(amount: float) -> Decimal:
    return Decimal(repr(float(amount))).quantize(_CENT)
