"""The comparison as files that people open: a CSV and a workbook, the same bytes for the same data."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Sequence
from decimal import Decimal

from include.competitors.comparison import Comparison
from include.spreadsheets import as_text

CSV_TYPE = "text/csv"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

COMPARED = (
    "Site", "Their product", "Their size", "Their price", "Theirs, each", "Our item", "Our name", "Our size",
    "Our price", "Difference", "We are dearer by", "Basis", "Moved", "Note",
)  # fmt: skip
MOVED = ("Site", "Since", "What", "Product", "Size", "Before", "Now", "Change")
_PERCENT = frozenset({"We are dearer by", "Change"})
_MONEY = frozenset({"Theirs, each", "Our price", "Difference"})
_WIDEST = 48
# A workbook is a ZIP file, which has a time for each part; that of 1980 is ZIP's zero.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_SAVED_AT = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:)")

Cell = str | Decimal | None


def compared_rows(comparison: Comparison) -> list[list[Cell]]:
    """The compared items under `COMPARED`."""
    return [
        [
            row.site, row.their_name, row.their_size, row.their_price, row.theirs, row.item, row.our_name,
            row.our_size, row.ours, row.difference, row.share, row.basis, row.moved, row.note,
        ]
        for row in comparison.rows
    ]  # fmt: skip


def moved_rows(comparison: Comparison) -> list[list[Cell]]:
    """What moved, under `MOVED`."""
    return [
        [
            site.name, site.since.isoformat() if site.since else "", move.kind, move.name, move.size,
            move.before, move.now, move.share,
        ]
        for site in comparison.sites
        for move in site.moves
    ]  # fmt: skip


def as_csv(comparison: Comparison) -> bytes:
    """The compared items."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COMPARED)
    writer.writerows([_shown(cell) for cell in row] for row in compared_rows(comparison))
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8")


def as_workbook(comparison: Comparison) -> bytes:
    """A workbook with what is compared on its first sheet and what moved on its second."""
    from openpyxl import Workbook

    book = Workbook()
    sheets = (("Compared", COMPARED, compared_rows), ("Moved", MOVED, moved_rows))
    for number, (title, heading, rows) in enumerate(sheets):
        sheet = book.create_sheet(title, number)
        _fill(sheet, heading, rows(comparison))
    book.remove(book["Sheet"])
    out = io.BytesIO()
    book.save(out)
    return _without_times(out.getvalue())


def _fill(sheet: object, heading: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.worksheet import Worksheet

    assert isinstance(sheet, Worksheet)  # noqa: S101
    sheet.append(list(heading))
    for row in rows:
        sheet.append([as_text(cell) if isinstance(cell, str) else cell for cell in row])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for place, title in enumerate(heading, 1):
        letter = get_column_letter(place)
        texts = [title, *(_shown(row[place - 1]) for row in rows)]
        sheet.column_dimensions[letter].width = min(_WIDEST, max(map(len, texts)) + 2)
        if title in _PERCENT | _MONEY:
            for (cell,) in sheet.iter_rows(min_row=2, min_col=place, max_col=place):
                cell.number_format = "0.0%" if title in _PERCENT else "#,##0.00"
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    return f"{cell.normalize():f}" if isinstance(cell, Decimal) else as_text(cell)


def _without_times(content: bytes) -> bytes:
    """The workbook without the moment at which it was made."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as made, zipfile.ZipFile(out, "w") as kept:
        for name in made.namelist():
            part = made.read(name)
            if name == "docProps/core.xml":
                part = _SAVED_AT.sub(rb"\g<1>1980-01-01T00:00:00Z\g<3>", part)
            kept.writestr(zipfile.ZipInfo(name, _NO_TIME), part, zipfile.ZIP_DEFLATED)
    return out.getvalue()
