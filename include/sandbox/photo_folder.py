"""A folder of product photos as staff leave them there: large, small, turned, misnamed, broken, doubled."""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

_MANIFEST = ".photo-folder.json"
# 2026-03-02 08:00 UTC: photos were saved long ago, none is still being copied.
_SAVED = 1_772_438_400
_ORIENTATION, _GPS = 0x0112, 0x8825


def fill_photo_folder(
    folder: Path, skus: Sequence[str], binding_ids: Sequence[str], random_seed: int = 5
) -> dict[str, str]:
    """Write about 60 photos into `folder` and return file name -> kind ("jpg_over", "png_alpha", ...).

    Photos are named after `skus` and `binding_ids` in their order (with ^1, ^2, ... when these run out);
    equal arguments give equal files. Nothing is done when the hidden list inside the folder says that it was
    filled before: what the automation made of the photos stays. Raises ValueError without any usable SKU.
    """
    manifest = folder / _MANIFEST
    if manifest.exists():
        return dict(json.loads(manifest.read_text(encoding="utf-8")))
    folder.mkdir(parents=True, exist_ok=True)
    kinds: dict[str, str] = {}
    for position, (kind, name, content) in enumerate(
        _files(_names(skus), _names(binding_ids or skus), random_seed)
    ):
        path = folder / name
        path.write_bytes(content)
        os.utime(path, (_SAVED + 60 * position, _SAVED + 60 * position))
        kinds[name] = kind
    temporary = manifest.with_suffix(".tmp")
    temporary.write_text(json.dumps(kinds, indent=1), encoding="utf-8")
    temporary.replace(manifest)
    return kinds


def product_photo(width: int, height: int, seed: int, noise: float = 5.0) -> Image.Image:
    """A picture that compresses like a photo: soft light, leaves and pots with edges, sensor noise (RGB)."""
    rng = np.random.default_rng(seed)
    longest = max(width, height)
    coarse = (max(1, width // 4), max(1, height // 4)) if longest > 1000 else (width, height)
    light = Image.new("RGB", coarse, (112, 132, 92))
    for cells, share in ((4, 0.5), (24, 0.35), (160, 0.25), (640, 0.2)):
        size = (max(2, cells * width // longest), max(2, cells * height // longest))
        patches = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        layer = Image.fromarray(patches).resize(coarse, Image.Resampling.BICUBIC)
        light = Image.blend(light, layer, share)
    light = light.resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(light)
    for _ in range(60):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        reach = int(rng.integers(longest // 100 + 1, longest // 10 + 2))
        colour = (int(rng.integers(20, 230)), int(rng.integers(40, 240)), int(rng.integers(20, 200)))
        shape = draw.ellipse if rng.random() < 0.6 else draw.rectangle
        shape((x - reach, y - reach, x + reach, y + reach), fill=colour, outline=(20, 40, 20), width=2)
    tile = rng.normal(0, noise, (509, 503, 1)).astype(np.int16)
    repeats = (height // 509 + 1, width // 503 + 1, 1)
    pixels = np.asarray(light, dtype=np.int16) + np.tile(tile, repeats)[:height, :width]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def wide_gamut_profile() -> bytes:
    """An ICC profile of a wide RGB colour space (Adobe RGB's primaries, gamma 2.2)."""
    description = b"Wide gamut RGB\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(description)) + description + bytes(78),
        b"cprt": b"text\0\0\0\0Public domain\0",
        b"wtpt": _xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": _xyz(0.60974, 0.31111, 0.01947),
        b"gXYZ": _xyz(0.20528, 0.62567, 0.06087),
        b"bXYZ": _xyz(0.14919, 0.06322, 0.74457),
    }
    for curve in (b"rTRC", b"gTRC", b"bTRC"):
        tags[curve] = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256))
    table, body, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for signature, data in tags.items():
        padded = data + bytes(-len(data) % 4)
        table += signature + struct.pack(">II", offset + len(body), len(data))
        body += padded
    size = offset + len(body)
    header = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    header += _xyz(0.9642, 1.0, 0.8249)[8:]
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def oversized_png(width: int = 40_000, height: int = 40_000) -> bytes:
    """A PNG of a few hundred bytes whose header promises `width` x `height` pixels."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(100_000))),
        (b"IEND", b""),
    )
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def _xyz(x: float, y: float, z: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in (x, y, z)))


def _names(codes: Sequence[str]) -> Iterator[str]:
    """Codes fit for file names, then the same with ^1, ^2, ..."""
    usable = [code for code in codes if code and not set(code) & set('/\\:*?"<>|')]
    if not usable:
        raise ValueError("at least one SKU without slashes is needed to name photos")
    return chain(usable, (f"{code}^{number}" for number in count(1) for code in usable))


def _saved(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def _exif(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    exif[_GPS] = {1: "N", 2: (40.0, 26.0, 46.0), 3: "W", 4: (79.0, 58.0, 56.0)}
    return exif.tobytes()


def _with_alpha(picture: Image.Image) -> Image.Image:
    """The product cut out: transparent around it, with red hidden in the transparent pixels."""
    cut = Image.new("L", picture.size, 0)
    width, height = picture.size
    ImageDraw.Draw(cut).ellipse((width // 8, height // 8, width * 7 // 8, height * 7 // 8), fill=255)
    shown = Image.new("RGB", picture.size, (255, 0, 0))
    shown.paste(picture, mask=cut)
    shown.putalpha(cut)
    return shown


def _files(sku: Iterator[str], binding: Iterator[str], seed: int) -> Iterator[tuple[str, str, bytes]]:
    """Kind, file name and content of every file."""
    large = [product_photo(4000, 3000, seed + n) for n in range(2)]
    middle = [product_photo(2400, 1800, seed + 10 + n) for n in range(2)]
    small = [product_photo(1000, 750, seed + 20 + n, 3.0) for n in range(6)]
    tiny = [product_photo(480, 360, seed + 30 + n, 3.0) for n in range(6)]
    yield from _jpegs(sku, binding, large, middle, small)
    yield from _other_pictures(sku, small, tiny)
    yield from _misnamed_and_doubled(sku, middle, small, tiny)
    yield from _broken(sku, middle, small)
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store", f"._{next(sku)}.jpg"):
        yield "junk", name, f"not a photo: {name}".encode()


def _jpegs(
    sku: Iterator[str],
    binding: Iterator[str],
    large: list[Image.Image],
    middle: list[Image.Image],
    small: list[Image.Image],
) -> Iterator[tuple[str, str, bytes]]:
    main = next(sku)
    yield "jpg_over", f"{main}.jpg", _saved(large[0], quality=92)
    yield "jpg_under", f"{main}^1.jpg", _saved(small[0], quality=88)
    yield "jpg_over", f"{main}^2.jpg", _saved(large[1].transpose(Image.Transpose.ROTATE_90), quality=92)
    bound = next(binding)
    yield "jpg_under", f"{bound}.jpg", _saved(small[1], quality=90)
    yield "jpg_under", f"{bound}^1.jpg", _saved(small[2], quality=90, progressive=True)
    yield "jpg_under", f"{next(binding)}.jpg", _saved(small[3].convert("L"), quality=90)
    for picture in small[4:]:
        yield "jpg_under", f"{next(sku)}.jpg", _saved(picture, quality=85, exif=_exif(6))
    yield "jpg_over", f"{next(sku)}.JPG", _saved(middle[0], quality=96)
    yield "jpg_over", f"{next(sku)}#2 Frühling.jpg", _saved(middle[1], quality=96)
    yield (
        "jpg_wide_gamut",
        f"{next(sku)}.jpg",
        _saved(middle[0], quality=96, icc_profile=wide_gamut_profile()),
    )
    yield "jpg_cmyk_over", f"{next(sku)}.jpg", _saved(middle[1].convert("CMYK"), quality=95)
    yield "jpg_cmyk_under", f"{next(sku)}.jpg", _saved(small[0].convert("CMYK"), quality=85)
    for orientation in range(1, 9):
        turned = _saved(middle[orientation % 2], quality=96, exif=_exif(orientation))
        yield f"jpg_turned_{orientation}", f"{next(sku)}.jpg", turned
    yield "jpeg_under", f"{next(sku)}.jpeg", _saved(small[1], quality=90)
    yield "jpeg_under", f"{next(sku)}.JPEG", _saved(small[2], quality=90, exif=_exif(8))
    yield "jpeg_over", f"{next(sku)}.jpeg", _saved(middle[1], quality=97)


def _other_pictures(
    sku: Iterator[str], small: list[Image.Image], tiny: list[Image.Image]
) -> Iterator[tuple[str, str, bytes]]:
    yield "png", f"{next(sku)}.png", _saved(small[3], "PNG", compress_level=1)
    yield "png", f"{next(sku)}.PNG", _saved(tiny[0], "PNG")
    yield "png_alpha", f"{next(sku)}.png", _saved(_with_alpha(small[4]), "PNG", compress_level=1)
    yield "png_alpha", f"{next(sku)} white pot^1.png", _saved(_with_alpha(tiny[1]), "PNG")
    yield "png_grey_alpha", f"{next(sku)}.png", _saved(_with_alpha(tiny[2]).convert("LA"), "PNG")
    palette = tiny[3].quantize(64)
    yield "png_palette", f"{next(sku)}.png", _saved(palette, "PNG")
    yield "png_palette_alpha", f"{next(sku)}.png", _saved(palette, "PNG", transparency=0)
    deep = Image.fromarray(np.asarray(tiny[4].convert("L")).astype(np.uint16) * 257)
    yield "png_16_bit", f"{next(sku)}.png", _saved(deep, "PNG")
    yield "webp", f"{next(sku)}.webp", _saved(tiny[5], "WEBP", quality=80)
    yield "bmp", f"{next(sku)}.bmp", _saved(tiny[0], "BMP")
    yield "tiff", f"{next(sku)}.tif", _saved(tiny[1], "TIFF")
    yield "gif", f"{next(sku)}.gif", _saved(tiny[2].quantize(32), "GIF")
    animated = _saved(tiny[3].quantize(32), "GIF", save_all=True, append_images=[tiny[4].quantize(32)])
    yield "animated", f"{next(sku)}.gif", animated
    yield "heic", f"{next(sku)}.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(400)


def _misnamed_and_doubled(
    sku: Iterator[str], middle: list[Image.Image], small: list[Image.Image], tiny: list[Image.Image]
) -> Iterator[tuple[str, str, bytes]]:
    yield "png_named_jpg", f"{next(sku)}.jpg", _saved(tiny[5], "PNG")
    yield "webp_named_jpg", f"{next(sku)}.jpg", _saved(tiny[0], "WEBP", quality=80)
    yield "jpg_named_png", f"{next(sku)}.png", _saved(small[5], quality=85)
    double = next(sku)
    yield "jpg_beside_png", f"{double}.jpg", _saved(small[0], quality=85)
    yield "png_beside_jpg", f"{double}.png", _saved(tiny[1], "PNG")
    capitals = next(sku)
    yield "jpg_over", f"{capitals}.jpg", _saved(middle[0], quality=97)
    yield "jpg_doubled_in_capitals", f"{capitals}.JPG", _saved(small[1], quality=85)
    both = next(sku)
    yield "jpeg_beside_png", f"{both}.jpeg", _saved(small[2], quality=85)
    yield "png_beside_jpeg", f"{both}.png", _saved(tiny[2], "PNG")


def _broken(
    sku: Iterator[str], middle: list[Image.Image], small: list[Image.Image]
) -> Iterator[tuple[str, str, bytes]]:
    over, under = _saved(middle[1], quality=98), _saved(small[3], quality=90, exif=_exif(1))
    yield "truncated", f"{next(sku)}.jpg", over[: len(over) * 9 // 10]
    yield "truncated", f"{next(sku)}.jpg", under[: len(under) // 2]
    png = _saved(small[4], "PNG", compress_level=1)
    yield "truncated", f"{next(sku)}.png", png[: len(png) // 2]
    yield "empty", f"{next(sku)}.jpg", b""
    yield "header_only", f"{next(sku)}.jpg", under[:20]
    yield "web_page", f"{next(sku)}.jpg", b"<!DOCTYPE html><html><body>Please log in</body></html>"
    yield "text", f"{next(sku)}.png", b"remember to take a photo of the hanging baskets"
    yield "oversized", f"{next(sku)}.png", oversized_png()
    beside = next(sku)
    yield "empty", f"{beside}.jpg", b""
    yield "png_beside_empty_jpg", f"{beside}.png", _saved(small[5], "PNG", compress_level=1)
