"""A report as a mail: its tables in words and numbers, charts as pictures, files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from include.reporting.charts import COLOURS, grouped_bars, lines
from include.reporting.letter import Attachment, Image, Letter
from include.reporting.rendering import NONE, compose, count, day, money, percent
from include.store_reports.files import CSV_TYPE, XLSX_TYPE, as_csv, as_workbook, tables_of
from include.store_reports.report import StoreReport
from include.store_reports.sections import Cell, Chart, Column, FailedSection, Kind, Row, Section, Table, Tile

_LONGEST_CELL = 44
Values = Sequence[Decimal | None]


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table as the templates show it; `more` is how many rows only the workbook has."""

    title: str
    heading: tuple[str, ...]
    left: int
    rows: Sequence[Sequence[str]]
    total: Sequence[str] | None
    note: str
    more: int


@dataclass(frozen=True, slots=True)
class ShownSection:
    """A section as the templates show it; `error` says what went wrong instead of everything else."""

    title: str
    error: str = ""
    notes: tuple[str, ...] = ()
    tiles: Sequence[tuple[str, str]] = ()
    charts: tuple[str, ...] = ()
    tables: Sequence[ShownTable] = ()


def as_letter(template: str, title: str, period: str, report: StoreReport, left_out: str = "") -> Letter:
    """The letter of a report; `period` says which days it tells of, `left_out` what it does not, and why."""
    shown = [_section(one) for one in report.sections]
    made = [one for one in report.sections if isinstance(one, Section)]
    data: dict[str, Any] = {
        "title": title,
        "period": period,
        "sections": shown,
        "failed": [one.title for one in report.failed],
        "first": next((one.tiles for one in shown if one.tiles), []),
        "left_out": left_out,
    }
    failed = f" (missing: {', '.join(one.title for one in report.failed)})" if report.failed else ""
    images = [_picture(chart) for section in made for chart in section.charts]
    subject = f"{title}, {period}{failed}"
    return compose(template, subject, data, images, _files(template, made, report.day))


def _files(template: str, made: Sequence[Section], written_on: date) -> list[Attachment]:
    tables, stem = tables_of(made), f"{template}_{written_on.isoformat()}"
    if not tables:
        return []
    found = [Attachment(f"{stem}.xlsx", XLSX_TYPE, as_workbook(tables))]
    for table in tables:
        if table.csv:
            name = re.sub(r"[^a-z0-9]+", "_", table.name.lower())
            found.append(Attachment(f"{stem}_{name}.csv", CSV_TYPE, as_csv(table)))
    return found


def _section(section: Section | FailedSection) -> ShownSection:
    if isinstance(section, FailedSection):
        return ShownSection(section.title, error=f"{section.error}: {section.words}")
    return ShownSection(
        section.title,
        notes=section.notes,
        tiles=[_tile(one) for one in section.tiles],
        charts=tuple(_image_name(chart) for chart in section.charts),
        tables=[_table(one) for one in section.tables if one.mail_rows != 0],
    )


def _tile(tile: Tile) -> tuple[str, str]:
    words = tile.words if tile.change is None else f"{tile.words}, {written(tile.change, 'change')}"
    return _dollars(tile.value), words


def _table(table: Table) -> ShownTable:
    places = [place for place, column in enumerate(table.columns) if column.mail]
    columns = [table.columns[place] for place in places]
    rows = table.rows if table.mail_rows is None else table.rows[: table.mail_rows]
    left = next((at for at, column in enumerate(columns) if column.kind != "text"), len(columns))
    return ShownTable(
        table.title,
        tuple(column.title for column in columns),
        left,
        [_row(row, places, columns) for row in rows],
        _row(table.total, places, columns) if table.total and len(rows) == len(table.rows) else None,
        table.note,
        len(table.rows) - len(rows),
    )


def _row(row: Row, places: Sequence[int], columns: Sequence[Column]) -> list[str]:
    if len(row) == 1:
        return [str(row[0])]
    return [written(row[place], column.kind) for place, column in zip(places, columns, strict=True)]


def written(cell: Cell, kind: Kind) -> str:
    """A cell in the words of the mail."""
    if cell is None:
        return NONE
    if isinstance(cell, str):
        plain = " ".join(cell.split())
        return plain if len(plain) <= _LONGEST_CELL else f"{plain[: _LONGEST_CELL - 1]}…"
    if isinstance(cell, date):
        return day(cell)
    match kind:
        case "money":
            return money(cell)
        case "dollars":
            return _dollars(cell)
        case "amount":
            return f"{cell:,.2f}" if cell else NONE
        case "percent":
            return percent(cell)
        case "change":
            return f"{cell * 100:+.1f} %"
        case "quantity":
            return _pieces(Decimal(cell))
        case _:
            return count(cell)


def _pieces(value: Decimal) -> str:
    text = f"{value:,.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _image_name(chart: Chart) -> str:
    return f"chart-{chart.name}"


def _picture(chart: Chart) -> Image:
    labels = list(chart.labels)
    series = {
        title: [None if value is None else float(value) for value in values]
        for title, values in _drawable(chart.series).items()
    }
    alt = f"{chart.title}: " + "; ".join(
        _told(title, labels, values) for title, values in chart.series.items()
    )
    if chart.kind == "lines":
        return lines(_image_name(chart), chart.title, alt, labels, series, wording=_dollars)
    return grouped_bars(
        _image_name(chart), chart.title, alt, labels, series, stacked=len(series) > 1, wording=_dollars
    )


def _drawable(series: Mapping[str, Values]) -> Mapping[str, Values]:
    """As many series as there are colours; the last ones are added up where there are more."""
    if len(series) <= len(COLOURS):
        return series
    titles = list(series)
    first, rest = titles[: len(COLOURS) - 1], [series[title] for title in titles[len(COLOURS) - 1 :]]
    others = [
        sum((value or Decimal(0) for value in values), Decimal(0)) for values in zip(*rest, strict=True)
    ]
    return {**{title: series[title] for title in first}, "The others": others}


def _told(title: str, labels: Sequence[str], values: Sequence[Decimal | None]) -> str:
    """Sum, largest and smallest instead of each value, which nobody wants to have read out."""
    known = [(value, label) for value, label in zip(values, labels, strict=True) if value is not None]
    if not known:
        return f"{title}: nothing"
    most, least = max(known), min(known)
    total = sum((value for value, _ in known), Decimal(0))
    return (
        f"{title}: {_dollars(float(total))} in all, most {_dollars(float(most[0]))} ({most[1]}), "
        f"least {_dollars(float(least[0]))} ({least[1]})"
    )


def _dollars(value: float | Decimal) -> str:
    return f"-${-value:,.0f}" if value < 0 else f"${value:,.0f}"
