"""A page of figures: interactive charts and tables in a file that needs no network.

What draws the charts lies one level above the page's folder, see `include.reporting.plotly_script`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from include.reporting.plotly_script import script_name
from include.settings import store_settings

if TYPE_CHECKING:
    from jinja2 import Template
    from plotly.graph_objects import Figure

_TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "web"
_TEMPLATE = "figures.html"
# Plotly's button "Share chart..." would send the chart's data to its maker's servers.
_CONFIG = {"displaylogo": False, "responsive": True, "showSendToCloud": False, "plotlyServerURL": ""}


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


def figures_page(
    title: str, line: str, sections: Sequence[Section], foot: str = "", *, store: str = ""
) -> bytes:
    """The page as HTML; the same bytes for the same figures. `store` is whose figures they are, when they are
    not those of the store of `store.yaml`.
    """
    from plotly.io import to_html

    shown = [
        (
            section,
            [
                to_html(
                    chart.figure,
                    config=_CONFIG,
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
        store=store or store_settings().name,
        title=title,
        line=line,
        sections=shown,
        foot=foot,
        script=script_name(),
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
