"""The bulk writer among others: the store's triggers and constraints, others at work, lost connections."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, select, text, update

from include.changes import Change, Result
from include.counterpoint.tables import AR_CUST, IM_ITEM
from include.counterpoint.writer import write_changes
from include.database.bulk_sql_json import MysqlSql
from include.database.engines import engine_for
from tests.databases import KINDS, fresh_database

SERVERS = [kind for kind in KINDS if kind != "sqlite"]
AT = datetime(2026, 11, 1, 1, 30)
NUMBERS = [f"{n:03d}" for n in range(60)]


@pytest.fixture
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path) as url:
        engine = engine_for(url)
        fill(engine)
        yield engine


def fill(engine: Engine) -> None:
    """Items, inserted last number first, so that no order of storage helps."""
    IM_ITEM.create(engine)
    with engine.begin() as connection:
        rows = [{"ITEM_NO": number, "DESCR": "Rose", "PRC_1": 5} for number in reversed(NUMBERS)]
        connection.execute(IM_ITEM.insert(), rows)


def raised(*numbers: str) -> list[Change]:
    return [Change("IM_ITEM", number, "PRC_1", Decimal(5), Decimal(6), "raised") for number in numbers]


def write(engine: Engine, changes: list[Change]) -> list[Result]:
    return [result for batch in write_changes(engine, changes, AT) for result in batch]


def prices(engine: Engine) -> dict[str, Decimal]:
    with engine.connect() as connection:
        return {
            row.ITEM_NO: row.PRC_1 for row in connection.execute(select(IM_ITEM.c.ITEM_NO, IM_ITEM.c.PRC_1))
        }


REFUSING = {
    "sqlite": (
        "CREATE TRIGGER refuse BEFORE UPDATE ON IM_ITEM WHEN NEW.ITEM_NO = '007' OR NEW.ITEM_NO = '031' "
        "BEGIN SELECT RAISE(ABORT, 'not this item'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'not this item'; END $$",
        'CREATE TRIGGER refuse BEFORE UPDATE ON "IM_ITEM" FOR EACH ROW '
        "WHEN (NEW.\"ITEM_NO\" IN ('007', '031')) EXECUTE FUNCTION refuse()",
    ),
    "mysql": (
        "CREATE TRIGGER refuse BEFORE UPDATE ON IM_ITEM FOR EACH ROW IF NEW.ITEM_NO IN ('007', '031') "
        "THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this item'; END IF",
    ),
    "mssql": (
        "CREATE TRIGGER refuse ON IM_ITEM AFTER UPDATE AS IF EXISTS (SELECT 1 FROM inserted "
        "WHERE ITEM_NO IN ('007', '031')) BEGIN RAISERROR('not this item', 16, 1); ROLLBACK END",
    ),
}
CONSTRAINT = "ALTER TABLE {} ADD CONSTRAINT few CHECK (\"PRC_1\" < 6 OR \"ITEM_NO\" NOT IN ('007', '031'))"


def trigger(engine: Engine, statements: tuple[str, ...]) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize("engine", KINDS, indirect=True)
@pytest.mark.parametrize("way", ["trigger", "constraint"])
def test_rows_that_the_store_refuses_do_not_stop_the_others(engine: Engine, way: str) -> None:
    if way == "trigger":
        trigger(engine, REFUSING[engine.dialect.name])
    elif engine.dialect.name == "sqlite":
        pytest.skip("SQLite adds no constraint to a table that is there")
    else:
        quoted = CONSTRAINT.format(engine.dialect.identifier_preparer.quote("IM_ITEM"))
        trigger(engine, (quoted.replace('"', "") if engine.dialect.name == "mysql" else quoted,))
    results = write(engine, raised(*NUMBERS))
    failed = {str(result.change.key): result.message for result in results if result.status != "applied"}
    assert set(failed) == {"007", "031"}
    assert {result.status for result in results} == {"applied", "failed"}
    assert all("not this item" in words or "few" in words for words in failed.values())
    assert prices(engine) == {number: 5 if number in failed else 6 for number in NUMBERS}
    assert len(results) == len(NUMBERS)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_a_trigger_of_the_store_makes_of_a_value_is_noticed(engine: Engine) -> None:
    trigger(
        engine,
        (
            "CREATE TRIGGER cap AFTER UPDATE ON IM_ITEM WHEN NEW.ITEM_NO = '007' AND NEW.PRC_1 > 5.5 "
            "BEGIN UPDATE IM_ITEM SET PRC_1 = 5.5 WHERE ITEM_NO = '007'; END",
        ),
    )
    results = write(engine, raised(*NUMBERS))
    said = [(r.change.key, r.status, r.message) for r in results if r.status != "applied"]
    assert said == [("007", "conflicted", "PRC_1 now holds 5.5000")]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_refusal_repeats_nothing_personal(engine: Engine) -> None:
    AR_CUST.create(engine)
    said = "CREATE TRIGGER shout BEFORE UPDATE ON AR_CUST BEGIN SELECT RAISE(ABORT, 'eve@example.com'); END"
    trigger(engine, (said,))
    with engine.begin() as connection:
        connection.execute(AR_CUST.insert(), {"CUST_NO": "C-1", "FST_NAM": "Ann"})
    (result,) = write(engine, [Change("AR_CUST", "C-1", "FST_NAM", "Ann", "Eve", "x")])
    assert (result.status, result.message) == ("failed", "the database refuses the new values")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_table_that_is_not_there_is_no_bad_row(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text('DROP TABLE "IM_ITEM"'))
    with pytest.raises(Exception, match="no such table"):
        write(engine, raised(*NUMBERS))


WAITING = {
    "postgresql": "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
    "AND wait_event_type = 'Lock'",
    "mysql": "SELECT p.id FROM information_schema.innodb_trx t JOIN information_schema.processlist p "
    "ON p.id = t.trx_mysql_thread_id WHERE p.db = DATABASE() AND t.trx_state = 'LOCK WAIT'",
    "mssql": "SELECT session_id FROM sys.dm_exec_requests "
    "WHERE database_id = DB_ID() AND blocking_session_id > 0",
}
KILL = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}", "mssql": "KILL {}"}


@contextmanager
def other(engine: Engine) -> Iterator[Connection]:
    """A connection of somebody else's."""
    elsewhere = create_engine(engine.url, isolation_level="READ COMMITTED")
    with elsewhere.connect() as connection:
        yield connection
    elsewhere.dispose()


@contextmanager
def writing(engine: Engine, changes: list[Change]) -> Iterator[Callable[[], list[Result]]]:
    """The writer at work in a thread, blocked by another transaction; yields what waits for its results."""
    results: list[Result] = []
    thread = threading.Thread(target=lambda: results.extend(write(engine, changes)), daemon=True)
    thread.start()

    def finished() -> list[Result]:
        thread.join(timeout=60)
        assert not thread.is_alive()
        return results

    yield finished


def waiting(engine: Engine) -> int:
    """The session that waits for a lock, as soon as there is one."""
    with other(engine) as connection:
        for _ in range(100):
            found = connection.execute(text(WAITING[engine.dialect.name])).scalar()
            connection.rollback()
            if found is not None:
                return int(found)
            # InnoDB shows the same picture again to whoever asks within a tenth of a second.
            time.sleep(0.15)
    raise AssertionError("nobody waits")


def hold(connection: Connection, *numbers: str, **values: Any) -> None:
    """Change items without committing."""
    statement = update(IM_ITEM).where(IM_ITEM.c.ITEM_NO.in_(numbers))
    connection.execute(statement.values(**(values or {"LONG_DESCR": "in work"})))


@pytest.mark.parametrize("engine", SERVERS, indirect=True)
def test_the_victim_of_a_deadlock_writes_all_the_same(engine: Engine) -> None:
    undone: list[Any] = []
    event.listen(engine, "rollback", undone.append)
    with other(engine) as till:
        if engine.dialect.name == "mssql":
            till.execute(text("SET DEADLOCK_PRIORITY HIGH"))
        # Who has changed more is spared by MySQL, who waits last by PostgreSQL.
        hold(till, *NUMBERS[20:])
        with writing(engine, raised("001", "002", "050")) as finished:
            waiting(engine)
            hold(till, "001", PRC_1=7)
            till.commit()
            results = finished()
    assert undone
    assert [(r.change.key, r.status) for r in results] == [
        ("001", "conflicted"),
        ("002", "applied"),
        ("050", "applied"),
    ]
    assert {number: prices(engine)[number] for number in ("001", "002", "050")} == {
        "001": 7,
        "002": 6,
        "050": 6,
    }


@pytest.mark.parametrize("engine", SERVERS, indirect=True)
def test_a_killed_connection_costs_a_second_try_only(engine: Engine) -> None:
    with other(engine) as till, other(engine) as admin:
        hold(till, "030")
        with writing(engine, raised(*NUMBERS)) as finished:
            session = waiting(engine)
            admin.execute(text(KILL[engine.dialect.name].format(session)))
            till.rollback()
            assert {result.status for result in finished()} == {"applied"}
    assert set(prices(engine).values()) == {6}


@pytest.mark.parametrize("engine", SERVERS, indirect=True)
def test_rows_are_locked_in_the_order_of_their_keys(engine: Engine) -> None:
    hint = " WITH (UPDLOCK, READPAST, ROWLOCK)" if engine.dialect.name == "mssql" else ""
    tail = "" if hint else " FOR UPDATE SKIP LOCKED"
    quote = engine.dialect.identifier_preparer.quote
    free = f"SELECT {quote('ITEM_NO')} FROM {quote('IM_ITEM')}{hint} WHERE {quote('ITEM_NO')} = :number{tail}"
    with other(engine) as till, other(engine) as third:
        hold(till, "030")
        with writing(engine, raised("050", "010", "030", "059", "001")) as finished:
            waiting(engine)
            found = {n for n in ("001", "010", "050", "059") if third.scalar(text(free), {"number": n})}
            third.rollback()
            till.rollback()
            assert {result.status for result in finished()} == {"applied"}
    assert found == {"050", "059"}


@pytest.mark.parametrize("engine", SERVERS, indirect=True)
def test_what_is_changed_while_the_writer_waits_is_not_overwritten(engine: Engine) -> None:
    with other(engine) as till:
        hold(till, "030", PRC_1=9)
        hold(till, "031", DESCR="Lily")
        with writing(engine, raised(*NUMBERS)) as finished:
            waiting(engine)
            till.commit()
            results = {str(r.change.key): (r.status, r.message) for r in finished()}
    assert results.pop("030") == ("conflicted", "PRC_1 now holds 9.0000")
    assert set(results.values()) == {("applied", "")}
    assert prices(engine)["030"] == 9


@pytest.mark.parametrize("collation", ["latin1_swedish_ci", "utf8mb4_unicode_ci", "utf8mb4_bin"])
def test_on_mysql_the_collation_of_the_store_does_not_matter(collation: str, tmp_path: Path) -> None:
    with fresh_database("mysql", tmp_path) as url:
        engine = engine_for(url)
        with engine.begin() as connection:
            charset = collation.partition("_")[0]
            connection.execute(text(f"ALTER DATABASE CHARACTER SET {charset} COLLATE {collation}"))
        fill(engine)
        to_accent = Change("IM_ITEM", "001", "DESCR", "Rose", "Rosé", "x")
        of_another = Change("IM_ITEM", "002", "DESCR", "rose", "Lily", "x")
        results = write(engine, [to_accent, of_another, *raised("003")])
        assert {r.change.key: r.status for r in results} == {
            "001": "applied",
            "002": "conflicted",
            "003": "applied",
        }
        sql = MysqlSql(engine.dialect, IM_ITEM, ["DESCR"], {"ITEM_NO": (charset, collation)})
        with engine.connect() as connection:
            explained = connection.execute(
                text(f"EXPLAIN {sql.update([])}"), sql.parameters([("1", "a", "b")])
            )
            assert [row["key"] for row in explained.mappings()] == [None, "PRIMARY"]
