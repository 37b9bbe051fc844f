"""Writing many rows fast, on each kind of database in the way that suits it."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import chain, islice
from typing import Any, cast

from sqlalchemy import Connection, DateTime, Table, insert
from sqlalchemy.sql.sqltypes import Date

from include.sandbox.seed.item_rows import Columns

_NULL = r"\N"
_COPY_ROWS = 50_000
_JSON_ROWS = 2_000
_ROWS_PER_STATEMENT = 200
_MOST_PARAMETERS = 4_000
_MOST_PARAMETERS_OF_ODBC = 2_000


def _sqlite_text(value: date | None) -> str | None:
    """A date or a moment as SQLAlchemy itself stores it in SQLite, where both are texts that are compared."""
    if value is None:
        return None
    return value.isoformat(" ", "microseconds") if isinstance(value, datetime) else value.isoformat()


def _for_sqlite(table: Table, name: str, values: Sequence[Any]) -> Sequence[Any]:
    kind = table.c[name].type
    if not isinstance(kind, Date | DateTime):
        return values
    texts = {value: _sqlite_text(value) for value in set(values)}
    return [texts[value] for value in values]


def _batches(rows: Iterable[tuple[Any, ...]], size: int) -> Iterator[list[tuple[Any, ...]]]:
    rows = iter(rows)
    while batch := list(islice(rows, size)):
        yield batch


class Loader:
    """Appends rows to tables over one connection and counts them. `write` does not commit."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._dialect = connection.dialect
        self.rows: Counter[str] = Counter()

    def write(self, table: Table, columns: Columns) -> None:
        """Append the rows that are given by column; columns not given become NULL."""
        sizes = {len(values) for values in columns.values()}
        if len(sizes) != 1:
            raise ValueError(f"{table.name}: columns of different lengths {sorted(sizes)}")
        self.rows[table.name] += sizes.pop()
        if self._dialect.name == "sqlite":
            self._executemany(table, columns)
        elif self._dialect.driver == "psycopg2":
            self._copy(table, columns)
        elif self._dialect.name in {"mysql", "mariadb"}:
            self._insert_from_json(table, columns)
        elif self._dialect.paramstyle in {"format", "pyformat", "qmark"}:
            self._insert_in_groups(table, columns)
        else:
            names = list(columns)
            for batch in _batches(zip(*columns.values(), strict=True), _COPY_ROWS):
                self._connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in batch])

    def _names(self, table: Table, columns: Columns) -> tuple[str, str]:
        quote = self._dialect.identifier_preparer.quote
        return quote(table.name), ", ".join(quote(name) for name in columns)

    def _executemany(self, table: Table, columns: Columns) -> None:
        name, names = self._names(table, columns)
        ready = [_for_sqlite(table, column, values) for column, values in columns.items()]
        marks = ", ".join("?" * len(ready))
        # Names come from our own table descriptions, values are bound.
        statement = f"INSERT INTO {name} ({names}) VALUES ({marks})"  # noqa: S608
        cursor = self._connection.connection.cursor()
        cursor.executemany(statement, cast(Any, zip(*ready, strict=True)))
        cursor.close()

    def _copy(self, table: Table, columns: Columns) -> None:
        name, names = self._names(table, columns)
        ready = [[_NULL if value is None else value for value in values] for values in columns.values()]
        driver: Any = self._connection.connection.driver_connection
        for batch in _batches(zip(*ready, strict=True), _COPY_ROWS):
            buffer = io.StringIO()
            csv.writer(buffer, lineterminator="\n").writerows(batch)
            buffer.seek(0)
            with driver.cursor() as cursor:
                cursor.copy_expert(
                    f"COPY {name} ({names}) FROM STDIN WITH (FORMAT csv, NULL '{_NULL}')", buffer
                )

    def _insert_from_json(self, table: Table, columns: Columns) -> None:
        """One bound value carries thousands of rows, which takes half the time of one per cell."""
        name, names = self._names(table, columns)
        kinds = [table.c[column].type.compile(self._dialect) for column in columns]
        cells = ", ".join(f"c{place} {kind} PATH '$[{place}]'" for place, kind in enumerate(kinds))
        source = f"JSON_TABLE(%s, '$[*]' COLUMNS({cells})) AS cells"
        statement = f"INSERT INTO {name} ({names}) SELECT * FROM {source}"  # noqa: S608
        for batch in _batches(zip(*columns.values(), strict=True), _JSON_ROWS):
            self._connection.exec_driver_sql(statement, (json.dumps(batch, default=str),))

    def _insert_in_groups(self, table: Table, columns: Columns) -> None:
        name, names = self._names(table, columns)
        odbc = self._dialect.paramstyle == "qmark"
        most = _MOST_PARAMETERS_OF_ODBC if odbc else _MOST_PARAMETERS
        size = max(1, min(_ROWS_PER_STATEMENT, most // len(columns)))
        marks = f"({', '.join(['?' if odbc else '%s'] * len(columns))})"
        for batch in _batches(zip(*columns.values(), strict=True), size):
            statement = f"INSERT INTO {name} ({names}) VALUES {', '.join([marks] * len(batch))}"  # noqa: S608
            self._connection.exec_driver_sql(statement, tuple(chain.from_iterable(batch)))
