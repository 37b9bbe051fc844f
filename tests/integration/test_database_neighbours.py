"""How we behave towards other transactions of the same database: deadlocks, locks, lost connections."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    create_engine,
    insert,
    make_url,
    select,
    text,
    update,
)

from include.database.dialects import InBinaryOrder
from include.database.engines import engine_for
from include.database.retries import with_retries
from include.database.urls import url_of_connection, url_of_connection_json
from include.errors import BadCredentials, Deadlock, InvalidRequest, VendorUnavailable
from tests.databases import KINDS, fresh_database

STOCK = Table(
    "stock", MetaData(), Column("id", Integer, primary_key=True), Column("n", Integer, nullable=False)
)
SERVERS = [kind for kind in KINDS if kind != "sqlite"]


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path) as url:
        engine = engine_for(url)
        STOCK.create(engine)
        with engine.begin() as connection:
            connection.execute(insert(STOCK), [{"id": 1, "n": 0}, {"id": 2, "n": 0}])
        yield engine


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_the_victim_of_a_deadlock_completes_its_work(server: Engine) -> None:
    both_hold_one = threading.Barrier(2)
    tries: list[int] = []

    def add(first: int, second: int) -> None:
        met = threading.Event()

        def work() -> None:
            tries.append(first)
            with server.begin() as connection:
                _add_one(connection, first)
                if not met.is_set():
                    met.set()
                    both_hold_one.wait(timeout=20)
                _add_one(connection, second)

        with_retries(work)

    threads = [threading.Thread(target=add, args=order) for order in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    with server.connect() as connection:
        assert list(connection.scalars(select(STOCK.c.n))) == [2, 2]
    assert len(tries) > 2


def _add_one(connection: Connection, row: int) -> None:
    connection.execute(update(STOCK).where(STOCK.c.id == row).values(n=STOCK.c.n + 1))


@pytest.mark.parametrize("server", ["postgresql", "mysql"], indirect=True)
def test_a_dropped_connection_is_replaced(server: Engine) -> None:
    own = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT CONNECTION_ID()"}[server.dialect.name]
    kill = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}"}[server.dialect.name]
    admin = create_engine(server.url, isolation_level="AUTOCOMMIT")
    tries: list[int] = []

    def work() -> int:
        with server.begin() as connection:
            backend = connection.execute(text(own)).scalar_one()
            tries.append(backend)
            if len(tries) == 1:
                with admin.connect() as killer:
                    killer.execute(text(kill.format(backend)))
            return int(connection.execute(text("SELECT 7")).scalar_one())

    assert with_retries(work) == 7
    assert len(tries) == 2
    admin.dispose()


def test_a_file_locked_for_long_is_reported_as_busy(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        engine = create_engine(url, connect_args={"timeout": 0})
        STOCK.create(engine)
        holder = create_engine(url).connect()
        holder.exec_driver_sql("BEGIN IMMEDIATE")

        def work() -> None:
            with engine.begin() as connection:
                connection.execute(insert(STOCK), {"id": 3, "n": 0})

        with pytest.raises(Deadlock, match="busy"):
            with_retries(work, attempts=2, longest_wait=0.01)
        holder.close()


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_a_server_that_does_not_answer_is_called_unavailable(kind: str) -> None:
    fields = {
        "conn_type": kind,
        "host": "127.0.0.1",
        "port": 9,
        "login": "x",
        "password": "hidden-word",
        "schema": "x",
    }
    engine = engine_for(url_of_connection(fields, "store_db"))

    def work() -> None:
        engine.connect()

    with pytest.raises(VendorUnavailable, match="does not answer") as problem:
        with_retries(work, attempts=1)
    assert "hidden-word" not in str(problem.value)


@pytest.mark.parametrize("kind", KINDS)
def test_every_database_sorts_alike(kind: str, tmp_path: Path) -> None:
    words = ["apple", "Birch", "_x", "Zinnia", "birch", '3" pot', "é"]
    with fresh_database(kind, tmp_path) as url:
        from sqlalchemy import String

        table = Table("words", MetaData(), Column("word", String(20), primary_key=True))
        if url.get_backend_name() == "mysql":
            table.c.word.type = String(20, collation="utf8mb4_bin")
        table.create(engine_for(url))
        with engine_for(url).begin() as connection:
            connection.execute(insert(table), [{"word": word} for word in words])
            found = list(connection.scalars(select(table.c.word).order_by(InBinaryOrder(table.c.word))))
    assert found == sorted(words)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"conn_type": "mssql", "host": "cp.example.com"}, "'counterpoint' has no port.*1433"),
        ({"conn_type": "mssql", "port": 1433}, "'counterpoint' has no host"),
        ({"conn_type": "http", "host": "x"}, "'counterpoint' has the type 'http'"),
    ],
)
def test_a_connection_that_cannot_work_is_explained(fields: dict[str, object], expected: str) -> None:
    with pytest.raises(InvalidRequest, match=expected):
        url_of_connection(fields, "counterpoint")


def test_a_connection_variable_that_is_no_json_is_explained() -> None:
    with pytest.raises(InvalidRequest, match="'store_db' is no JSON"):
        url_of_connection_json("mysql://x", "store_db")


def test_sql_server_and_mysql_use_drivers_that_need_no_system_library() -> None:
    for kind, driver in (("mssql", "mssql+pymssql"), ("mysql", "mysql+mysqlconnector")):
        url = url_of_connection({"conn_type": kind, "host": "h", "port": 1, "password": "p@:/"}, "x")
        assert url.drivername == driver
        assert url.password == "p@:/"


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
def test_a_refused_login_is_not_tried_again(server: Engine) -> None:
    wrong = engine_for(server.url.set(username="nobody", password="not the password"))
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        wrong.connect()

    with pytest.raises(BadCredentials, match="refuses the login"):
        with_retries(work)
    assert len(tries) == 1


def test_mariadb_has_mysqls_settings_and_an_unknown_database_is_named() -> None:
    assert engine_for(make_url("mariadb+mysqlconnector://host/db")).dialect.name == "mariadb"
    with pytest.raises(InvalidRequest, match="oracle"):
        engine_for(make_url("oracle://host/db"))
