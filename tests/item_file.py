"""Items for tests: single ones for a rule, and a whole seeded store to run rules on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Select, create_engine, select, update

from include.changes import Change
from include.counterpoint.items import Item
from include.counterpoint.tables import metadata
from include.sandbox.seed import seed


def an_item(number: str = "1", **over: Any) -> Item:
    """An ordinary active item; `over` says what is special about it. Numbers become decimals."""
    values: dict[str, Any] = {
        "description": "Blue Bell Pot",
        "status": "A",
        "category": "POTTERY",
        "vendor": "HILLTOP",
        "brand": "STORE",
        "binding": None,
        "is_parent": False,
        "price": Decimal("19.99"),
        "buffer": Decimal("5.0000"),
        "available": Decimal(7),
        "on_web": True,
        "is_visible": True,
        "always_online": "N",
        "featured": "N",
        "sort_order": None,
        "tracked": True,
    }
    for name in ("price", "buffer", "available"):
        if over.get(name) is not None:
            over[name] = Decimal(str(over[name]))
    return Item(number=number, **(values | over))


class SeededStore:
    """The simulated store in a file of its own, with all its dirt."""

    def __init__(self, folder: Path, scale: float = 0.05) -> None:
        url = f"sqlite:///{folder / 'counterpoint.db'}"
        seed(url, until=date(2026, 5, 7), scale=scale)
        self.engine = create_engine(url)

    def read(self, query: Select[Any]) -> list[Any]:
        """All rows of a query."""
        with self.engine.connect() as connection:
            return list(connection.execute(query))

    @contextmanager
    def stream(self, query: Select[Any]) -> Iterator[Iterator[Any]]:
        """The rows of a query, one by one."""
        with self.engine.connect() as connection:
            yield iter(connection.execute(query))

    def make(self, changes: Iterable[Change]) -> None:
        """Carry changes out, each by itself; each must find one row that has its old value."""
        with self.engine.begin() as connection:
            for change in changes:
                table = metadata.tables[change.target]
                (key,) = table.primary_key.columns
                row = (key == change.key) & table.c[change.field].is_not_distinct_from(change.old)
                wanted = update(table).where(row).values({change.field: change.new})
                assert connection.execute(wanted).rowcount == 1, change

    def column(self, table: str, name: str) -> dict[str, Any]:
        """The values of a column by key."""
        found = metadata.tables[table]
        (key,) = found.primary_key.columns
        return {row[0]: row[1] for row in self.read(select(key, found.c[name]))}
