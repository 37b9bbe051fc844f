"""Makes the bytes of a web photo from the bytes of whatever staff saved."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from include.catalog.photo_content import DAMAGE, JPEG_FORMATS, readable_formats, too_many_pixels
from include.catalog.photo_settings import PhotoSettings

if TYPE_CHECKING:
    from PIL import Image

# A JPEG can be decoded at half, quarter or eighth size, which saves most of the work. Compared with Lanczos
# from full size, the result is as sharp as long as Lanczos still has this factor left to shrink by.
_LEFT_TO_SHRINK = 1.5
_QUALITY_STEP = 5
_SHRINK_STEP = 0.85
# A progressive JPEG is smaller than a plain one except for thumbnails.
_SURELY_SMALLER_PROGRESSIVE = 10_240
_ORIENTATION = 0x0112
# Small blocks fit every picture; Pillow's own 16 MB would be resized, and cleared by the system, each time.
_BLOCK_BYTES, _KEPT_BLOCKS = 1024 * 1024, 128


class UnreadablePhotoError(Exception):
    """The file is no picture that can be shown; the message says why, in words for the store's staff."""


@dataclass(frozen=True, slots=True)
class WebPhoto:
    """A finished JPEG; `notes` say what was done beyond the settings' normal way."""

    data: bytes
    width: int
    height: int
    quality: int
    notes: tuple[str, ...] = ()


@contextmanager
def reused_memory() -> Iterator[None]:
    """Inside this, memory for pixels is kept from one photo to the next (at most 128 MB), then given back.

    Photo after photo, asking the system for fresh memory costs a tenth of the time.
    """
    from PIL import Image

    size, number = Image.core.get_block_size(), Image.core.get_blocks_max()
    Image.core.set_block_size(_BLOCK_BYTES)
    Image.core.set_blocks_max(_KEPT_BLOCKS)
    try:
        yield
    finally:
        Image.core.set_blocks_max(number)
        Image.core.set_block_size(size)


def web_photo(data: bytes, settings: PhotoSettings, *, comment: bytes = b"") -> WebPhoto:
    """Fit a picture into the settings' largest size and save it as JPEG of at most `limit_bytes`.

    What a browser shows stays the same but for the size: the rotation recorded by the camera is carried out,
    colours are converted to sRGB, transparent pixels show the background. The picture is never enlarged, its
    aspect is kept. Place, camera and time of the exposure are dropped. Raises `UnreadablePhotoError`.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(BytesIO(data), formats=readable_formats())
            pixels, notes = _fitted(picture, settings)
            return _saved(pixels, settings, comment, notes)
    except Image.DecompressionBombError as error:
        raise UnreadablePhotoError(too_many_pixels(settings)) from error
    except DAMAGE as error:
        raise UnreadablePhotoError(_in_words(error)) from error


def _fitted(picture: Image.Image, settings: PhotoSettings) -> tuple[Image.Image, list[str]]:
    from PIL import Image

    width, height = picture.size
    if width * height > settings.pixel_limit:
        raise UnreadablePhotoError(too_many_pixels(settings, width, height))
    if (frames := getattr(picture, "n_frames", 1)) > 1 and picture.format not in JPEG_FORMATS:
        raise UnreadablePhotoError(f"is animated or has several pages ({frames}): a photo has one")
    orientation = _orientation(picture)
    profile = picture.info.get("icc_profile")
    room = (settings.max_width, settings.max_height)
    target = _fit(picture.size, room if orientation < 5 else room[::-1])
    wanted = (math.ceil(target[0] * _LEFT_TO_SHRINK), math.ceil(target[1] * _LEFT_TO_SHRINK))
    drafted = picture.draft(None, wanted)
    picture.load()
    pixels = _opaque(picture, settings.background)
    if pixels.size != target:
        # Odd sizes end inside a half-size pixel: without the exact box the photo would be stretched by it.
        box = drafted[1] if drafted else None
        pixels = pixels.resize(target, Image.Resampling.LANCZOS, box=box)
    pixels, bad_profile = _in_srgb(pixels, profile)
    if turn := _TURNS.get(orientation):
        pixels = pixels.transpose(Image.Transpose[turn])
    pixels.info = {}
    return pixels, ["its damaged colour profile was ignored"] if bad_profile else []


# EXIF orientation -> what carries it out.
_TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}


def _orientation(picture: Image.Image) -> int:
    """The EXIF orientation, 1 where there is none; one recorded elsewhere (XMP) is ignored as browsers do."""
    from PIL import Image

    exif = Image.Exif()
    try:
        exif.load(picture.info.get("exif") or b"")
        value = exif.get(_ORIENTATION, 1)
    except (*DAMAGE, KeyError, TypeError):
        # A damaged EXIF block does not make the photo worse.
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _fit(size: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, room[0] / size[0], room[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _opaque(picture: Image.Image, background: str) -> Image.Image:
    """The picture as L, RGB or CMYK, with the background where it was transparent."""
    from PIL import Image

    clear = picture.info.get("transparency")
    if picture.mode.startswith("I;16"):
        grey, mask = _eight_bits(picture, clear)
        if mask is None:
            return grey
        base = Image.new("RGB", grey.size, background)
        base.paste(grey.convert("RGB"), mask=mask)
        return base
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        base = Image.new("RGB", layer.size, background)
        base.paste(layer, mask=layer.getchannel("A"))
        return base
    if picture.mode in ("L", "RGB", "CMYK"):
        return picture
    return picture.convert("L" if picture.mode == "1" else "RGB")


def _eight_bits(picture: Image.Image, clear: Any) -> tuple[Image.Image, Image.Image | None]:
    import numpy as np
    from PIL import Image

    deep = np.asarray(picture).astype(np.uint16)
    mask = Image.fromarray(((deep != clear) * 255).astype(np.uint8)) if isinstance(clear, int) else None
    return Image.fromarray((deep >> 8).astype(np.uint8)), mask


def _in_srgb(pixels: Image.Image, profile: bytes | None) -> tuple[Image.Image, bool]:
    """Pixels with sRGB colours, and whether the profile was unusable (browsers ignore such a profile too)."""
    from PIL import ImageCms

    plain = pixels.convert("RGB") if pixels.mode == "CMYK" else pixels
    if not profile:
        return plain, False
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return plain, False
        if source.profile.xcolor_space.strip() == "RGB" and pixels.mode == "L":
            pixels = pixels.convert("RGB")
        converted = ImageCms.profileToProfile(
            pixels, source, ImageCms.createProfile("sRGB"), ImageCms.Intent.PERCEPTUAL, "RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return plain, True
    return converted or plain, False


def _saved(pixels: Image.Image, settings: PhotoSettings, comment: bytes, notes: list[str]) -> WebPhoto:
    quality = settings.quality
    data = _encoded(pixels, quality, settings, comment)
    while len(data) > settings.limit_bytes and quality > settings.quality_floor:
        quality = max(settings.quality_floor, quality - _QUALITY_STEP)
        data = _encoded(pixels, quality, settings, comment)
    if quality < settings.quality:
        notes.append(f"quality lowered to {quality} to stay below the limit")
    fitted = pixels
    while len(data) > settings.limit_bytes and max(fitted.size) > 16:
        factor = _SHRINK_STEP * max(fitted.size) / max(pixels.size)
        fitted = pixels.resize((max(1, int(pixels.width * factor)), max(1, int(pixels.height * factor))))
        data = _encoded(fitted, quality, settings, comment)
    if fitted is not pixels:
        notes.append(f"fitted into {fitted.width} x {fitted.height} to stay below the limit")
    return WebPhoto(data, fitted.width, fitted.height, quality, tuple(notes))


def _encoded(pixels: Image.Image, quality: int, settings: PhotoSettings, comment: bytes) -> bytes:
    options = {"quality": quality, "subsampling": settings.chroma, "comment": comment}
    data = _jpeg(pixels, optimize=True, progressive=settings.progressive, **options)
    if settings.progressive and len(data) < _SURELY_SMALLER_PROGRESSIVE:
        data = min(data, _jpeg(pixels, optimize=True, **options), key=len)
    return data


def _jpeg(pixels: Image.Image, **options: Any) -> bytes:
    out = BytesIO()
    pixels.save(out, "JPEG", **options)
    return out.getvalue()


def _in_words(error: Exception) -> str:
    text = str(error).lower()
    if "truncated" in text or "broken data stream" in text or "not enough" in text:
        return "cannot be read: it is cut off, its end is missing"
    if "cannot identify" in text:
        return "cannot be read: its content is not a picture"
    return f"cannot be read: {error or type(error).__name__}"
