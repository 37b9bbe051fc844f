"""The charts of the growth budget: interactive figures (Plotly) and pictures of the same numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from include.growth.page_data import Month, Shown
from include.reporting.charts import COLOURS, INK, lines
from include.reporting.figure_style import dress
from include.reporting.letter import Image
from include.reporting.rendering import money

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

NEW, REGAINED, CHURNED = "new", "regained", "churned"
_COLOURS = {NEW: COLOURS[2], REGAINED: COLOURS[4], CHURNED: COLOURS[5]}
_UNSURE = 0.45
_SHORT = {"counterpoint": "Counterpoint", "uploads": "Uploads"}


def sales_figure(shown: Shown) -> Figure:
    """Sales of each month in dollars."""
    values = [float(one.amount) for one in shown.months]
    return dress(_bars(shown.months, {"sales": values}), money="$", from_zero=True)


def customers_figure(shown: Shown) -> Figure:
    """Known customers of each month."""
    values = [float(one.customers) for one in shown.months]
    return dress(_bars(shown.months, {"customers": values}), from_zero=True)


def growth_figure(shown: Shown) -> Figure:
    """New and regained customers of each month upwards, churned ones downwards."""
    months = shown.counted
    series = {
        NEW: [float(one.growth.new) for one in months],
        REGAINED: [float(one.growth.regained) for one in months],
        CHURNED: [-float(one.growth.churned) for one in months],
    }
    figure = _bars(months, series)
    figure.update_layout(barmode="relative")
    return dress(figure)


def net_figure(shown: Shown) -> Figure:
    """By how many customers the active pool grew in each month."""
    values = [float(one.growth.net) for one in shown.counted]
    return dress(_bars(shown.counted, {"net growth": values}))


def pool_figure(shown: Shown) -> Figure:
    """The active pool at the end of each month."""
    from plotly.graph_objects import Figure, Scatter

    labels, pool = _labels(shown.counted), [one.growth.pool for one in shown.counted]
    figure = Figure(Scatter(x=labels, y=pool, name="active pool", mode="lines+markers", line={"color": INK}))
    figure.update_xaxes(type="category")
    return dress(figure, from_zero=True)


def pictures(shown: Shown) -> list[Image]:
    """The charts as PNGs, named by source; a star marks a month that is not over."""
    every, counted = shown.months, shown.counted
    amounts = [float(one.amount) for one in every]
    growth = {
        NEW: [float(one.growth.new) for one in counted],
        REGAINED: [float(one.growth.regained) for one in counted],
        CHURNED: [float(one.growth.churned) for one in counted],
    }
    customers = [float(one.customers) for one in every]
    net = [float(one.growth.net) for one in counted]
    pool = [float(one.growth.pool) for one in counted]
    made = [_picture(shown, "sales", "sales by month, $", every, {"sales": amounts})]
    made.append(_picture(shown, "customers", "customers by month", every, {"customers": customers}))
    if counted:
        made.append(_picture(shown, "growth", "new, regained and churned", counted, growth))
        made.append(_picture(shown, "net", "net growth of customers", counted, {"net growth": net}))
        made.append(_picture(shown, "pool", "active pool of customers", counted, {"active pool": pool}))
    return made


def _picture(
    shown: Shown, name: str, title: str, months: Sequence[Month], series: Mapping[str, Sequence[float]]
) -> Image:
    star = " (* not over)" if any(one.growth.is_provisional for one in months) else ""
    heading = f"{_SHORT[shown.source]}: {title}"
    wording = money if name == "sales" else "{:,.0f}".format
    last = ", ".join(f"{kind} {wording(values[-1])}" for kind, values in series.items())
    alt = f"{heading}; {months[-1].label}: {last}"
    return lines(f"{shown.source}-{name}", f"{heading}{star}", alt, _labels(months), series)


def _bars(months: Sequence[Month], series: Mapping[str, Sequence[float]]) -> Figure:
    from plotly.graph_objects import Bar, Figure

    opacity = [_UNSURE if one.growth.is_provisional else 1.0 for one in months]
    figure = Figure(
        [
            Bar(
                x=_labels(months),
                y=list(values),
                name=kind,
                marker={"color": _COLOURS.get(kind, COLOURS[0]), "opacity": opacity},
            )
            for kind, values in series.items()
        ]
    )
    figure.update_xaxes(type="category")
    return figure


def _labels(months: Sequence[Month]) -> list[str]:
    return [one.label for one in months]
