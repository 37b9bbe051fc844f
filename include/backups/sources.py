"""From a target of the settings to what is read for its backup."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import URL

from include.backups.archive import Archive
from include.backups.mysql import MySqlDatabase
from include.backups.postgres import PostgresDatabase
from include.backups.server_databases import ServerDatabase
from include.backups.settings import Database, Files, Folder, Target, place
from include.backups.sqlite_copy import SqliteDatabase
from include.backups.streams import PiecesReader
from include.errors import InvalidRequest, VendorUnavailable

ConnectionUrl = Callable[[str], URL | None]
"""The database URL of an Airflow connection; None when there is no such connection."""


class Source(Protocol):
    """What one backup is made of. All but `kind` and `ending` is complete when `reading` has ended."""

    counts: dict[str, int]
    left_out: list[str]
    tools: dict[str, str]

    @property
    def kind(self) -> str: ...

    @property
    def ending(self) -> str: ...

    def size(self) -> int:
        """Bytes that there are to read, roughly."""

    def reading(self) -> AbstractContextManager[object]:
        """The content, to `read`."""


class ArchiveSource:
    """Folders and files, read as a tar archive."""

    kind, ending = "archive", "tar"

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.counts, self.left_out = archive.counts, archive.left_out
        self.tools: dict[str, str] = {}

    @contextmanager
    def reading(self) -> Iterator[object]:
        """The archive, to `read`. Raises `VendorUnavailable` when the disk does not answer."""
        try:
            yield PiecesReader(self._archive.pieces())
        except OSError as error:
            raise VendorUnavailable(f"the files cannot be read: {error}") from error

    def size(self) -> int:
        """Bytes of all files."""
        return self._archive.size()


def source_of(
    name: str, target: Target, url_of: ConnectionUrl, never: Path | None, keep_free: int
) -> Source | None:
    """What is read for a target; None for one that is not required and not there.

    `never` is a folder that no archive may have in it (the backups themselves); `keep_free` bytes stay free
    in the folder for temporary files. Raises `InvalidRequest` naming the target when it is required and
    missing.
    """
    found = _database(target, url_of, keep_free) if isinstance(target, Database) else _files(target, never)
    if isinstance(found, str):
        if target.required:
            raise InvalidRequest(f"the target {name} of backups.yaml: {found}")
        return None
    return found


def server_database(url: URL) -> ServerDatabase | None:
    """A database on a server, for dumping or restoring; None for SQLite, which is a file.

    Raises `InvalidRequest` for SQL Server, whose backups can only be made by itself.
    """
    match url.get_backend_name():
        case "sqlite":
            return None
        case "postgresql":
            return PostgresDatabase(url)
        case "mysql" | "mariadb":
            return MySqlDatabase(url)
        case other:
            raise InvalidRequest(
                f"a database of the type {other} cannot be backed up from here: SQL Server writes backups to "
                "its own disk only. Use its agent (BACKUP DATABASE) and take the target out of backups.yaml"
            )


def _database(target: Database, url_of: ConnectionUrl, keep_free: int) -> Source | str:
    url = url_of(target.connection)
    if url is None:
        return f"there is no connection {target.connection}"
    if server := server_database(url):
        return server
    file = Path(str(url.database))
    return SqliteDatabase(file, keep_free) if file.is_file() else f"there is no SQLite database {file}"


def _files(target: Folder | Files, never: Path | None) -> Source | str:
    texts = [target.path] if isinstance(target, Folder) else target.paths
    paths = {text: place(text) for text in texts}
    for text, path in paths.items():
        if path is None:
            return f"{text} names a variable that is not set"
        if not (path.is_dir() if isinstance(target, Folder) else path.is_file()):
            return f"there is no {'folder' if isinstance(target, Folder) else 'file'} {path}"
    known = [path for path in paths.values() if path]
    if isinstance(target, Folder):
        return ArchiveSource(Archive({"": known[0].resolve()}, target.exclude, never and never.resolve()))
    return ArchiveSource(Archive({path.name: path for path in known}))
