"""Prophet: a weekly season that multiplies, holidays with the day after, the season of the year."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from include.forecasting.history import History

if TYPE_CHECKING:
    from include.forecasting.series import Floats

_SEED = 20201001
_ORDER, _PRIOR = 3, 10 * (25 / 3) ** 0.5
"""A published forecast of a shop has 25 sine waves a week. On daily sums only three differ, and repeating
them makes each freer: as free as this prior makes the three, in a fraction of the time."""


def forecast_with_prophet(history: History) -> Floats:
    """The sums of `history.ahead`. Closed days are left out of the past, as Prophet takes gaps."""
    import numpy as np
    import pandas as pd
    from prophet import Prophet

    days = pd.to_datetime([history.first + timedelta(days=n) for n in range(len(history))])
    seen = ~np.isnan(history.seen)
    last = history.ahead[-1]
    known = [day for day in history.holidays if history.first <= day <= last]
    general = pd.DataFrame(
        {"holiday": "general", "ds": pd.to_datetime(known), "lower_window": 0, "upper_window": 1}
    )
    model = Prophet(
        weekly_seasonality=False,
        daily_seasonality=False,
        seasonality_mode="multiplicative",
        changepoint_range=0.8,
        holidays=general if known else None,
        uncertainty_samples=0,
    )
    # Both tell of every fit; the first model of a process sets their levels.
    for name in ("prophet", "cmdstanpy"):
        logging.getLogger(name).setLevel(logging.WARNING)
    model.add_seasonality(name="week", period=7, fourier_order=_ORDER, prior_scale=_PRIOR)
    model.fit(pd.DataFrame({"ds": days[seen], "y": history.seen[seen]}), seed=_SEED)
    made = model.predict(pd.DataFrame({"ds": pd.to_datetime(list(history.ahead))}))
    return made["yhat"].to_numpy()
