"""What a photo file really is, learnt from its first and last bytes; nothing is decoded here."""

from __future__ import annotations

import hashlib
import os
import struct
import warnings
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

from include.catalog.photo_settings import PhotoSettings

# MPO is a JPEG that holds further pictures behind the first, which is what browsers show.
JPEG_FORMATS = frozenset({"JPEG", "MPO"})
_FORMATS = ("Jpeg", "Png", "WebP", "Bmp", "Gif", "Tiff", "Avif")
# What the parsers and decoders of pictures raise for damaged content; anything else is a fault of the program
# and must not send a good photo to the rejected folder.
DAMAGE = (OSError, SyntaxError, ValueError, EOFError, OverflowError, IndexError, struct.error, zlib.error)

_END_OF_IMAGE = b"\xff\xd9"
_TAIL = 64 * 1024
_MARK = b"retail-ops photo "
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


@dataclass(frozen=True, slots=True)
class Photo:
    """One file of the photo folder; `problem` says in words why it can never be shown, or is empty.

    `made_from` is the mark of the original that one of our own results was made from (empty for all others);
    `file_id` is equal for two names of one and the same file (None where the file system cannot tell).
    """

    name: str
    size: int
    mtime_ns: int
    format: str = ""
    width: int = 0
    height: int = 0
    problem: str = ""
    made_from: str = ""
    file_id: tuple[int, int] | None = None

    @property
    def is_jpeg(self) -> bool:
        return self.format in JPEG_FORMATS

    @property
    def description(self) -> str:
        """Content, size and time of saving, to the nanosecond: another text means another file."""
        picture = f"{self.format} {self.width} x {self.height}" if self.format else "no picture"
        return f"{picture}, {version_of(self.size, self.mtime_ns)}"


def version_of(size: int, mtime_ns: int) -> str:
    """Size and time of saving as the guard against changes made after planning."""
    seconds, fraction = divmod(mtime_ns, 1_000_000_000)
    return f"{size} bytes, saved {datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{fraction:09d} UTC"


def mark_of(name: str, description: str) -> str:
    """A short mark of one version of one file, kept as comment in the JPEG that is made from it.

    It tells a result of ours beside its original (a run was interrupted between the two last steps) from two
    different photos that merely have the same name.
    """
    version = f"{name}\n{description.partition(', ')[2]}".encode(errors="surrogateescape")
    return hashlib.blake2s(version, digest_size=12).hexdigest()


def mark_comment(mark: str) -> bytes:
    """The JPEG comment that carries `mark`."""
    return _MARK + mark.encode()


def inspect_photo(path: Path, settings: PhotoSettings) -> Photo:
    """Look at a file's header and, for a JPEG that may stay as it is, for its end.

    A JPEG that was cut off is recognised by its missing end-of-image marker; other formats are converted in
    any case and prove themselves then. Raises OSError when the file cannot be opened or read.
    """
    from PIL import Image

    formats = readable_formats()
    with path.open("rb") as file:
        stat = os.fstat(file.fileno())
        size, mtime_ns = stat.st_size, stat.st_mtime_ns
        file_id = (stat.st_dev, stat.st_ino) if stat.st_ino else None
        head = file.read(64)
        if not head:
            return Photo(path.name, size, mtime_ns, problem="is empty (0 bytes)")
        file.seek(0)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                picture = Image.open(file, formats=formats)
        except Image.DecompressionBombError:
            return Photo(path.name, size, mtime_ns, problem=too_many_pixels(settings))
        except DAMAGE as error:
            if isinstance(error, OSError) and error.errno:
                raise
            return Photo(path.name, size, mtime_ns, problem=_not_a_picture(head))
        scan_start = file.tell()
        kind, (width, height) = picture.format or "", picture.size
        comment = picture.info.get("comment")
        problem = ""
        if width * height > settings.pixel_limit:
            problem = too_many_pixels(settings, width, height)
        elif kind in JPEG_FORMATS and size <= settings.limit_bytes and not _has_end(file, size, scan_start):
            problem = "cannot be read: it is cut off, its end is missing"
        own = kind == "JPEG" and isinstance(comment, bytes) and comment.startswith(_MARK)
        made_from = str(comment[len(_MARK) :], "ascii", "replace") if own and comment else ""
    return Photo(path.name, size, mtime_ns, kind, width, height, problem, made_from, file_id)


@lru_cache(maxsize=1)
def readable_formats() -> tuple[str, ...]:
    """The names of the picture formats that are accepted, as far as this installation can decode them."""
    from PIL import Image

    for name in _FORMATS:
        import_module(f"PIL.{name}ImagePlugin")
    return tuple(name.upper() for name in _FORMATS if name.upper() in Image.OPEN)


def _has_end(file: BinaryIO, size: int, scan_start: int) -> bool:
    """Whether the end-of-image marker follows the start of the picture data.

    Phones append data of their own behind it, so that it is looked for near the end first, then everywhere
    (inside picture data the two bytes cannot occur).
    """
    file.seek(max(scan_start, size - _TAIL))
    if _END_OF_IMAGE in file.read():
        return True
    file.seek(scan_start)
    return _END_OF_IMAGE in file.read()


def too_many_pixels(settings: PhotoSettings, width: int = 0, height: int = 0) -> str:
    """Why a picture above the pixel limit is refused; without sizes where these are not known."""
    found = f"{width} x {height} pixels are" if width else "it holds"
    return f"cannot be read safely: {found} more than the limit of {settings.pixel_limit / 1e6:g} megapixels"


def _not_a_picture(head: bytes) -> str:
    start = head.lstrip().lower()
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return "is a HEIC photo, which cannot be read here: export it as JPEG"
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<svg")):
        return "is a web page or drawing, not a photo"
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG")):
        return "cannot be read: it is cut off or damaged inside its header"
    return "cannot be read: its content is not a picture"
