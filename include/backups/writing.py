"""Files that appear under their name only when they are whole: on a disk, and in object storage."""

from __future__ import annotations

import os
import stat
import uuid
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import Any

from upath import UPath

from include.backups.failures import storage_errors
from include.errors import RetailOpsError

PART = ".part"
BLOCK = 16 * 1024 * 1024
"""Bytes of one part of an upload; a backup may have 10,000 of them."""


class Writing(ABC):
    """A file that is being written at `place`."""

    place: object
    _file: Any

    def write(self, data: bytes) -> int:
        """Append bytes; returns how many."""
        with storage_errors(self.place):
            written: int = self._file.write(data)
        return written

    @abstractmethod
    def finish(self) -> None:
        """Give the file its name."""

    @abstractmethod
    def discard(self) -> None:
        """Remove what was not finished."""


class LocalWriting(Writing):
    """A part file beside its place, renamed at the end."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.place = path
        self._path = path
        self._part = path.with_name(f".{path.name}.{uuid.uuid4().hex}{PART}")
        # Backups hold everything that the store has: for their owner only.
        self._file = os.fdopen(
            os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR), "wb"
        )

    def finish(self) -> None:
        with storage_errors(self.place):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def discard(self) -> None:
        with suppress(OSError):
            self._file.close()
        self._part.unlink(missing_ok=True)


class ObjectWriting(Writing):
    """An upload that is completed at the end; until then no listing shows it."""

    def __init__(self, path: UPath) -> None:
        # With autocommit, closing after an error would complete the upload of half a backup.
        self._file = path.fs.open(path.path, "wb", block_size=BLOCK, autocommit=False)
        self.place = path
        self._open = True

    def finish(self) -> None:
        with storage_errors(self.place):
            self._file.close()
            self._file.commit()
        self._open = False

    def discard(self) -> None:
        if self._open:
            self._open = False
            # Without this the file's own clean-up would try to upload the rest.
            self._file.closed = True
            with suppress(RetailOpsError, OSError):
                self._file.discard()
