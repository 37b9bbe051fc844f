"""MySQL and MariaDB: a dump of one transaction, its rows counted as they pass, and restoring it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, text

from include.backups.server_databases import ServerDatabase
from include.backups.streams import PIECE, PiecesReader, Writer
from include.backups.tools import input_of, output_of, secret_file, tool, version
from include.database.engines import engine_for
from include.errors import VendorUnavailable

PACKAGE = "mariadb-client or mysql-client"
_INSERT = re.compile(rb"^INSERT INTO `((?:[^`]|``)+)` ", re.MULTILINE)
_COMPLETED = b"-- Dump completed"
_LONGEST_NAME = 400


class MySqlDatabase(ServerDatabase):
    """A MySQL or MariaDB database. Views are dumped, routines and events are not: the house has none."""

    kind, ending = "mysql", "sql"
    size_query = (
        "SELECT COALESCE(SUM(data_length), 0) FROM information_schema.tables WHERE table_schema = DATABASE()"
    )
    grant = "GRANT ALL ON `restore\\_%`.* TO '{login}'"

    @contextmanager
    def _dump(self) -> Iterator[object]:
        program = tool(["mariadb-dump", "mysqldump"], PACKAGE)
        self.tools["dump"] = version(program)
        with _options(self.url) as options:
            # One row for each INSERT: only so can the rows of this very transaction be counted.
            command = [
                program,
                options,
                "--single-transaction",
                "--skip-extended-insert",
                "--no-autocommit",
                "--hex-blob",
                "--no-tablespaces",
                "--default-character-set=utf8mb4",
                "--loose-column-statistics=0",
                str(self.url.database),
            ]
            with engine_for(self.url).connect() as connection:
                self.counts = dict.fromkeys(self._tables(connection), 0)
            with output_of(command) as output:
                yield PiecesReader(self._counted(iter(lambda: output.read(PIECE), b"")))

    def _counted(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Pass a dump on and count its rows by table. A text's line breaks are escaped in a dump, so a line
        that begins with INSERT is one.
        """
        begun, rows, last = b"", Counter[str](), b""
        for piece in pieces:
            text_, _, rest = (begun + piece).rpartition(b"\n")
            rows.update(_names(text_))
            # Of a very long line only its beginning says where it goes.
            begun = (b"\n" if text_ else b"") + rest if len(rest) <= PIECE else rest[:_LONGEST_NAME]
            last = (last + piece)[-200:]
            yield piece
        if _COMPLETED not in last:
            raise VendorUnavailable("the dump of the database broke off before its end")
        self.counts |= rows

    @contextmanager
    def loading(self, name: str) -> Iterator[Writer]:
        """A writer that loads a dump into the new database `name`."""
        program = tool(["mariadb", "mysql"], PACKAGE)
        with _options(self.url) as options:
            command = [program, options, "--default-character-set=utf8mb4", name]
            with input_of(command) as sink:
                yield sink

    def _tables(self, connection: Connection) -> list[str]:
        found = connection.execute(text("SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'"))
        return sorted(str(row[0]) for row in found)

    def _rows(self, connection: Connection) -> dict[str, int]:
        quote = connection.dialect.identifier_preparer.quote_identifier
        return {
            table: int(connection.scalar(text(f"SELECT COUNT(*) FROM {quote(table)}")) or 0)  # noqa: S608
            for table in self._tables(connection)
        }

    def _exists(self, connection: Connection, name: str) -> bool:
        found = text("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = :name")
        return bool(connection.scalar(found, {"name": name}))

    def _drop_statement(self, name: str) -> str:
        return f"DROP DATABASE IF EXISTS `{name}`"

    def _create_statement(self, name: str) -> str:
        return f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4"


def _names(lines: bytes) -> Iterator[str]:
    for match in _INSERT.finditer(lines):
        yield match[1].replace(b"``", b"`").decode()


@contextmanager
def _options(url: URL) -> Iterator[str]:
    """The program's first argument: a file with login and password, out of sight of other users."""
    fields = {"host": url.host, "port": url.port, "user": url.username, "password": url.password}
    lines = [f'{name}="{_escaped(str(value))}"' for name, value in fields.items() if value]
    with secret_file("\n".join(["[client]", *lines, ""])) as file:
        yield f"--defaults-extra-file={file}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
