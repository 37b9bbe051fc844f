"""Guarded bulk updates on PostgreSQL, SQLite, MySQL and MariaDB: the rows are bound as JSON."""

# Statements are put together from names of columns that the code describes; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Dialect, Integer, Numeric, String, Table
from sqlalchemy.types import TypeEngine

from include.database.bulk_sql import BulkSql, Row

MOST_BYTES_OF_TEXT = 65_535


class PostgresSql(BulkSql):
    """Rows are looked up one by one in their order, and so locked in it."""

    update_tells = True

    def parameters(self, rows: Sequence[Row]) -> dict[str, str]:
        """One array for each column: those are read faster than an array of rows."""
        names = [name for name, _ in self.cells]
        return {
            name: self.document(cells) for name, cells in zip(names, zip(*rows, strict=True), strict=True)
        }

    def source(self) -> str:
        """The relation `v`."""
        names = ", ".join(name for name, _ in self.cells)
        arrays = ", ".join(f"json_array_elements_text(CAST(:{name} AS JSON))" for name, _ in self.cells)
        typed = ", ".join(f"{self._typed(name, kind)} AS {name}" for name, kind in self.cells)
        rows = f"ROWS FROM ({arrays}) WITH ORDINALITY AS r({names}, place)"
        return f"(SELECT r.place, {typed} FROM {rows}) AS v"

    def _typed(self, name: str, kind: TypeEngine[Any]) -> str:
        return f"r.{name}" if isinstance(kind, String) else f"CAST(r.{name} AS {kind.compile(self.dialect)})"

    def same(self, column: Column[Any], other: str) -> str:
        """Whether a column of `t` has the value of a column of `v`."""
        mine = f"t.{self.quote(column.name)}"
        if isinstance(column.type, String):
            return f'RTRIM({mine}) COLLATE "C" IS NOT DISTINCT FROM RTRIM({other})'
        return f"{mine} IS NOT DISTINCT FROM {other}"

    def before(self, _rows: Sequence[Row]) -> list[tuple[str, tuple[str | int | None, ...]]]:
        """Until the transaction ends, keep to the order of `v`: other joins would lock in their own."""
        return [("SET LOCAL enable_hashjoin TO off", ()), ("SET LOCAL enable_mergejoin TO off", ())]

    def update(self, stamps: Sequence[str]) -> str:
        """Write the rows that hold their old values, in their order."""
        return (
            f"WITH written AS (UPDATE {self.table} AS t SET {self.assignments(stamps)} "
            f"FROM {self.source()} WHERE {self.same_row()} AND {self.unchanged()} "
            f"RETURNING {self.holds('new')} AS done) SELECT COUNT(*) FROM written WHERE done"
        )


class SqliteSql(BulkSql):
    """Decimals are binary fractions there, compared within half of their last digit; moments are text."""

    join = "CROSS JOIN"

    def parameters(self, rows: Sequence[Row]) -> dict[str, str]:
        """An array of arrays."""
        return {"rows": self.document(rows)}

    def source(self) -> str:
        """The relation `v`."""
        cells = [f"{_sqlite_cell(at, kind)} AS {name}" for at, (name, kind) in enumerate(self.cells)]
        return f"(SELECT key + 1 AS place, {', '.join(cells)} FROM json_each(:rows)) AS v"

    def same(self, column: Column[Any], other: str) -> str:
        """Whether a column of `t` has the value of a column of `v`."""
        mine = f"t.{self.quote(column.name)}"
        if isinstance(column.type, Numeric):
            return f"({mine} IS {other} OR ABS({mine} - {other}) < 0.5e-{column.type.scale})"
        if isinstance(column.type, String):
            return f"RTRIM({mine}) IS RTRIM({other})"
        return f"{mine} IS {other}"

    def update(self, stamps: Sequence[str]) -> str:
        """Write the rows that hold their old values."""
        changed = self.assignments(stamps)
        return (
            f"UPDATE {self.table} AS t SET {changed} FROM {self.source()} "
            f"WHERE {self.same_row()} AND {self.unchanged()}"
        )


def _sqlite_cell(at: int, kind: TypeEngine[Any]) -> str:
    cell = f"json_extract(value, '$[{at}]')"
    if isinstance(kind, Integer | Numeric):
        return f"CAST({cell} AS {'INTEGER' if isinstance(kind, Integer) else 'NUMERIC'})"
    return cell


class MysqlSql(BulkSql):
    """MySQL and MariaDB. `collations` is the character set and collation of each text column of the key
    in the database: without them two texts do not compare, or not by the index.
    """

    join = "STRAIGHT_JOIN"

    def __init__(
        self, dialect: Dialect, table: Table, fields: Sequence[str], collations: Mapping[str, tuple[str, str]]
    ) -> None:
        super().__init__(dialect, table, fields)
        self.collations = collations

    def parameters(self, rows: Sequence[Row]) -> dict[str, str]:
        """An array of arrays."""
        return {"rows": self.document(rows)}

    def source(self) -> str:
        """The relation `v`."""
        cells = [
            f"{name} {self._type(kind)} PATH '$[{at}]' ERROR ON ERROR"
            for at, (name, kind) in enumerate(self.cells)
        ]
        columns = ", ".join(["place FOR ORDINALITY", *cells])
        return f"JSON_TABLE(:rows, '$[*]' COLUMNS ({columns})) AS v"

    def _type(self, kind: TypeEngine[Any]) -> str:
        text = isinstance(kind, String)
        return "LONGTEXT CHARACTER SET utf8mb4" if text else kind.compile(self.dialect)

    def same(self, column: Column[Any], other: str) -> str:
        """Whether a column of `t` has the value of a column of `v`."""
        binary = " COLLATE utf8mb4_bin" if isinstance(column.type, String) else ""
        return f"t.{self.quote(column.name)} <=> {other}{binary}"

    def fits(self, column: Column[Any], new: str) -> str | None:
        """Whether a column can hold a new value: MariaDB cuts what is too long for TEXT at a random place."""
        unlimited = isinstance(column.type, String) and column.type.length is None
        return f"COALESCE(LENGTH({new}), 0) <= {MOST_BYTES_OF_TEXT}" if unlimited else None

    def same_key(self, key: Column[Any], other: str) -> str:
        """Whether a key column of `t` has the value of a column of `v`, in a way that uses the index."""
        if key.name not in self.collations:
            return super().same_key(key, other)
        charset, collation = self.collations[key.name]
        return super().same_key(key, f"CONVERT({other} USING {charset}) COLLATE {collation}")

    def update(self, stamps: Sequence[str]) -> str:
        """Write the rows that hold their old values, in their order."""
        changed = self.assignments(stamps, prefix="t.")
        return f"UPDATE {self.matched()} SET {changed} WHERE {self.unchanged()}"
