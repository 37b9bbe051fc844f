"""A report's tables as files that people open: a workbook with a sheet for each, and CSV."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from include.spreadsheets import as_text
from include.store_reports.sections import Cell, Column, Kind, Row, Section, Table

CSV_TYPE = "text/csv"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_FORMATS: dict[Kind, str] = {
    "money": '"$"#,##0.00;[Red]-"$"#,##0.00',
    "dollars": '"$"#,##0.00;[Red]-"$"#,##0.00',
    "amount": "#,##0.00;[Red]-#,##0.00",
    "count": "#,##0",
    "quantity": "#,##0.##",
    "percent": "0.0%",
    "change": "+0.0%;[Red]-0.0%",
    "day": "yyyy-mm-dd",
}
_CENT = Decimal("0.01")
_LONGEST_NAME = 31
_WIDEST = 60
# A workbook is a ZIP file, which has a time for each part; that of 1980 is ZIP's zero.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_SAVED_AT = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:)")


def tables_of(sections: Iterable[Section]) -> list[Table]:
    """The tables with rows, in order."""
    return [table for section in sections for table in section.tables if table.rows]


def as_csv(table: Table) -> bytes:
    """A table as CSV, with plain numbers and days; a row of one cell is one in its first column."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([as_text(column.title) for column in table.columns])
    for row in _rows(table):
        writer.writerow([_plain(cell) for cell in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "replace")


def as_workbook(tables: Sequence[Table]) -> bytes:
    """A sheet for each table; the same bytes for the same data."""
    from openpyxl import Workbook

    book = Workbook()
    taken: set[str] = set()
    for table in tables:
        _fill(book.create_sheet(_sheet_name(table.name, taken)), table)
    if tables:
        book.remove(book["Sheet"])
    out = io.BytesIO()
    book.save(out)
    return _without_times(out.getvalue())


def _rows(table: Table) -> list[Row]:
    return [*table.rows, *([table.total] if table.total else [])]


def _plain(cell: Cell) -> str:
    if isinstance(cell, str):
        return as_text(" ".join(cell.split()))
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return format(cell.quantize(_CENT) if cell == cell.quantize(_CENT) else cell, "f")
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _fill(sheet: Any, table: Table) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet.append([column.title for column in table.columns])
    for row in _rows(table):
        sheet.append([_storable(cell) for cell in row])
        for place, cell in enumerate(row):
            _dress(sheet.cell(sheet.max_row, place + 1), cell, table.columns[place])
    bold = [1, *(at + 2 for at, row in enumerate(table.rows) if len(row) == 1)]
    for number in [*bold, *([sheet.max_row] if table.total else [])]:
        for cell in sheet[number]:
            cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
    for place, column in enumerate(table.columns):
        texts = [column.title, *(_plain(row[place]) for row in _rows(table) if len(row) > max(1, place))]
        sheet.column_dimensions[get_column_letter(place + 1)].width = min(_WIDEST, max(map(len, texts)) + 4)


def _storable(cell: Cell) -> Cell:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    return ILLEGAL_CHARACTERS_RE.sub(" ", cell) if isinstance(cell, str) else cell


def _dress(shown: Any, cell: Cell, column: Column) -> None:
    if isinstance(cell, str):
        # Also what begins like a formula stays a text.
        shown.data_type = "s"
    elif column.kind in _FORMATS:
        shown.number_format = _FORMATS[column.kind]


def _sheet_name(name: str, taken: set[str]) -> str:
    plain = re.sub(r"[\[\]:*?/\\]", " ", name).strip("' ") or "Table"
    found, number = plain[:_LONGEST_NAME], 1
    while found.casefold() in taken:
        number += 1
        ending = f" {number}"
        found = f"{plain[: _LONGEST_NAME - len(ending)]}{ending}"
    taken.add(found.casefold())
    return found


def _without_times(workbook: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = _SAVED_AT.sub(rb"\g<1>1980-01-01T00:00:00Z\g<3>", old.read(name))
            new.writestr(zipfile.ZipInfo(name, _NO_TIME), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
