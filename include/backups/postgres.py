"""PostgreSQL: pg_dump of one snapshot, whose rows are counted too, and restoring into a new database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, text

from include.backups.server_databases import ServerDatabase
from include.backups.streams import Writer
from include.backups.tools import input_of, output_of, secret_file, tool, version
from include.database.engines import LOCK_WAIT_SECONDS, engine_for

PACKAGE = "postgresql-client"
_TABLES = text(
    "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' "
    "AND n.nspname <> 'information_schema' ORDER BY 1, 2"
)


class PostgresDatabase(ServerDatabase):
    """A PostgreSQL database."""

    kind, ending = "postgresql", "dump"
    grant = 'ALTER ROLE "{login}" CREATEDB'
    size_query = "SELECT pg_database_size(current_database())"

    @contextmanager
    def _dump(self) -> Iterator[object]:
        program = tool(["pg_dump"], PACKAGE)
        self.tools["pg_dump"] = version(program)
        # The transaction stays open while pg_dump reads, so that both see the same rows.
        snapshot = engine_for(self.url).execution_options(isolation_level="REPEATABLE READ")
        with snapshot.connect() as connection:
            name = connection.scalar(text("SELECT pg_export_snapshot()"))
            self.counts = self._rows(connection)
            command = [
                program,
                "--format=custom",
                "--compress=0",
                "--no-password",
                f"--lock-wait-timeout={LOCK_WAIT_SECONDS * 1000}",
                f"--snapshot={name}",
            ]
            with _password(self.url) as environment, output_of(command, environment) as output:
                yield output

    @contextmanager
    def loading(self, name: str) -> Iterator[Writer]:
        """A writer that loads a dump into the new database `name`."""
        command = [
            tool(["pg_restore"], PACKAGE),
            "--no-owner",
            "--no-privileges",
            "--exit-on-error",
            "--no-password",
            f"--dbname={name}",
        ]
        with _password(self.url.set(database=name)) as environment, input_of(command, environment) as sink:
            yield sink

    def _rows(self, connection: Connection) -> dict[str, int]:
        names = [(schema, table) for schema, table in connection.execute(_TABLES)]
        quote = connection.dialect.identifier_preparer.quote_identifier
        counted = {}
        for schema, table in names:
            rows = connection.scalar(text(f"SELECT count(*) FROM {quote(schema)}.{quote(table)}"))  # noqa: S608
            counted[f"{schema}.{table}"] = int(rows or 0)
        return counted

    def _exists(self, connection: Connection, name: str) -> bool:
        found = text("SELECT count(*) FROM pg_database WHERE datname = :name")
        return bool(connection.scalar(found, {"name": name}))

    def _drop_statement(self, name: str) -> str:
        return f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'

    def _create_statement(self, name: str) -> str:
        return f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'"


@contextmanager
def _password(url: URL) -> Iterator[dict[str, str]]:
    """The variables by which PostgreSQL's programs find the database; the password is in a file."""
    where = {"PGHOST": url.host, "PGPORT": url.port, "PGUSER": url.username, "PGDATABASE": url.database}
    known = {name: str(value) for name, value in where.items() if value}
    with secret_file(f"*:*:*:*:{_escaped(str(url.password or ''))}\n") as file:
        yield {**known, "PGPASSFILE": str(file), "PGCONNECT_TIMEOUT": "10"}


def _escaped(password: str) -> str:
    return password.replace("\\", r"\\").replace(":", r"\:")
