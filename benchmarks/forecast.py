"""Forecasts: how many a minute two processes make, how the workers' memory grows, and how right they are.

Speed: 500 made-up series of two and a half years, forecast as items and as categories of the shipped settings
are, trial on past weeks and all. Accuracy: on a real shop's daily sales, where `RETAIL_DATA_DIR` has
`salon_sales.csv`: 26 Wednesdays of seven days, the method chosen and the range made from the days before each
only; days on which the shop turned out closed count as 0.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.measuring import in_own_process, show_and_store
from include.forecasting.calendar import ShopCalendar, shop_calendar
from include.forecasting.choice import choose
from include.forecasting.forecast import forecast_series, ranges
from include.forecasting.methods import BASELINE, TITLES
from include.forecasting.series import Series, SeriesKey, as_series
from include.forecasting.settings import (
    ForecastSettings,
    HolidaySettings,
    Level,
    forecast_settings,
)
from include.forecasting.trial import Trial, try_methods
from include.sales_uploads import read_upload
from include.settings.days import ClosedDays

AS_OF = date(2026, 11, 20)
SERIES, DAYS, CORES = 500, 913, 2
WEEKS = 26
AIM, PROPHET_AS_PUBLISHED = 0.29, 0.2956
DATA = Path(os.environ.get("RETAIL_DATA_DIR") or "")


@dataclass(frozen=True, slots=True)
class Judged:
    """Errors (WAPE) of what was chosen without looking ahead and of each method, the share of days within the
    range, and how often each method was chosen.
    """

    chosen: float
    methods: dict[str, float]
    inside: float
    choices: dict[str, int]


def judged(trial: Trial, weeks: int, settings: ForecastSettings, level: Level = "total") -> Judged:
    """The last `weeks` origins of a trial, each forecast from what the origins before it tell."""
    origins = settings.levels[level].origins
    wrong = inside = 0.0
    choices: dict[str, int] = {}
    for place in range(len(trial) - weeks, len(trial)):
        past = trial.rows(slice(place - origins, place))
        method = choose(past, settings.clearly_better).method
        made, true = trial.made[method][place], trial.actual[place]
        low, high = ranges(past, method, made, settings.coverage)
        choices[method] = choices.get(method, 0) + 1
        wrong += float(abs(made - true).sum())
        inside += float(((low <= true) & (true <= high)).mean())
    last = trial.rows(slice(-weeks, None))
    errors = {name: last.error(name) or 0.0 for name in trial.made}
    return Judged(wrong / float(last.actual.sum()), errors, inside / weeks, choices)


def salon(path: Path) -> tuple[Series, ShopCalendar]:
    """The shop's days of sales, and the holidays of its country."""
    days = read_upload(path.read_bytes(), path.name, date(2021, 12, 1)).days
    sums = {day: float(amount) for day, amount in days.items()}
    end = max(sums) + timedelta(days=1)
    series = as_series(SeriesKey("uploads", "total"), "Salon", sums, sums, end)
    if series is None:
        raise ValueError(f"{path} has no sales")
    return series, shop_calendar(HolidaySettings(country="ZM"), ClosedDays(), series.first, end)


def judge_salon(path: Path, settings: ForecastSettings) -> Judged:
    """The 26 weeks to the end of the file."""
    series, calendar = salon(path)
    level = settings.levels["total"]
    steps = settings.horizon_days
    return judged(try_methods(series, steps, WEEKS + level.origins, level.methods, calendar), WEEKS, settings)


def made_up(number: int, level: Level) -> Series:
    """Two and a half years of sales with week, season and days without any."""
    import numpy as np

    random = np.random.default_rng(number)
    days = np.arange(DAYS)
    week = np.resize(random.gamma(4, 0.25, 7), DAYS)
    season = 1 + 0.5 * np.sin(2 * np.pi * (days / 365 + random.random()))
    values = random.poisson(random.gamma(2, 4) * week * season) * random.gamma(4, 5)
    first = AS_OF - timedelta(days=DAYS)
    key = SeriesKey("counterpoint", level, f"{number:05}")
    return Series(key, f"Series {number}", first, np.round(values, 2), np.ones(DAYS, dtype=bool))


def forecast_many(numbers: list[int], level: Level) -> int:
    """Forecast made-up series as a task does."""
    settings = forecast_settings()
    first = AS_OF - timedelta(days=DAYS)
    calendar = shop_calendar(settings.holidays, settings.closed, first, AS_OF + timedelta(days=30))
    for number in numbers:
        forecast_series(made_up(number, level), AS_OF, settings, calendar)
    return len(numbers)


def prepared(count: int, level: Level) -> Callable[[], int]:
    """So many forecasts, ready to be measured."""
    return lambda: forecast_many(list(range(count)), level)


def speed(level: Level, count: int) -> dict[str, Any]:
    """Forecasts a minute of two processes, and what one of them needs in memory."""
    parts = [list(range(start, count, CORES)) for start in range(CORES)]
    with ProcessPoolExecutor(CORES, mp_context=get_context("spawn")) as pool:
        # Libraries are loaded before the clock starts: a worker loads them once for a whole chunk.
        list(pool.map(forecast_many, [[number] for number in range(CORES)], [level] * CORES))
        begin = time.perf_counter()
        done = sum(pool.map(forecast_many, parts, [level] * CORES))
        seconds = time.perf_counter() - begin
    few, many = (in_own_process(prepared, size, level)["peak_mb"] for size in (2, 12))
    return {
        "as": level,
        "series": done,
        "seconds": seconds,
        "a minute": 60 * done / seconds,
        "MB of a worker": few,
        "MB after 12": many,
    }


def main() -> None:
    """Measure, judge, print and store."""
    settings = forecast_settings()
    rows = [speed("item", SERIES), speed("category", SERIES // 10)]
    notes = [f"{CORES} processes; each forecast with its trial on past weeks, 7 days ahead"]
    path = DATA / "salon_sales.csv"
    if path.is_file():
        found = judge_salon(path, settings)
        notes.append(
            f"a real shop, {WEEKS} weeks: error {found.chosen:.4f} with what was chosen without looking ahead"
            f" (aim below {AIM}: {'met' if found.chosen < AIM else 'NOT met'}),"
            f" weekday mean {found.methods[BASELINE]:.4f},"
            f" Prophet as published {PROPHET_AS_PUBLISHED}"
        )
        notes.append(
            f"within the range of {settings.coverage:.0%}: {found.inside:.1%}; chosen: "
            + ", ".join(f"{TITLES[name]} {count} times" for name, count in found.choices.items())
        )
        methods = sorted(found.methods.items(), key=lambda one: one[1])
        notes.append("errors of all: " + ", ".join(f"{TITLES[name]} {error:.4f}" for name, error in methods))
    else:
        notes.append("accuracy was not measured: RETAIL_DATA_DIR names no folder with salon_sales.csv")
    show_and_store("forecast", rows, notes)


if __name__ == "__main__":
    main()
