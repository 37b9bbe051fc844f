"""Files on a disk or in object storage, written so that no reader ever sees half of one."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol


class StoragePath(Protocol):
    """The part of pathlib that files on a disk and in object storage share."""

    @property
    def name(self) -> str: ...

    def open(self, mode: str, /) -> IO[Any]: ...


def local_path(path: StoragePath) -> Path | None:
    """The path on this machine's disk, or None for object storage."""
    if isinstance(path, Path):
        return path
    if getattr(path, "protocol", "") in ("file", "local"):
        return Path(str(getattr(path, "path", path)))
    return None


def write_atomically(path: StoragePath, content: bytes) -> None:
    """Replace a file as a whole. Object storage does so by itself; on a disk a temporary file is renamed."""
    local = local_path(path)
    if local is None:
        with path.open("wb") as out:
            out.write(content)
        return
    with replacing(local) as part:
        part.write_bytes(content)


def copy_atomically(source: Path, target: StoragePath) -> None:
    """Put a file of this machine in the place of `target` as a whole; memory stays flat."""
    local = local_path(target)
    if local is not None:
        with replacing(local) as part:
            shutil.copyfile(source, part)
        return
    with source.open("rb") as content, target.open("wb") as out:
        shutil.copyfileobj(content, out)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when the block ends without an error."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        yield part
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def local_copy(path: StoragePath) -> Iterator[Path]:
    """The file on this machine's disk: itself, or a temporary copy of an object in storage."""
    local = local_path(path)
    if local is not None:
        yield local
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        with path.open("rb") as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target)
        yield copy


@contextmanager
def as_local_folder(path: Any) -> Iterator[Path]:
    """A folder of the store's files on this machine's disk.

    On a disk it is the folder itself. Of object storage it is a copy, and what the block writes is stored at
    its end.
    """
    local = local_path(path)
    if local is not None:
        local.mkdir(parents=True, exist_ok=True)
        yield local
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if path.exists():
            for stored in path.iterdir():
                (folder / stored.name).write_bytes(stored.read_bytes())
        before = {file.name: sha256_of(file) for file in folder.iterdir()}
        yield folder
        for file in folder.iterdir():
            if before.get(file.name) != sha256_of(file):
                copy_atomically(file, path / file.name)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, as 64 hexadecimal digits."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
