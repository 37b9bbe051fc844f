"""Carrying out what retention planned."""

from __future__ import annotations

from include.backups.manifest import SUFFIX, read_manifest
from include.backups.planning import FILE, MANIFEST
from include.backups.storage import OffsiteStorage
from include.changes import Change, Result
from include.errors import InvalidRequest


def remove(storage: OffsiteStorage, change: Change) -> Result:
    """Remove a backup, a leftover file or an unfinished upload, when it is still what the plan saw.

    What is gone already counts as removed.
    """
    target, name = tuple(change.key)
    files = {file.name: file for file in storage.files(target)}
    if change.field == MANIFEST:
        return _remove_backup(storage, change, target, name, set(files))
    if change.field == FILE:
        if name in files and files[name].size != change.old:
            return Result(change, "conflicted", "it has changed meanwhile")
        storage.delete(target, name)
    else:
        storage.abandon(target, name)
    return Result(change, "applied")


def _remove_backup(
    storage: OffsiteStorage, change: Change, target: str, name: str, files: set[str]
) -> Result:
    if name + SUFFIX in files:
        try:
            found = read_manifest(storage.read(target, name + SUFFIX), target, name + SUFFIX)
        except InvalidRequest as error:
            return Result(change, "conflicted", str(error))
        if found.stored.sha256 != change.old:
            return Result(change, "conflicted", "it is another backup by now")
        # The manifest goes first: between the two steps there is no backup, rather than half of one.
        storage.delete(target, name + SUFFIX)
    storage.delete(target, name)
    return Result(change, "applied")
