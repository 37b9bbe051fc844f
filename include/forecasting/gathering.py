"""The series to forecast as of a morning, read from Counterpoint and from uploaded days."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import get_args

from include.counterpoint.items import Read
from include.forecasting.series import Series, SeriesKey, as_series
from include.forecasting.settings import ForecastSettings
from include.forecasting.tickets import Part, Sums, best_sellers, names, parts_by_day, total_by_day
from include.periods import Period, last_days

BEST_SELLERS_OF = 91
"""Days that tell which categories and items sell best."""
TOTAL_NAME, UPLOADS_NAME = "All sales", "Uploaded daily sales"


@dataclass(frozen=True, slots=True)
class Gathered:
    """The series to forecast; others, `watched`, that were forecast lately and have to be judged; and in
    words what was left out.
    """

    series: tuple[Series, ...] = ()
    watched: tuple[Series, ...] = ()
    left_out: tuple[str, ...] = ()


def gather(
    read: Read,
    uploaded: Mapping[date, Decimal],
    as_of: date,
    settings: ForecastSettings,
    lately: Collection[SeriesKey] = (),
) -> Gathered:
    """All series of the configured sources, with the days before `as_of` only.

    Which categories and items are the best sellers is judged by what was sold before `as_of`, too. `lately`
    are the series that were forecast on the mornings before.
    """
    made = [
        _of_counterpoint(read, as_of, settings, lately)
        if source == "counterpoint"
        else _of_uploads(uploaded, as_of, settings)
        for source in settings.sources
    ]
    return Gathered(
        tuple(series for one in made for series in one.series),
        tuple(series for one in made for series in one.watched),
        tuple(words for one in made for words in one.left_out),
    )


def _of_counterpoint(
    read: Read, as_of: date, settings: ForecastSettings, lately: Collection[SeriesKey]
) -> Gathered:
    period = last_days(as_of, settings.history_days)
    shop = total_by_day(read, period, settings.stores)
    total = _series(SeriesKey("counterpoint", "total"), TOTAL_NAME, shop, shop, as_of)
    if total is None:
        return Gathered(left_out=(f"Counterpoint has no sales from {period}",))
    found = [total] if settings.levels["total"].top else []
    watched: list[Series] = []
    recent = last_days(as_of, min(BEST_SELLERS_OF, settings.history_days))
    for part in get_args(Part):
        top = settings.levels[part].top
        codes = best_sellers(read, part, recent, settings.stores, top) if top else []
        before = {key.code for key in lately if (key.source, key.level) == ("counterpoint", part)}
        others = sorted(before - set(codes))
        made = _of_part(read, part, period, shop, settings, [*codes, *others])
        found += [series for series in made if series.key.code not in others]
        watched += [series for series in made if series.key.code in others]
    return Gathered(tuple(found), tuple(watched))


def _of_part(
    read: Read, part: Part, period: Period, shop: Sums, settings: ForecastSettings, codes: list[str]
) -> list[Series]:
    sums = parts_by_day(read, part, period, settings.stores, codes)
    called = names(read, part, codes)
    made = [
        _series(SeriesKey("counterpoint", part, code), called[code], sums[code], shop, period.end)
        for code in codes
    ]
    return [series for series in made if series is not None]


def _of_uploads(uploaded: Mapping[date, Decimal], as_of: date, settings: ForecastSettings) -> Gathered:
    first = as_of - timedelta(days=settings.history_days)
    days = {day: amount for day, amount in uploaded.items() if first <= day < as_of}
    if not days:
        return Gathered()
    newest = max(days)
    if (as_of - newest).days > settings.upload_days:
        words = f"the newest uploaded day is {newest}, which is too old to forecast from"
        return Gathered(left_out=(words,))
    series = _series(SeriesKey("uploads", "total"), UPLOADS_NAME, days, days, newest + timedelta(days=1))
    return Gathered((series,) if series else ())


def _series(
    key: SeriesKey, name: str, sums: Mapping[date, Decimal], shop: Mapping[date, Decimal], end: date
) -> Series | None:
    as_floats = {day: float(amount) for day, amount in sums.items()}
    return as_series(key, name, as_floats, {day: float(amount) for day, amount in shop.items()}, end)
