"""Bringing a backup back, into a new place only, and proving that it is what was saved."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from include.backups.archive import Unpacked, unpacking
from include.backups.failures import storage_errors
from include.backups.manifest import Content, Manifest
from include.backups.server_databases import ServerDatabase
from include.backups.sqlite_copy import rows_of
from include.backups.storage import OffsiteStorage, require_space
from include.backups.streams import Writer, unseal
from include.errors import InvalidRequest, VerificationFailed


@dataclass(frozen=True)
class Restored:
    """A backup that was brought back and verified: where it is now, what it has, and what was left out."""

    place: str
    counts: dict[str, int]
    left_out: tuple[str, ...] = ()


def restore_files(
    storage: OffsiteStorage, manifest: Manifest, folder: Path, identity: str | None, keep_free: int
) -> Restored:
    """Unpack an archive, or put a SQLite database, into the new folder `folder`.

    It appears under its name only when content and counts are what the manifest says. Raises `InvalidRequest`
    when the folder has something in it, `VerificationFailed` when the backup is damaged, `VendorUnavailable`
    when the disk is full.
    """
    refuse_existing(folder)
    with storage_errors(folder):
        counts, left_out = _put_in_place(storage, manifest, folder, identity, keep_free)
    return Restored(str(folder), counts, tuple(left_out))


def restore_database(
    storage: OffsiteStorage,
    manifest: Manifest,
    server: ServerDatabase,
    name: str,
    identity: str | None,
    *,
    keep: bool = True,
) -> Restored:
    """Load a dump into the new database `name` of a server.

    It is dropped again when it is not as it was saved and, for a drill, when `keep` is False. Raises as
    `restore_files` does, and `BadCredentials` when the login may not make databases.
    """
    if server.kind != manifest.kind:
        raise InvalidRequest(f"{manifest.name} is of {manifest.kind}; {server.kind} cannot load it")
    with server.new(name) as sink:
        _bring_back(storage, manifest, sink, identity)
    try:
        counts = server.rows_of(name)
        _compare(manifest, counts, 0)
        if keep:
            server.finish(name)
    except BaseException:
        server.drop(name)
        raise
    if not keep:
        server.drop(name)
    return Restored(name, counts)


def refuse_existing(folder: Path) -> None:
    """Raise `InvalidRequest` when a folder has something in it, or is none."""
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise InvalidRequest(f"into: {folder} is there already; name a new folder, nothing is overwritten")


def _put_in_place(
    storage: OffsiteStorage, manifest: Manifest, folder: Path, identity: str | None, keep_free: int
) -> tuple[dict[str, int], list[str]]:
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    try:
        require_space(part, manifest.content.bytes, keep_free, f"the content of {manifest.name}")
        if manifest.kind == "sqlite":
            file = part / f"{manifest.target}.db"
            with file.open("wb") as sink:
                _bring_back(storage, manifest, sink, identity)
            counts, left_out = rows_of(file), []
        else:
            found = Unpacked()
            with unpacking(part, found) as writer:
                _bring_back(storage, manifest, writer, identity)
            counts, left_out = found.counts, found.left_out
        _compare(manifest, counts, len(left_out))
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return counts, left_out


def _bring_back(
    storage: OffsiteStorage, manifest: Manifest, sink: Writer, identity: str | None
) -> tuple[Content, Content]:
    with storage.reading(manifest.target, manifest.name) as source:
        content, stored = unseal(source, sink, identity, encrypted=manifest.encrypted)
    for what, found, written in (
        ("stored file", stored, manifest.stored),
        ("content", content, manifest.content),
    ):
        if found != written:
            raise VerificationFailed(
                f"{manifest.target}/{manifest.name}: the {what} has {found.bytes} bytes and SHA-256 "
                f"{found.sha256}; the manifest says {written.bytes} and {written.sha256}. Nothing of it was "
                "kept: take another backup"
            )
    return content, stored


def _compare(manifest: Manifest, counts: dict[str, int], left_out: int) -> None:
    if left_out and sum(counts.values()):
        # Entries that must not be restored, such as links out of the folder, are missing from the counts.
        missing = sum(
            manifest.counts.get(kind, 0) - counts.get(kind, 0) for kind in ("files", "folders", "links")
        )
        if missing == left_out:
            return
    if counts != manifest.counts:
        different = sorted(
            name
            for name in counts.keys() | manifest.counts.keys()
            if counts.get(name) != manifest.counts.get(name)
        )
        raise VerificationFailed(
            f"{manifest.name}: restored "
            + ", ".join(f"{counts.get(n, 0)} instead of {manifest.counts.get(n, 0)} ({n})" for n in different)
        )
