"""The methods, their trial and the choice: no look ahead, sane sums, ranges that hold."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.errors import InvalidSettings
from include.forecasting.calendar import ShopCalendar, shop_calendar
from include.forecasting.choice import choose
from include.forecasting.forecast import SeriesForecast, forecast_series, input_hash, ranges
from include.forecasting.history import history_of, weekday_mean
from include.forecasting.methods import LEAST_DAYS, run_method
from include.forecasting.series import Series, SeriesKey, as_series, from_dict
from include.forecasting.settings import ForecastSettings, HolidaySettings, forecast_settings
from include.forecasting.trial import AVERAGE, Trial, try_methods
from include.settings.days import ClosedDays
from include.settings.loader import load_settings

SETTINGS = forecast_settings()
MONDAY = date(2024, 1, 1)
NOTHING = ShopCalendar({}, ClosedDays())
LIGHT = ForecastSettings.model_validate(
    SETTINGS.model_dump()
    | {
        "levels": {
            level: {"top": 3, "origins": 6, "methods": ["weekday_mean", "seasonal_naive", "theta"]}
            for level in ("total", "category", "item")
        }
    }
)
KEY = SeriesKey("counterpoint", "total")


def series_of(values: Any, first: date = MONDAY, opened: Any = None) -> Series:
    values = np.asarray(values, dtype=float)
    return Series(KEY, "All", first, values, values != 0 if opened is None else np.asarray(opened, bool))


def weekly(days: int, seed: int = 0, noise: float = 0.2) -> np.ndarray:
    usual = np.array([100, 80, 90, 110, 150, 250, 220.0])
    random = np.random.default_rng(seed)
    return np.resize(usual, days) * random.gamma(1 / noise**2, noise**2, days)


def made_of(series: Series, as_of: date | None = None, calendar: ShopCalendar = NOTHING) -> SeriesForecast:
    return forecast_series(series, as_of or series.end, LIGHT, calendar)


def amounts(made: SeriesForecast) -> list[float]:
    return [float(day.amount) for day in made.days]


@pytest.mark.parametrize("method", sorted(LEAST_DAYS))
def test_a_method_continues_a_clear_week(method: Any) -> None:
    values = weekly(140, noise=0.02)
    history = history_of(series_of(values), 126, 14, NOTHING)
    made = run_method(method, history)
    assert made.shape == (14,)
    assert abs(made - values[126:]).sum() / values[126:].sum() < 0.1


@pytest.mark.parametrize("method", sorted(LEAST_DAYS))
@pytest.mark.parametrize(
    "values", [[5.0] * 60, [0.0] * 59 + [1.0], [-3.0, *([0.0] * 59)], [1e7, *([1.0] * 59)]]
)
def test_odd_series_are_forecast_without_nonsense(method: Any, values: list[float]) -> None:
    made = run_method(method, history_of(series_of(values, opened=[True] * 60), 60, 7, NOTHING))
    assert np.isfinite(made).all()
    assert (made >= 0).all()
    assert made.max() <= 10 * max(map(abs, values)) + 1


def test_a_constant_series_stays_what_it_is() -> None:
    made = made_of(series_of([42.0] * 120))
    assert amounts(made) == [42.0] * 7
    assert {(float(day.low), float(day.high)) for day in made.days} == {(42.0, 42.0)}


@pytest.mark.parametrize("length", [1, 3, 6, 8, 13, 27, 40])
def test_a_short_series_gets_the_weekday_mean_and_says_why(length: int) -> None:
    made = made_of(series_of(weekly(length)))
    assert made.method == "weekday_mean"
    assert "past weeks to try" in made.reason
    assert [day.amount for day in made.days] == [day.baseline for day in made.days]
    assert all(day.low <= day.amount <= day.high for day in made.days)
    assert all(day.amount > 0 for day in made.days)


@settings(max_examples=25, deadline=None)
@given(
    cut=st.integers(1, 120),
    future=st.lists(st.floats(0, 1e6), min_size=1, max_size=40),
    seed=st.integers(0, 3),
)
def test_the_future_never_changes_a_forecast(cut: int, future: list[float], seed: int) -> None:
    values = weekly(120, seed)
    other = np.concatenate([values[:cut], np.array(future)])
    as_of = MONDAY + timedelta(days=cut)
    calendar = ShopCalendar(
        {MONDAY + timedelta(days=n): "a holiday" for n in range(30, 200, 30)}, ClosedDays()
    )
    one, two = (made_of(series_of(found), as_of, calendar) for found in (values, other))
    assert one == two


def test_a_forecast_can_be_made_again_to_the_cent() -> None:
    full = ForecastSettings.model_validate(
        LIGHT.model_dump()
        | {
            "levels": LIGHT.model_dump()["levels"]
            | {"total": {"top": 1, "origins": 4, "methods": ["ets", "theta", "mstl", "arima", "prophet"]}}
        }
    )
    series = series_of(weekly(150))
    calendar = shop_calendar(SETTINGS.holidays, ClosedDays(), series.first, series.end + timedelta(days=7))
    one, two = (forecast_series(series, series.end, full, calendar) for _ in range(2))
    assert one == two
    assert set(one.errors) == {"weekday_mean", "ets", "theta", "mstl", "arima", "prophet", AVERAGE}
    assert from_dict(series.as_dict()).as_dict() == series.as_dict()


def test_weekday_means_by_hand() -> None:
    nan = float("nan")
    seen = np.array([1, 2, 3, 4, 5, 6, 7, 3, 4, nan, 6, 7, 8, 9.0])
    assert weekday_mean(seen, 9).tolist() == [2, 3, 3, 5, 6, 7, 8, 2, 3]
    assert weekday_mean(seen[:3], 2).tolist() == [2, 2]
    assert weekday_mean(np.array([]), 2).tolist() == [0, 0]


def test_closed_weekdays_and_holidays_are_found_out() -> None:
    values = weekly(400)
    values[1::7] = 0
    days = [MONDAY + timedelta(days=n) for n in range(420)]
    christmas = {day: "Christmas Day" for day in days if (day.month, day.day) == (12, 25)}
    busy = {date(2024, 5, 27): "Memorial Day", date(2025, 5, 26): "Memorial Day"}
    values[(date(2024, 12, 25) - MONDAY).days] = 0
    calendar = ShopCalendar(christmas | busy | {date(2025, 12, 25): "Christmas Day"}, ClosedDays())
    history = history_of(series_of(values), 400, 20, calendar)
    assert [day.weekday() == 1 for day in history.ahead] == history.closed.tolist()
    opened = series_of(values).open
    asked = [date(2025, 12, 22), date(2025, 12, 25), date(2025, 12, 23), date(2025, 5, 26)]
    assert calendar.will_be_closed(MONDAY, opened, asked).tolist() == [False, True, True, False]
    told = ShopCalendar(
        {}, ClosedDays(weekdays=("sunday",), days=(date(2025, 3, 4),), open=(date(2025, 3, 9),))
    )
    asked = [date(2025, 3, 2), date(2025, 3, 4), date(2025, 3, 9), date(2025, 3, 10)]
    assert told.will_be_closed(MONDAY, opened, asked).tolist() == [True, True, False, False]


def test_a_closed_day_teaches_nothing_and_is_forecast_as_nothing() -> None:
    values = weekly(140, noise=0.01)
    closed = values.copy()
    closed[-3] = 0
    usual, after = made_of(series_of(values)), made_of(series_of(closed))
    assert amounts(after) == pytest.approx(amounts(usual), rel=0.03)
    tuesday = MONDAY + timedelta(days=141)
    calendar = ShopCalendar({}, ClosedDays(days=(tuesday,)))
    made = {day.day: day for day in made_of(series_of(values), calendar=calendar).days}
    assert (made[tuesday].amount, made[tuesday].low, made[tuesday].high) == (0, 0, 0)
    assert made[tuesday + timedelta(days=1)].amount > 50


def test_an_item_that_nobody_wanted_is_not_a_closed_shop() -> None:
    wanted = np.zeros(140)
    wanted[::10] = 70
    made = made_of(series_of(wanted, opened=[True] * 140))
    assert 20 < sum(amounts(made)) < 90


def test_an_upload_that_is_late_is_forecast_from_its_last_day() -> None:
    series = series_of(weekly(140, noise=0.02))
    made = made_of(series, series.end + timedelta(days=3))
    assert [day.day for day in made.days] == [series.end + timedelta(days=n) for n in range(3, 10)]
    assert amounts(made) == pytest.approx([110, 150, 250, 220, 100, 80, 90], rel=0.1)


def test_leap_days_and_changes_of_the_clock_are_days_like_others() -> None:
    first = date(2023, 10, 2)
    end = date(2024, 3, 12)
    values = weekly((end - first).days, noise=0.02)
    sums = {first + timedelta(days=n): float(amount) for n, amount in enumerate(values)}
    series = as_series(KEY, "All", sums, sums, end)
    assert series is not None
    assert date(2024, 2, 29) in sums
    assert len(series.values) == len(sums)
    # The clocks change on 10 March 2024; the leap day is among the days ahead of 26 February.
    for as_of in (date(2024, 2, 26), date(2024, 3, 8)):
        made = made_of(series, as_of)
        assert [day.day for day in made.days] == [as_of + timedelta(days=n) for n in range(7)]
        true = [sums.get(day.day, 0) for day in made.days if day.day < end]
        assert amounts(made)[: len(true)] == pytest.approx(true, rel=0.15)


def trial_of(made: dict[str, np.ndarray], actual: np.ndarray) -> Trial:
    return Trial(made, actual, np.zeros(actual.shape, bool))


def test_the_luckiest_of_equals_is_not_taken_but_a_clear_winner_is() -> None:
    random = np.random.default_rng(1)
    actual = 100 + random.normal(0, 10, (16, 7))
    equals = {name: 100 + random.normal(0, 5, (16, 7)) for name in ("weekday_mean", "theta", "ets")}
    average = {AVERAGE: np.mean(list(equals.values()), axis=0)}
    assert choose(trial_of(equals | average, actual), 2.0).method == AVERAGE
    even, lucky = np.full((16, 7), 10.0), np.full((16, 7), 4.0)
    lucky[::2] = 15
    assert abs(lucky).sum() < abs(even).sum()
    close = trial_of({"theta": lucky, AVERAGE: even}, np.zeros((16, 7)))
    assert choose(close, 2.0).method == AVERAGE
    assert choose(close, 0.0).method == "theta"
    good = {"prophet": actual + random.normal(0, 1, (16, 7))}
    found = choose(trial_of(equals | good | average, actual), 2.0)
    assert (found.method, found.reason) == ("prophet", "Prophet was clearly better in 16 past weeks")
    assert choose(trial_of(equals | good | average, actual).rows(slice(0, 3)), 2.0).method == "weekday_mean"


@pytest.mark.parametrize("kind", ["even", "growing with the sum", "counts"])
def test_the_ranges_hold_95_of_100_days_to_come(kind: str) -> None:
    random = np.random.default_rng(5)
    usual = np.array([100, 80, 90, 110, 150, 250, 220.0])
    held: list[np.ndarray] = []
    for _ in range(60):
        expected = np.resize(usual, (17, 7))
        actual = {
            "even": lambda shape: usual + random.normal(0, 15, shape),
            "growing with the sum": lambda shape: usual * random.gamma(25, 1 / 25, shape),
            "counts": lambda shape: random.poisson(usual / 20, shape) * 20.0,
        }[kind]((17, 7))
        trial = trial_of({"ets": expected[:16]}, actual[:16])
        low, high = ranges(trial, "ets", expected[16], 0.95)
        held.append((low <= actual[16]) & (actual[16] <= high))
    assert 0.93 <= np.mean(held) <= 0.98


def test_ranges_of_whole_forecasts_hold_on_days_never_seen() -> None:
    held = []
    for seed in range(12):
        values = weekly(259, seed, noise=0.3)
        for cut in range(210, 253, 7):
            made = made_of(series_of(values), MONDAY + timedelta(days=cut))
            held += [
                float(day.low) <= true <= float(day.high)
                for day, true in zip(made.days, values[cut : cut + 7], strict=True)
            ]
    assert 0.92 <= np.mean(held) <= 0.99


def test_what_a_forecast_is_made_from_has_one_hash() -> None:
    series = series_of(weekly(60))
    same = input_hash(series, series.end, LIGHT, NOTHING)
    longer = series_of(np.append(series.values, 5.0))
    assert input_hash(longer, series.end, LIGHT, NOTHING) == same
    changed = series.values.copy()
    changed[3] += 0.01
    closing = ShopCalendar({}, ClosedDays(weekdays=("monday",)))
    others = [
        input_hash(series_of(changed), series.end, LIGHT, NOTHING),
        input_hash(series, series.end - timedelta(days=1), LIGHT, NOTHING),
        input_hash(series, series.end, SETTINGS, NOTHING),
        input_hash(series, series.end, LIGHT, closing),
    ]
    assert len({same, *others}) == 5


def test_holidays_are_the_configured_countrys() -> None:
    found = shop_calendar(HolidaySettings(country="ZM"), ClosedDays(), date(2021, 1, 1), date(2021, 12, 31))
    assert found.holidays[date(2021, 10, 24)] == "Independence Day"
    assert date(2021, 7, 4) not in found.holidays


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("holidays: {country: XX}", "no holidays are known of the country 'XX'"),
        ("holidays: {country: US, subdivision: Narnia}", "US has no part 'Narnia'"),
        ("closed: {every_year: ['13-01']}", "month and day such as"),
        ("levels: {total: {top: 1, origins: 8, methods: [theta, theta]}}", "a method stands twice"),
        ("levels: {item: {top: 1, origins: 8, methods: [magic]}}", "levels.item.methods.0"),
        ("coverage: 95", "coverage"),
    ],
)
def test_settings_say_what_is_wrong(
    wrong: str, words: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "forecast.yaml").write_text(wrong)
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    with pytest.raises(InvalidSettings, match=words):
        load_settings(ForecastSettings, "forecast")


def test_trials_end_on_the_last_known_day() -> None:
    values = weekly(100)
    trial = try_methods(series_of(values), 7, 5, ["weekday_mean"], NOTHING)
    assert trial.actual[-1].tolist() == values[-7:].tolist()
    assert trial.actual[0].tolist() == values[65:72].tolist()
    assert trial.made["weekday_mean"][0].tolist() == pytest.approx(weekday_mean(values[:65], 7).tolist())
