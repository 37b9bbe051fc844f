"""What the goods sold had cost, and what is left of the revenue."""

from __future__ import annotations

from include.store_reports.days import weekday_before
from include.store_reports.figures import DayFigures, Figures
from include.store_reports.sections import Column, Row, Section, Table, share
from include.store_reports.words import span

TITLE = "Cost of goods and margin"
_COLUMNS = (
    Column(""),
    Column("Revenue", "dollars"),
    Column("Cost of goods", "dollars"),
    Column("Margin", "dollars"),
    Column("Margin %", "percent"),
    Column("A year before", "percent"),
)


def cost(figures: Figures) -> Section:
    """Cost and margin of last week, last month, this month and this year, by channel."""
    days = figures.days
    periods = (
        ("Last week", days.last_week, weekday_before(days.last_week)),
        ("Month to date", days.month_to_date[0], days.month_to_date[1]),
        ("Last month", days.months[0], days.months[1]),
        ("Year to date", days.year_to_date[0], days.year_to_date[1]),
    )
    rows: list[Row] = []
    for title, period, before in periods:
        rows.append([f"{title}: {span(period)}"])
        compared = figures.is_whole(before)
        for channel in (*figures.channels, None):
            chosen = None if channel is None else [channel]
            now = figures.of(period, chosen) or DayFigures()
            then = figures.of(before, chosen) if compared else None
            rows.append(
                [
                    channel or "Total", now.amount, now.cost, now.amount - now.cost,
                    share(now.amount - now.cost, now.amount),
                    share(then.amount - then.cost, then.amount) if then else None,
                ]
            )  # fmt: skip
    return Section(TITLE, (Table("Cost and margin", "", _COLUMNS, rows),))
