"""A price list's HTML table as rows, however it is laid out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.competitors.prices import PICTURE
from include.errors import InvalidRequest

if TYPE_CHECKING:
    from bs4 import Tag

HIDDEN = "data-hidden"
"""The attribute with which the browser marks what it does not show."""

_MOST_SPAN = 200
_STRUCK = ("del", "s", "strike")


@dataclass(frozen=True, slots=True)
class ListedRow:
    """One row of a price list, as it is written there; `section` is the heading above it."""

    name: str
    price: str
    size: str = ""
    available: str = ""
    section: str = ""


def read_table(html: str, columns: Mapping[str, str | int]) -> list[ListedRow]:
    """The rows of the first table in `html`; `columns` says by heading or number where the fields are.

    Hidden rows, repeated headings and rows that span the table are no goods. A struck-out price reads "was
    ...", a picture by its alternative text. Raises `InvalidRequest` naming the column that is missing and the
    headings that there are.
    """
    from bs4 import BeautifulSoup

    table = BeautifulSoup(html, "lxml").find("table")
    if table is None:
        raise InvalidRequest("there is no table in the page's part that the selector names")
    grid = _grid(table)
    position, heading = _positions(grid, columns)
    rows: list[ListedRow] = []
    section = ""
    headings = grid[heading][0] if heading >= 0 else None
    for cells, merged in grid[heading + 1 :]:
        texts = {name: cells[at] if at < len(cells) else "" for name, at in position.items()}
        if merged or len({text for text in cells if text}) == 1 < len(cells):
            section = next((text for text in cells if text), section)
        elif texts["name"] and cells != headings:
            rows.append(ListedRow(**texts, section=section))
    return rows


def _grid(table: Tag) -> list[tuple[list[str], bool]]:
    """Each visible row as the texts of its columns, and whether one cell spans all of them."""
    grid: list[tuple[list[str], bool]] = []
    hanging: dict[int, tuple[str, int]] = {}
    for row in table.find_all("tr"):
        if row.find_parent("table") is not table or _is_hidden(row):
            continue
        cells: list[str] = []
        tags = [cell for cell in row.find_all(["td", "th"], recursive=False) if not _is_hidden(cell)]
        for cell in tags:
            _continue_above(cells, hanging)
            text, wide = _text(cell), _span(cell, "colspan")
            if (tall := _span(cell, "rowspan")) > 1:
                hanging |= {len(cells) + offset: (text, tall - 1) for offset in range(wide)}
            cells += [text] * wide
        _continue_above(cells, hanging)
        if cells:
            grid.append((cells, len(tags) == 1 and len(cells) > 1))
    return grid


def _continue_above(cells: list[str], hanging: dict[int, tuple[str, int]]) -> None:
    """Add what reaches down from rows above, at the position where the row stands."""
    while len(cells) in hanging and hanging[len(cells)][1] > 0:
        text, left = hanging[len(cells)]
        hanging[len(cells)] = (text, left - 1)
        cells.append(text)


def _positions(
    grid: Sequence[tuple[list[str], bool]], columns: Mapping[str, str | int]
) -> tuple[dict[str, int], int]:
    """The fields' columns, and the row of the headings (-1 when all columns go by their numbers)."""
    numbers = {name: column - 1 for name, column in columns.items() if isinstance(column, int)}
    headings = {name: _folded(column) for name, column in columns.items() if isinstance(column, str)}
    if not headings:
        return numbers, -1
    best: list[str] = []
    for index, (cells, _) in enumerate(grid):
        folded = [_folded(cell) for cell in cells]
        if set(headings.values()) <= set(folded):
            return numbers | {name: folded.index(words) for name, words in headings.items()}, index
        if len(set(headings.values()) & set(folded)) > len(set(headings.values()) & set(map(_folded, best))):
            best = cells
    shown = best or (grid[0][0] if grid else [])
    missing = sorted(repr(columns[n]) for n, words in headings.items() if words not in map(_folded, shown))
    raise InvalidRequest(
        f"the table has no column headed {' or '.join(missing)}; its headings are: "
        f"{', '.join(repr(text) for text in dict.fromkeys(shown))}. Mend `columns` in competitors.yaml."
    )


def _text(cell: Tag) -> str:
    from bs4 import BeautifulSoup

    # A cell is taken out of its table before it is changed.
    copy = BeautifulSoup(str(cell), "lxml")
    for tag in copy.find_all(True):
        if tag.decomposed:
            continue
        if tag.name in ("script", "style", "template") or _is_hidden(tag):
            tag.decompose()
        elif tag.name == "img":
            tag.replace_with(str(tag.get("alt") or "").strip() or PICTURE)
        elif tag.name in _STRUCK:
            tag.replace_with(f" was {tag.get_text(' ')} ")
        elif tag.name == "br":
            tag.replace_with(" ")
    return " ".join(copy.get_text("").split())


def _is_hidden(tag: Tag) -> bool:
    style = str(tag.get("style") or "").replace(" ", "").casefold()
    return (
        tag.has_attr("hidden")
        or tag.has_attr(HIDDEN)
        or "display:none" in style
        or "visibility:hidden" in style
    )


def _span(cell: Tag, name: str) -> int:
    text = str(cell.get(name) or "1").strip()
    return min(max(int(text), 1), _MOST_SPAN) if text.isdecimal() and len(text) < 6 else 1


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
