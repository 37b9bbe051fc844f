"""The off-site storage: a folder or a bucket, with one folder for each target."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from upath import UPath

from include.backups.failures import storage_errors
from include.backups.writing import BLOCK, LocalWriting, ObjectWriting, Writing
from include.errors import InvalidRequest, VendorUnavailable
from include.files import local_path


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of a target: its name, size in bytes, and when it was last changed."""

    name: str
    size: int
    modified: datetime


class OffsiteStorage:
    """Files of targets below `root`, a `UPath` of any file system that fsspec knows.

    All errors reach the caller as `VendorUnavailable`, `BadCredentials` or `InvalidRequest`, naming the
    place.
    """

    def __init__(self, root: UPath) -> None:
        self.root = root
        self.local = local_path(root)

    def path(self, target: str, name: str) -> UPath:
        """A file of a target; raises `InvalidRequest` for a name that leads elsewhere."""
        if not target or not name or {"/", "\\"} & set(target + name) or target.startswith("."):
            raise InvalidRequest(f"{target}/{name} is no name of a backup")
        return self.root / target / name

    def files(self, target: str) -> list[Stored]:
        """All files of a target, by name; none where the target has no folder yet."""
        with storage_errors(self.root):
            folder = self.root / target
            folder.fs.invalidate_cache()
            try:
                found = folder.fs.ls(folder.path, detail=True)
            except FileNotFoundError:
                self.check()
                return []
            listed = [_stored(entry) for entry in found if entry["type"] == "file"]
        return sorted((one for one in listed if one.name), key=lambda one: one.name)

    def check(self) -> None:
        """Raise an error when the storage does not answer, or its root is missing."""
        with storage_errors(self.root):
            if self.local is not None:
                self.local.mkdir(parents=True, exist_ok=True)
                return
            # Asking whether the bucket exists would answer no where the storage does not answer at all.
            for path in (self.root.path, self._bucket):
                with suppress(FileNotFoundError):
                    self.root.fs.ls(path, detail=False)
                    return
            raise InvalidRequest(f"{self.root}: there is no bucket {self._bucket}; make it first")

    def read(self, target: str, name: str) -> bytes:
        """A small file as a whole."""
        with storage_errors(self.root):
            content: bytes = self.path(target, name).read_bytes()
        return content

    @contextmanager
    def reading(self, target: str, name: str) -> Iterator[IO[bytes]]:
        """A file, to read in pieces."""
        path = self.path(target, name)
        with storage_errors(self.root), path.fs.open(path.path, "rb", block_size=BLOCK) as source:
            yield source

    @contextmanager
    def writing(self, target: str, name: str) -> Iterator[Writing]:
        """A new file that appears under its name only when the block calls `finish`.

        Until then it is a part file on a disk, or an upload that was not completed; leaving the block without
        `finish` removes it.
        """
        path = self.path(target, name)
        with storage_errors(self.root):
            writing = LocalWriting(Path(path.path)) if self.local else ObjectWriting(path)
        try:
            yield writing
        finally:
            writing.discard()

    def write(self, target: str, name: str, content: bytes) -> None:
        """Put a small file in its place as a whole."""
        with self.writing(target, name) as writing:
            writing.write(content)
            writing.finish()

    def delete(self, target: str, name: str) -> None:
        """Remove a file; nothing happens when it is not there."""
        with storage_errors(self.root), suppress(FileNotFoundError):
            self.path(target, name).unlink()

    def free_bytes(self) -> int | None:
        """Free space of the disk; None for storage that does not say so."""
        if self.local is None:
            return None
        with storage_errors(self.root):
            self.local.mkdir(parents=True, exist_ok=True)
            return shutil.disk_usage(self.local).free

    def unfinished_uploads(self, target: str) -> list[Stored]:
        """Uploads to S3 that an interrupted run never completed: they cost money and no listing shows them.

        Their names are the object's with the upload's id, for `abandon`.
        """
        if "s3" not in str(self.root.protocol):
            return []
        bucket, _, prefix = (self.root / target).path.partition("/")
        with storage_errors(self.root):
            answer = self.root.fs.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=f"{prefix}/")
        return [
            Stored(f"{upload['Key'].rsplit('/', 1)[1]}?{upload['UploadId']}", 0, upload["Initiated"])
            for upload in answer.get("Uploads", ())
        ]

    def abandon(self, target: str, upload: str) -> None:
        """End an upload that `unfinished_uploads` named; nothing happens when it is gone."""
        name, _, upload_id = upload.partition("?")
        bucket, _, key = self.path(target, name).path.partition("/")
        with storage_errors(self.root), suppress(FileNotFoundError):
            self.root.fs.call_s3("abort_multipart_upload", Bucket=bucket, Key=key, UploadId=upload_id)

    @property
    def _bucket(self) -> str:
        return str(self.root.path).partition("/")[0]


def _stored(entry: dict[str, Any]) -> Stored:
    name = str(entry["name"]).rstrip("/").rsplit("/", 1)[-1]
    modified = entry.get("LastModified") or entry.get("mtime") or entry.get("updated")
    if isinstance(modified, (int, float)):
        modified = datetime.fromtimestamp(modified, UTC)
    if not isinstance(modified, datetime):
        # Storage that does not say when: as new, so that nothing is taken for a leftover.
        modified = datetime.max.replace(tzinfo=UTC)
    return Stored(name, int(entry.get("size") or 0), modified)


def require_space(where: Path | OffsiteStorage, needed: int, keep_free: int, what: str) -> None:
    """Raise `VendorUnavailable` when a disk has less than `needed` and `keep_free` bytes left.

    `what` says for whom, as in "a copy of the database".
    """
    free = where.free_bytes() if isinstance(where, OffsiteStorage) else shutil.disk_usage(where).free
    if free is not None and free < needed + keep_free:
        place = where.root if isinstance(where, OffsiteStorage) else where
        raise VendorUnavailable(
            f"{place} has {in_mb(free)} free; {what} needs up to {in_mb(needed)}, {in_mb(keep_free)} have "
            "to stay free (checks.keep_free_mb). Make room or move the storage"
        )


def in_mb(size: int) -> str:
    """A number of bytes for a person."""
    return f"{size / 1_000_000:,.1f} MB"
