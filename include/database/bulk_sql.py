"""Guarded bulk updates as each database spells them.

The rows come as a relation `v` with the columns `place` (1, 2, ...), `key0`, ..., `old0`, ..., `new0`, ...
and the table is `t`. Numbers are compared as numbers, text exactly but for blanks at its end, and NULL equals
NULL, whatever the collation of a column says: a guard that ignores case would write over what somebody has
just corrected. Keys are compared as the database does, so that its index finds them.
"""

# Statements are put together from names of columns that the code describes; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import Column, Dialect, Table
from sqlalchemy.types import TypeEngine

Row = Sequence[Any]
"""Key parts, then old values, then new values."""


_ENCODER = partial(json.JSONEncoder, ensure_ascii=False, check_circular=False, separators=(",", ":"))


class BulkSql(ABC):
    """The statements for one table and one set of columns."""

    join, hint = "JOIN", ""

    def __init__(self, dialect: Dialect, table: Table, fields: Sequence[str]) -> None:
        self.dialect = dialect
        self.quote = dialect.identifier_preparer.quote
        self.table = self.quote(table.name)
        self.keys: list[Column[Any]] = list(table.primary_key.columns)
        self.columns = [table.c[name] for name in fields]
        self.cells: list[tuple[str, TypeEngine[Any]]] = [
            *((f"key{at}", key.type) for at, key in enumerate(self.keys)),
            *((f"old{at}", column.type) for at, column in enumerate(self.columns)),
            *((f"new{at}", column.type) for at, column in enumerate(self.columns)),
        ]

    def parameters(self, _rows: Sequence[Row]) -> dict[str, str]:
        """What the statements below have to be given."""
        return {}

    update_tells = False
    """Whether the UPDATE itself answers how many rows it has written that hold their new values then."""

    def before(self, _rows: Sequence[Row]) -> list[tuple[str, tuple[str | int | None, ...]]]:
        """Statements in the driver's own style, with their parameters, to run before those below."""
        return []

    def after(self) -> list[str]:
        """Statements to run when all is done."""
        return []

    def document(self, values: Sequence[Any]) -> str:
        """JSON with decimals as texts, so that nothing makes binary fractions of them."""
        return _ENCODER(default=self.encoded).encode(values)

    def encoded(self, value: Decimal | datetime | date) -> str:
        """A value as text that the database reads without loss."""
        if isinstance(value, Decimal):
            return f"{value:f}"
        return self.moment(value) if isinstance(value, datetime) else self.day(value)

    def moment(self, value: datetime) -> str:
        """A day and time as text."""
        return value.isoformat(" ", "microseconds")

    def day(self, value: date) -> str:
        """A day as text."""
        return value.isoformat()

    @abstractmethod
    def source(self) -> str:
        """The relation `v`."""

    @abstractmethod
    def same(self, column: Column[Any], other: str) -> str:
        """Whether a column of `t` has the value of a column of `v`."""

    def same_key(self, key: Column[Any], other: str) -> str:
        """Whether a key column of `t` has the value of a column of `v`, in a way that uses the index."""
        return f"t.{self.quote(key.name)} = {other}"

    def same_row(self) -> str:
        """Whether `t` is the row that `v` is about."""
        return " AND ".join(self.same_key(key, f"v.key{at}") for at, key in enumerate(self.keys))

    def matched(self, lock: str = "") -> str:
        """`v` joined with the rows of `t` that it is about."""
        return f"{self.source()} {self.join} {self.table} AS t{lock} ON {self.same_row()}"

    def holds(self, which: str) -> str:
        """Whether every column holds its `old` or `new` value."""
        return " AND ".join(self.same(column, f"v.{which}{at}") for at, column in enumerate(self.columns))

    def fits(self, _column: Column[Any], _new: str) -> str | None:
        """Whether a column can hold a new value, where the database would store something else in silence."""
        return None

    def unchanged(self) -> str:
        """The guard: the old values are there, and the new ones can be."""
        fits = [self.fits(column, f"v.new{at}") for at, column in enumerate(self.columns)]
        return " AND ".join([self.holds("old"), *filter(None, fits)])

    def assignments(self, stamps: Sequence[str], *, prefix: str = "", source: str = "v") -> str:
        """What follows SET: the new values, and the columns that take one bound value in all rows."""
        pairs = [(column.name, f"{source}.new{at}") for at, column in enumerate(self.columns)]
        pairs += [(name, f":{name}") for name in stamps]
        return ", ".join(f"{prefix}{self.quote(name)} = {value}" for name, value in pairs)

    @abstractmethod
    def update(self, stamps: Sequence[str]) -> str:
        """Write the rows that hold their old values, in their order."""

    def count(self) -> str:
        """How many of the rows hold their new values."""
        return f"SELECT COUNT(*) FROM {self.matched()} WHERE {self.holds('new')}{self.hint}"

    def look(self) -> str:
        """Row by row: is it `done`, what does each column hold (`held0`, ...), and is that its old value
        (`kept0`, ...)?
        """
        shown = [f"v.place AS place, CASE WHEN {self.holds('new')} THEN 1 ELSE 0 END AS done"]
        for at, column in enumerate(self.columns):
            kept = self.same(column, f"v.old{at}")
            shown.append(f"t.{self.quote(column.name)} AS held{at}")
            shown.append(f"CASE WHEN {kept} THEN 1 ELSE 0 END AS kept{at}")
        return f"SELECT {', '.join(shown)} FROM {self.matched()}{self.hint}"
