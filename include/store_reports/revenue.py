"""Revenue by channel and period, beside the years before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from include.periods import Period
from include.store_reports.days import newest_days, weekday_before
from include.store_reports.figures import DayFigures, Figures
from include.store_reports.sections import Cell, Chart, Column, Row, Section, Table, Tile, change
from include.store_reports.words import short, span, weekday

TITLE = "Revenue"
CLOSED = "closed"
_CHART_WEEKS = 4


def revenue(figures: Figures) -> Section:
    """The newest days, past weeks, months and years; all net of returns, by business day."""
    days = figures.days
    month, year = days.month_to_date, days.year_to_date
    return Section(
        TITLE,
        (_days(figures), _weeks(figures), _years(figures), _day_by_day(figures)),
        notes=(
            "Net sales: returns taken off once, without tax, deposits and gift cards sold, by business day. "
            "Days and weeks are compared with the same weekdays 52 weeks before, months and years with the "
            "same dates. Tickets count all receipts, refunds and deposits included.",
        ),
        tiles=(
            _newest_tile(figures),
            _tile(figures, days.last_week, "last week", weekday_before(days.last_week)),
            _tile(figures, month[0], "month to date", month[1]),
            _tile(figures, year[0], "year to date", year[1]),
        ),
        charts=(_weeks_chart(figures), _days_chart(figures)),
    )


def _before(figures: Figures, period: Period) -> DayFigures | None:
    return figures.of(period) if figures.is_whole(period) else None


def _tile(figures: Figures, period: Period, words: str, before: Period) -> Tile:
    now, then = figures.of(period) or DayFigures(), _before(figures, before)
    return Tile(now.amount, words, change(now.amount, then.amount if then else None))


def _newest_tile(figures: Figures) -> Tile:
    day = newest_days(figures.days.day, figures.is_closed)[0]
    now, then = figures.of(Period(day, day)) or DayFigures(), _same_weekday(figures, day)
    return Tile(now.amount, weekday(day), change(now.amount, then.amount if then else None))


def _same_weekday(figures: Figures, day: date) -> DayFigures | None:
    """The day 52 weeks before; None when the tills were open on only one of the two days."""
    then = weekday_before(Period(day, day))
    if figures.is_closed(day) != figures.is_closed(then.first):
        return None
    return _before(figures, then)


def _columns(figures: Figures, first: str, before: str) -> tuple[Column, ...]:
    channels = [Column(title, "dollars") for title in figures.channels]
    return (
        Column(first),
        *channels,
        Column("Total", "dollars"),
        Column(before, "dollars", mail=False),
        Column("Change", "change"),
        Column("Tickets", "count"),
        Column("Wholesale", "count"),
        Column("Days open", "count", mail=False),
    )


def _row(figures: Figures, title: str, period: Period, before: Decimal | None) -> Row:
    cells: list[Cell] = [title]
    all_ = figures.of(period)
    for channel in figures.channels:
        found = figures.of(period, [channel])
        cells.append(found.amount if found else None)
    if all_ is None:
        return [*cells, None, before, None, None, None, None]
    return [
        *cells, all_.amount, before, change(all_.amount, before), all_.tickets, all_.wholesale,
        figures.open_days(period),
    ]  # fmt: skip


def _days(figures: Figures) -> Table:
    rows: list[Row] = []
    for day in newest_days(figures.days.day, figures.is_closed):
        then = _same_weekday(figures, day)
        row = list(_row(figures, weekday(day), Period(day, day), then.amount if then else None))
        if figures.is_closed(day):
            for place, channel in enumerate(figures.channels, start=1):
                row[place] = CLOSED if channel in figures.settings.tills else row[place]
        elif figures.is_closed(weekday_before(Period(day, day)).first):
            row[len(figures.channels) + 2] = CLOSED
        rows.append(row)
    return Table("Days", "", _columns(figures, "Day", "52 weeks before"), rows)


def _weeks(figures: Figures) -> Table:
    rows = []
    for week in figures.days.weeks:
        then = _before(figures, weekday_before(week))
        rows.append(_row(figures, span(week), week, then.amount if then else None))
    return Table(
        "Weeks", "Past weeks, Sunday to Saturday", _columns(figures, "Week", "52 weeks before"), rows
    )


def _years(figures: Figures) -> Table:
    days = figures.days
    rows: list[Row] = []
    groups: tuple[tuple[str, Sequence[Period]], ...] = (
        ("Month to date", days.month_to_date),
        ("Last month", days.months),
        ("Year to date", days.year_to_date),
    )
    for title, periods in groups:
        rows.append([title])
        for place, period in enumerate(periods):
            before = _before(figures, periods[place + 1]) if place + 1 < len(periods) else None
            if place and not figures.is_whole(period):
                rows.append([span(period), *[None] * (len(figures.channels) + 6)])
            else:
                rows.append(_row(figures, span(period), period, before.amount if before else None))
    return Table("Months and years", "Months and years", _columns(figures, "", "Year before"), rows)


def _day_by_day(figures: Figures) -> Table:
    """Each day since the oldest week or the first of last month: for files only."""
    days = figures.days
    first = min(days.weeks[-1].first, days.months[0].first)
    columns = (
        Column("Day", "day"),
        *(Column(title, "money") for title in figures.channels),
        *(Column(title, "money") for title in ("Total", "Cost")),
        Column("Tickets", "count"),
        Column("Wholesale tickets", "count"),
    )
    rows: list[Row] = []
    for place in range((days.day - first).days):
        day = first + timedelta(days=place)
        all_ = figures.of(Period(day, day)) or DayFigures()
        each = [(figures.of(Period(day, day), [one]) or DayFigures()).amount for one in figures.channels]
        rows.append([day, *each, all_.amount, all_.cost, all_.tickets, all_.wholesale])
    return Table("Day by day", "Day by day", columns, rows, mail_rows=0, csv=True)


def _weeks_chart(figures: Figures) -> Chart:
    weeks = list(reversed(figures.days.weeks))
    series = {
        channel: [(figures.of(week, [channel]) or DayFigures()).amount for week in weeks]
        for channel in figures.channels
    }
    return Chart("bars", "weeks", "Revenue of past weeks", [span(week) for week in weeks], series)


def _days_chart(figures: Figures) -> Chart:
    last = figures.days.through
    shown = [last - timedelta(days=back) for back in reversed(range(7 * _CHART_WEEKS))]
    now = [(figures.of(Period(day, day)) or DayFigures()).amount for day in shown]
    then = [_before(figures, weekday_before(Period(day, day))) for day in shown]
    series: dict[str, Sequence[Decimal | None]] = {"now": now}
    if any(one is not None for one in then):
        series["52 weeks before"] = [one.amount if one else None for one in then]
    return Chart("lines", "days", "Revenue day by day", [short(day) for day in shown], series)
