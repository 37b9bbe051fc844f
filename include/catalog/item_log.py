"""The CSV logs of changed items that the store's staff know: one file a day for each topic."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from include.changes import Result, Value
from include.counterpoint.items import Item, Read, as_items, folded, items
from include.counterpoint.tables import IM_ITEM
from include.csv_logs import CsvLog
from include.database.values import in_parts
from include.files import StoragePath
from include.spreadsheets import as_text

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def shown(value: Value) -> str:
    """A value in words: numbers without superfluous zeros, nothing for NULL."""
    if isinstance(value, Decimal):
        return f"{value.normalize() + 0:f}"
    return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class LogRow:
    """What became of one item at `when` (store time): `old` and `new` are what it had and what it got."""

    when: datetime
    item: str
    name: str | None
    available: Decimal | None
    old: Value
    new: Value

    def cells(self) -> list[str]:
        """The cells of its line, safe in a spreadsheet."""
        moment = f"{self.when:%Y-%m-%d %H:%M:%S}"
        name = " ".join((self.name or "").split())
        cells = [moment, self.item.strip(), name, *map(shown, (self.available, self.old, self.new))]
        return [cell if _NUMBER.fullmatch(cell) else as_text(cell) for cell in cells]


@dataclass(frozen=True, slots=True)
class ItemLog:
    """The log of one topic: `topic` names its folder and files, `column` its two columns of old and new."""

    topic: str
    column: str

    @property
    def heading(self) -> list[str]:
        """The first line of each file."""
        return ["date", "item_no", "product_name", "qty_avail", f"{self.column}_1", f"{self.column}_2"]

    def file_name(self, day: date) -> str:
        """The file of a store day."""
        return f"{self.topic}_{day:%m_%d_%y}.csv"

    def append(self, path: StoragePath, rows: Iterable[LogRow]) -> int:
        """Add the rows that the file does not have yet, and return their number.

        A row is the same when moment, item, old and new are: a retried task adds nothing twice.
        """
        return CsvLog(path, self.heading, _identity).add(row.cells() for row in rows)


ITEM_LOGS = {
    log.topic: log
    for log in (
        ItemLog("inactive_products", "status"),
        ItemLog("brands", "brand"),
        ItemLog("stock_buffers", "buffer"),
        ItemLog("sort_order", "sort_order"),
        ItemLog("featured", "featured"),
        ItemLog("always_online", "always_online_status"),
    )
}
"""The logs by topic."""


def _identity(cells: Sequence[str]) -> tuple[str, ...]:
    # Not of name and stock, which may have changed by the time of a retry.
    return (*cells[:2], *cells[4:6])


def log_rows(
    read: Read, results: Iterable[Result], when: datetime, locations: Collection[str]
) -> list[LogRow]:
    """A row for each applied change, with the item's present name and stock.

    `when` is the run's moment in store time, the same for every try of a task.
    """
    changes = [result.change for result in results if result.status == "applied"]
    found = _items(read, sorted({str(change.key) for change in changes}), locations)
    rows = []
    for change in changes:
        item = found.get(folded(str(change.key)))
        name, available = (item.description, item.available) if item else (None, None)
        rows.append(LogRow(when, str(change.key), name, available, change.old, change.new))
    return rows


def _items(read: Read, numbers: Sequence[str], locations: Collection[str]) -> dict[str, Item]:
    found: dict[str, Item] = {}
    for part in in_parts(numbers):
        chosen = IM_ITEM.c.ITEM_NO.in_(part)
        found |= {item.key: item for item in as_items(read(items(locations, chosen)))}
    return found
