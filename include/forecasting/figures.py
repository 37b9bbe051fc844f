"""The page's interactive charts, made from what the tables say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any

from include.forecasting.methods import TITLES
from include.forecasting.page_data import Shown, accuracy
from include.reporting.charts import COLOURS
from include.reporting.figure_style import dress

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_TRACES = 4
_BAND = "rgba(230,159,0,0.22)"


def forecast_figure(shown: Sequence[Shown]) -> Figure:
    """The last days and the forecast with its range; a list chooses the series where there are several."""
    from plotly.graph_objects import Figure

    figure = Figure()
    for place, one in enumerate(shown):
        for trace in _traces(one, visible=place == 0):
            figure.add_trace(trace)
    dress(figure, money="$", from_zero=True)
    figure.update_layout(hovermode="x unified")
    if len(shown) > 1:
        buttons = [
            {
                "label": _label(one),
                "method": "restyle",
                "args": [{"visible": [n // _TRACES == place for n in range(len(shown) * _TRACES)]}],
            }
            for place, one in enumerate(shown)
        ]
        figure.update_layout(updatemenus=[{"buttons": buttons, "x": 0, "xanchor": "left", "y": 1.22}])
    return figure


def trial_figure(one: Shown) -> Figure:
    """The error of each method on past weeks, the best on top."""
    from plotly.graph_objects import Bar, Figure

    ordered = sorted(one.choice.errors.items(), key=lambda found: -found[1])
    colours = [COLOURS[1] if name == one.choice.method else COLOURS[0] for name, _ in ordered]
    names = [TITLES.get(name, name) for name, _ in ordered]
    errors = [error for _, error in ordered]
    figure = Figure(
        Bar(x=errors, y=names, orientation="h", marker_color=colours, texttemplate="%{x:.1%}", name="error")
    )
    dress(figure, height=60 + 36 * max(2, len(ordered)))
    figure.update_xaxes(tickformat=".0%", rangemode="tozero")
    return figure


def accuracy_figure(shown: Sequence[Shown]) -> Figure:
    """The error of the forecasts of each past morning, beside that of the weekday mean."""
    from plotly.graph_objects import Figure, Scatter

    mornings = sorted({score.as_of for one in shown for score in one.scores})
    found = [accuracy([s for one in shown for s in one.scores if s.as_of == day]) for day in mornings]
    figure = Figure()
    series = (
        ("forecast", [one.error for one in found], COLOURS[1]),
        ("weekday mean", [one.baseline for one in found], COLOURS[0]),
    )
    for name, values, colour in series:
        figure.add_trace(
            Scatter(x=_days(mornings), y=values, name=name, line={"color": colour}, mode="lines+markers")
        )
    dress(figure, from_zero=True)
    figure.update_layout(hovermode="x unified")
    figure.update_xaxes(type="category")
    figure.update_yaxes(tickformat=".0%")
    return figure


def _traces(one: Shown, *, visible: bool) -> list[Any]:
    from plotly.graph_objects import Scatter

    past, days = _days([day for day, _ in one.past]), _days([day.store_day for day in one.days])
    amounts = {name: [float(getattr(day, name)) for day in one.days] for name in ("low", "high", "amount")}
    none = {"mode": "lines", "line": {"width": 0}, "showlegend": False, "visible": visible}
    shade = {"fill": "tonexty", "fillcolor": _BAND}
    return [
        Scatter(
            x=past,
            y=[float(amount) for _, amount in one.past],
            name="sold",
            mode="lines",
            line={"color": COLOURS[0], "width": 2},
            visible=visible,
        ),
        Scatter(x=days, y=amounts["low"], name="at least", **none),
        Scatter(x=days, y=amounts["high"], name="at most", **none, **shade),
        Scatter(
            x=days,
            y=amounts["amount"],
            name="forecast",
            mode="lines+markers",
            line={"color": COLOURS[1], "width": 2},
            visible=visible,
        ),
    ]


def _days(days: Sequence[date]) -> list[str]:
    return [day.isoformat() for day in days]


def _label(one: Shown) -> str:
    # Plotly reads its labels as HTML.
    return escape(one.choice.name)
