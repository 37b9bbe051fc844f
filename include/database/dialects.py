"""SQL that the databases spell differently."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, String, Table, insert, select
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


def insert_missing(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], *unique: str
) -> None:
    """Insert the rows whose values in the columns `unique` are not there yet; leave the others as they are.

    Safe against another process inserting the same rows at the same time.
    """
    if not rows:
        return
    match connection.dialect.name:
        case "sqlite":
            connection.execute(sqlite.insert(table).on_conflict_do_nothing(), list(rows))
        case "postgresql":
            connection.execute(postgresql.insert(table).on_conflict_do_nothing(), list(rows))
        case "mysql" | "mariadb":
            same = mysql.insert(table)
            kept = {name: same.inserted[name] for name in unique}
            connection.execute(same.on_duplicate_key_update(kept), list(rows))
        case _:
            _insert_one_by_one(connection, table, rows, unique)


def _insert_one_by_one(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], unique: Sequence[str]
) -> None:
    columns = [table.c[name] for name in unique]
    for row in rows:
        same = [column == row[column.name] for column in columns]
        if connection.execute(select(*columns).where(*same)).first() is None:
            try:
                with connection.begin_nested():
                    connection.execute(insert(table), row)
            except IntegrityError:
                continue


BINARY_COLLATIONS = {
    "sqlite": "BINARY",
    "mssql": "Latin1_General_BIN2",
    "postgresql": "C",
    "mysql": "utf8mb4_bin",
    "mariadb": "utf8mb4_bin",
}


class InBinaryOrder(FunctionElement[str]):
    """A text for ORDER BY that every database sorts by character code, whatever collation its column has."""

    inherit_cache = True
    type = String()


@compiles(InBinaryOrder)
def _collated(element: InBinaryOrder, compiler: SQLCompiler, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)
    collation = BINARY_COLLATIONS[compiler.dialect.name]
    quoted = f'"{collation}"' if compiler.dialect.name == "postgresql" else collation
    return f"{text} COLLATE {quoted}"
