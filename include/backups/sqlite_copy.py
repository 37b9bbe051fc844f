"""SQLite: a consistent copy while others write, and the check of a restored one."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from include.backups.storage import require_space
from include.errors import InvalidRequest, VendorUnavailable, VerificationFailed


class SqliteDatabase:
    """A SQLite database; the copy is made through SQLite itself, in the folder for temporary files.

    `keep_free` is how many bytes have to stay free there.
    """

    kind, ending = "sqlite", "db"

    def __init__(self, file: Path, keep_free: int) -> None:
        self.file, self.keep_free = file, keep_free
        self.counts: dict[str, int] = {}
        self.left_out: list[str] = []
        self.tools = {"sqlite": sqlite3.sqlite_version}

    @contextmanager
    def reading(self) -> Iterator[object]:
        """The copy, to `read`; `counts` (rows by table) is complete. Raises `VendorUnavailable` when the
        database is locked or damaged.
        """
        if not self.file.is_file():
            raise InvalidRequest(f"there is no SQLite database {self.file}")
        with tempfile.TemporaryDirectory() as folder:
            require_space(Path(folder), self.size(), self.keep_free, f"a copy of {self.file.name}")
            copy = Path(folder) / "copy.db"
            try:
                source = sqlite3.connect(f"{self.file.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
                with closing(source), closing(sqlite3.connect(copy)) as target:
                    # All pages in one step: in smaller steps each write of others would start it again.
                    source.backup(target, pages=-1)
                self.counts = rows_of(copy)
            except sqlite3.Error as error:
                raise VendorUnavailable(f"the database {self.file} cannot be copied: {error}") from error
            with copy.open("rb") as content:
                yield content

    def size(self) -> int:
        """Bytes of the database with what its journal holds."""
        journal = self.file.with_name(f"{self.file.name}-wal")
        return sum(file.stat().st_size for file in (self.file, journal) if file.exists())


def rows_of(file: Path) -> dict[str, int]:
    """The rows of each table; raises `VerificationFailed` when the database is not sound."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise VerificationFailed(f"SQLite calls {file.name} damaged: {verdict}")
        tables = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
            "AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
        ).fetchall()
        counted = {}
        for (name,) in tables:
            quoted = name.replace('"', '""')
            counted[name] = connection.execute(f'SELECT COUNT(*) FROM "{quoted}"').fetchone()[0]  # noqa: S608
    return counted
