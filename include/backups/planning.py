"""Plans: which backups to make, which to remove, which to bring back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo

from include.backups.backup import Known
from include.backups.manifest import SUFFIX, stem
from include.backups.retention import LEFTOVER_AGE, expired, is_leftover
from include.backups.settings import Retention
from include.backups.storage import Stored
from include.changes import Change, Plan, Reject

OFFSITE = "offsite"
"""Target of changes to the storage; their key is the backup's target and the file's name."""

BACKUP, MANIFEST, FILE, UPLOAD, RESTORE = "backup", "manifest", "file", "upload", "restore"
"""Fields of those changes: a backup made or brought back, and the three things that retention removes."""


def plan_backups(names: Iterable[str], at: datetime) -> Plan:
    """One backup of each target at the moment `at`."""
    changes = tuple(
        Change(OFFSITE, (name, at.isoformat()), BACKUP, None, name, "a new backup of tonight")
        for name in names
    )
    return Plan(changes, considered=len(changes))


def plan_retention(
    found: Mapping[str, tuple[Known, list[Stored], list[Stored]]],
    retention: Retention,
    now: datetime,
    zone: tzinfo,
) -> Plan:
    """What goes: backups that are not kept any longer (first the manifest, then its object), and what
    interrupted runs left more than two days ago.

    `found` has for each target its backups, its files and its unfinished uploads. Objects whose manifest
    cannot be read are set aside for a person, never removed.
    """
    changes: list[Change] = []
    rejects: list[Reject] = []
    considered = 0
    for target, (known, files, uploads) in found.items():
        considered += len(known.backups)
        hashes = {backup.name: backup.stored.sha256 for backup in known.backups}
        gone = sorted(expired(known.backups, retention, now, zone).items())
        changes += [
            Change(OFFSITE, (target, name), MANIFEST, hashes[name], None, reason) for name, reason in gone
        ]
        rejects += [Reject(f"{target}/{file}", reason) for file, reason in sorted(known.broken.items())]
        described = {*hashes, *(file.removesuffix(SUFFIX) for file in known.broken)}
        left = f"left by an interrupted run more than {LEFTOVER_AGE.days} days ago"
        for file in files:
            owner = file.name.removesuffix(SUFFIX)
            if owner not in described and is_leftover(file.modified, now):
                changes.append(Change(OFFSITE, (target, file.name), FILE, file.size, None, left))
        for upload in uploads:
            if is_leftover(upload.modified, now):
                changes.append(Change(OFFSITE, (target, upload.name), UPLOAD, stem(upload.name), None, left))
    return Plan(tuple(changes), considered, tuple(rejects))
