"""SQL that the databases spell differently."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, insert, select
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import IntegrityError


def insert_missing(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], unique: str) -> None:
    """Insert the rows whose value in the column `unique` is not there yet; leave the others as they are.

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
            connection.execute(same.on_duplicate_key_update({unique: same.inserted[unique]}), list(rows))
        case _:
            _insert_one_by_one(connection, table, rows, unique)


def _insert_one_by_one(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], unique: str
) -> None:
    column = table.c[unique]
    for row in rows:
        if connection.execute(select(column).where(column == row[unique])).first() is None:
            try:
                with connection.begin_nested():
                    connection.execute(insert(table), row)
            except IntegrityError:
                continue
