"""ETS, theta, MSTL and ARIMA as statsforecast has them, with a season of a week.

The library takes two seconds and 100 MB to import, which only tasks that forecast shall pay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from include.forecasting.calendar import WEEK
from include.forecasting.history import History
from include.forecasting.settings import MethodName

if TYPE_CHECKING:
    from include.forecasting.series import Floats

_RECENT_DAYS = 400
"""What lies longer ago costs time and says little about the next days; the year's season is Prophet's."""


def _run(model: Any, history: History) -> Floats:
    return model.forecast(y=history.full[-_RECENT_DAYS:], h=len(history.ahead))["mean"]


def _ets(history: History) -> Floats:
    from statsforecast.models import AutoETS

    return _run(AutoETS(season_length=WEEK), history)


def _theta(history: History) -> Floats:
    from statsforecast.models import DynamicOptimizedTheta

    return _run(DynamicOptimizedTheta(season_length=WEEK), history)


def _mstl(history: History) -> Floats:
    from statsforecast.models import MSTL, AutoETS

    return _run(MSTL(season_length=WEEK, trend_forecaster=AutoETS(model="ZZN")), history)


def _arima(history: History) -> Floats:
    from statsforecast.models import AutoARIMA

    return _run(AutoARIMA(season_length=WEEK, max_p=2, max_q=2, max_P=1, max_Q=1), history)


STATISTICAL: dict[MethodName, Callable[[History], Floats]] = {
    "ets": _ets,
    "theta": _theta,
    "mstl": _mstl,
    "arima": _arima,
}
