"""Writing many rows of a table at once, each only where nobody has changed it meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, String, Table, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from include.database.bulk_sql import BulkSql, Row
from include.database.bulk_sql_json import MysqlSql, PostgresSql, SqliteSql
from include.database.bulk_sql_mssql import MssqlSql

# A trigger says no: RAISE in PostgreSQL, SIGNAL in MySQL, RAISERROR and its rollback in SQL Server, where too
# long a text and too large a number are no errors of their own class either.
_REFUSING_STATES = {"P0001", "45000"}
_REFUSING_NUMBERS = {2628, 3609, 8115, 8152}
_FIRST_OWN_NUMBER = 50_000


@dataclass(frozen=True, slots=True)
class Found:
    """What a row holds after the update: all the new values (`done`), or for each column that has changed
    meanwhile what it has now.
    """

    done: bool
    changed: tuple[tuple[str, Any], ...] = ()


DONE = Found(done=True)


def write_guarded(
    connection: Connection,
    table: Table,
    fields: Sequence[str],
    rows: Sequence[Row],
    stamps: Mapping[str, datetime],
    *,
    write: bool = True,
) -> list[Found | None]:
    """Set `fields` of each row (key parts, old values, new values) that holds its old values, in one UPDATE
    that locks in the order of `rows`, and say for each row what it holds then; None for a row that is gone.

    `stamps` are columns that take one value in every row written. With `write` False it only looks. Values
    fit their columns; the transaction is the caller's.
    """
    sql = _spelling(connection, table, fields)
    parameters = sql.parameters(rows)
    for statement, values in sql.before(rows):
        connection.exec_driver_sql(statement, values or None)
    done = 0
    if write:
        moments = {name: sql.encoded(value) for name, value in stamps.items()}
        written = connection.execute(text(sql.update(list(stamps))), {**parameters, **moments})
        done = written.scalar_one() if sql.update_tells else 0
    if done == len(rows) or connection.execute(text(sql.count()), parameters).scalar_one() == len(rows):
        found: list[Found | None] = [DONE] * len(rows)
    else:
        found = _look(connection, sql, len(rows), parameters)
    for statement in sql.after():
        connection.exec_driver_sql(statement)
    return found


def _look(
    connection: Connection, sql: BulkSql, count: int, parameters: Mapping[str, Any]
) -> list[Found | None]:
    kinds: dict[str, Any] = {"place": Integer(), "done": Integer()}
    for at, column in enumerate(sql.columns):
        kinds |= {f"held{at}": column.type, f"kept{at}": Integer()}
    found: list[Found | None] = [None] * count
    for row in connection.execute(text(sql.look()).columns(**kinds), parameters).mappings():
        changed = [(c.name, row[f"held{at}"]) for at, c in enumerate(sql.columns) if not row[f"kept{at}"]]
        found[row["place"] - 1] = DONE if row["done"] else Found(done=False, changed=tuple(changed))
    return found


def _spelling(connection: Connection, table: Table, fields: Sequence[str]) -> BulkSql:
    dialect = connection.dialect
    match dialect.name:
        case "postgresql":
            return PostgresSql(dialect, table, fields)
        case "sqlite":
            return SqliteSql(dialect, table, fields)
        case "mysql" | "mariadb":
            return MysqlSql(dialect, table, fields, _collations(connection, table))
        case _:
            return MssqlSql(dialect, table, fields)


def _collations(connection: Connection, table: Table) -> dict[str, tuple[str, str]]:
    if not any(isinstance(key.type, String) for key in table.primary_key.columns):
        return {}
    found = connection.execute(
        text(
            "SELECT column_name, character_set_name, collation_name FROM information_schema.columns "
            "WHERE table_schema = DATABASE() AND table_name = :name AND column_key = 'PRI'"
        ),
        {"name": table.name},
    )
    return {name: (charset, collation) for name, charset, collation in found if collation}


def refuses_the_data(error: DBAPIError) -> bool:
    """Whether the database refuses what a row would become: a constraint, a trigger, a value out of range."""
    if isinstance(error, IntegrityError | DataError):
        return True
    cause: Any = error.orig
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    first = cause.args[0] if cause is not None and cause.args else None
    number = first[0] if isinstance(first, tuple) and first else first
    own = isinstance(number, int) and (number in _REFUSING_NUMBERS or number >= _FIRST_OWN_NUMBER)
    return state in _REFUSING_STATES or own
