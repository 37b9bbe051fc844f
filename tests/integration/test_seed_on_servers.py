"""The simulated store is the same on every database: each row, compared with the one on SQLite."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, create_engine, insert, select

from include.counterpoint.tables import PS_STR, metadata, views
from include.errors import InvalidRequest
from include.sandbox.seed import is_seeded, seed
from tests.databases import SERVERS, fresh_database

UNTIL = date(2026, 5, 7)
SCALE = 0.02


def contents(url: URL) -> dict[str, list[Any]]:
    """All rows of all tables and views."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {
            name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for name, table in (metadata.tables | views.tables).items()
        }
    engine.dispose()
    return found


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    url = URL.create("sqlite", database=str(tmp_path_factory.mktemp("seed") / "store.db"))
    seed(url.render_as_string(), until=UNTIL, scale=SCALE)
    return contents(url)


@pytest.mark.parametrize("kind", SERVERS)
def test_the_store_is_the_same_row_by_row(kind: str, on_sqlite: dict[str, list[Any]], tmp_path: Path) -> None:
    with fresh_database(kind, tmp_path) as url:
        address = url.render_as_string(hide_password=False)
        assert is_seeded(address) is None
        summary = seed(address, until=UNTIL, scale=SCALE)
        assert summary.rows == {name: len(on_sqlite[name]) for name in metadata.tables}
        found = contents(url)
        for name, rows in on_sqlite.items():
            assert found[name] == rows, name
        assert seed(address, until=UNTIL, scale=SCALE).left_alone
        assert not seed(address, until=UNTIL, scale=SCALE, force=True).left_alone
        assert is_seeded(address) == summary.signature


@pytest.mark.parametrize("kind", SERVERS)
def test_a_real_store_on_a_server_is_never_touched(kind: str, tmp_path: Path) -> None:
    with fresh_database(kind, tmp_path) as url:
        engine = create_engine(url)
        metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(insert(PS_STR).values(STR_ID="1", DESCR="A real shop"))
        with pytest.raises(InvalidRequest, match="real store"):
            seed(url.render_as_string(hide_password=False), until=UNTIL, scale=SCALE, force=True)
        with engine.connect() as connection:
            assert [tuple(row) for row in connection.execute(select(PS_STR))] == [("1", "A real shop")]
        engine.dispose()
