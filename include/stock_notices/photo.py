"""A product's photo in a mail: small, upright, a JPEG; a photo that cannot be used is no photo."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from include.counterpoint.items import folded
from include.reporting.letter import Image

WIDTH = 632
"""Pixels that the photo takes in the mail; it has twice as many, for sharp displays."""

_TALLEST = 420
_SHARP = 2
_QUALITY = 82
_LARGEST_BYTES = 40_000_000
_MOST_PIXELS = 120_000_000
_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")

log = logging.getLogger(__name__)


class Photos:
    """The photos of a folder, found by item number or binding id, case aside; None has no photos."""

    def __init__(self, folder: Path | None) -> None:
        self._by_name = _files(folder) if folder else {}

    def photo(self, names: Iterable[str], title: str) -> Image | None:
        """The first photo of these names that can be shown; None without one, which the log says."""
        for name in names:
            if file := self._by_name.get(folded(name)):
                try:
                    return _shown(file, title)
                except _DAMAGE as error:
                    log.warning("The photo %s cannot be shown: %s", file.name, type(error).__name__)
        return None


_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    OverflowError,
    IndexError,
    ArithmeticError,
    MemoryError,
)


def _files(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    try:
        files = [file for file in folder.iterdir() if file.suffix.lower() in _ENDINGS and file.is_file()]
    except OSError as error:
        log.warning("The photo folder cannot be read, mails go without photos: %s", error)
        return {}
    for file in sorted(files, key=lambda file: (_ENDINGS.index(file.suffix.lower()), file.name)):
        found.setdefault(folded(file.stem), file)
    return found


def _shown(file: Path, title: str) -> Image:
    if file.stat().st_size > _LARGEST_BYTES:
        raise ValueError("too large")
    content, width = _scaled(file, file.stat().st_mtime_ns)
    return Image("photo", content, title, width)


@cache
def _scaled(file: Path, _version: int) -> tuple[bytes, int]:
    """The photo's JPEG and its width in the mail."""
    import PIL.Image
    import PIL.ImageOps

    try:
        with PIL.Image.open(file, formats=("JPEG", "PNG", "WEBP")) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                raise ValueError("too many pixels")
            opened.draft("RGB", (WIDTH * _SHARP, _TALLEST * _SHARP))
            upright = PIL.ImageOps.exif_transpose(opened)
            clear = (
                upright.convert("RGBA")
                if "A" in upright.getbands() or "transparency" in upright.info
                else None
            )
    except PIL.Image.DecompressionBombError:
        raise ValueError("too many pixels") from None
    picture = upright.convert("RGB")
    if clear is not None:
        picture = PIL.Image.new("RGB", clear.size, "white")
        picture.paste(clear, mask=clear)
    picture.thumbnail((WIDTH * _SHARP, _TALLEST * _SHARP))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY, progressive=True)
    return out.getvalue(), min(WIDTH, max(1, picture.width // (1 if picture.width <= WIDTH else _SHARP)))
