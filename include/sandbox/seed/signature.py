"""What a filled sandbox database says of itself, and what filling it amounted to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    Date,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    inspect,
    select,
)
from sqlalchemy.engine import URL, make_url

VERSION = 1
"""Raised whenever the same scale, date and random seed give other content than before."""

_own = MetaData()
SANDBOX_SEED = Table(
    "SANDBOX_SEED",
    _own,
    Column("ID", Integer, primary_key=True, autoincrement=False),
    Column("STATE", String(10), nullable=False),
    Column("VERSION", Integer, nullable=False),
    Column("SCALE", Float, nullable=False),
    Column("UNTIL_DAT", Date, nullable=False),
    Column("RANDOM_SEED", Integer, nullable=False),
)
"""One row in every database that the sandbox filled; a real store has no such table."""

FILLING, COMPLETE = "filling", "complete"


@dataclass(frozen=True)
class SeedSignature:
    """What determines the content of a sandbox database."""

    scale: float
    until: date
    random_seed: int
    version: int = VERSION

    def __str__(self) -> str:
        what = f"scale {self.scale:g}, until {self.until}, random seed {self.random_seed}"
        return f"{what}, version {self.version}"


@dataclass(frozen=True)
class SeedSummary:
    """Rows per table and the seconds that filling took; `left_alone` where nothing had to be done."""

    signature: SeedSignature
    rows: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    left_alone: bool = False


def sqlite_file(url: URL) -> Path | None:
    """The file of an SQLite URL; None for every other database and for one in memory."""
    if url.get_backend_name() != "sqlite" or url.database in {None, "", ":memory:"}:
        return None
    return Path(str(url.database))


def describe(url: URL) -> str:
    """The database in words, without user, password and options."""
    file = sqlite_file(url)
    if file is not None:
        return f"SQLite file {file}"
    host = f" on {url.host}" if url.host else ""
    return f"{url.get_backend_name()} database {url.database}{host}"


def read_signature(connection: Connection) -> tuple[str, SeedSignature] | None:
    """(state, signature) of the database, or None where the sandbox never was."""
    if not inspect(connection).has_table(SANDBOX_SEED.name):
        return None
    row = connection.execute(select(SANDBOX_SEED)).first()
    if row is None:
        return None
    return row.STATE, SeedSignature(row.SCALE, row.UNTIL_DAT, row.RANDOM_SEED, row.VERSION)


def is_seeded(url: str) -> SeedSignature | None:
    """What the database at that SQLAlchemy URL was completely filled with; None when it was not.

    A missing SQLite file is not created. Raises SQLAlchemy's errors when the database cannot be reached.
    """
    address = make_url(url)
    file = sqlite_file(address)
    if file is not None and not file.exists():
        return None
    engine = create_engine(address)
    try:
        with engine.connect() as connection:
            found = read_signature(connection)
    finally:
        engine.dispose()
    return found[1] if found and found[0] == COMPLETE else None
