"""Guarded bulk updates on SQL Server, 2012 and later."""

# Statements are put together from names of columns that the code describes; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from itertools import chain
from typing import Any

from sqlalchemy import Column, String
from sqlalchemy.types import TypeEngine

from include.database.bulk_sql import BulkSql, Row
from include.database.dialects import BINARY_COLLATIONS

ROWS = "[#retail_ops_rows]"
CELLS_PER_INSERT = 500
MOST_ROWS_PER_INSERT = 1000
_CONTINUED = re.compile(r"\\(\r?\n)")


class MssqlSql(BulkSql):
    """The rows go through a temporary table: the driver puts parameters into the statement by itself, and
    needs time that grows with the square of their number.

    Tables of the store may have triggers, so nothing here uses OUTPUT.
    """

    hint = " OPTION (FORCE ORDER, LOOP JOIN, MAXDOP 1)"

    def before(self, rows: Sequence[Row]) -> list[tuple[str, tuple[str | int | None, ...]]]:
        """Make the temporary table, which a failed transaction takes away again, and fill it."""
        columns = ", ".join(f"{name} {self._type(kind)} NULL" for name, kind in self.cells)
        width = 1 + len(self.cells)
        size = min(MOST_ROWS_PER_INSERT, max(1, CELLS_PER_INSERT // width))
        one = f"({', '.join(['%s'] * width)})"
        cells = [(place, *map(self._parameter, row)) for place, row in enumerate(rows, 1)]
        parts = [cells[start : start + size] for start in range(0, len(cells), size)]
        return [
            (f"CREATE TABLE {ROWS} (place INT NOT NULL PRIMARY KEY, {columns})", ()),
            *(
                (
                    f"INSERT INTO {ROWS} VALUES {', '.join([one] * len(part))}",
                    tuple(chain.from_iterable(part)),
                )
                for part in parts
            ),
        ]

    def _type(self, kind: TypeEngine[Any]) -> str:
        text = isinstance(kind, String)
        return "NVARCHAR(MAX) COLLATE DATABASE_DEFAULT" if text else kind.compile(self.dialect)

    def _parameter(self, value: Any) -> str | int | None:
        """In a literal of T-SQL a backslash before a new line continues the line: both would be gone."""
        if value is None or isinstance(value, int):
            return value
        return _CONTINUED.sub(r"\\\\\1\1", value) if isinstance(value, str) else self.encoded(value)

    def after(self) -> list[str]:
        """Take the temporary table away: the connection goes back to its pool."""
        return [f"DROP TABLE {ROWS}"]

    def moment(self, value: datetime) -> str:
        """A day and time as text, in the one form that no language setting reads otherwise."""
        return value.isoformat("T", "milliseconds")

    def day(self, value: date) -> str:
        """A day as text, in the one form that no language setting reads otherwise."""
        return value.isoformat().replace("-", "")

    def source(self) -> str:
        """The relation `v`."""
        return f"{ROWS} AS v"

    def same(self, column: Column[Any], other: str) -> str:
        """Whether a column of `t` has the value of a column of `v`."""
        mine = f"t.{self.quote(column.name)}"
        equal = f"{mine} = {other}"
        if isinstance(column.type, String):
            equal = f"CAST({mine} AS NVARCHAR(MAX)) = {other} COLLATE {BINARY_COLLATIONS['mssql']}"
        return f"({equal} OR ({mine} IS NULL AND {other} IS NULL))"

    def same_key(self, key: Column[Any], other: str) -> str:
        """Whether a key column of `t` has the value of a column of `v`, in a way that uses the index.

        An index on VARCHAR serves VARCHAR only; what the code page lacks or is too long must not find another
        row by what the cast makes of it.
        """
        if not isinstance(key.type, String):
            return super().same_key(key, other)
        texts = (_as_varchar(key, other), other)
        return " AND ".join(
            super(MssqlSql, self).same_key(key, f"{t} COLLATE DATABASE_DEFAULT") for t in texts
        )

    def fits(self, column: Column[Any], new: str) -> str | None:
        """Whether a column can hold a new value: what its code page lacks would become a question mark."""
        if not isinstance(column.type, String):
            return None
        binary = BINARY_COLLATIONS["mssql"]
        return f"({new} IS NULL OR {_as_varchar(column, new)} = {new} COLLATE {binary})"

    def update(self, stamps: Sequence[str]) -> str:
        """Write the rows that hold their old values, in their order."""
        changed = self.assignments(stamps, prefix="t.")
        rows = self.matched(" WITH (ROWLOCK, UPDLOCK)")
        return f"UPDATE t SET {changed} FROM {rows} WHERE {self.unchanged()}{self.hint}"


def _as_varchar(column: Column[Any], other: str) -> str:
    return f"CAST({other} AS VARCHAR({getattr(column.type, 'length', None) or 'MAX'}))"
