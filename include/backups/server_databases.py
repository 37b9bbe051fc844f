"""What databases on a server have in common: a dump, and restoring it into a new database."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar

from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from include.backups.streams import Writer
from include.backups.tools import is_refusal
from include.database.engines import engine_for
from include.errors import BadCredentials, InvalidRequest, VendorUnavailable

UNFINISHED = "retail_ops_restore_unfinished"
"""A table that a new database has until its restore has been verified."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")


class ServerDatabase(ABC):
    """A database that its server's own tools dump and load."""

    kind: ClassVar[str]
    ending: ClassVar[str]
    grant: ClassVar[str]
    size_query: ClassVar[str]

    def __init__(self, url: URL) -> None:
        self.url = url
        self.counts: dict[str, int] = {}
        self.left_out: list[str] = []
        self.tools: dict[str, str] = {}

    @contextmanager
    def reading(self) -> Iterator[object]:
        """The dump, to `read`; `counts` (rows by table) and `tools` are complete when it has ended.

        Raises errors of `include.errors` when the server or its tool fails.
        """
        with _database_errors(self.url), self._dump() as output:
            yield output

    def size(self) -> int:
        """Bytes that the database takes, roughly."""
        with _database_errors(self.url), engine_for(self.url).connect() as connection:
            return int(connection.scalar(text(self.size_query)) or 0)

    @abstractmethod
    def loading(self, name: str) -> AbstractContextManager[Writer]:
        """A writer that loads a dump into the database `name`."""

    @abstractmethod
    def _dump(self) -> AbstractContextManager[object]: ...

    @abstractmethod
    def _rows(self, connection: Connection) -> dict[str, int]: ...

    @abstractmethod
    def _exists(self, connection: Connection, name: str) -> bool: ...

    @abstractmethod
    def _drop_statement(self, name: str) -> str: ...

    @abstractmethod
    def _create_statement(self, name: str) -> str: ...

    def refuse_existing(self, name: str) -> bool:
        """Raise `InvalidRequest` when there is a database `name`, unless an interrupted restore has left it;
        returns whether that is so.
        """
        if not _NAME.fullmatch(name):
            raise InvalidRequest(
                f"into: {name!r} is no name of a new database; letters, digits and _ are possible"
            )
        with self._administration() as connection:
            exists = self._exists(connection, name)
        if exists and not self._is_unfinished(name):
            raise InvalidRequest(
                f"into: there is a database {name} already; name a new one, nothing is overwritten"
            )
        return exists

    @contextmanager
    def new(self, name: str) -> Iterator[Writer]:
        """Make the database `name` and load a dump into it; it is dropped when the block or the loading
        fails.

        Raises `InvalidRequest` when it exists.
        """
        if self.refuse_existing(name):
            self.drop(name)
        with self._administration() as connection:
            self._create(connection, name)
        try:
            self._mark(name)
            with self.loading(name) as sink:
                yield sink
        except BaseException:
            self.drop(name)
            raise

    def finish(self, name: str) -> None:
        """Declare a restored database whole."""
        with _database_errors(self.url), self._inside(name) as connection, connection.begin():
            connection.execute(text(f"DROP TABLE {UNFINISHED}"))

    def rows_of(self, name: str) -> dict[str, int]:
        """The rows of each table of a restored database."""
        with _database_errors(self.url), self._inside(name) as connection:
            counted = self._rows(connection)
        return {table: rows for table, rows in counted.items() if table.rpartition(".")[2] != UNFINISHED}

    def drop(self, name: str) -> None:
        """Remove a restored database."""
        with self._administration() as connection:
            connection.execute(text(self._drop_statement(name)))

    def _create(self, connection: Connection, name: str) -> None:
        try:
            connection.execute(text(self._create_statement(name)))
        except DBAPIError as error:
            raise BadCredentials(
                f"the login {self.url.username!r} cannot make the new database {name}: {error.orig}. An "
                f"administrator may allow it ({self.grant.format(login=self.url.username)}), or "
                "restore_connection in backups.yaml may name another server"
            ) from None

    def _mark(self, name: str) -> None:
        with _database_errors(self.url), self._inside(name) as connection, connection.begin():
            connection.execute(text(f"CREATE TABLE {UNFINISHED} (since INTEGER)"))

    def _is_unfinished(self, name: str) -> bool:
        with _database_errors(self.url), self._inside(name) as connection:
            return any(table.rpartition(".")[2] == UNFINISHED for table in self._rows(connection))

    @contextmanager
    def _inside(self, name: str) -> Iterator[Connection]:
        # Not one of the kept engines: the database may be gone a moment later.
        engine = create_engine(self.url.set(database=name), hide_parameters=True)
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()

    @contextmanager
    def _administration(self) -> Iterator[Connection]:
        engine = engine_for(self.url).execution_options(isolation_level="AUTOCOMMIT")
        with _database_errors(self.url), engine.connect() as connection:
            yield connection


@contextmanager
def _database_errors(url: URL) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        words = f"the database {url.database} on {url.host}: {getattr(error, 'orig', None) or error}"
        raise (BadCredentials(words) if is_refusal(words) else VendorUnavailable(words)) from error
