"""Writes frames into the warehouse the fastest way that its database has."""

from __future__ import annotations

import io
import select
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, Table

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
_STEP = 1 << 16


def prepare(connection: Connection) -> None:
    """Memory for adding up a large delivery, in this transaction only."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL work_mem = '128MB'")


def insert_rows(connection: Connection, table: Table, frame: pd.DataFrame) -> None:
    """Append one frame with the table's columns."""
    insert_frames(connection, table, [frame])


def insert_frames(connection: Connection, table: Table, frames: Iterable[pd.DataFrame]) -> None:
    """Append frames with the table's columns: by COPY on PostgreSQL, else by the driver's `executemany`.

    With COPY the next frame is made while one is being written.
    """
    columns = [column.name for column in table.columns]
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection
        stream = _Stream(_ahead(_as_csv(frame[columns]) for frame in frames), driver.fileno())
        statement = f"COPY {table.name} ({', '.join(columns)}) FROM STDIN WITH (FORMAT csv)"
        with driver.cursor() as cursor:
            try:
                cursor.copy_expert(statement, stream, _STEP)
            except driver.Error:
                # Of what the frames could not be made for, the driver only repeats the words.
                if stream.error is not None:
                    raise stream.error from None
                raise
        return
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
    for frame in frames:
        if rows := list(zip(*(_plain(frame[name]) for name in columns), strict=True)):
            connection.exec_driver_sql(statement, rows)


def _as_csv(frame: pd.DataFrame) -> bytes:
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyarrow import csv

    table = pa.Table.from_pandas(frame, preserve_index=False)
    out = io.BytesIO()
    csv.write_csv(table, out, csv.WriteOptions(include_header=False))
    return out.getvalue()


def _plain(values: pd.Series) -> list[Any]:
    """Values as SQLite's driver takes them, and as SQLAlchemy keeps them there."""
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return list(values.dt.strftime("%Y-%m-%d %H:%M:%S.000000"))
    if values.dtype == object:
        return [value.isoformat() if hasattr(value, "isoformat") else value for value in values]
    if values.hasnans:
        return list(values.astype(object).where(values.notna(), None))
    return values.tolist()


def _ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, each made in a thread while the one before is in use."""
    end = object()
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = pool.submit(next, items, end)
            yield item  # type: ignore[misc]


class _Stream:
    """Blocks of bytes as a file to read from, for a driver that writes them to a socket.

    `error` is what kept the next block from being made.
    """

    def __init__(self, blocks: Iterator[bytes], socket: int) -> None:
        self._blocks, self._block = blocks, memoryview(b"")
        self.error: Exception | None = None
        self._writable = select.poll()
        self._writable.register(socket, select.POLLOUT)

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; none at the end."""
        # The driver lets no other thread work while it waits for a slow server; this wait does.
        self._writable.poll()
        while not self._block:
            try:
                block = next(self._blocks, None)
            except Exception as error:
                self.error = error
                raise
            if block is None:
                return b""
            self._block = memoryview(block)
        wanted = len(self._block) if size < 0 else size
        piece, self._block = self._block[:wanted], self._block[wanted:]
        return bytes(piece)
