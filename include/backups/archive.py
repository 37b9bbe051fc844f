"""Folders and files as a tar archive, made and unpacked as a stream."""

from __future__ import annotations

import os
import tarfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pathspec import GitIgnoreSpec

from include.backups.streams import PIECE, Writer
from include.errors import VendorUnavailable, VerificationFailed

SMALL = 1024 * 1024
"""Files up to this size in bytes are read before their header is written: they may shrink meanwhile."""

COUNTED = ("files", "folders", "links", "bytes")


@dataclass
class Archive:
    """A tar archive of `entries`: names in it and paths of files, or "" and a folder whose content it takes.

    `exclude` are patterns as in .gitignore, `never` is a folder that is left out wherever it lies. `pieces`
    makes it; `counts` and `left_out` are complete when it has ended. Links are kept as links; sockets, pipes
    and devices are no content.
    """

    entries: dict[str, Path]
    exclude: Sequence[str] = ()
    never: Path | None = None
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    left_out: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._excluded = GitIgnoreSpec.from_lines(self.exclude)

    def size(self) -> int:
        """Bytes of all files that the archive would have now."""
        return sum(entry.stat(follow_symlinks=False).st_size for _, entry in self._walk() if entry.is_file())

    def pieces(self) -> Iterator[bytes]:
        """The archive, piece by piece. Raises `VendorUnavailable` when a large file shrinks meanwhile."""
        for name, path in self._walk():
            try:
                yield from self._member(name, path)
            except (FileNotFoundError, PermissionError) as error:
                self.left_out.append(f"{name}: {error.strerror}")
        yield bytes(2 * tarfile.BLOCKSIZE)

    def _walk(self) -> Iterator[tuple[str, Path]]:
        for name, path in sorted(self.entries.items()):
            if name:
                yield name, path
            else:
                yield from self._below(path, "")

    def _below(self, folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            if not prefix:
                raise
            self.left_out.append(f"{prefix}: {error.strerror}")
            return
        for entry in entries:
            name, path = f"{prefix}{entry.name}", Path(entry.path)
            is_folder = entry.is_dir(follow_symlinks=False)
            if path == self.never or self._excluded.match_file(f"{name}/" if is_folder else name):
                continue
            yield name, path
            if is_folder:
                yield from self._below(path, f"{name}/")

    def _member(self, name: str, path: Path) -> Iterator[bytes]:
        info = _info(name, path)
        if info.issym() or info.isdir():
            self.counts["links" if info.issym() else "folders"] += 1
            yield _header(info)
        elif info.isreg():
            with path.open("rb") as source:
                yield from self._file(info, source)

    def _file(self, info: tarfile.TarInfo, source: IO[bytes]) -> Iterator[bytes]:
        info.size = os.fstat(source.fileno()).st_size
        if info.size <= SMALL:
            content = source.read(SMALL)
            info.size = len(content)
            yield _header(info) + content + _padding(info.size)
        else:
            yield _header(info)
            left = info.size
            while left:
                data = source.read(min(PIECE, left))
                if not data:
                    raise VendorUnavailable(f"{info.name} became shorter while it was read")
                left -= len(data)
                yield data
            yield _padding(info.size)
        self.counts["files"] += 1
        self.counts["bytes"] += info.size


def _info(name: str, path: Path) -> tarfile.TarInfo:
    status = path.lstat()
    info = tarfile.TarInfo(name)
    info.mtime, info.mode = status.st_mtime, status.st_mode & 0o7777
    kinds = {0o120000: tarfile.SYMTYPE, 0o040000: tarfile.DIRTYPE, 0o100000: tarfile.REGTYPE}
    info.type = kinds.get(status.st_mode & 0o170000, tarfile.FIFOTYPE)
    if info.issym():
        info.linkname = str(path.readlink())
    return info


def _header(info: tarfile.TarInfo) -> bytes:
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)


@contextmanager
def unpacking(folder: Path, found: Unpacked) -> Iterator[Writer]:
    """A writer that unpacks the tar archive written to it below `folder`, which must exist.

    Links that lead out of the folder and what else could do harm there are left out and named in `found`.
    Raises `VerificationFailed` when the bytes are no whole archive.
    """
    reading, writing = os.pipe()
    failure: list[BaseException] = []

    def unpack() -> None:
        with os.fdopen(reading, "rb") as source:
            try:
                _extract(source, folder, found)
                # What follows the archive's end is read too, so that the writer is not stopped.
                while source.read(PIECE):
                    pass
            except BaseException as error:
                failure.append(error)

    worker = threading.Thread(target=unpack, name="unpacking")
    worker.start()
    try:
        with os.fdopen(writing, "wb") as sink:
            yield sink
    except BrokenPipeError:
        if not failure:
            raise
    finally:
        worker.join()
    if failure:
        if isinstance(failure[0], tarfile.TarError):
            raise VerificationFailed(f"the archive is damaged: {failure[0]}") from failure[0]
        raise failure[0]


@dataclass
class Unpacked:
    """What an archive held, counted as `Archive.counts`, and what was left out."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    left_out: list[str] = field(default_factory=list)


def _extract(source: IO[bytes], folder: Path, found: Unpacked) -> None:
    folders: list[tarfile.TarInfo] = []
    with tarfile.open(fileobj=source, mode="r|") as archive:
        for info in archive:
            if info.isdir():
                folders.append(info)
                # Its own mode and time are set at the end: unpacking into it changes one and may need the
                # other.
                info = info.replace(mode=0o700, deep=False)
            kind = "links" if info.issym() else "folders" if info.isdir() else "files"
            try:
                archive.extract(info, folder, filter="data", set_attrs=not info.isdir())
            except tarfile.FilterError as error:
                found.left_out.append(f"{info.name}: {error}")
                continue
            if kind == "files" and (folder / info.name).stat().st_size != info.size:
                raise VerificationFailed(f"{info.name} has another size than in the archive")
            found.counts[kind] += 1
            found.counts["bytes"] += info.size if kind == "files" else 0
        for info in reversed(folders):
            place = folder / info.name
            with suppress(OSError):
                place.chmod((info.mode or 0) & 0o755 | 0o700)
                os.utime(place, (info.mtime, info.mtime))
