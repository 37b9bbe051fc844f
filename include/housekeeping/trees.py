"""Files below a root, on a disk or in object storage: what is there, and taking one away."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from include.errors import InvalidRequest
from include.files import local_path


@dataclass(frozen=True, slots=True)
class Found:
    """A file: its path from the root with slashes, size in bytes, and when it was last changed."""

    path: str
    size: int
    modified: datetime

    @property
    def name(self) -> str:
        """Its name without the folders."""
        return PurePosixPath(self.path).name

    def state(self) -> str:
        """The same as long as nobody changes the file."""
        return f"{self.modified.astimezone(UTC).isoformat()} {self.size}"


class Tree(Protocol):
    """All files below a root."""

    def files(self, folder: str) -> Iterator[Found]:
        """The files below a folder; none where there is no such folder."""

    def look(self, path: str) -> Found | None:
        """One file as it is now; None when it is not there."""

    def remove(self, path: str, top: str) -> None:
        """Take a file away, and the folders below `top` that are empty without it."""


def tree_at(root: Any) -> Tree:
    """The tree at a `UPath` or a path of this machine."""
    local = local_path(root)
    return LocalTree(local) if local is not None else StorageTree(root)


class LocalTree:
    """Files on a disk. Links are neither followed nor taken away, and nothing outside the root is seen."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def files(self, folder: str) -> Iterator[Found]:
        """See `Tree`. What cannot be read is left out."""
        start = self._path(folder)
        if start is None:
            return
        for place, folders, names in os.walk(start, followlinks=False):
            folders.sort()
            for name in sorted(names):
                found = self._found(Path(place, name))
                if found:
                    yield found

    def look(self, path: str) -> Found | None:
        """See `Tree`."""
        full = self._path(path)
        return self._found(full) if full else None

    def remove(self, path: str, top: str) -> None:
        """See `Tree`; nothing happens when the file is gone, or a link stands in its place by now."""
        full, limit = self._path(path), self.root / top
        if full is None:
            return
        full.unlink(missing_ok=True)
        for parent in full.parents:
            if parent == limit or limit not in parent.parents:
                return
            try:
                parent.rmdir()
            except OSError:
                return

    def _path(self, path: str) -> Path | None:
        """The place below the root; None when it is not there, or a link is on the way to it or in it."""
        full = self.root
        for part in PurePosixPath(path).parts:
            if part == ".." or part.startswith("/"):
                raise InvalidRequest(f"{path} leads out of {self.root}")
            full = full / part
            if full.is_symlink() or not full.exists():
                return None
        return full

    def _found(self, full: Path) -> Found | None:
        with suppress(OSError):
            status = full.lstat()
            if stat.S_ISREG(status.st_mode):
                modified = datetime.fromtimestamp(status.st_mtime, UTC)
                return Found(full.relative_to(self.root).as_posix(), status.st_size, modified)
        return None


class StorageTree:
    """Objects below a `UPath`; they have no links, and their folders are gone with the last object."""

    def __init__(self, root: Any) -> None:
        self.root = root

    def files(self, folder: str) -> Iterator[Found]:
        """See `Tree`."""
        place = self.root if folder == "." else self.root / folder
        self.root.fs.invalidate_cache()
        try:
            found = self.root.fs.find(place.path, detail=True)
        except FileNotFoundError:
            return
        for path in sorted(found):
            one = self._found(path, found[path])
            if one:
                yield one

    def look(self, path: str) -> Found | None:
        """See `Tree`."""
        full = (self.root / path).path
        self.root.fs.invalidate_cache()
        try:
            return self._found(full, self.root.fs.info(full))
        except FileNotFoundError:
            return None

    def remove(self, path: str, top: str) -> None:  # noqa: ARG002 - object storage keeps no empty folders
        """See `Tree`."""
        with suppress(FileNotFoundError):
            self.root.fs.rm_file((self.root / path).path)

    def _found(self, path: str, entry: dict[str, Any]) -> Found | None:
        root = str(self.root.path).rstrip("/") + "/"
        modified = entry.get("LastModified") or entry.get("last_modified") or entry.get("updated")
        # What does not say when it was changed is as new, so that it stays.
        if entry.get("type") != "file" or not path.startswith(root) or not isinstance(modified, datetime):
            return None
        return Found(path[len(root) :], int(entry.get("size") or 0), modified)
