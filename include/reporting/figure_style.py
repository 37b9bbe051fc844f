"""How interactive charts look: the dressing of all figures that stand on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.reporting.charts import COLOURS, FAINT, INK, PAPER

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

HEIGHT = 380
"""Pixels that a chart takes on a page."""


def dress(figure: Figure, *, height: int = HEIGHT, money: str = "", from_zero: bool = False) -> Figure:
    """Give a figure the page's font, colours and margins; returns it.

    `money` stands before the values of the y axis, such as $. What a figure says otherwise afterwards, by
    `update_layout`, counts.
    """
    figure.update_layout(
        template="none",
        colorway=COLOURS,
        height=height,
        margin={"l": 60, "r": 30, "t": 40, "b": 40},
        font={"family": "Arial, sans-serif", "size": 13, "color": INK},
        legend={"orientation": "h", "y": -0.18},
        paper_bgcolor=PAPER,
        plot_bgcolor=PAPER,
    )
    # Long names get the room that they need.
    axis = {"gridcolor": FAINT, "zerolinecolor": FAINT, "automargin": True, "ticklabelstandoff": 6}
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis, tickprefix=money)
    if from_zero:
        figure.update_yaxes(rangemode="tozero")
    return figure
