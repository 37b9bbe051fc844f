"""The page of London Gift Shop's figures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from include.gift_shop import charts
from include.gift_shop.analysis import ALL, USUAL, Analysis
from include.gift_shop.rfm import movements
from include.gift_shop.segments import SEGMENTS
from include.gift_shop.settings import GiftShopSettings
from include.gift_shop.tables import MILS
from include.reporting.figures_page import Chart, Section, Table, figures_page
from include.reporting.rendering import NONE

if TYPE_CHECKING:
    import pandas as pd

STORE = "London Gift Shop"


def as_page(analysis: Analysis, history: Mapping[date, pd.Series], settings: GiftShopSettings) -> bytes:
    """The page as HTML; the same bytes for the same figures. `history` is oldest first, with the analysed day
    as its last.
    """
    sections = [
        _amounts(analysis, settings),
        _orders(analysis.months),
        _sales(analysis.months),
        _customers(analysis.months),
        _segments(analysis.segments, settings),
        *_movements(history),
        *_next_purchase(analysis, settings),
        _countries(analysis),
    ]
    line = (
        f"Sales before {analysis.as_of.isoformat()}, to which recency is counted. A month with a star is not "
        "over. Frequency: "
        + {"equal": "equal buyers get equal scores.", "published": "as published."}[settings.rfm.ties]
    )
    title = f"Customers and monthly figures, {analysis.as_of.isoformat()}"
    return figures_page(title, line, sections, store=STORE)


def _amounts(analysis: Analysis, settings: GiftShopSettings) -> Section:
    names = {ALL: "All above 0", USUAL: f"Up to the {settings.usual_invoices_percentile:g}th percentile"}
    rows = [
        [
            names[key],
            f"{one.count:,}",
            *map(_exact, (one.minimum, one.mean, one.median, one.mode, one.maximum)),
        ]
        for key, one in analysis.amounts.items()
    ]
    heading = ["Invoices", "Number", "Minimum", "Mean", "Median", "Mode", "Maximum"]
    words = "Amounts in pounds; the chart leaves the largest invoices out."
    chart = Chart("invoices", charts.invoice_amounts(analysis))
    return Section("Invoices", words, [chart], [Table(heading, rows)])


def _orders(months: pd.DataFrame) -> Section:
    rows = [
        [
            label,
            *(f"{int(month[name]):,}" for name in ("invoices", "placed", "cancelled", "placed_published")),
        ]
        for label, (_, month) in zip(charts.month_labels(months), months.iterrows(), strict=True)
    ]
    words = "Placed: sales invoices. Published way: all invoices less twice the cancellations."
    heading = ["Month", "All", "Placed", "Cancelled", "Published way"]
    chart = Chart("orders", charts.orders(months))
    return Section("Placed and cancelled", words, [chart], [Table(heading, rows)])


def _sales(months: pd.DataFrame) -> Section:
    rows = [
        [
            label,
            _pounds(month["sales_mils"]),
            NONE if month["growth"] != month["growth"] else f"{month['growth']:+.1%}",
        ]
        for label, (_, month) in zip(charts.month_labels(months), months.iterrows(), strict=True)
    ]
    words = "Net of cancellations, with postage, fees and adjustments; growth against the month before."
    chart = Chart("sales", charts.sales(months))
    return Section("Sales", words, [chart], [Table(["Month", "Sales", "Growth"], rows)])


def _customers(months: pd.DataFrame) -> Section:
    names = ("active_customers", "new_customers", "existing_customers")
    rows = [
        [label, *(f"{int(month[name]):,}" for name in names)]
        for label, (_, month) in zip(charts.month_labels(months), months.iterrows(), strict=True)
    ]
    words = "New: the first invoice of any kind is of this month. In the first month everybody is new."
    heading = ["Month", "Active", "New", "Existing"]
    chart = Chart("customers", charts.customers(months))
    return Section("Customers", words, [chart], [Table(heading, rows)])


def _segments(segments: pd.DataFrame, settings: GiftShopSettings) -> Section:
    rows, money = [], float(segments["monetary_mils"].sum()) or 1.0
    for name in SEGMENTS:
        some = segments[segments["segment"] == name]
        if len(some):
            share = float(some["monetary_mils"].sum()) / money
            means = [f"{some[column].mean():,.1f}" for column in ("recency_days", "frequency")]
            spent = _pounds(some["monetary_mils"].mean())
            rows.append(
                [name, f"{len(some):,}", f"{share:.1%}", *means, spent, settings.advice.get(name, "")]
            )
    heading = ["Segment", "Customers", "Of sales", "Days ago", "Invoices", "Spent", "What to do"]
    words = f"{len(segments):,} customers; days, invoices and money spent are means."
    chart = Chart("segments", charts.segment_sizes(segments))
    return Section("Segments", words, [chart], [Table(heading, rows, words=[6])])


def _movements(history: Mapping[date, pd.Series]) -> list[Section]:
    days = list(history)
    if len(days) < 2:
        return []
    table = movements(history[days[-2]], history[days[-1]])
    changed = sum(
        int(table.loc[row, column]) for row in table.index for column in table.columns if row != column
    )
    words = f"From {days[-2]} (rows) to {days[-1]} (columns): {changed:,} customers are in another segment."
    shown = [Chart("history", charts.segment_history(history)), Chart("moves", charts.moves(table))]
    return [Section("Movements between segments", words, shown)]


def _next_purchase(analysis: Analysis, settings: GiftShopSettings) -> list[Section]:
    if analysis.outlook is None:
        return []
    ranked, outlook = analysis.ranked(), analysis.outlook
    rows = []
    for name, some in sorted(ranked.groupby("segment"), key=lambda one: -one[1]["expected_mils"].sum()):
        expected = some["expected_mils"].sum()
        means = [f"{some['probability'].mean():.0%}", _pounds(expected), _pounds(expected / len(some))]
        rows.append([str(name), f"{len(some):,}", *means, settings.advice.get(str(name), "")])
    model, alone = outlook.model, outlook.recency_alone
    words = (
        "How likely each customer buys in 90 days, and what is then expected; next_purchase.csv ranks "
        f"all. Tried on the 90 days from {outlook.held_back} on, unknown to it: {model.expected:,.0f} "
        f"buyers foretold, {model.came:,} came. A buyer had the higher probability in {model.auc:.1%} of "
        f"pairs, by recency alone in {alone.auc:.1%}; squared error {model.brier:.3f}, by recency alone "
        f"{alone.brier:.3f}."
    )
    heading = ["Segment", "Customers", "Will buy", "Expected", "For each", "What to do"]
    return [Section("Who buys next", words, tables=[Table(heading, rows, words=[5])])]


def _countries(analysis: Analysis) -> Section:
    every = float(analysis.countries["sales_mils"].sum()) or 1.0
    rows = [
        [
            str(name),
            one["continent"],
            _pounds(one["sales_mils"]),
            f"{one['sales_mils'] / every:.2%}",
            f"{one['invoices']:,}",
            f"{one['customers']:,}",
        ]
        for name, one in analysis.countries.iterrows()
    ]
    pies = charts.countries_and_continents(analysis)
    shown = [
        Chart(name, charts.pie(shares))
        for shares, name in zip(pies, ("countries", "continents"), strict=True)
    ]
    heading = ["Country", "Continent", "Sales", "Of sales", "Invoices", "Customers"]
    return Section("Countries and continents", "Net sales.", shown, [Table(heading, rows, words=[1])])


def _pounds(mils: float) -> str:
    return _exact(float(mils) / MILS)


def _exact(pounds: float) -> str:
    return f"-£{-pounds:,.2f}" if pounds < 0 else f"£{pounds:,.2f}"
