"""The page of a morning's forecasts: charts, tables and how earlier ones came true, on one page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from include.forecasting.figures import accuracy_figure, forecast_figure, trial_figure
from include.forecasting.methods import BASELINE, TITLES
from include.forecasting.page_data import Shown, accuracy, of_level
from include.reporting.charts import lines
from include.reporting.figures_page import Chart, Section, Table, figures_page
from include.reporting.letter import Image
from include.reporting.rendering import NONE, day, money, percent

_LEVEL_TITLES = {"category": "Categories", "item": "Items"}
_DATES = "%a %m/%d"
_FOOT = (
    "Error: the sum of what the days were missed by, as a share of what was sold. Weekday mean: the mean of "
    "the same weekday of eight weeks, which every method has to beat."
)


def as_page(shown: Sequence[Shown], as_of: date, coverage: float) -> bytes:
    """The page as HTML; the same bytes for the same tables."""
    sections = [_total(one, place) for place, one in enumerate(of_level(shown, "total"))]
    sections += [_level(level, of_level(shown, level)) for level in _LEVEL_TITLES if of_level(shown, level)]
    sections.append(_truth(shown))
    line = (
        f"Made on the morning of {day(as_of)} from the days before it. The range is to hold "
        f"{percent(coverage)} of the days."
    )
    return figures_page(f"Sales forecast, {day(as_of)}", line, sections, _FOOT)


def pictures(shown: Sequence[Shown]) -> list[Image]:
    """The charts of totals and categories as PNGs, named by level and place."""
    made = []
    for level in ("total", "category"):
        for place, one in enumerate(of_level(shown, level), 1):
            days = [*(found for found, _ in one.past), *(found.store_day for found in one.days)]
            before: list[float | None] = [None] * len(one.past)
            after: list[float | None] = [None] * len(one.days)
            series = {
                "sold": [*(float(amount) for _, amount in one.past), *after],
                "forecast": [*before, *(float(found.amount) for found in one.days)],
                "at least": [*before, *(float(found.low) for found in one.days)],
                "at most": [*before, *(float(found.high) for found in one.days)],
            }
            title = f"{one.choice.name}: sold and expected, $"
            alt = f"{one.choice.name}: {money(one.expected)} are expected in {len(one.days)} days"
            labels = [f"{found:%m/%d}" for found in days]
            made.append(lines(f"{level}-{place}", title, alt, labels, series))
    return made


def _total(one: Shown, place: int) -> Section:
    choice = one.choice
    method, usual = choice.errors.get(choice.method), choice.errors.get(BASELINE)
    expected = f"{money(one.expected)} expected in {len(one.days)} days"
    words = f"{expected}, by {TITLES[choice.method]}: {choice.reason}."
    if method is not None and usual is not None:
        words += f" Its error on them was {percent(method)}, the weekday mean's {percent(usual)}."
    rows = [
        [f"{found.store_day:{_DATES}}", *map(money, (found.amount, found.low, found.high, found.baseline))]
        for found in one.days
    ]
    table = Table(["Day", "Expected", "At least", "At most", "Weekday mean"], rows)
    charts = [Chart(f"total-{place}", forecast_figure([one]))]
    if choice.errors:
        charts.append(Chart(f"trial-{place}", trial_figure(one)))
    return Section(choice.name, words, charts, [table])


def _level(level: str, shown: Sequence[Shown]) -> Section:
    heading = ["Name", "Code", "Expected", "At least", "At most", "Method", "Error", "Weekday mean's"]
    rows = [
        [
            one.choice.name,
            one.choice.code or NONE,
            money(one.expected),
            money(sum(found.low for found in one.days)),
            money(sum(found.high for found in one.days)),
            TITLES[one.choice.method],
            percent(one.choice.errors.get(one.choice.method)),
            percent(one.choice.errors.get(BASELINE)),
        ]
        for one in shown
    ]
    line = "The sums of all days; the ranges of days added up are wider than that of the sum."
    charts = [Chart(level, forecast_figure(shown))]
    return Section(_LEVEL_TITLES[level], line, charts, [Table(heading, rows, (1, 5))])


def _truth(shown: Sequence[Shown]) -> Section:
    groups: list[tuple[str, Sequence[Shown]]] = [(one.choice.name, [one]) for one in of_level(shown, "total")]
    groups += [
        (title, of_level(shown, level)) for level, title in _LEVEL_TITLES.items() if of_level(shown, level)
    ]
    rows = []
    for title, group in groups:
        found = accuracy([score for one in group for score in one.scores])
        if found.days:
            shares = map(percent, (found.error, found.baseline, found.inside))
            rows.append([title, f"{found.days:,}", *shares])
    if not rows:
        return Section("What came true", "No day of an earlier forecast is over yet.")
    table = Table(["Forecast of", "Days", "Error", "Weekday mean's", "Within the range"], rows)
    totals = of_level(shown, "total") or list(shown)
    chart = Chart("truth", accuracy_figure(totals[:1]))
    return Section("What came true", "Of the forecasts of the last weeks:", [chart], [table])
