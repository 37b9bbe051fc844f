"""Making one backup: from its source into the storage, read back, and declared whole by its manifest."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

import zstandard

from include.backups.manifest import SUFFIX, Manifest, object_name, read_manifest, stem
from include.backups.settings import BackupSettings
from include.backups.sources import Source
from include.backups.storage import OffsiteStorage, in_mb, require_space
from include.backups.streams import content_of, seal
from include.errors import InvalidRequest, VerificationFailed

USUAL = 7
"""The size of so many last backups is the usual one."""


@dataclass(frozen=True)
class Known:
    """The backups of one target, oldest first, and the manifests not to be used, with the reasons."""

    backups: tuple[Manifest, ...]
    broken: dict[str, str]

    @property
    def newest_good(self) -> Manifest | None:
        """The one to restore."""
        return next((backup for backup in reversed(self.backups) if backup.is_good), None)


def known_backups(storage: OffsiteStorage, target: str) -> Known:
    """The backups that a target has: those with a manifest whose object is there, in its full size."""
    files = {file.name: file for file in storage.files(target)}
    backups, broken = [], {}
    for file in files:
        if not file.endswith(SUFFIX) or file.startswith("."):
            continue
        try:
            manifest = read_manifest(storage.read(target, file), target, file)
        except InvalidRequest as error:
            broken[file] = str(error)
            continue
        stored = files.get(manifest.name)
        if stored is None:
            broken[file] = f"{target}/{file}: its backup is not there"
        elif stored.size != manifest.stored.bytes:
            broken[file] = (
                f"{target}/{manifest.name} has {stored.size} bytes instead of {manifest.stored.bytes}"
            )
        else:
            backups.append(manifest)
    return Known(tuple(sorted(backups, key=lambda backup: backup.at)), broken)


def back_up(
    storage: OffsiteStorage,
    target: str,
    source: Source,
    at: datetime,
    settings: BackupSettings,
    run: str,
    *,
    accept_small: bool = False,
) -> Manifest:
    """Make the backup of the moment `at`; one that an earlier try has completed is checked and returned.

    Raises `VendorUnavailable` when the storage or source does not answer or is out of space and
    `VerificationFailed` when what was read back differs; neither leaves anything that could be taken for a
    backup.
    """
    known = known_backups(storage, target)
    wanted = stem(object_name(target, at, "", encrypted=False))
    made = next((backup for backup in known.backups if stem(backup.name) == wanted), None)
    if made and _is_sound(storage, made):
        return made
    for stale in [made.name + SUFFIX] if made else [f for f in known.broken if stem(f) == wanted]:
        # Or else, until the new one is there, it would describe what is being written.
        storage.delete(target, stale)
    keep_free = settings.checks.keep_free_mb * 1_000_000
    last = known.newest_good
    expected = int(last.stored.bytes * 1.2) if last else source.size()
    require_space(storage, expected, keep_free, f"the backup of {target}")
    recipients = settings.encryption.recipients
    name = object_name(target, at, source.ending, encrypted=bool(recipients))
    with storage.writing(target, name) as writing:
        with source.reading() as reader:
            content, stored = seal(reader, writing, settings.compression_level, recipients)
        writing.finish()
    manifest = Manifest(
        target=target,
        kind=source.kind,
        at=at,
        name=name,
        content=content,
        stored=stored,
        encrypted=bool(recipients),
        counts=source.counts,
        left_out=tuple(source.left_out),
        tools={"python": platform.python_version(), "zstandard": zstandard.__version__, **source.tools},
        run=run,
        warning="" if accept_small else _collapse(content.bytes, known.backups, settings),
    )
    verify_stored(storage, manifest)
    storage.write(target, name + SUFFIX, manifest.as_bytes())
    return manifest


def verify_stored(storage: OffsiteStorage, manifest: Manifest) -> None:
    """Read a stored object back; raises `VerificationFailed` when it is not what was written."""
    with storage.reading(manifest.target, manifest.name) as source:
        found = content_of(source)
    if found != manifest.stored:
        raise VerificationFailed(
            f"{manifest.target}/{manifest.name} was read back with {found.bytes} bytes and SHA-256 "
            f"{found.sha256}; {manifest.stored.bytes} bytes and {manifest.stored.sha256} were written"
        )


def _is_sound(storage: OffsiteStorage, manifest: Manifest) -> bool:
    try:
        verify_stored(storage, manifest)
    except VerificationFailed:
        return False
    return True


def _collapse(size: int, backups: Sequence[Manifest], settings: BackupSettings) -> str:
    usual = [backup.content.bytes for backup in backups][-USUAL:]
    share = settings.checks.smallest_share
    if not usual or size >= share * median(usual):
        return ""
    return (
        f"{in_mb(size)} is less than {share:.0%} of the usual {in_mb(int(median(usual)))} "
        "(checks.smallest_share): is something missing at the source?"
    )
