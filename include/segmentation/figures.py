"""The page's interactive charts, made from what the tables say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.reporting.charts import COLOURS
from include.reporting.figure_style import dress
from include.segmentation.page_data import GONE, NEW, Shown
from include.settings.customer_segments import SEGMENT_NAMES

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_MOST_POINTS = 1500
_BELOW_TITLE = -0.3
_PALETTE = (*COLOURS, "#7A7A7A")
COLOUR_OF: dict[str, str] = dict(zip(SEGMENT_NAMES, _PALETTE, strict=True))
_ORDER: list[str] = [NEW, *SEGMENT_NAMES, GONE]


def shares_figure(shown: Shown) -> Figure:
    """Each segment's share of customers and of sales."""
    from plotly.graph_objects import Bar, Figure

    names = [one.name for one in shown.segments]
    customers = sum(one.customers for one in shown.segments) or 1
    amount = float(sum(one.amount for one in shown.segments)) or 1.0
    figure = Figure()
    of_customers = [one.customers / customers for one in shown.segments]
    of_sales = [float(one.amount) / amount for one in shown.segments]
    for title, shares in (("of customers", of_customers), ("of sales", of_sales)):
        figure.add_trace(Bar(x=names, y=shares, name=title, texttemplate="%{y:.0%}"))
    dress(figure, from_zero=True)
    return figure.update_yaxes(tickformat=".0%")


def customers_figure(shown: Shown) -> Figure:
    """Customers by recency and sales, coloured by segment; of many, a part evenly spread."""
    from plotly.graph_objects import Figure, Scatter

    step = max(1, -(-len(shown.placed) // _MOST_POINTS))
    figure = Figure()
    for segment in shown.segments:
        some = [one for one in shown.placed[::step] if one.segment == segment.name and one.monetary > 0]
        figure.add_trace(
            Scatter(
                x=[one.recency for one in some],
                y=[float(one.monetary) for one in some],
                customdata=[one.frequency for one in some],
                hovertemplate="%{x} days ago, %{customdata} days with a purchase, $%{y:,.2f}",
                name=segment.name,
                mode="markers",
                marker={"color": COLOUR_OF[segment.name], "size": 6, "opacity": 0.6},
            )
        )
    dress(figure, money="$")
    figure.update_layout(legend={"y": _BELOW_TITLE})
    figure.update_xaxes(title="days since the last purchase")
    return figure.update_yaxes(type="log", dtick=1, title="sales")


def trials_figure(shown: Shown) -> Figure:
    """Silhouette and stability of each number of clusters, and how much of the differences it explains."""
    from plotly.graph_objects import Figure, Scatter

    trials = shown.made.details["trials"]
    counts = [trial["count"] for trial in trials]
    most = max((trial["squares"] for trial in trials), default=0) or 1
    series = {
        "silhouette": [trial["silhouette"] for trial in trials],
        "stability": [trial["stability"] for trial in trials],
        "squared distances, of the most": [trial["squares"] / most for trial in trials],
    }
    figure = Figure()
    for name, found in series.items():
        figure.add_trace(Scatter(x=counts, y=found, name=name, mode="lines+markers"))
    figure.add_vline(x=shown.made.clusters, line={"dash": "dot"})
    dress(figure, from_zero=True)
    figure.update_layout(legend={"y": _BELOW_TITLE})
    return figure.update_xaxes(title="clusters", dtick=1)


def moves_figure(shown: Shown) -> Figure:
    """How many customers went from which segment (rows) to which (columns)."""
    from plotly.graph_objects import Figure, Heatmap

    found = {name for pair in shown.moves for name in pair}
    rows = [name for name in _ORDER if name in found and name != GONE]
    columns = [name for name in _ORDER if name in found and name != NEW]
    counts = [[shown.moves.get((row, column), 0) for column in columns] for row in rows]
    # Those who stayed would hide all others.
    shade = [
        [0 if row == column else shown.moves.get((row, column), 0) for column in columns] for row in rows
    ]
    figure = Figure(
        Heatmap(
            z=shade, x=columns, y=rows, text=counts, texttemplate="%{text:,}", colorscale="Blues",
            showscale=False, hovertemplate="%{y} to %{x}: %{text}<extra></extra>",
        )
    )  # fmt: skip
    dress(figure)
    return figure.update_yaxes(autorange="reversed")
