"""The files on WebDAV: listed, previewed, and as thumbnails."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp"})

_THUMBNAIL_PIXELS = (320, 320)
_PREVIEW_BYTES = 256 * 1024
_LARGEST_JSON_BYTES = 32 * 1024 * 1024
_PREVIEW_ROWS = 50
_PREVIEW_LINES = 200


@dataclass(frozen=True)
class StoredFile:
    """A file: its path below the WebDAV folder, size in bytes, and time in seconds since the epoch."""

    path: str
    bytes: int
    at: float

    @property
    def name(self) -> str:
        """The name without folders."""
        return self.path.rpartition("/")[2]

    @property
    def is_image(self) -> bool:
        """Whether its name says that it is a picture."""
        return Path(self.name).suffix.lower() in IMAGE_SUFFIXES


@dataclass(frozen=True)
class Folder:
    """A folder with the newest of its files; `total` is how many it has."""

    path: str
    files: list[StoredFile]
    total: int
    bytes: int


@dataclass(frozen=True)
class Preview:
    """What of a file can be shown: a table or text. `cut` when there is more."""

    header: list[str] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    text: str = ""
    cut: bool = False


def list_folders(root: Path, most: int) -> list[Folder]:
    """The folders that hold files, each with at most `most` of them; what is newest comes first."""
    by_folder: dict[str, list[StoredFile]] = defaultdict(list)
    for directory, _, names in os.walk(root):
        for name in names:
            path = Path(directory, name)
            try:
                status = path.stat()
            except FileNotFoundError:
                # It was moved or deleted while the folder was read.
                continue
            relative = path.relative_to(root)
            stored = StoredFile(relative.as_posix(), status.st_size, status.st_mtime)
            by_folder[relative.parent.as_posix()].append(stored)
    folders = []
    for path_, found in by_folder.items():
        found.sort(key=lambda stored: (-stored.at, stored.path))
        folders.append(Folder(path_, found[:most], len(found), sum(stored.bytes for stored in found)))
    return sorted(folders, key=lambda folder: (-folder.files[0].at, folder.path))


def find_file(root: Path, path: str) -> Path | None:
    """The file at `path` below `root`; None when there is none, or when the path leads out of `root`."""
    try:
        target = (root / path).resolve()
    except (OSError, ValueError):
        return None
    return target if target.is_relative_to(root.resolve()) and target.is_file() else None


def describe(root: Path, file: Path) -> StoredFile:
    """Path, size and time of a file."""
    status = file.stat()
    return StoredFile(file.relative_to(root.resolve()).as_posix(), status.st_size, status.st_mtime)


def preview(file: Path) -> Preview | None:
    """The beginning of a CSV, JSON or text file; None for everything else."""
    suffix = file.suffix.lower()
    if suffix == ".json" and file.stat().st_size <= _LARGEST_JSON_BYTES:
        return _json_preview(file)
    with file.open("rb") as source:
        head = source.read(_PREVIEW_BYTES)
        cut = bool(source.read(1))
    if b"\0" in head:
        return None
    text = head.decode("utf-8-sig", errors="replace")
    if suffix in (".csv", ".tsv"):
        return _csv_preview(text, "\t" if suffix == ".tsv" else ",", cut)
    return _text_preview(text, cut)


def thumbnail(file: Path, cache: Path) -> bytes | None:
    """A picture made small, as WebP; None when the file is no picture. Kept in the folder `cache`."""
    status = file.stat()
    key = hashlib.sha256(f"{file}\0{status.st_mtime_ns}\0{status.st_size}".encode()).hexdigest()
    kept = cache / f"{key}.webp"
    if kept.exists():
        return kept.read_bytes()
    try:
        with Image.open(file) as picture:
            picture.draft("RGB", _THUMBNAIL_PIXELS)
            small = ImageOps.exif_transpose(picture)
            small.thumbnail(_THUMBNAIL_PIXELS)
            target = io.BytesIO()
            small.convert("RGBA" if "A" in small.getbands() else "RGB").save(target, "WEBP", quality=80)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    cache.mkdir(parents=True, exist_ok=True)
    partial = kept.with_suffix(f".{os.getpid()}.part")
    partial.write_bytes(target.getvalue())
    partial.replace(kept)
    return target.getvalue()


def _csv_preview(text: str, delimiter: str, cut: bool) -> Preview:
    # A row that the limit cut through would look like a row with missing cells.
    complete = text[: text.rfind("\n") + 1] if cut else text
    try:
        rows = list(islice(csv.reader(io.StringIO(complete), delimiter=delimiter), _PREVIEW_ROWS + 2))
    except csv.Error:
        return _text_preview(text, cut)
    header = rows[0] if rows else []
    return Preview(header, list(rows[1 : _PREVIEW_ROWS + 1]), cut=cut or len(rows) > _PREVIEW_ROWS + 1)


def _json_preview(file: Path) -> Preview:
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    try:
        content = json.loads(text)
    except ValueError:
        return _text_preview(text[:_PREVIEW_BYTES], len(text) > _PREVIEW_BYTES)
    rows = _rows_of(content)
    if rows:
        header = list(dict.fromkeys(name for row in rows[:_PREVIEW_ROWS] for name in row))
        table = [[row.get(name) for name in header] for row in rows[:_PREVIEW_ROWS]]
        return Preview(header, table, cut=len(rows) > _PREVIEW_ROWS)
    return _text_preview(json.dumps(content, indent=2, ensure_ascii=False)[:_PREVIEW_BYTES], False)


def _rows_of(content: Any) -> list[dict[str, Any]]:
    """The rows of a list of objects, also of one that is the only list in an object."""
    if isinstance(content, dict):
        lists = [inner for inner in content.values() if isinstance(inner, list)]
        content = lists[0] if len(lists) == 1 else []
    if isinstance(content, list) and content and all(isinstance(row, dict) for row in content):
        return content
    return []


def _text_preview(text: str, cut: bool) -> Preview:
    lines = text.splitlines()
    return Preview(text="\n".join(lines[:_PREVIEW_LINES]), cut=cut or len(lines) > _PREVIEW_LINES)
