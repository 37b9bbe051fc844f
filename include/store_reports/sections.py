"""Sections of a report as data: the same tables become mail, plain text, workbook and CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Kind = Literal["text", "money", "dollars", "amount", "count", "quantity", "percent", "change", "day"]
"""How a cell is written: `money` with a dollar sign and cents, `dollars` without cents in the mail, `amount`
without the sign, `percent` a share of 1, `change` a share of 1 with its sign."""

Cell = str | int | Decimal | date | None
Row = Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `mail` is whether the mail has room for it."""

    title: str
    kind: Kind = "text"
    mail: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under their columns. A row of one cell is a title of those below it.

    `name` becomes that of the workbook's sheet. The mail shows the first `mail_rows` (None: all; 0: it leaves
    the table out). `csv`: it is attached as a CSV of its own, too.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    total: Row | None = None
    note: str = ""
    mail_rows: int | None = None
    csv: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Values over labels, one series for each title: `bars` on top of each other, or `lines`."""

    kind: Literal["bars", "lines"]
    name: str
    title: str
    labels: Sequence[str]
    series: Mapping[str, Sequence[Decimal | None]]


@dataclass(frozen=True, slots=True)
class Tile:
    """A number to see first, with what it counts, and its change as a share of 1."""

    value: Decimal
    words: str
    change: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a report."""

    title: str
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    tiles: tuple[Tile, ...] = ()
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True, slots=True)
class FailedSection:
    """A part that could not be made: what happened, in words for staff, and the class of the error."""

    title: str
    error: str
    words: str


def change(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    """The growth as a share of 1; None where there is nothing to grow from."""
    if now is None or before is None or before <= 0:
        return None
    return ((now - before) / before).quantize(Decimal("0.0001"))


def share(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """A part of the whole, as a share of 1; None of nothing."""
    if part is None or whole is None or whole <= 0:
        return None
    return (part / whole).quantize(Decimal("0.0001"))
