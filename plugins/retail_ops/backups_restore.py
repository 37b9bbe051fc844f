"""Tasks that bring backups back: by hand into a new place, and every month as a drill."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from include.changes import Change, Plan, Reject, Result
from include.errors import InvalidRequest
from include.files import local_path
from retail_ops.backups import carefully, offsite, url_of
from retail_ops.task_run import TaskRun, store_files

if TYPE_CHECKING:
    from include.backups.manifest import Manifest
    from include.backups.restore import Restored
    from include.backups.server_databases import ServerDatabase
    from include.backups.settings import BackupSettings

log = logging.getLogger(__name__)

IN_FILES = ("archive", "sqlite")
"""Kinds of backups that are restored as files, into a folder."""


def plan_restore(task_run: TaskRun) -> Plan:
    """The backup that the parameters name, and the place for it; skips, saying so, when they name none."""
    from include.backups.backup import known_backups
    from include.backups.planning import OFFSITE, RESTORE
    from include.backups.restore import refuse_existing
    from include.backups.settings import backup_settings

    target, into = task_run.params["target"].strip(), task_run.params["into"].strip()
    if not target:
        names = ", ".join(backup_settings().targets)
        task_run.skip(f"no target was named: trigger with one of those in backups.yaml ({names})")
    manifest = _chosen(known_backups(offsite(), target).backups, target, task_run.params["backup"].strip())
    if manifest.kind in IN_FILES:
        folder = _folder(into or f"{_stem(manifest)}-restored-{_stamp(task_run.when)}")
        refuse_existing(folder)
        place = str(folder)
    else:
        place = into or f"restore_{target}_{_stamp(task_run.when)}"
        _server(backup_settings(), target).refuse_existing(place)
    reason = f"the backup of {manifest.at:%Y-%m-%d %H:%M} UTC"
    return Plan((Change(OFFSITE, (target, manifest.name), RESTORE, None, place, reason),), considered=1)


def restore(_task_run: TaskRun, plan: Plan) -> Iterator[list[Result]]:
    """Bring back what was planned, verified."""
    for change in plan.changes:

        def work(change: Change = change) -> Result:
            manifest = _manifest(change)
            place = str(change.new)
            if manifest.kind in IN_FILES:
                return _told(change, _into_folder(manifest, Path(place)))
            return _told(change, _into_database(manifest, place))

        yield [carefully(change, work)]


def plan_drill(task_run: TaskRun) -> Plan:
    """The newest good backup of each target; skips, saying so, when there is none at all."""
    from include.backups.backup import known_backups
    from include.backups.planning import OFFSITE, RESTORE
    from include.backups.settings import backup_settings

    changes, rejects = [], []
    storage, targets = offsite(), backup_settings().targets
    for name, target in targets.items():
        known = known_backups(storage, name)
        rejects += [Reject(f"{name}/{file}", reason) for file, reason in known.broken.items()]
        if newest := known.newest_good:
            reason = f"the newest backup, of {newest.at:%Y-%m-%d %H:%M} UTC"
            changes.append(
                Change(OFFSITE, (name, newest.name), RESTORE, None, "a place for the drill", reason)
            )
        elif target.required or known.backups:
            rejects.append(Reject(name, "there is no good backup of it"))
    if not changes:
        task_run.skip("there is no backup yet to restore: run offsite_backups first")
    return Plan(tuple(changes), considered=len(targets), rejects=tuple(rejects))


def drill(_task_run: TaskRun, plan: Plan) -> Iterator[list[Result]]:
    """Restore each planned backup into a place that is removed again, verified."""
    for change in plan.changes:
        yield [carefully(change, partial(_drilled, change))]


def _drilled(change: Change) -> Result:
    from include.backups.backup import verify_stored
    from retail_ops.hooks.offsite import private_key

    manifest = _manifest(change)
    if manifest.encrypted and not private_key():
        verify_stored(offsite(), manifest)
        return Result(
            change,
            "skipped",
            "the stored file is undamaged; it is encrypted, and this machine has no key to restore it",
        )
    if manifest.kind not in IN_FILES:
        return _told(change, _into_database(manifest, f"restore_drill_{manifest.target}", keep=False))
    with tempfile.TemporaryDirectory(prefix="restore-drill-") as folder:
        return _told(change, _into_folder(manifest, Path(folder) / "restored"))


def _into_folder(manifest: Manifest, folder: Path) -> Restored:
    from include.backups.restore import restore_files
    from include.backups.settings import backup_settings
    from retail_ops.hooks.offsite import private_key

    keep_free = backup_settings().checks.keep_free_mb * 1_000_000
    return restore_files(offsite(), manifest, folder, private_key(), keep_free)


def _into_database(manifest: Manifest, name: str, *, keep: bool = True) -> Restored:
    from include.backups.restore import restore_database
    from include.backups.settings import backup_settings
    from retail_ops.hooks.offsite import private_key

    server = _server(backup_settings(), manifest.target)
    return restore_database(offsite(), manifest, server, name, private_key(), keep=keep)


def _told(change: Change, restored: Restored) -> Result:
    counts = ", ".join(f"{name} {count}" for name, count in restored.counts.items())
    log.info("%s is verified in %s: %s", "/".join(change.key), restored.place, counts)
    if not restored.left_out:
        return Result(change, "applied")
    first = f"{len(restored.left_out)} entries were not brought back, the first: {restored.left_out[0]}"
    return Result(change, "applied", first, set_aside=True)


def _manifest(change: Change) -> Manifest:
    from include.backups.backup import known_backups

    target, name = tuple(change.key)
    return _chosen(known_backups(offsite(), target).backups, target, name)


def _chosen(backups: tuple[Manifest, ...], target: str, name: str) -> Manifest:
    """The backup of that name, with or without its endings, or the newest good one."""
    from include.backups.manifest import stem

    fitting = [b for b in backups if (stem(b.name) == stem(name) if name else b.is_good)]
    if fitting:
        return fitting[-1]
    there = ", ".join(stem(b.name) for b in backups[-5:]) or "none"
    raise InvalidRequest(
        f"backup: {target} has no {'backup ' + repr(name) if name else 'good backup'}; there are: {there}"
    )


def _folder(into: str) -> Path:
    root = local_path(store_files())
    if Path(into).is_absolute():
        return Path(into)
    if root is None:
        raise InvalidRequest("into: the store's files are in object storage; name an absolute path")
    folder = (root / "restored" / into).resolve()
    if not folder.is_relative_to((root / "restored").resolve()):
        raise InvalidRequest(f"into: {into!r} leads out of the folder restored; name an absolute path")
    return folder


def _server(settings: BackupSettings, target: str) -> ServerDatabase:
    from include.backups.settings import Database
    from include.backups.sources import server_database

    found = settings.targets.get(target)
    if not isinstance(found, Database):
        raise InvalidRequest(f"target: {target} is no database in backups.yaml, so its server is unknown")
    conn_id = found.restore_connection or found.connection
    url = url_of(conn_id)
    server = server_database(url) if url else None
    if server is None:
        raise InvalidRequest(f"the connection {conn_id} is missing or no server; {target} cannot be loaded")
    return server


def _stem(manifest: Manifest) -> str:
    from include.backups.manifest import stem

    return stem(manifest.name)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
