"""Daily sales and forecasts on real servers: what is kept, replaced and judged; tickets added up alike."""

from __future__ import annotations

import csv
import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Select, insert, select

from benchmarks.forecast import judged
from include.counterpoint.items import folded
from include.counterpoint.tables import PS_TKT_HIST, PS_TKT_HIST_LIN
from include.database.engines import engine_for
from include.forecasting.calendar import shop_calendar
from include.forecasting.choice import choose
from include.forecasting.forecast import forecast_series
from include.forecasting.gathering import Gathered, gather
from include.forecasting.scoring import as_sold, newest_days, score
from include.forecasting.series import SeriesKey, as_series
from include.forecasting.settings import ForecastSettings, HolidaySettings, forecast_settings
from include.forecasting.trial import try_methods
from include.sales_uploads import read_upload
from include.sandbox.seed import seed
from include.settings.days import ClosedDays
from include.storedb.customer_days import Bought
from include.storedb.daily_sales import DailySales, DayOfSeries, SalesUpload
from include.storedb.forecasts import ForecastChoice, ForecastDay, Forecasts
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext
from tests.databases import KINDS, fresh_database

TODAY = date(2026, 11, 20)
RUN = RunContext("sales_forecast", "run", "forecast", 1)
DATA = Path(os.environ.get("RETAIL_DATA_DIR") or Path(__file__).parents[3] / "shared" / "data")
SALON = DATA / "salon_sales.csv"
SETTINGS = forecast_settings()


@pytest.fixture(params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path) as url:
        upgrade(url)
        yield engine_for(url)
        engine_for(url).dispose()


def choice(code: str = "A1", **other: Any) -> ForecastChoice:
    made = ForecastChoice(
        TODAY, "counterpoint", "item", code, "Rose \N{ROSE} 3 gal", "average", "no method was clearly better",
        12, {"theta": 0.25, "average": 0.2}, "f" * 64,
    )  # fmt: skip
    return replace(made, **other)


def days(code: str = "A1", count: int = 7, as_of: date = TODAY) -> list[ForecastDay]:
    amounts = (Decimal("10.25"), Decimal("1.5"), Decimal("99.99"), Decimal("11"))
    return [
        ForecastDay(as_of, "counterpoint", "item", code, as_of + timedelta(days=n), *amounts)
        for n in range(count)
    ]


def test_a_forecast_comes_back_as_it_was_made_and_is_replaced_whole(engine: Engine) -> None:
    forecasts = Forecasts(engine)
    made = [choice("A1"), choice("a1"), choice("É")]
    expected = [day for one in made for day in days(one.code)]
    assert forecasts.keep(made, expected, RUN) == 24
    assert forecasts.keep(made, expected, RUN) == 0
    assert forecasts.choices(TODAY, TODAY) == sorted(made, key=lambda one: one.key)
    assert forecasts.days(TODAY, TODAY) == sorted(expected, key=lambda day: (day.key, day.store_day))
    shorter = [replace(day, amount=Decimal("12.34")) for day in days("A1", 3)]
    assert forecasts.keep([choice("A1", method="theta")], shorter, RUN) == 3 + 4 + 1
    assert [day for day in forecasts.days(TODAY, TODAY) if day.code == "A1"] == shorter
    assert len(forecasts.days(TODAY, TODAY)) == 3 + 14
    assert forecasts.keep_only(TODAY, [("counterpoint", "item", "A1")]) == 2
    assert {day.code for day in forecasts.days(TODAY, TODAY)} == {"A1"}
    assert forecasts.inputs(TODAY) == {("counterpoint", "item", "A1"): "f" * 64}
    assert (forecasts.newest(), forecasts.inputs(TODAY - timedelta(days=1))) == (TODAY, {})


def test_what_came_true_is_counted_and_an_earlier_look_takes_nothing_away(engine: Engine) -> None:
    forecasts, daily = Forecasts(engine), DailySales(engine)
    forecasts.keep([choice()], days(), RUN)
    sold = [Decimal("10.25"), Decimal("0.00"), Decimal("120.00")]
    rows = [
        DayOfSeries("counterpoint", "item", "A1", TODAY + timedelta(days=n), amount)
        for n, amount in enumerate(sold)
    ]
    assert daily.keep_days(rows, RUN) == 3
    assert daily.keep_days(rows, RUN) == 0
    for known in (2, 3, 1):
        until = daily.between(TODAY, TODAY + timedelta(days=known))
        found = score(
            forecasts.days(TODAY, TODAY), forecasts.choices(TODAY, TODAY), as_sold(until), newest_days(until)
        )
        forecasts.keep_scores(found, RUN)
    (standing,) = forecasts.scores(TODAY, TODAY)
    assert (standing.days, standing.inside, standing.method) == (3, 1, "average")
    assert (standing.sold, standing.expected) == (Decimal("130.25"), Decimal("30.75"))
    assert standing.abs_error == Decimal("10.25") + Decimal("109.75")
    assert standing.baseline_abs_error == Decimal("0.75") + Decimal(11) + Decimal(109)
    corrected = [replace(rows[0], amount=Decimal("5.00"))]
    assert daily.keep_days(corrected, RUN) == 1


def everybody(days: dict[date, Decimal]) -> dict[tuple[date, str], Bought]:
    return {(day, ""): Bought(amount, 1) for day, amount in days.items()}


def upload(hour: int, amounts: dict[int, str]) -> SalesUpload:
    found = {TODAY - timedelta(days=back): Decimal(amount) for back, amount in amounts.items()}
    moment = datetime(2026, 11, 20, hour, 30, 15, 123456)
    return SalesUpload("Bücher.csv", f"{hour:064}", moment, len(found), 0, found, everybody(found))


def test_the_latest_upload_of_a_day_counts(engine: Engine) -> None:
    daily = DailySales(engine)
    first, second = upload(8, {1: "10.01", 2: "20"}), upload(9, {1: "11.02", 3: "30"})
    assert daily.keep_upload(second, RUN) == 2
    assert daily.keep_upload(first, RUN) == 1
    assert daily.was_read(first.upload_hash)
    assert not daily.was_read(upload(10, {}).upload_hash)
    expected = {1: "11.02", 2: "20.00", 3: "30.00"}
    assert daily.uploaded(TODAY) == {TODAY - timedelta(days=n): Decimal(a) for n, a in expected.items()}
    assert daily.uploaded(TODAY - timedelta(days=2)) == {TODAY - timedelta(days=3): Decimal(30)}
    assert daily.keep_upload(upload(11, dict.fromkeys(range(1, 2500), "5")), RUN) == 2499


def test_uploads_read_at_once_leave_the_latest(engine: Engine) -> None:
    made = [upload(hour, {1: f"{hour}.5", 2: f"{hour}"}) for hour in range(8, 14)]
    threads = [threading.Thread(target=DailySales(engine).keep_upload, args=(one, RUN)) for one in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(DailySales(engine).uploaded(TODAY).values()) == {Decimal("13.5"), Decimal(13)}


SMALL = ForecastSettings.model_validate(
    SETTINGS.model_dump()
    | {
        "history_days": 200,
        "sources": ["counterpoint"],
        "levels": {
            level: {"top": top, "origins": 4, "methods": ["weekday_mean"]}
            for level, top in (("total", 1), ("category", 4), ("item", 5))
        },
    }
)


def gathered(engine: Engine, lately: tuple[SeriesKey, ...] = ()) -> Gathered:
    def read(query: Select[Any]) -> list[Any]:
        with engine.connect() as connection:
            return list(connection.execute(query))

    return gather(read, {}, TODAY, SMALL, lately)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with fresh_database("sqlite", tmp_path_factory.mktemp("tickets")) as url:
        seed(url.render_as_string(), until=TODAY, scale=0.02)
        yield engine_for(url)
        engine_for(url).dispose()


def test_series_are_what_the_tickets_say(seeded: Engine) -> None:
    line = PS_TKT_HIST_LIN.c
    columns = (line.BUS_DAT, line.CATEG_COD, line.ITEM_NO, line.LIN_TYP, line.EXT_PRC)
    sums: dict[tuple[str, str], dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    with seeded.connect() as connection:
        for day, category, item, kind, amount in connection.execute(select(*columns)):
            if kind.upper() in ("S", "R") and TODAY - timedelta(days=200) <= day < TODAY:
                net = -abs(amount) if kind.upper() == "R" else amount
                for key in (("total", ""), ("category", folded(category)), ("item", folded(item))):
                    sums[key][day] += net
    dropped = SeriesKey("counterpoint", "item", min(code for level, code in sums if level == "item" and code))
    found = gathered(seeded, (dropped, SeriesKey("uploads", "total")))
    for series in (*found.series, *found.watched):
        of_key = sums[series.key.level, series.key.code]
        assert sum(series.values) == pytest.approx(float(sum(of_key.values())))
        for place, amount in enumerate(series.values):
            day = series.first + timedelta(days=place)
            assert amount == pytest.approx(float(of_key.get(day, 0)))
            assert series.open[place] == bool(sums["total", ""].get(day))
        assert series.end == TODAY
    assert dropped in {one.key for one in (*found.series, *found.watched)}
    recent = {
        code: sum(amount for day, amount in of_key.items() if day >= TODAY - timedelta(days=91))
        for (level, code), of_key in sums.items()
        if level == "item" and code
    }
    best = sorted(recent, key=lambda code: (-recent[code], code))[:5]
    assert [one.key.code for one in found.series if one.key.level == "item"] == best


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "sqlite"])
def test_every_server_gives_the_series_that_sqlite_gives(kind: str, seeded: Engine, tmp_path: Path) -> None:
    with fresh_database(kind, tmp_path) as url:
        seed(url.render_as_string(hide_password=False), until=TODAY, scale=0.02)
        one, two = gathered(seeded), gathered(engine_for(url))
        engine_for(url).dispose()
    assert [series.as_dict() for series in two.series] == [series.as_dict() for series in one.series]


def test_returns_are_taken_off_however_they_are_written_and_other_lines_do_not_count(seeded: Engine) -> None:
    day = TODAY - timedelta(days=1)
    found = [
        ("S", 100_000, "new "),
        ("R", -10_000, "NEW"),
        ("r", 20_000, "New"),
        ("U", 5_000, "NEW"),
        ("S", None, "NEW"),
    ]
    with seeded.connect() as connection, connection.begin() as undone:

        def sums() -> dict[SeriesKey, float]:
            made = gather(lambda query: list(connection.execute(query)), {}, TODAY, SMALL).series
            return {one.key: float(one.values[-1]) for one in made}

        before = sums()
        for number, (kind, amount, code) in enumerate(found, 1):
            key = {"DOC_ID": 900_000_000, "LIN_SEQ_NO": number, "BUS_DAT": day, "LIN_TYP": kind}
            line = key | {"ITEM_NO": code, "CATEG_COD": code, "EXT_PRC": amount}
            connection.execute(insert(PS_TKT_HIST_LIN), line)
        after = sums()
        undone.rollback()
    assert after[SeriesKey("counterpoint", "item", "NEW")] == 70_000
    assert after[SeriesKey("counterpoint", "category", "NEW")] == 70_000
    total = SeriesKey("counterpoint", "total")
    assert after[total] == pytest.approx(before[total] + 70_000)


def test_a_sale_of_today_or_later_is_not_seen(seeded: Engine) -> None:
    before = [series.as_dict() for series in gathered(seeded).series]
    with seeded.connect() as connection, connection.begin() as undone:
        for number, day in enumerate((TODAY, TODAY + timedelta(days=1)), 900_000_000):
            connection.execute(insert(PS_TKT_HIST), {"DOC_ID": number, "TKT_NO": str(number), "BUS_DAT": day})
            sold = {"ITEM_NO": "NEW", "CATEG_COD": "NEW", "LIN_TYP": "S", "EXT_PRC": 1_000_000}
            key = {"DOC_ID": number, "LIN_SEQ_NO": 1, "BUS_DAT": day}
            connection.execute(insert(PS_TKT_HIST_LIN), key | sold)
        found = gather(lambda query: list(connection.execute(query)), {}, TODAY, SMALL)
        undone.rollback()
    assert [series.as_dict() for series in found.series] == before


@pytest.mark.skipif(not SALON.exists(), reason=f"no {SALON.name} (set RETAIL_DATA_DIR)")
def test_a_real_shop_is_forecast_better_than_by_weekday_means() -> None:
    read = read_upload(SALON.read_bytes(), SALON.name, date(2021, 12, 1))
    assert len(read.rejects) == 7098
    assert {reject.reason.partition(" ")[2] for reject in read.rejects} == {"is a month, not a day"}
    with SALON.open(newline="") as file:
        dated = [row["Total"] for row in csv.DictReader(file) if len(row["Date"]) > 7]
    exact = sum(map(Decimal, dated), Decimal(0)).quantize(Decimal("0.0001"))
    assert sum(read.days.values()) == exact
    sums = {day: float(amount) for day, amount in read.days.items()}
    end = max(sums) + timedelta(days=1)
    series = as_series(SeriesKey("uploads", "total"), "Salon", sums, sums, end)
    assert series is not None
    level, weeks = SETTINGS.levels["total"], 26
    calendar = shop_calendar(HolidaySettings(country="ZM"), ClosedDays(), series.first, end)
    trial = try_methods(series, 7, weeks + level.origins, level.methods, calendar)
    found = judged(trial, weeks, SETTINGS)
    assert len(trial) == weeks + level.origins
    assert found.chosen < 0.29
    assert found.chosen < found.methods["weekday_mean"]
    assert 0.93 <= found.inside <= 0.97
    # The trial is what a forecast of that morning does.
    made = forecast_series(series, end - timedelta(days=7), SETTINGS, calendar)
    past = trial.rows(slice(-1 - level.origins, -1))
    assert made.method == choose(past, SETTINGS.clearly_better).method
    assert [float(day.amount) for day in made.days] == pytest.approx(trial.made[made.method][-1], abs=0.006)
