"""Looks through the photo folder and says what has to be done, without touching anything."""

from __future__ import annotations

import os
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal

from include.catalog.photo_content import Photo, inspect_photo, mark_of
from include.catalog.photo_settings import PhotoSettings
from include.changes import Change, Plan, Reject

PHOTO_EXTENSIONS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".avif"}
    | {".heic", ".heif"}
)
_EXTENSIONS_OF = {
    "JPEG": {".jpg", ".jpeg", ".jpe", ".jfif"},
    "MPO": {".jpg", ".jpeg", ".jpe", ".jfif"},
    "TIFF": {".tif", ".tiff"},
}
_ARROW = " -> "

Action = Literal["convert", "rename", "reject"]


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done with one file: `target` is the resulting name inside the photo folder."""

    action: Action
    target: str
    reason: str


def plan_photos(folder: Path, settings: PhotoSettings, *, now: float | None = None) -> Plan:
    """One change for each photo in `folder` that has work to do; subfolders are not looked at.

    - a .jpg above the limit is fitted into the largest size; below the limit it stays as it is
    - .jpeg becomes .jpg; .png and other pictures become .jpg, whatever their name says they are
    - what cannot be shown goes to the rejected folder
    - of several files for one product photo (X.png beside X.jpg, X.JPG beside x.jpg) the .jpg stays, and the
      others go to the rejected folder

    Each change has target "photos", the file name as key, field "file", a description as `old` (also the
    guard) and "convert -> X.jpg", "rename -> X.jpg" or "reject -> rejected/X.png" as `new`. Changes of one
    product photo are neighbours. Files that cannot be opened or whose names are no text, and bad files that
    were written less than `settle_seconds` before `now` (seconds since 1970, default: the clock), are the
    plan's rejects. Only the first and last bytes are read. Raises FileNotFoundError or NotADirectoryError for
    a wrong folder.
    """
    moment = time.time() if now is None else now
    photos: list[Photo] = []
    rejects: list[Reject] = []
    names = sorted(photo_names(folder, settings))
    for name in names:
        if not is_text(name):
            shown = os.fsencode(name).decode(errors="replace")
            rejects.append(Reject(shown, "has a name in an unknown encoding; rename it"))
            continue
        try:
            photo = inspect_photo(folder / name, settings)
        except FileNotFoundError:
            continue
        except OSError as error:
            rejects.append(Reject(name, f"cannot be opened: {error.strerror or error}"))
            continue
        except Exception as error:
            # A fault of the program must neither stop the other photos nor declare this one bad.
            rejects.append(Reject(name, f"could not be examined: {type(error).__name__}: {error}"))
            continue
        if photo.problem and is_fresh(photo.mtime_ns, settings, moment):
            rejects.append(Reject(name, f"{photo.problem}; saved just now, it is left for the next run"))
            continue
        photos.append(photo)
    changes: list[Change] = []
    photos.sort(key=lambda photo: (product_key(photo.name), photo.name))
    for _, group in groupby(photos, key=lambda photo: product_key(photo.name)):
        changes.extend(_changes_of(list(group), settings))
    return Plan(tuple(changes), len(names), tuple(rejects))


def photo_parts(plan: Plan, size: int) -> list[tuple[int, int]]:
    """Positions (start, stop) for `Plan.part`, of about `size` changes each.

    Changes of one product photo stay in one part, so that two workers never meet at one name.
    """
    parts: list[tuple[int, int]] = []
    start = 0
    for position, change in enumerate(plan.changes):
        new_product = position and product_key(str(change.key)) != product_key(
            str(plan.changes[position - 1].key)
        )
        if new_product and position - start >= size:
            parts.append((start, position))
            start = position
    if start < len(plan.changes):
        parts.append((start, len(plan.changes)))
    return parts


def parse_work(change: Change) -> Work:
    """The work that a change of `plan_photos` stands for; raises ValueError for any other change."""
    action, arrow, target = str(change.new).partition(_ARROW)
    name = target.rpartition("/")[2] if action == "reject" else target
    plain = name and name not in (".", "..") and "/" not in name and "\\" not in name
    if change.target != "photos" or not arrow or not plain:
        raise ValueError(f"not a change of the photo folder: {change.new!r}")
    match action:
        case "convert" | "rename" | "reject":
            return Work(action, target, change.reason)
        case _:
            raise ValueError(f"not a change of the photo folder: {change.new!r}")


def product_key(name: str) -> str:
    """The product photo that a file name stands for: without extension, capitals and accent spellings."""
    return unicodedata.normalize("NFC", Path(name).stem).casefold()


def is_fresh(mtime_ns: int, settings: PhotoSettings, now: float) -> bool:
    """Whether a file was written so shortly before `now` that it may still be on its way."""
    return now - mtime_ns / 1e9 < settings.settle_seconds


def is_text(name: str) -> bool:
    """Whether a file's name is text that other systems take too, and not bytes of an unknown encoding."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def photo_names(folder: Path, settings: PhotoSettings) -> Iterator[str]:
    """Names of the pictures in `folder`, in no order: no folders, no links, nothing hidden, no junk."""
    junk = {name.casefold() for name in settings.junk_names}
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.startswith((".", "~")) or name.casefold() in junk:
                continue
            if Path(name).suffix.casefold() in PHOTO_EXTENSIONS and entry.is_file(follow_symlinks=False):
                yield name


def _changes_of(group: list[Photo], settings: PhotoSettings) -> Iterator[Change]:
    """Changes for all files of one product photo, those that make room first."""
    good = [photo for photo in group if not photo.problem]
    keeper = min(good, key=_precedence, default=None)
    for photo in group:
        if photo.problem:
            yield _change(photo, _rejected(photo, photo.problem, settings))
    for photo in good:
        if keeper is not None and photo is not keeper:
            yield _change(photo, _beside(photo, keeper, settings))
    if keeper is not None and (work := _work_of(keeper, settings)):
        yield _change(keeper, work)


def _precedence(photo: Photo) -> tuple[int, str]:
    suffix = Path(photo.name).suffix
    order = (".jpg", ".JPG", ".jpeg", ".png")
    known = suffix if suffix in order else suffix.casefold()
    return (order.index(known) if known in order else len(order), photo.name)


def _work_of(photo: Photo, settings: PhotoSettings) -> Work | None:
    path = Path(photo.name)
    suffix = path.suffix.casefold()
    target = photo.name if suffix == ".jpg" else f"{path.stem}.jpg"
    reasons: list[str] = []
    if suffix not in _EXTENSIONS_OF.get(photo.format, {f".{photo.format.casefold()}"}):
        reasons.append(f"is a {photo.format} in spite of its name")
    elif not photo.is_jpeg:
        reasons.append(f"{photo.format} becomes JPEG")
    elif suffix != ".jpg":
        reasons.append(f"JPEG saved with {path.suffix}")
    if photo.is_jpeg and photo.size > settings.limit_bytes:
        reasons.append(_above(photo.size, settings.limit_bytes))
    if not reasons:
        return None
    lossless = photo.is_jpeg and photo.size <= settings.limit_bytes
    return Work("rename" if lossless else "convert", target, "; ".join(reasons))


def _beside(photo: Photo, keeper: Photo, settings: PhotoSettings) -> Work:
    """What to do with a photo whose name another one keeps.

    Where the other one was made from it, a run was interrupted before its last step, which is made up for.
    """
    if keeper.made_from and keeper.made_from == mark_of(photo.name, photo.description):
        return Work("convert", keeper.name, f"{keeper.name} was made from it by an interrupted run")
    if photo.file_id and photo.file_id == keeper.file_id:
        return Work("rename", keeper.name, f"{keeper.name} is the same file, left by an interrupted run")
    if Path(keeper.name).suffix.casefold() == ".jpg":
        return _rejected(photo, f"{keeper.name} exists", settings)
    return _rejected(photo, f"{keeper.name} becomes {Path(keeper.name).stem}.jpg", settings)


def _rejected(photo: Photo, reason: str, settings: PhotoSettings) -> Work:
    return Work("reject", f"{settings.rejected_folder}/{photo.name}", reason)


def _change(photo: Photo, work: Work) -> Change:
    new = f"{work.action}{_ARROW}{work.target}"
    return Change("photos", photo.name, "file", photo.description, new, work.reason)


def _above(size: int, limit: int) -> str:
    found, allowed = megabytes(size), megabytes(limit)
    return f"{found} is above {allowed}" if found != allowed else f"{size:,} bytes is above {limit:,} bytes"


def megabytes(size: int) -> str:
    """A file size in words: "2.4 MB"; below 100 kB in kilobytes, so that small limits remain readable."""
    return f"{size / 1e6:.2f}".rstrip("0").rstrip(".") + " MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"
