"""The SQL of the bulk writer where no server is needed to judge it, that of SQL Server above all."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pymssql import _mssql
from sqlalchemy.dialects import mssql, mysql, postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InternalError, OperationalError

from include.counterpoint.tables import EC_ITEM_DESCR, IM_INV, IM_ITEM, PS_TKT_HIST, PS_TKT_HIST_LIN
from include.database.bulk_sql import BulkSql
from include.database.bulk_sql_json import MysqlSql, PostgresSql, SqliteSql
from include.database.bulk_sql_mssql import MssqlSql
from include.database.bulk_update import refuses_the_data


def on_mssql(table: Any = IM_ITEM, *fields: str) -> MssqlSql:
    return MssqlSql(mssql.dialect(), table, fields or ("PRC_1",))


JOINED = (
    "[#retail_ops_rows] AS v JOIN [IM_ITEM] AS t{} ON "
    "t.[ITEM_NO] = CAST(v.key0 AS VARCHAR(20)) COLLATE DATABASE_DEFAULT AND "
    "t.[ITEM_NO] = v.key0 COLLATE DATABASE_DEFAULT"
)
HINT = " OPTION (FORCE ORDER, LOOP JOIN, MAXDOP 1)"


def test_sql_server_writes_numbers_by_the_index_in_order_and_guarded() -> None:
    assert on_mssql().update(["LST_MAINT_DT"]) == (
        "UPDATE t SET t.[PRC_1] = v.new0, t.[LST_MAINT_DT] = :LST_MAINT_DT "
        f"FROM {JOINED.format(' WITH (ROWLOCK, UPDLOCK)')} "
        f"WHERE (t.[PRC_1] = v.old0 OR (t.[PRC_1] IS NULL AND v.old0 IS NULL)){HINT}"
    )


def test_sql_server_compares_text_letter_by_letter_and_refuses_what_its_code_page_lacks() -> None:
    same = "(CAST(t.[DESCR] AS NVARCHAR(MAX)) = v.{0} COLLATE Latin1_General_BIN2 OR "
    same += "(t.[DESCR] IS NULL AND v.{0} IS NULL))"
    fits = "(v.new0 IS NULL OR CAST(v.new0 AS VARCHAR(30)) = v.new0 COLLATE Latin1_General_BIN2)"
    sql = on_mssql(IM_ITEM, "DESCR")
    assert sql.update([]).endswith(f" WHERE {same.format('old0')} AND {fits}{HINT}")
    assert sql.count() == f"SELECT COUNT(*) FROM {JOINED.format('')} WHERE {same.format('new0')}{HINT}"
    assert sql.look() == (
        f"SELECT v.place AS place, CASE WHEN {same.format('new0')} THEN 1 ELSE 0 END AS done, "
        f"t.[DESCR] AS held0, CASE WHEN {same.format('old0')} THEN 1 ELSE 0 END AS kept0 "
        f"FROM {JOINED.format('')}{HINT}"
    )
    assert "CAST(v.new0 AS VARCHAR(MAX))" in on_mssql(EC_ITEM_DESCR, "HTML_DESCR").update([])


def test_sql_server_finds_rows_by_all_parts_of_a_key() -> None:
    assert "t.[LOC_ID] = CAST(v.key1 AS VARCHAR(10))" in on_mssql(IM_INV, "QTY_AVAIL").count()
    joined = " ON t.[DOC_ID] = v.key0 AND t.[LIN_SEQ_NO] = v.key1 WHERE "
    assert joined in on_mssql(PS_TKT_HIST_LIN, "QTY_SOLD").count()


def test_sql_server_gets_its_rows_in_a_temporary_table_that_goes_away() -> None:
    sql = on_mssql(IM_ITEM, "DESCR", "PROMOTE_DT_EXP")
    rows = [(f"{n:04d}", "Rose", None, "Lily", datetime(2026, 3, 8, 2, 30)) for n in range(2_000)]
    (create, none), *inserts = sql.before(rows)
    text = "NVARCHAR(MAX) COLLATE DATABASE_DEFAULT NULL"
    assert create == (
        f"CREATE TABLE [#retail_ops_rows] (place INT NOT NULL PRIMARY KEY, key0 {text}, old0 {text}, "
        f"old1 DATETIME NULL, new0 {text}, new1 DATETIME NULL)"
    )
    assert none == ()
    assert sql.after() == ["DROP TABLE [#retail_ops_rows]"]
    sent: list[Any] = []
    for statement, parameters in inserts:
        assert statement.count("(%s, %s, %s, %s, %s, %s)") == len(parameters) // 6 <= 1000
        assert len(parameters) <= 500
        sent += parameters
    assert sent[:6] == [1, "0000", "Rose", None, "Lily", "2026-03-08T02:30:00.000"]
    assert [*sent[::6]] == [*range(1, 2_001)]


@pytest.mark.parametrize("rows", [0, 1])
def test_sql_server_gets_no_empty_insert(rows: int) -> None:
    assert len(on_mssql().before([("1", Decimal(1), Decimal(2))] * rows)) == 1 + rows


def test_nothing_that_triggers_or_old_servers_forbid() -> None:
    sql = on_mssql(IM_ITEM, "DESCR", "PRC_1")
    statements = [sql.update(["LST_MAINT_DT"]), sql.count(), sql.look(), *(s for s, _ in sql.before([]))]
    for statement in statements:
        assert not re.search(r"\b(OUTPUT|OPENJSON|MERGE|STRING_SPLIT|TRIM)\b", statement)


def literals(sql: str) -> list[str]:
    """The texts that T-SQL reads in a statement: doubled quotes, and lines continued by a backslash."""
    found = re.findall(r"N'((?:[^']|'')*)'", sql)
    return [re.sub(r"\\\r?\n", "", text).replace("''", "'") for text in found]


@pytest.mark.parametrize(
    "text",
    [
        "it's '' ; --",
        "100 % %s %(x)s %%",
        "back\\slash\\",
        "continued \\\nline",
        "continued \\\r\nline \\\\\n and \\\\\\\n",
        "\\\n\\\n\n\\\r\n",
        "no \\\rcontinuation",
        "🌱",
    ],
)
def test_the_driver_sends_sql_server_every_text_as_it_is(text: str) -> None:
    sql = on_mssql(IM_ITEM, "DESCR")
    _, (statement, parameters) = sql.before([(text, text, text)])
    sent = _mssql.substitute_params(statement, parameters).decode()
    assert literals(sent) == [text] * 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("1E+3"), "1000"),
        (Decimal("0.0001"), "0.0001"),
        (datetime(2026, 3, 8, 2, 30, 59, 123_999), "2026-03-08T02:30:59.123"),
        (date(2026, 3, 8), "20260308"),
    ],
)
def test_sql_server_reads_values_alike_in_every_language(value: Any, expected: str) -> None:
    assert on_mssql().encoded(value) == expected


def test_others_bind_their_rows_as_json_that_loses_nothing() -> None:
    rows = [("1", Decimal("0.1"), None, Decimal("12345678901.2345"), datetime(2026, 3, 8, 2, 30, 0, 5))]
    fields = ("PRC_1", "PROMOTE_DT_EXP")
    document = '[["1","0.1",null,"12345678901.2345","2026-03-08 02:30:00.000005"]]'
    assert SqliteSql(sqlite.dialect(), IM_ITEM, fields).parameters(rows) == {"rows": document}
    assert MysqlSql(mysql.dialect(), IM_ITEM, fields, {}).parameters(rows) == {"rows": document}
    assert PostgresSql(postgresql.dialect(), IM_ITEM, fields).parameters(rows) == {
        "key0": '["1"]',
        "old0": '["0.1"]',
        "old1": "[null]",
        "new0": '["12345678901.2345"]',
        "new1": '["2026-03-08 02:30:00.000005"]',
    }


def test_postgresql_looks_rows_up_one_by_one_in_their_order() -> None:
    sql = PostgresSql(postgresql.dialect(), IM_ITEM, ["PRC_1"])
    assert [statement for statement, _ in sql.before([])] == [
        "SET LOCAL enable_hashjoin TO off",
        "SET LOCAL enable_mergejoin TO off",
    ]


def test_mysql_takes_the_rows_in_order_and_compares_keys_as_their_column_does() -> None:
    sql = MysqlSql(mysql.dialect(), IM_ITEM, ["DESCR"], {"ITEM_NO": ("latin1", "latin1_swedish_ci")})
    key = "t.`ITEM_NO` = CONVERT(v.key0 USING latin1) COLLATE latin1_swedish_ci"
    assert f" AS v STRAIGHT_JOIN `IM_ITEM` AS t ON {key} SET " in sql.update([])
    assert sql.update([]).endswith(" WHERE t.`DESCR` <=> v.old0 COLLATE utf8mb4_bin")


@pytest.mark.parametrize(
    "sql",
    [
        PostgresSql(postgresql.dialect(), PS_TKT_HIST, ["BUS_DAT"]),
        SqliteSql(sqlite.dialect(), PS_TKT_HIST, ["BUS_DAT"]),
        MysqlSql(mysql.dialect(), PS_TKT_HIST, ["BUS_DAT"], {}),
        MssqlSql(mssql.dialect(), PS_TKT_HIST, ["BUS_DAT"]),
    ],
    ids=lambda sql: type(sql).__name__,
)
def test_values_are_never_part_of_a_statement(sql: BulkSql) -> None:
    rows = [(4711, date(2026, 3, 8), date(2027, 4, 9))]
    statements = [sql.update([]), sql.count(), sql.look(), *(s for s, _ in sql.before(rows)), *sql.after()]
    assert not re.search("4711|2026|2027", " ".join(statements))


class StateError(Exception):
    def __init__(self, state: str) -> None:
        super().__init__("no")
        self.sqlstate = state


def failure(kind: type[DBAPIError], cause: Exception) -> DBAPIError:
    return kind("UPDATE", None, cause)


@pytest.mark.parametrize(
    ("error", "refused"),
    [
        (failure(IntegrityError, Exception(547, b"conflicted with the FOREIGN KEY constraint")), True),
        (failure(DataError, Exception("out of range")), True),
        (failure(OperationalError, Exception(8152, b"String or binary data would be truncated")), True),
        (failure(OperationalError, Exception((2628, b"would be truncated in table"))), True),
        (failure(OperationalError, Exception(3609, b"The transaction ended in the trigger")), True),
        (failure(OperationalError, Exception(50000, b"raised by a trigger")), True),
        (failure(InternalError, StateError("P0001")), True),
        (failure(OperationalError, StateError("45000")), True),
        (failure(OperationalError, Exception(1205, b"deadlock victim")), False),
        (failure(OperationalError, Exception(229, b"The UPDATE permission was denied")), False),
        (failure(OperationalError, Exception("no such table")), False),
        (failure(InternalError, StateError("42501")), False),
    ],
)
def test_a_row_that_is_refused_is_told_from_a_database_that_fails(error: DBAPIError, refused: bool) -> None:
    assert refuses_the_data(error) is refused
