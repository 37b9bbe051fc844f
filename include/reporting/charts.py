"""Charts as pictures for mails and pages: on a light card, which looks right in dark mode, too.

The colours (Okabe and Ito's) are told apart by colour-blind people, and differ in lightness.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from include.reporting.letter import Image

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
INK, FAINT, PAPER = "#26332b", "#dfe5e1", "#ffffff"
WIDTH = 632
"""Pixels that a chart takes in a mail; its picture has twice as many."""

_DPI = 100
_TITLE = 12.5
_LABEL = 44
Values = Sequence[float | None]
Wording = Callable[[float], str]
Spans = Mapping[str, Sequence[tuple[float, float] | None]]


def bars(name: str, title: str, alt: str, labels: Sequence[str], values: Values, **options: Any) -> Image:
    """Horizontal bars, one for each label; the options are those of `grouped_bars`."""
    return grouped_bars(name, title, alt, labels, {"": values}, **options)


def grouped_bars(
    name: str,
    title: str,
    alt: str,
    labels: Sequence[str],
    series: Mapping[str, Values],
    *,
    spans: Spans | None = None,
    stacked: bool = False,
    wording: Wording = "{:,.0f}".format,
) -> Image:
    """Horizontal bars for each label, one for each series, side by side or `stacked`.

    None draws no bar. `spans` draws a line from a lowest to a highest value across a bar. `wording` writes
    the values.
    """
    kinds = list(series)
    thick = 0.62 if stacked or len(kinds) == 1 else 0.8 / len(kinds)
    rows = 1 if stacked else len(kinds)
    height = 80 + len(labels) * (14 + 18 * rows) + (26 if len(kinds) > 1 else 0)

    def draw(axes: Axes) -> None:
        before = [0.0] * len(labels)
        for position, kind in enumerate(kinds):
            values = [value or 0.0 for value in series[kind]]
            shift = 0.0 if stacked else (position - (len(kinds) - 1) / 2) * thick
            places = [place + shift for place in range(len(labels))]
            left = list(before) if stacked else None
            axes.barh(places, values, thick * 0.92, left=left, color=COLOURS[position], label=kind)
            before = [a + b for a, b in zip(before, values, strict=True)]
            if stacked:
                continue
            reach = [span and span[1] for span in (spans or {}).get(kind, [None] * len(labels))]
            for place, value, end in zip(places, series[kind], reach, strict=True):
                if value is not None:
                    at = max(value, end or value, 0.0)
                    axes.annotate(
                        wording(value), (at, place), (4, 0), textcoords="offset points", va="center"
                    )
            for place, span in zip(places, (spans or {}).get(kind, ()), strict=False):
                if span:
                    axes.plot(span, [place, place], color=INK, linewidth=1.1, solid_capstyle="butt")
        if stacked:
            for place, total in enumerate(before):
                axes.annotate(wording(total), (total, place), (4, 0), textcoords="offset points", va="center")
        axes.set_yticks(range(len(labels)), [_cut(label) for label in labels])
        axes.invert_yaxis()
        axes.margins(x=0.14)
        axes.xaxis.set_visible(False)
        axes.spines["left"].set_color(FAINT)

    return _picture(name, title, alt, height, draw, kinds)


def lines(
    name: str,
    title: str,
    alt: str,
    labels: Sequence[str],
    series: Mapping[str, Values],
    *,
    wording: Wording = "{:,.0f}".format,
) -> Image:
    """A line for each series over the labels, such as days; None leaves a gap."""

    def draw(axes: Axes) -> None:
        for position, (kind, values) in enumerate(series.items()):
            heights = [math.nan if value is None else value for value in values]
            style = ("-", "--", "-.", ":")[position % 4]
            axes.plot(range(len(labels)), heights, style, color=COLOURS[position], label=kind, linewidth=2)
        step = max(1, math.ceil(len(labels) / 8))
        axes.set_xticks(range(0, len(labels), step), labels[::step])
        axes.yaxis.set_major_formatter(lambda value, _: wording(value))
        axes.grid(axis="y", color=FAINT, linewidth=0.8)
        axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))

    return _picture(name, title, alt, 260, draw, list(series))


def _picture(
    name: str, title: str, alt: str, height: int, draw: Callable[[Axes], None], kinds: Sequence[str]
) -> Image:
    # Not pyplot: it keeps every figure, and its state is the process's.
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    settings: dict[Any, Any] = {
        "font.family": ["DejaVu Sans"],
        "font.size": 9.5,
        "text.color": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        # A dollar sign is money here, no formula.
        "text.parse_math": False,
    }
    with rc_context(settings):
        figure = Figure(
            figsize=(WIDTH / _DPI, height / _DPI),
            dpi=2 * _DPI,
            facecolor=PAPER,
            layout=ConstrainedLayoutEngine(h_pad=0.1, w_pad=0.08),
        )
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.set_facecolor(PAPER)
        axes.spines[["top", "right", "bottom"]].set_visible(False)
        axes.tick_params(length=0)
        draw(axes)
        figure.suptitle(title, x=0.02, ha="left", fontsize=_TITLE, fontweight="bold", color=INK)
        if len(kinds) > 1:
            figure.legend(loc="outside lower left", ncols=len(kinds), frameon=False, handlelength=1.2)
        out = io.BytesIO()
        canvas.print_png(out, metadata={"Software": None})
    return Image(name, out.getvalue(), alt, WIDTH)


def _cut(label: str) -> str:
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in label).split())
    return plain if len(plain) <= _LABEL else f"{plain[: _LABEL - 1]}…"
