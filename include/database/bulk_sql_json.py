"""Guarded bulk updates on PostgreSQL, SQLite, MySQL and MariaDB: the rows are one bound JSON document."""

# Statements are put together from names of columns that the code describes; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Dialect, Integer, Numeric, String, Table
from sqlalchemy.types import TypeEngine

from include.database.bulk_sql import BulkSql, Row


class JsonSql(BulkSql):
    """An array of arrays, bound as `document`. Decimals go as texts: no parser makes binary fractions of those."""

    def parameters(self, rows: Sequence[Row]) -> dict[str, str]:
        """What the statements have to be given."""
        document = json.dumps(rows, ensure_ascii=False, separators=(",", ":"), default=self.encoded)
        return {"document": document}


class PostgresSql(JsonSql):
    """Rows are locked in their order before they are written; no plan of a join changes that."""

    def source(self) -> str:
        """The relation `v`, from an array of arrays, which is read twice as fast as one of objects."""
        cells = [f"{self._cell(at, kind)} AS {name}" for at, (name, kind) in enumerate(self.cells)]
        rows = "json_array_elements(CAST(:document AS JSON)) WITH ORDINALITY AS r(cells, place)"
        return f"(SELECT r.place, {', '.join(cells)} FROM {rows}) AS v"

    def _cell(self, at: int, kind: TypeEngine[Any]) -> str:
        cell = f"r.cells ->> {at}"
        return cell if isinstance(kind, String) else f"CAST({cell} AS {kind.compile(self.dialect)})"

    def same(self, column: Column[Any], other: str) -> str:
        """Whether a column of `t` has the value of a column of `v`."""
        mine = f"t.{self.quote(column.name)}"
        if isinstance(column.type, String):
            return f'RTRIM({mine}) COLLATE "C" IS NOT DISTINCT FROM RTRIM({other})'
        return f"{mine} IS NOT DISTINCT FROM {other}"

    def update(self, stamps: Sequence[str]) -> str:
        """Write the rows that hold their old values, in their order."""
        pairs = [f"t.{self.quote(key.name)} = locked.key{at}" for at, key in enumerate(self.keys)]
        needed = ", ".join(f"v.{name}" for name, _ in self.cells if not name.startswith("old"))
        return (
            f"UPDATE {self.table} AS t SET {self.assignments(stamps, source='locked')} "
            f"FROM (SELECT {needed} FROM {self.matched()} WHERE {self.holds('old')} "
            f"ORDER BY v.place FOR NO KEY UPDATE OF t) AS locked WHERE {' AND '.join(pairs)}"
        )


class SqliteSql(JsonSql):
    """Decimals are binary fractions there, compared within half of their last digit; moments are text."""

    join = "CROSS JOIN"

    def source(self) -> str:
        """The relation `v`."""
        cells = [f"{_sqlite_cell(at, kind)} AS {name}" for at, (name, kind) in enumerate(self.cells)]
        return f"(SELECT key + 1 AS place, {', '.join(cells)} FROM json_each(:document)) AS v"

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
            f"WHERE {self.same_row()} AND {self.holds('old')}"
        )


def _sqlite_cell(at: int, kind: TypeEngine[Any]) -> str:
    cell = f"json_extract(value, '$[{at}]')"
    if isinstance(kind, Integer | Numeric):
        return f"CAST({cell} AS {'INTEGER' if isinstance(kind, Integer) else 'NUMERIC'})"
    return cell


class MysqlSql(JsonSql):
    """MySQL and MariaDB. `collations` are those of the text columns of the key in the database: without them
    two texts of different collations do not compare, or not by the index.
    """

    join = "STRAIGHT_JOIN"

    def __init__(
        self, dialect: Dialect, table: Table, fields: Sequence[str], collations: Mapping[str, str]
    ) -> None:
        super().__init__(dialect, table, fields)
        self.collations = collations

    def source(self) -> str:
        """The relation `v`."""
        cells = [
            f"{name} {self._type(kind)} PATH '$[{at}]' ERROR ON ERROR"
            for at, (name, kind) in enumerate(self.cells)
        ]
        columns = ", ".join(["place FOR ORDINALITY", *cells])
        return f"JSON_TABLE(:document, '$[*]' COLUMNS ({columns})) AS v"

    def _type(self, kind: TypeEngine[Any]) -> str:
        text = isinstance(kind, String)
        return "LONGTEXT CHARACTER SET utf8mb4" if text else kind.compile(self.dialect)

    def same(self, column: Column[Any], other: str) -> str:
        """Whether a column of `t` has the value of a column of `v`."""
        binary = " COLLATE utf8mb4_bin" if isinstance(column.type, String) else ""
        return f"t.{self.quote(column.name)} <=> {other}{binary}"

    def same_key(self, key: Column[Any], other: str) -> str:
        """Whether a key column of `t` has the value of a column of `v`, in a way that uses the index."""
        collation = self.collations.get(key.name)
        if not collation:
            return super().same_key(key, other)
        charset = collation.partition("_")[0]
        return super().same_key(key, f"CONVERT({other} USING {charset}) COLLATE {collation}")

    def update(self, stamps: Sequence[str]) -> str:
        """Write the rows that hold their old values, in their order."""
        changed = self.assignments(stamps, prefix="t.")
        return f"UPDATE {self.matched()} SET {changed} WHERE {self.holds('old')}"
