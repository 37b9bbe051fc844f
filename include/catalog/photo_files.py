"""File operations of the photo folder: each is one step that leaves either the old state or the new.

Nothing here overwrites a file that is already there, except `replace_photo`: its old file is in the backup.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import tempfile
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

_TEMPORARY_PREFIX = ".photo-"
_TEMPORARY_SUFFIX = ".tmp"
# No photo takes longer than this to be written, so that an older temporary file has lost its process.
_ABANDONED_SECONDS = 15 * 60


def write_temporary(folder: Path, data: bytes, like: Path | None = None) -> Path:
    """Write `data` to a new hidden file in `folder`, on disk when this returns, with the mode of `like`."""
    handle, name = tempfile.mkstemp(_TEMPORARY_SUFFIX, _TEMPORARY_PREFIX, folder)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(like.stat().st_mode & 0o777 if like else 0o644)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def replace_photo(temporary: Path, photo: Path) -> None:
    """Put a finished temporary file in the place of `photo`."""
    temporary.replace(photo)
    _sync_folder(photo.parent)


def place_new(temporary: Path, photo: Path) -> None:
    """Give a finished temporary file its name; raises FileExistsError where that name is taken."""
    _name_without_overwriting(temporary, photo)
    _sync_folder(photo.parent)


def rename_photo(photo: Path, new: Path) -> None:
    """Rename within the folder; raises FileExistsError where the new name has another content."""
    if new.exists() and _same_content(photo, new):
        photo.unlink()
    else:
        _name_without_overwriting(photo, new)
    _sync_folder(new.parent)


def keep_original(photo: Path, folder: Path) -> Path:
    """Keep `photo` in the backup `folder` as well; it also stays where it is.

    A different file of that name is never overwritten: the new one becomes "X (2).png". A backup of the same
    content, left by an interrupted run, is used again. The backup shares the file's blocks (hard link) where
    the file system can do that.
    """
    folder.mkdir(parents=True, exist_ok=True)
    backup = _place_for(photo, folder)
    if not backup.exists():
        try:
            backup.hardlink_to(photo)
        except (FileExistsError, FileNotFoundError):
            raise
        except OSError:
            _copy(photo, backup)
        _sync_folder(folder)
    return backup


def move_to_rejected(photo: Path, rejected: Path, reason: str) -> Path:
    """Move `photo` to the folder `rejected`, with its reason in `<name>.reason.txt` beside it.

    The reason is written first, so that an interrupted move leaves no file without one. A different file that
    is already there keeps its name; the new one becomes "X (2).png".
    """
    rejected.mkdir(parents=True, exist_ok=True)
    place = _place_for(photo, rejected)
    note = write_temporary(rejected, f"{photo.name}: {reason}\n".encode(errors="replace"))
    note.replace(place.with_name(f"{place.name}.reason.txt"))
    rename_photo(photo, place)
    _sync_folder(photo.parent)
    return place


def remove_original(photo: Path) -> None:
    """Remove a photo whose backup and result are in place."""
    photo.unlink(missing_ok=True)
    _sync_folder(photo.parent)


def remove_leftovers(folder: Path, *, now: float | None = None) -> int:
    """Remove temporary files that killed processes left in `folder`; returns their number.

    Only files that are older than a quarter of an hour are removed: a younger one may belong to a worker.
    """
    moment = time.time() if now is None else now
    removed = 0
    for leftover in folder.glob(f"{_TEMPORARY_PREFIX}*{_TEMPORARY_SUFFIX}"):
        with suppress(OSError):
            if moment - leftover.stat().st_mtime > _ABANDONED_SECONDS:
                leftover.unlink()
                removed += 1
    return removed


def _name_without_overwriting(file: Path, new: Path) -> None:
    """Move `file` to `new`; FileExistsError where that exists, which a link notices and a rename ignores."""
    try:
        new.hardlink_to(file)
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError:
        if new.exists():
            raise FileExistsError(f"{new} exists") from None
        file.rename(new)
        return
    file.unlink()


def _copy(photo: Path, backup: Path) -> None:
    temporary = write_temporary(backup.parent, photo.read_bytes(), photo)
    shutil.copystat(photo, temporary)
    temporary.replace(backup)


def _same_content(one: Path, other: Path) -> bool:
    return filecmp.cmp(one, other, shallow=False)


def _place_for(photo: Path, folder: Path) -> Path:
    """The first of `X.png`, `X (2).png`, ... in `folder` that is free or has the same content already."""
    place = folder / photo.name
    for number in count(2):
        if not place.exists() or _same_content(photo, place):
            break
        place = folder / f"{photo.stem} ({number}){photo.suffix}"
    return place


def _sync_folder(folder: Path) -> None:
    """Make names survive a power cut; file systems that cannot do it for folders are left alone."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
