"""A page of figures: interactive charts and tables in one file that needs no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from include.settings import store_settings

if TYPE_CHECKING:
    from jinja2 import Template
    from plotly.graph_objects import Figure

_TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "web"
_TEMPLATE = "figures.html"


@dataclass(frozen=True, slots=True)
class Chart:
    """An interactive chart; `name` is unique on its page.

    Plotly reads labels as HTML: what people typed has to be escaped before it becomes one.
    """

    name: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class Table:
    """Texts below their headings; `words` are the columns, besides the first, that hold no numbers."""

    heading: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, a line of text, charts and tables."""

    title: str
    line: str = ""
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()


def figures_page(title: str, line: str, sections: Sequence[Section], foot: str = "") -> bytes:
    """The page as HTML; the same bytes for the same figures."""
    from plotly.io import to_html
    from plotly.offline import get_plotlyjs

    config = {"displaylogo": False, "responsive": True}
    shown = [
        (
            section,
            [
                to_html(
                    chart.figure,
                    config=config,
                    include_plotlyjs=False,
                    full_html=False,
                    div_id=f"chart-{chart.name}",
                )
                for chart in section.charts
            ],
        )
        for section in sections
    ]
    page = _template().render(
        store=store_settings().name,
        title=title,
        line=line,
        sections=shown,
        foot=foot,
        plotly_js=get_plotlyjs(),
    )
    return page.encode()


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(_TEMPLATE)
