"""The charts: interactive figures (Plotly) and pictures of the same numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from html import escape
from typing import TYPE_CHECKING

from include.gift_shop.analysis import ALL, USUAL, Analysis
from include.gift_shop.segments import SEGMENTS
from include.gift_shop.tables import MILS
from include.reporting.charts import COLOURS, bars, grouped_bars, lines
from include.reporting.figure_style import dress
from include.reporting.letter import Image

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

_SMALL_SHARE = 0.01


def month_labels(months: pd.DataFrame) -> list[str]:
    """Months such as 2011-12, with a star where the month is not over."""
    return [f"{month:%Y-%m}{'*' if partial else ''}" for month, partial in months["is_partial"].items()]


def invoice_amounts(analysis: Analysis) -> Figure:
    """A histogram and a box of the usual invoices' amounts, with the figures that describe them."""
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.75, 0.25], vertical_spacing=0.03)
    pounds = analysis.invoice_amounts / MILS
    counts, edges = _bins(pounds)
    figure.add_bar(x=edges, y=counts, marker_color=COLOURS[0], name="invoices", row=1, col=1)
    if (found := analysis.amounts.get(USUAL)) is not None:
        quartiles = [float(pounds.quantile(share)) for share in (0.25, 0.75)]
        figure.add_box(
            q1=quartiles[:1], median=[found.median], q3=quartiles[1:], mean=[found.mean],
            lowerfence=[found.minimum], upperfence=[found.maximum], orientation="h", name="",
            marker_color=COLOURS[2], row=2, col=1,
        )  # fmt: skip
        names = ("minimum", "mean", "median", "mode", "maximum")
        for place, name in enumerate(names):
            value = getattr(found, name)
            figure.add_vline(
                x=value, line_dash="dot", line_color=COLOURS[place], annotation_text=f"{name} {value:,.2f}",
                annotation_y=1 - 0.09 * place, row=1, col=1,
            )  # fmt: skip
    dress(figure).update_layout(showlegend=False, bargap=0)
    figure.update_xaxes(title="pounds", row=2, col=1)
    figure.update_yaxes(showticklabels=False, row=2, col=1)
    return figure


def _bins(pounds: pd.Series) -> tuple[list[int], list[float]]:
    import numpy as np

    counts, edges = np.histogram(pounds, bins=60)
    return counts.tolist(), ((edges[:-1] + edges[1:]) / 2).tolist()


def orders(months: pd.DataFrame) -> Figure:
    """Invoices placed and cancelled in each month."""
    return _bars(months, {"placed": months["placed"], "cancelled": months["cancelled"]}, "group")


def sales(months: pd.DataFrame) -> Figure:
    """Sales of each month in pounds, and their growth."""
    from plotly.subplots import make_subplots

    labels = month_labels(months)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.65, 0.35], vertical_spacing=0.06)
    figure.add_scatter(x=labels, y=(months["sales_mils"] / MILS).tolist(), name="sales, £", row=1, col=1)
    growth = [None if value != value else value for value in months["growth"]]
    figure.add_bar(x=labels, y=growth, name="growth", marker_color=COLOURS[1], row=2, col=1)
    dress(figure).update_xaxes(type="category")
    figure.update_yaxes(tickformat=".0%", row=2, col=1)
    return figure


def customers(months: pd.DataFrame) -> Figure:
    """Active customers of each month: existing and new ones."""
    series = {"existing": months["existing_customers"], "new": months["new_customers"]}
    return _bars(months, series, "stack")


def _bars(months: pd.DataFrame, series: Mapping[str, pd.Series], mode: str) -> Figure:
    from plotly.graph_objects import Figure

    figure = Figure()
    for place, (name, values) in enumerate(series.items()):
        figure.add_bar(x=month_labels(months), y=values.tolist(), name=name, marker_color=COLOURS[place])
    dress(figure).update_layout(barmode=mode)
    figure.update_xaxes(type="category")
    return figure


def segment_sizes(segments: pd.DataFrame) -> Figure:
    """Customers of each segment, the most valuable segment first."""
    from plotly.graph_objects import Figure

    sizes = segments["segment"].value_counts().reindex(SEGMENTS, fill_value=0)
    figure = Figure()
    figure.add_bar(y=list(SEGMENTS), x=sizes.tolist(), orientation="h", marker_color=COLOURS[0])
    dress(figure).update_yaxes(autorange="reversed")
    return figure


def segment_history(history: Mapping[date, pd.Series]) -> Figure:
    """Customers of each segment on each day that was analysed."""
    from plotly.graph_objects import Figure

    days = [day.isoformat() for day in history]
    counts = [one.value_counts() for one in history.values()]
    figure = Figure()
    for place, segment in enumerate(SEGMENTS):
        sizes = [int(count.get(segment, 0)) for count in counts]
        # There are more segments than colours.
        line = {"color": COLOURS[place % len(COLOURS)], "dash": "solid" if place < len(COLOURS) else "dot"}
        figure.add_scatter(x=days, y=sizes, name=segment, mode="lines+markers", line=line)
    return dress(figure)


def moves(table: pd.DataFrame) -> Figure:
    """From which segment customers went to which, without those who stayed."""
    from plotly.graph_objects import Figure

    rows, columns = table.index.tolist(), table.columns.tolist()
    values = [
        [None if row == column else int(table.loc[row, column]) or None for column in columns] for row in rows
    ]
    figure = Figure()
    figure.add_heatmap(
        z=values,
        x=columns,
        y=rows,
        colorscale="Blues",
        texttemplate="%{z}",
        hoverongaps=False,
        showscale=False,
    )
    dress(figure).update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(showgrid=False)
    return figure


def pie(shares: Mapping[str, float]) -> Figure:
    """Shares of sales in pounds; what is not above 0 has no slice."""
    from plotly.graph_objects import Figure

    figure = Figure()
    # Plotly reads its labels as HTML.
    labels = [escape(name) for name in shares]
    figure.add_pie(
        labels=labels, values=list(shares.values()), sort=False, textinfo="label+percent", hole=0.35,
        automargin=True,
    )  # fmt: skip
    return dress(figure).update_layout(showlegend=False)


def slices(money: pd.Series) -> dict[str, float]:
    """Names and pounds for a pie, the largest first; small ones are put together."""
    positive = money[money > 0].sort_values(ascending=False, kind="stable")
    small = positive < _SMALL_SHARE * positive.sum()
    found = {str(name): float(value) / MILS for name, value in positive[~small].items()}
    if small.any():
        found[f"{int(small.sum())} others"] = float(positive[small].sum()) / MILS
    return found


def pictures(analysis: Analysis) -> list[Image]:
    """The main charts as PNGs."""
    months, labels = analysis.months, month_labels(analysis.months)
    sizes = analysis.segments["segment"].value_counts().reindex(SEGMENTS, fill_value=0)
    pounds = (months["sales_mils"] / MILS).tolist()
    placed = {"placed": months["placed"].tolist(), "cancelled": months["cancelled"].tolist()}
    active = {
        "existing": months["existing_customers"].tolist(),
        "new": months["new_customers"].tolist(),
    }
    country, continent = countries_and_continents(analysis)
    counts, middles = _bins(analysis.invoice_amounts / MILS)
    of_all = analysis.amounts.get(ALL)
    mean = f"mean of all invoices £{of_all.mean:,.2f}" if of_all else "no invoices"
    amounts = [f"{value:,.0f}" for value in middles]
    return [
        lines("sales", "Sales per month, £ (* not over)", "Sales per month", labels, {"sales": pounds}),
        lines("orders", "Invoices placed and cancelled (* not over)", "Invoices per month", labels, placed),
        lines("customers", "Active customers (* not over)", "Customers per month", labels, active),
        lines("invoice_amounts", f"Invoices by amount, £; {mean}", mean, amounts, {"invoices": counts}),
        bars("segments", "Customers by segment", "Segments", SEGMENTS, [float(size) for size in sizes]),
        grouped_bars(
            "countries", "Sales by country, £", "Countries", list(country), {"": list(country.values())}
        ),
        bars("continents", "Sales by continent, £", "Continents", list(continent), list(continent.values())),
    ]


def countries_and_continents(analysis: Analysis) -> tuple[dict[str, float], dict[str, float]]:
    """Pounds by country and by continent, for pies."""
    found = analysis.countries
    return slices(found["sales_mils"]), slices(found.groupby("continent")["sales_mils"].sum())
