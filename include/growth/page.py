"""The page of the growth budget."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from include.growth import figures
from include.growth.page_data import Month, Shown
from include.growth.settings import GrowthSettings
from include.periods import month_after, whole_month
from include.reporting.figures_page import Chart, Section, Table, figures_page
from include.reporting.rendering import NONE, Number, count, day, money, percent

_MONTHS = ["Month", "Sales", "Customers", "New", "Regained", "Churned", "Net", "Active pool"]
_FOOT = (
    "Sales are those of all customers; walk-ins are not among the customers. New: came for the first time. "
    "The first month's customers are the pool to begin with; growth is shown from the month on in which "
    "somebody can have been lost and regained. Net growth is new + regained - churned, and by just so much "
    "the active pool changes."
)


def as_page(shown: Sequence[Shown], as_of: date, settings: GrowthSettings) -> bytes:
    """The page as HTML; the same bytes for the same tables."""
    sections = [section for one in shown for section in _sections(one, settings, alone=len(shown) == 1)]
    silent = _months(settings.silent_months)
    line = (
        f"As of the morning of {day(as_of)}. Who has not come for {silent} counts as churned, in the last of "
        f"them; who comes later is regained. The active pool are the customers of the last {silent}."
    )
    return figures_page(f"Growth budget, {day(as_of)}", line, sections, _FOOT)


def _sections(shown: Shown, settings: GrowthSettings, *, alone: bool) -> list[Section]:
    name = "" if alone else f"{shown.title}: "
    newest = shown.months[-1]
    unsure = (
        f" The star marks a month that is known up to {day(shown.last_day)} only: its churned customers are "
        "those not yet back."
        if newest.growth.is_provisional
        else ""
    )
    charts = [
        ("Growth", "growth", figures.growth_figure(shown)),
        ("Net growth", "net", figures.net_figure(shown)),
        ("Active pool", "pool", figures.pool_figure(shown)),
    ]
    of_growth = [
        Section(f"{name}{title}", charts=[Chart(f"{shown.source}-{key}", figure)])
        for title, key, figure in charts
    ]
    if not shown.counted:
        words = (
            f"The first {_months(settings.silent_months + 1)} tell too little about who was lost or regained."
        )
        of_growth = [Section(f"{name}Growth", words)]
    return [
        _newest(shown, name),
        Section(f"{name}Monthly sales", charts=[Chart(f"{shown.source}-sales", figures.sales_figure(shown))]),
        Section(
            f"{name}Customer count",
            charts=[Chart(f"{shown.source}-customers", figures.customers_figure(shown))],
        ),
        *of_growth,
        Section(f"{name}By month", f"The newest first.{unsure}", tables=[_table(shown.months)]),
        _rules(shown, name, settings),
    ]


def _newest(shown: Shown, name: str) -> Section:
    newest = shown.months[-1]
    before = shown.months[-2] if len(shown.months) > 1 else None
    same: tuple[Number | None, Number | None] = (before.amount, before.customers) if before else (None, None)
    if newest.growth.is_provisional:
        sales = newest.sales
        same = (sales.same_days_amount, sales.same_days_customers) if sales else (None, None)
    title = f"{newest.month:%Y-%m}"
    compared = "the month before"
    if newest.growth.is_provisional:
        title += f", up to {day(shown.last_day)}"
        compared = f"the same days of {month_after(newest.month, -1):%Y-%m}"
    rows = [
        ["Sales", money(newest.amount), money(same[0]), _change(newest.amount, same[0])],
        ["Customers", count(newest.customers), count(same[1]), _change(newest.customers, same[1])],
    ]
    line = _in_words(shown)
    return Section(f"{name}{title}", line, tables=[Table(["", "Now", compared.capitalize(), "Change"], rows)])


def _in_words(shown: Shown) -> str:
    growth = shown.months[-1].growth
    if growth.is_run_in:
        return f"{count(growth.pool)} customers are in the active pool."
    churned = f"{count(growth.churned)} churned"
    if growth.is_provisional:
        left = whole_month(growth.month).last - shown.last_day
        churned = (
            f"{count(growth.churned)} are not yet back and churn unless they come in the "
            f"{_days(left)} that are left"
        )
    return (
        f"{count(growth.new)} customers are new, {count(growth.regained)} regained, {churned}. "
        f"{count(growth.pool)} are in the active pool."
    )


def _table(months: Sequence[Month]) -> Table:
    rows = [
        [
            one.label,
            money(one.amount),
            count(one.customers),
            *(
                [NONE] * 4
                if one.growth.is_run_in
                else [
                    count(one.growth.new),
                    count(one.growth.regained),
                    count(one.growth.churned),
                    f"{one.growth.net:+,}",
                ]
            ),
            count(one.growth.pool),
        ]
        for one in reversed(months)
    ]
    return Table(_MONTHS, rows)


def _rules(shown: Shown, name: str, settings: GrowthSettings) -> Section:
    words = (
        "What other numbers of silent months would make of all months that are over. Where many of those who "
        "count as lost come back, the number is too small; who was lost lately may still come."
    )
    heading = ["Silent months", "New", "Regained", "Churned", "Came back", "Active pool"]
    rows = [
        [
            f"{rule.silent_months}{' (in use)' if rule.silent_months == settings.silent_months else ''}",
            *map(count, (rule.new, rule.regained, rule.churned)),
            percent(rule.back),
            count(rule.pool),
        ]
        for rule in shown.rules
    ]
    return Section(f"{name}How long is lost?", words, tables=[Table(heading, rows)])


def _change(now: Number, before: Number | None) -> str:
    if not before or before < 0:
        return NONE
    return f"{(Decimal(now) / Decimal(before) - 1) * 100:+.1f} %"


def _months(number: int) -> str:
    return "1 month" if number == 1 else f"{number} months"


def _days(left: timedelta) -> str:
    return "1 day" if left.days == 1 else f"{left.days} days"
