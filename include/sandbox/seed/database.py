"""Creating and dropping the sandbox's tables and views, and keeping away from other databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, Select, create_engine, delete, func, insert, inspect, select, text
from sqlalchemy.engine import URL
from sqlalchemy.schema import CreateIndex, CreateTable, CreateView, DropTable

from include.counterpoint.tables import (
    PS_TKT_HIST,
    PS_TKT_HIST_LIN,
    PS_TKT_HIST_PMT,
    VI_PS_TKT_HIST,
    VI_PS_TKT_HIST_LIN,
    VI_TKT_HIST_PAY_COD,
    metadata,
    views,
)
from include.errors import InvalidRequest
from include.sandbox.seed.signature import (
    COMPLETE,
    FILLING,
    SANDBOX_SEED,
    SeedSignature,
    describe,
    read_signature,
    sqlite_file,
)


def view_definitions() -> dict[str, Select]:
    """The query of each view, by name."""
    ticket, line, payment = PS_TKT_HIST.c, PS_TKT_HIST_LIN.c, PS_TKT_HIST_PMT.c
    return {
        VI_PS_TKT_HIST.name: select(*PS_TKT_HIST.c),
        VI_PS_TKT_HIST_LIN.name: select(*PS_TKT_HIST_LIN.c, ticket.POST_DAT).join(
            PS_TKT_HIST, ticket.DOC_ID == line.DOC_ID
        ),
        VI_TKT_HIST_PAY_COD.name: select(
            ticket.STR_ID,
            ticket.POST_DAT,
            payment.PAY_COD,
            func.sum(payment.AMT).label("NET_PMT_AMT"),
            func.count(payment.DOC_ID.distinct()).label("TKT_COUNT"),
        )
        .join(PS_TKT_HIST, ticket.DOC_ID == payment.DOC_ID)
        .group_by(ticket.STR_ID, ticket.POST_DAT, payment.PAY_COD),
    }


@contextmanager
def open_engine(url: URL) -> Iterator[Engine]:
    """An engine for loading, which closes its connections at the end; makes the folder of an SQLite file."""
    file = sqlite_file(url)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, hide_parameters=True)
    try:
        yield engine
    finally:
        engine.dispose()


def claim(connection: Connection, url: URL, signature: SeedSignature, *, force: bool) -> bool:
    """Make the database ours to fill: True when it must be filled, False when it already holds just this.

    Raises `InvalidRequest` when the database has Counterpoint's tables with rows but no `SANDBOX_SEED` (it
    may be a real store), or when it is a sandbox filled otherwise and `force` is not set. An interrupted
    filling is taken over.
    """
    found = read_signature(connection)
    if found is None:
        _refuse_foreign(connection, url)
    elif found == (COMPLETE, signature) and not force:
        return False
    elif found[0] == COMPLETE and not force:
        raise InvalidRequest(
            f"{describe(url)} is a sandbox filled with {found[1]}, not with {signature}: "
            f"use force to fill it again"
        )
    SANDBOX_SEED.create(connection, checkfirst=True)
    connection.execute(delete(SANDBOX_SEED))
    connection.execute(
        insert(SANDBOX_SEED).values(
            ID=1,
            STATE=FILLING,
            VERSION=signature.version,
            SCALE=signature.scale,
            UNTIL_DAT=signature.until,
            RANDOM_SEED=signature.random_seed,
        )
    )
    connection.commit()
    return True


def _refuse_foreign(connection: Connection, url: URL) -> None:
    present = set(inspect(connection).get_table_names()) & set(metadata.tables)
    for name in sorted(present):
        if (
            connection.execute(select(text("1")).select_from(metadata.tables[name]).limit(1)).first()
            is not None
        ):
            raise InvalidRequest(
                f"{describe(url)} has rows in {name} but no SANDBOX_SEED table: it may be a real store, "
                f"and the sandbox will not touch it. Give the URL of an empty database."
            )


def drop_all(connection: Connection) -> None:
    """Drop the sandbox's views and tables, but keep `SANDBOX_SEED`, which says whose database this is."""
    quote = connection.dialect.identifier_preparer.quote
    for name in views.tables:
        connection.execute(text(f"DROP VIEW IF EXISTS {quote(name)}"))
    present = set(inspect(connection).get_table_names())
    for table in metadata.sorted_tables:
        if table.name in present:
            connection.execute(DropTable(table))
    connection.commit()


def create_tables(connection: Connection) -> None:
    """Create the tables with their primary keys; `finish` adds the rest once they are full."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA cache_size = -65536")
    for table in metadata.sorted_tables:
        connection.execute(CreateTable(table))
    connection.commit()


def finish(connection: Connection) -> None:
    """Create indexes and views, gather statistics, and declare the filling complete."""
    for table in metadata.sorted_tables:
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            connection.execute(CreateIndex(index))
    for name, query in view_definitions().items():
        connection.execute(CreateView(query, name))
    if connection.dialect.name in {"sqlite", "postgresql"}:
        connection.exec_driver_sql("ANALYZE")
    connection.execute(SANDBOX_SEED.update().values(STATE=COMPLETE))
    connection.commit()


def count_rows(connection: Connection) -> dict[str, int]:
    """Rows per table."""
    return {
        name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for name, table in metadata.tables.items()
    }
