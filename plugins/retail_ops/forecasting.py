"""Tasks of `sales_forecast`: gather series, forecast them in chunks, judge earlier forecasts, show it all."""

from __future__ import annotations

import gzip
import json
import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

from include.changes import Summary
from include.files import write_atomically
from retail_ops.pages import keep_page, pngs
from retail_ops.task_run import TaskRun

if TYPE_CHECKING:
    from include.forecasting.calendar import ShopCalendar
    from include.forecasting.gathering import Gathered
    from include.forecasting.series import Series
    from include.forecasting.settings import ForecastSettings

log = logging.getLogger(__name__)

NAME = "sales_forecast"
_SERIES = "series.json.gz"


def gather_series(task_run: TaskRun) -> list[list[int]]:
    """Read the series of the run's day; returns for each chunk of those to forecast its number, and how many
    chunks there are.

    Series whose days, settings and calendar are those that their forecast of this day was made from are left
    out. Skips where none is left.
    """
    from include.forecasting.forecast import input_hash
    from include.forecasting.rows import last_days_of
    from include.forecasting.settings import forecast_settings
    from include.storedb.daily_sales import DailySales
    from include.storedb.forecasts import Forecasts
    from retail_ops.hooks.databases import StoreDbHook

    started, settings, as_of = time.monotonic(), forecast_settings(), task_run.when.date()
    engine = StoreDbHook().engine
    forecasts, daily = Forecasts(engine), DailySales(engine)
    gathered = _gathered(task_run, settings)
    found = gathered.series
    changed = 0
    if not task_run.dry_run:
        first = as_of - timedelta(days=max(settings.shown_days, _judged_days(settings)))
        own = [one for one in (*found, *gathered.watched) if one.key.source == "counterpoint"]
        changed += daily.keep_days(last_days_of(own, first), task_run.run)
        changed += forecasts.keep_only(as_of, [_key(one) for one in found])
    for words in gathered.left_out:
        log.warning("Left out: %s", words)
    made_from, calendar = forecasts.inputs(as_of), _calendar(task_run, settings)
    new = [one for one in found if made_from.get(_key(one)) != input_hash(one, as_of, settings, calendar)]
    if not new:
        known = (
            f"nothing to change: the forecasts of {as_of} are up to date" if found else "no sales to go by"
        )
        task_run.skip("; ".join([known, *gathered.left_out]))
    packed = gzip.compress(json.dumps([one.as_dict() for one in new]).encode(), mtime=0)
    write_atomically(task_run.run_file(_SERIES), packed)
    details = {"series": len(found), "to forecast": len(new), "left out": list(gathered.left_out)}
    task_run.leave(Summary(applied=changed, seconds=round(time.monotonic() - started, 3), details=details))
    chunks = ceil(len(new) / settings.chunk)
    return [[number, chunks] for number in range(chunks)]


def forecast_chunk(task_run: TaskRun, chunk: Sequence[int]) -> None:
    """Forecast the gathered series of a chunk and keep the forecasts, unless the run is dry."""
    from include.forecasting.forecast import forecast_series
    from include.forecasting.rows import as_choice, as_days
    from include.forecasting.series import from_dict
    from include.forecasting.settings import forecast_settings
    from include.storedb.forecasts import Forecasts
    from retail_ops.hooks.databases import StoreDbHook

    started, settings, as_of = time.monotonic(), forecast_settings(), task_run.when.date()
    content = json.loads(gzip.decompress(task_run.run_file(_SERIES).read_bytes()))
    # Dealt out like cards: totals and categories, which come first, take longest.
    number, chunks = chunk
    series = [from_dict(fields) for fields in content[number::chunks]]
    calendar = _calendar(task_run, settings)
    made = [forecast_series(one, as_of, settings, calendar) for one in series]
    for one in made:
        expected = sum(day.amount for day in one.days)
        log.info("%s (%s): %s in %d days, %s", one.key, one.name, expected, len(one.days), one.reason)
    changed = 0
    if not task_run.dry_run:
        days = [day for one in made for day in as_days(one)]
        changed = Forecasts(StoreDbHook().engine).keep(map(as_choice, made), days, task_run.run)
    methods = sorted(one.method for one in made)
    details = {"methods": {name: methods.count(name) for name in sorted(set(methods))}}
    task_run.leave(Summary(applied=changed, seconds=round(time.monotonic() - started, 3), details=details))


def judge_and_show(task_run: TaskRun) -> None:
    """Judge the forecasts of earlier mornings, and write the page and its pictures; skips a dry run, and
    where nothing changed.
    """
    from include.forecasting.page import as_page, pictures
    from include.forecasting.page_data import read_page
    from include.forecasting.settings import forecast_settings
    from retail_ops.hooks.databases import StoreDbHook

    if task_run.dry_run:
        task_run.skip("dry run: forecasts are in the logs of the forecast tasks, and nothing was kept")
    started, settings, as_of = time.monotonic(), forecast_settings(), task_run.when.date()
    engine = StoreDbHook().engine
    judged = _judge(task_run, settings)
    shown = read_page(engine, as_of, settings.shown_days)
    if not shown:
        task_run.skip(f"there is no forecast of {as_of} to show")
    page = as_page(shown, as_of, settings.coverage)
    kept = keep_page(task_run, as_of, page, pngs(pictures(shown)))
    details = {"page": kept.place, "series": len(shown), "judged": judged}
    seconds = round(time.monotonic() - started, 3)
    task_run.leave(Summary(applied=judged + kept.changed, seconds=seconds, details=details))
    if not kept.changed and not judged:
        task_run.skip(f"nothing to change: the page is {kept.place}")


def _judge(task_run: TaskRun, settings: ForecastSettings) -> int:
    from include.forecasting.scoring import as_sold, newest_days, score
    from include.storedb.daily_sales import DailySales
    from include.storedb.forecasts import Forecasts
    from retail_ops.hooks.databases import StoreDbHook

    engine, as_of = StoreDbHook().engine, task_run.when.date()
    forecasts = Forecasts(engine)
    first, last = as_of - timedelta(days=_judged_days(settings)), as_of - timedelta(days=1)
    days = DailySales(engine).between(first, as_of)
    expected, choices = forecasts.days(first, last), forecasts.choices(first, last)
    found = score(expected, choices, as_sold(days), newest_days(days))
    return forecasts.keep_scores(found, task_run.run)


def _gathered(task_run: TaskRun, settings: ForecastSettings) -> Gathered:
    from include.forecasting.gathering import gather
    from include.forecasting.series import SeriesKey
    from include.storedb.daily_sales import DailySales
    from include.storedb.forecasts import Forecasts
    from retail_ops.hooks.databases import CounterpointHook, StoreDbHook

    engine, as_of = StoreDbHook().engine, task_run.when.date()
    mornings = (as_of - timedelta(days=_judged_days(settings)), as_of - timedelta(days=1))
    # What the tables hold was a key when it was written.
    lately = [SeriesKey(*key) for key in sorted(Forecasts(engine).lately(*mornings))]  # type: ignore[arg-type]
    return gather(CounterpointHook().read, DailySales(engine).uploaded(as_of), as_of, settings, lately)


def _judged_days(settings: ForecastSettings) -> int:
    """For how long after a morning its days may still become known: an upload may be late."""
    return settings.horizon_days + settings.upload_days


def _calendar(task_run: TaskRun, settings: ForecastSettings) -> ShopCalendar:
    from include.forecasting.calendar import shop_calendar

    as_of = task_run.when.date()
    first = as_of - timedelta(days=settings.history_days)
    return shop_calendar(
        settings.holidays, settings.closed, first, as_of + timedelta(days=settings.horizon_days)
    )


def _key(series: Series) -> tuple[str, str, str]:
    return (series.key.source, series.key.level, series.key.code)
