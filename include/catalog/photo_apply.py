"""Carries out the changes that `plan_photos` made, one file at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from glob import escape
from pathlib import Path
from typing import Literal

from include.catalog.photo_content import inspect_photo, mark_comment, mark_of, version_of
from include.catalog.photo_convert import UnreadablePhotoError, reused_memory, web_photo
from include.catalog.photo_files import (
    keep_original,
    move_to_rejected,
    place_new,
    remove_leftovers,
    remove_original,
    rename_photo,
    replace_photo,
    write_temporary,
)
from include.catalog.photo_plan import Work, is_fresh, megabytes, parse_work
from include.catalog.photo_settings import PhotoSettings
from include.changes import Change, Result

PhotoStatus = Literal["applied", "skipped", "conflicted", "rejected", "failed"]


@dataclass(frozen=True, slots=True)
class PhotoOutcome:
    """What became of one change.

    applied: the photo `result` is in the folder, be it by an earlier try. rejected: the file is in the
    rejected folder, as `result` names it. skipped: it is left for the next run, or gone. conflicted: somebody
    changed the file after planning, it was not touched. failed: the disk, its permissions or the program; the
    original stays. Sizes are in bytes.
    """

    change: Change
    status: PhotoStatus
    message: str
    result: str = ""
    bytes_before: int = 0
    bytes_after: int = 0

    def as_result(self) -> Result:
        """As all automations report it; moving a bad file aside is applied, and said to be set aside."""
        if self.status == "rejected":
            return Result(self.change, "applied", self.message, set_aside=True)
        return Result(self.change, self.status, self.message)


def apply_photo_changes(
    folder: Path,
    changes: Iterable[Change],
    settings: PhotoSettings,
    run_date: date,
    report: Callable[[int, PhotoOutcome], None] | None = None,
) -> list[PhotoOutcome]:
    """Carry out `changes` in their order; `report` is called with the number done so far after each one.

    Also removes temporary files of killed processes. A bad photo never stops the others.
    """
    for place in (folder, folder / settings.rejected_folder, backup_of(folder, settings, run_date)):
        remove_leftovers(place)
    outcomes: list[PhotoOutcome] = []
    with reused_memory():
        for change in changes:
            outcomes.append(apply_photo_change(folder, change, settings, run_date))
            if report:
                report(len(outcomes), outcomes[-1])
    return outcomes


def apply_photo_change(folder: Path, change: Change, settings: PhotoSettings, run_date: date) -> PhotoOutcome:
    """Carry out one change of `plan_photos`; the original goes to `backup/<run_date>/`.

    A kill at any moment leaves the original or the finished result in the folder, and the next run completes
    what is left. The steps: result written under a hidden name, original kept in the backup, result named,
    original removed. Raises ValueError for a change that is not of the photo folder.
    """
    work = parse_work(change)
    photo = folder / str(change.key)
    try:
        match work.action:
            case "reject":
                return _reject(photo, work.reason, change, settings)
            case "rename":
                return _rename(photo, work, change)
            case "convert":
                return _convert(photo, work, change, settings, run_date)
    except FileNotFoundError:
        return _gone(photo, work, change, settings)
    except OSError as error:
        return PhotoOutcome(change, "failed", f"{error.strerror or error}: {error.filename or photo}")
    except Exception as error:
        # A fault of the program must neither stop the other photos nor declare this one bad.
        return PhotoOutcome(change, "failed", f"{type(error).__name__}: {error}")


def backup_of(folder: Path, settings: PhotoSettings, run_date: date) -> Path:
    """Where the originals of that day's runs are kept."""
    return folder / settings.backup_folder / run_date.isoformat()


def _reject(photo: Path, reason: str, change: Change, settings: PhotoSettings) -> PhotoOutcome:
    if not _unchanged(photo, change):
        return _conflict(change)
    size = photo.stat().st_size
    place = move_to_rejected(photo, photo.parent / settings.rejected_folder, reason)
    return PhotoOutcome(change, "rejected", reason, f"{place.parent.name}/{place.name}", size, size)


def _rename(photo: Path, work: Work, change: Change) -> PhotoOutcome:
    if not _unchanged(photo, change):
        return _conflict(change)
    size = photo.stat().st_size
    try:
        rename_photo(photo, photo.with_name(work.target))
    except FileExistsError:
        return PhotoOutcome(change, "conflicted", f"{work.target} appeared since the plan was made")
    return PhotoOutcome(change, "applied", work.reason, work.target, size, size)


def _convert(
    photo: Path, work: Work, change: Change, settings: PhotoSettings, run_date: date
) -> PhotoOutcome:
    target = photo.with_name(work.target)
    backup = backup_of(photo.parent, settings, run_date)
    mark = mark_of(photo.name, str(change.old))
    if not _unchanged(photo, change):
        return _done_before(change, work) if _made_from(photo, mark, settings) else _conflict(change)
    size = photo.stat().st_size
    if target != photo and target.exists():
        if not _made_from(target, mark, settings):
            return PhotoOutcome(change, "conflicted", f"{work.target} appeared since the plan was made")
        keep_original(photo, backup)
        remove_original(photo)
        return PhotoOutcome(change, "applied", work.reason, work.target, size, target.stat().st_size)
    data = photo.read_bytes()
    try:
        made = web_photo(data, settings, comment=mark_comment(mark))
    except UnreadablePhotoError as error:
        if is_fresh(photo.stat().st_mtime_ns, settings, time.time()):
            return PhotoOutcome(change, "skipped", f"{error}; saved just now, it is left for the next run")
        return _reject(photo, str(error), change, settings)
    temporary = write_temporary(photo.parent, made.data, photo)
    try:
        if not _unchanged(photo, change):
            return _conflict(change)
        keep_original(photo, backup)
        # Whoever saves the photo again in these milliseconds keeps the newer one.
        if not _unchanged(photo, change):
            return _conflict(change)
        if target == photo:
            replace_photo(temporary, photo)
        else:
            place_new(temporary, target)
            remove_original(photo)
    except FileExistsError:
        return PhotoOutcome(change, "conflicted", f"{work.target} appeared since the plan was made")
    finally:
        temporary.unlink(missing_ok=True)
    message = "; ".join(
        (
            work.reason,
            f"now {made.width} x {made.height}, {megabytes(len(made.data))}, quality {made.quality}",
            *made.notes,
        )
    )
    return PhotoOutcome(change, "applied", message, work.target, size, len(made.data))


def _unchanged(photo: Path, change: Change) -> bool:
    stat = photo.stat()
    return str(change.old).endswith(f", {version_of(stat.st_size, stat.st_mtime_ns)}")


def _made_from(photo: Path, mark: str, settings: PhotoSettings) -> bool:
    return inspect_photo(photo, settings).made_from == mark


def _gone(photo: Path, work: Work, change: Change, settings: PhotoSettings) -> PhotoOutcome:
    """Nothing has the planned name: an earlier try of this task did the work, or somebody took it away."""
    target = photo.with_name(work.target.rpartition("/")[2])
    try:
        if work.action == "convert" and _made_from(target, mark_of(photo.name, str(change.old)), settings):
            return _done_before(change, work)
        if work.action == "rename" and _unchanged(target, change):
            return _done_before(change, work)
    except OSError:
        pass
    for aside in (photo.parent / settings.rejected_folder).glob(f"{escape(photo.stem)}*{photo.suffix}"):
        if _unchanged(aside, change):
            return PhotoOutcome(
                change,
                "rejected",
                "was set aside by an earlier try of this run",
                f"{aside.parent.name}/{aside.name}",
            )
    if work.action == "reject":
        return PhotoOutcome(change, "skipped", "is no longer in the folder")
    return PhotoOutcome(change, "conflicted", "is no longer in the folder")


def _done_before(change: Change, work: Work) -> PhotoOutcome:
    return PhotoOutcome(change, "applied", "was done by an earlier try of this run", work.target)


def _conflict(change: Change) -> PhotoOutcome:
    return PhotoOutcome(change, "conflicted", "was saved again since the plan was made")
