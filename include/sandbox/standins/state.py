"""What the stand-ins remember: one SQLite file, so that it outlives a kill and a restart."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

DATABASE_FILE = "vendors.db"

metadata = MetaData()

# Times are seconds since the epoch: exact, sortable, and free of time zones until a person looks at them.
requests = Table(
    "requests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("vendor", String, nullable=False),
    Column("method", String, nullable=False),
    Column("path", String, nullable=False),
    Column("query", String, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("status", Integer),
    Column("request_bytes", Integer, nullable=False),
    Column("response_bytes", Integer, nullable=False),
    Column("milliseconds", Float, nullable=False),
    Column("fault", String),
    Index("ix_requests_vendor_method_path", "vendor", "method", "path"),
)

faults = Table(
    "faults",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("vendor", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("status", Integer),
    Column("retry_after", Float),
    Column("seconds", Float),
    Column("method", String),
    Column("match", String),
    Column("ordered", Integer, nullable=False),
    Column("remaining", Integer, nullable=False),
    Column("product", Integer),
)

# Both directions. A text moves on by itself: what it is at a moment follows from `leaves`, when it leaves the
# queue, and `settles`, when `outcome` and `error_code` come true.
texts = Table(
    "texts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sid", String, nullable=False, unique=True),
    Column("direction", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("to_number", String, nullable=False, index=True),
    Column("from_number", String),
    Column("service_sid", String),
    Column("body", String, nullable=False),
    Column("media", JSON, nullable=False),
    Column("segments", Integer, nullable=False),
    Column("send_at", Float),
    Column("callback", String),
    Column("leaves", Float, nullable=False),
    Column("settles", Float, nullable=False),
    Column("outcome", String, nullable=False),
    Column("error_code", Integer),
    Column("canceled", Float),
    Index("ix_texts_from_number", "from_number"),
)

# Status callbacks: `answer` is the status of the last try, 0 where nobody answered.
callbacks = Table(
    "callbacks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sid", String, nullable=False, index=True),
    Column("status", String, nullable=False),
    Column("due", Float, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("answer", Integer),
    Column("done", Boolean, nullable=False),
    Index("ix_callbacks_done_due", "done", "due"),
)

# What becomes of texts to a number, by error code; the number "*" is every number.
text_fates = Table(
    "text_fates",
    metadata,
    Column("number", String, primary_key=True),
    Column("code", Integer, nullable=False),
    Column("late", Boolean, nullable=False),
)

opt_outs = Table(
    "opt_outs", metadata, Column("number", String, primary_key=True), Column("at", Float, nullable=False)
)

settings = Table(
    "settings", metadata, Column("name", String, primary_key=True), Column("value", JSON, nullable=False)
)

mails = Table(
    "mails",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("sender", String, nullable=False),
    Column("recipients", JSON, nullable=False),
    Column("subject", String, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("file", String, nullable=False),
)

# What an answer shows is in the document; the columns are what the lists are filtered and sorted by. The shop
# never gives the number of a deleted row to a new one.
products = Table(
    "products",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sku_key", String, unique=True),
    Column("name_key", String, nullable=False, unique=True),
    Column("total_sold", Integer, nullable=False),
    Column("is_visible", Boolean, nullable=False),
    Column("is_featured", Boolean, nullable=False),
    Column("modified", Float, nullable=False),
    Column("document", JSON, nullable=False),
    sqlite_autoincrement=True,
)

# A base variant has no SKU of its own: its product's SKU is its SKU.
variants = Table(
    "variants",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("product_id", Integer, nullable=False, index=True),
    Column("sku_key", String, unique=True),
    Column("document", JSON, nullable=False),
    sqlite_autoincrement=True,
)

images = Table(
    "images",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("product_id", Integer, nullable=False, index=True),
    Column("document", JSON, nullable=False),
    sqlite_autoincrement=True,
)

brands = Table(
    "brands",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name_key", String, nullable=False, unique=True),
    Column("document", JSON, nullable=False),
    sqlite_autoincrement=True,
)

categories = Table(
    "categories",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("tree_id", Integer, nullable=False),
    Column("parent_id", Integer, nullable=False),
    Column("name_key", String, nullable=False),
    Column("document", JSON, nullable=False),
    UniqueConstraint("tree_id", "parent_id", "name_key"),
)

product_updates = Table(
    "product_updates",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("product_id", Integer, nullable=False),
    Column("sku", String, nullable=False),
    Column("name", String, nullable=False),
    Column("field", String, nullable=False),
    Column("old", JSON, nullable=False),
    Column("new", JSON, nullable=False),
)

coupons = Table(
    "coupons",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code_key", String, nullable=False, unique=True),
    Column("name_key", String, nullable=False, unique=True),
    Column("type", String, nullable=False),
    Column("document", JSON, nullable=False),
    sqlite_autoincrement=True,
)

# `old` is null for a coupon that was created, `new` for one that was deleted.
coupon_changes = Table(
    "coupon_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("coupon_id", Integer, nullable=False),
    Column("code", String, nullable=False),
    Column("name", String, nullable=False),
    Column("old", JSON, nullable=False),
    Column("new", JSON, nullable=False),
)

# `modified` is as Counterpoint writes it: UTC, and so long that text sorts as time does.
customers = Table(
    "customers",
    metadata,
    Column("number", String, primary_key=True),
    Column("modified", String, nullable=False, index=True),
    Column("document", JSON, nullable=False),
)


def open_state(state_dir: Path) -> Engine:
    """Open (and make, where it is missing) the stand-ins' database in `state_dir`.

    A file written by another version of these tables is emptied: what a sandbox remembers can be made again.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{state_dir / DATABASE_FILE}")
    event.listen(engine, "connect", _configure)
    with engine.begin() as connection:
        version = _tables_version()
        found = connection.scalar(text("PRAGMA user_version"))
        if found not in (0, version):
            metadata.drop_all(connection)
        metadata.create_all(connection)
        # A PRAGMA takes no bound parameter; the value is a number that was computed here.
        connection.exec_driver_sql(f"PRAGMA user_version = {version}")
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction in which what was read stays true until it is written: others wait with their writing."""
    with engine.begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


def _configure(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA busy_timeout = 30000")
    cursor.close()


def _tables_version() -> int:
    statements = "".join(
        str(CreateTable(table).compile(dialect=sqlite.dialect())) for table in metadata.sorted_tables
    )
    # user_version is a signed 32-bit number and 0 means "never set".
    return (zlib.crc32(statements.encode()) & 0x7FFFFFFF) or 1
