"""The notebook reproduces the page's figures from the tables."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from include.database.engines import engine_for
from include.forecasting.calendar import shop_calendar
from include.forecasting.figures import accuracy_figure, forecast_figure, trial_figure
from include.forecasting.forecast import forecast_series
from include.forecasting.page import as_page
from include.forecasting.page_data import of_level, read_page
from include.forecasting.rows import as_choice, as_days, last_days_of
from include.forecasting.scoring import as_sold, newest_days, score
from include.forecasting.series import Series, SeriesKey
from include.forecasting.settings import ForecastSettings, Level, forecast_settings
from include.storedb.daily_sales import DailySales
from include.storedb.forecasts import Forecasts
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext
from tests.databases import fresh_database
from tests.notebooks import executed

TODAY = date(2026, 11, 20)
RUN = RunContext("sales_forecast", "run", "forecast")


def series(level: Level, code: str, seed: int) -> Series:
    usual = np.resize([100, 80, 90, 110, 150, 250, 220.0], 154)
    values = np.round(usual * np.random.default_rng(seed).gamma(25, 1 / 25, 154), 2)
    key = SeriesKey("counterpoint", level, code)
    name = f"{level} </script> & <b>{code}</b>"
    return Series(key, name, TODAY - timedelta(days=154), values, np.ones(154, dtype=bool))


def test_the_notebook_makes_the_pages_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = forecast_settings()
    levels = {name: {"top": 2, "origins": 4, "methods": ["weekday_mean", "theta"]} for name in shipped.levels}
    settings = ForecastSettings.model_validate(shipped.model_dump() | {"levels": levels})
    every = [
        series("total", "", 0),
        series("category", "A", 1),
        series("category", "B", 2),
        series("item", "1", 3),
    ]
    calendar = shop_calendar(settings.holidays, settings.closed, every[0].first, TODAY + timedelta(days=9))
    with fresh_database("sqlite", tmp_path) as url:
        upgrade(url)
        engine = engine_for(url)
        forecasts, daily = Forecasts(engine), DailySales(engine)
        daily.keep_days(last_days_of(every, TODAY - timedelta(days=60)), RUN)
        for morning in (TODAY - timedelta(days=9), TODAY):
            made = [forecast_series(one, morning, settings, calendar) for one in every]
            forecasts.keep(map(as_choice, made), [day for one in made for day in as_days(one)], RUN)
        days, first = daily.between(TODAY - timedelta(days=60), TODAY), TODAY - timedelta(days=9)
        scores = score(
            forecasts.days(first, first), forecasts.choices(first, first), as_sold(days), newest_days(days)
        )
        forecasts.keep_scores(scores, RUN)
        shown = read_page(engine, TODAY, shipped.shown_days)
        connection = {"conn_type": "sqlite", "host": str(url.database)}
        monkeypatch.setenv("AIRFLOW_CONN_STORE_DB", json.dumps(connection))
        made_by_notebook = executed("sales_forecast.ipynb")
    drawn = made_by_notebook.drawn
    totals = of_level(shown, "total")
    figures = [
        forecast_figure(totals),
        trial_figure(totals[0]),
        forecast_figure(of_level(shown, "category")),
        forecast_figure(of_level(shown, "item")),
        accuracy_figure(totals[:1]),
    ]
    expected = [json.loads(figure.to_json()) for figure in figures]
    assert drawn == [wanted["data"] for wanted in expected]
    words = made_by_notebook.words
    assert "4 series, forecast on the morning of 2026-11-20" in words
    assert {len(score_.scores) for score_ in shown} == {1}

    page = as_page(shown, TODAY, 0.95).decode()
    assert page == as_page(shown, TODAY, 0.95).decode()
    # Whatever an item is called, it stays text: in tables, in the charts' data, and in their lists.
    assert "category &lt;/script&gt; &amp; &lt;b&gt;A&lt;/b&gt;" in page
    assert "<b>A" not in page
    own = page.partition("<body>")[2]
    assert own.count("</script>") == own.count("<script") == 5
    assert 'src="http' not in own
