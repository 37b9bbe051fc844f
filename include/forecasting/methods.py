"""The methods by name: each makes the sums of the days ahead from a `History`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from include.forecasting.calendar import WEEK
from include.forecasting.history import History, weekday_mean
from include.forecasting.settings import MethodName

if TYPE_CHECKING:
    from include.forecasting.series import Floats

log = logging.getLogger(__name__)

Method = Callable[[History], "Floats"]

BASELINE: MethodName = "weekday_mean"
"""What every other method has to beat."""

LEAST_DAYS: dict[MethodName, int] = {
    "weekday_mean": 1,
    "seasonal_naive": WEEK,
    "ets": 4 * WEEK,
    "theta": 4 * WEEK,
    "mstl": 4 * WEEK,
    "arima": 8 * WEEK,
    "prophet": 8 * WEEK,
}
"""How many days of the past a method needs."""

TITLES: dict[str, str] = {
    "weekday_mean": "weekday mean",
    "seasonal_naive": "last week again",
    "ets": "ETS",
    "theta": "theta",
    "mstl": "MSTL",
    "arima": "ARIMA",
    "prophet": "Prophet",
    "average": "average of all",
}


def _weekday_mean(history: History) -> Floats:
    return weekday_mean(history.seen, len(history.ahead))


def _seasonal_naive(history: History) -> Floats:
    return weekday_mean(history.seen, len(history.ahead), weeks=1)


def _method(name: MethodName) -> Method:
    if name == "weekday_mean":
        return _weekday_mean
    if name == "seasonal_naive":
        return _seasonal_naive
    if name == "prophet":
        from include.forecasting.prophet_method import forecast_with_prophet

        return forecast_with_prophet
    from include.forecasting.statistical_methods import STATISTICAL

    return STATISTICAL[name]


def usable(methods: Sequence[MethodName], days: int) -> list[MethodName]:
    """Those of the methods that `days` of the past are enough for; the weekday mean always."""
    return [BASELINE, *(name for name in methods if name != BASELINE and days >= LEAST_DAYS[name])]


def run_method(name: MethodName, history: History) -> Floats:
    """A method's sums: never negative, 0 on closed days.

    A method that fails or answers no numbers is replaced by the weekday mean, with a word in the log: one odd
    series must not stop the others.
    """
    import numpy as np

    try:
        made = np.asarray(_method(name)(history), dtype=float)
        # A method that runs away is worse than none.
        if not np.isfinite(made).all() or made.max(initial=0) > _ceiling(history):
            raise ValueError("no usable numbers")
    except Exception as error:
        log.info("%s could not forecast and the weekday mean stands in: %s", name, error)
        made = _weekday_mean(history)
    return np.where(history.closed, 0.0, np.maximum(made, 0.0))


def _ceiling(history: History) -> float:
    return 10 * float(abs(history.full).max(initial=0)) + 1
