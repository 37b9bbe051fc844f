"""What a visitor sees of a photo after conversion, compared with what the browser showed before."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw, ImageOps

from include.catalog.photo_convert import UnreadablePhotoError, web_photo
from include.catalog.photo_settings import PhotoSettings
from include.sandbox.photo_folder import oversized_png, product_photo, wide_gamut_profile

SETTINGS = PhotoSettings(max_width=200, max_height=200)


def saved(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def converted(data: bytes, settings: PhotoSettings = SETTINGS) -> Image.Image:
    return Image.open(BytesIO(web_photo(data, settings).data))


def four_corners(width: int = 640, height: int = 360) -> Image.Image:
    """Every corner another colour, so that each turn and mirroring shows."""
    picture = Image.new("RGB", (width, height), (128, 128, 128))
    draw = ImageDraw.Draw(picture)
    half = (width // 2, height // 2)
    draw.rectangle((0, 0, *half), fill=(220, 30, 30))
    draw.rectangle((half[0], 0, width, half[1]), fill=(30, 200, 30))
    draw.rectangle((0, half[1], half[0], height), fill=(30, 30, 220))
    return picture


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of colour values, 0 to 255."""
    a, b = (np.asarray(picture.convert("RGB"), dtype=np.float64) for picture in (one, other))
    return float(np.abs(a - b).mean())


def pixel(picture: Image.Image, at: tuple[int, int]) -> np.ndarray:
    """Red, green and blue at one place."""
    return np.asarray(picture.convert("RGB"))[at[1], at[0]]


def exif_with(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x8825] = {1: "N", 2: (40.0, 26.0, 46.0)}
    return exif


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_every_orientation_looks_as_before_and_loses_its_tags(kind: str, orientation: int) -> None:
    data = saved(four_corners(), kind, exif=exif_with(orientation))
    before = ImageOps.exif_transpose(Image.open(BytesIO(data)))
    after = converted(data, PhotoSettings(max_width=200, max_height=90))
    assert not dict(after.getexif())
    assert after.width <= 200
    assert after.height <= 90
    assert after.width == 200 or after.height == 90
    assert difference(before.resize(after.size), after) < 3


def test_orientation_of_large_photos_that_are_decoded_at_half_size() -> None:
    data = saved(four_corners(1290, 731), exif=exif_with(6), quality=95)
    before = ImageOps.exif_transpose(Image.open(BytesIO(data)))
    after = converted(data)
    assert after.size == (113, 200)
    assert difference(before.resize(after.size, Image.Resampling.LANCZOS), after) < 2


@pytest.mark.parametrize("size", [(1601, 1203), (1203, 1601), (1333, 999), (2697, 2021)])
def test_decoding_at_half_size_keeps_place_and_sharpness(size: tuple[int, int]) -> None:
    settings = PhotoSettings(max_width=400, max_height=400, quality=98, chroma="4:4:4")
    data = saved(product_photo(*size, seed=3, noise=0.5), quality=95)
    after = converted(data, settings)
    full = Image.open(BytesIO(data)).resize(after.size, Image.Resampling.LANCZOS)
    # Stretched by the half pixel at which an odd size ends, the photo would differ by 1.9 and more.
    assert difference(full, after) < 1.5
    sharpness = [np.abs(np.diff(np.asarray(p.convert("L"), dtype=float))).mean() for p in (full, after)]
    assert sharpness[1] == pytest.approx(sharpness[0], rel=0.05)


def test_aspect_is_kept_and_small_pictures_are_not_enlarged() -> None:
    assert converted(saved(four_corners(1000, 250))).size == (200, 50)
    assert converted(saved(four_corners(120, 90), "PNG")).size == (120, 90)
    assert converted(saved(Image.new("RGB", (4000, 2), "red"), "PNG")).size == (200, 1)


def test_transparent_pixels_are_white_whatever_colour_they_hide() -> None:
    picture = Image.new("RGBA", (300, 300), (255, 0, 0, 0))
    ImageDraw.Draw(picture).rectangle((100, 100, 199, 199), fill=(0, 120, 0, 255))
    ImageDraw.Draw(picture).rectangle((0, 200, 299, 299), fill=(0, 0, 0, 128))
    for data in (saved(picture, "PNG"), saved(picture, "WEBP", lossless=True, exact=True)):
        after = converted(data)
        assert after.mode == "RGB"
        corner, middle, shade = (pixel(after, at) for at in ((20, 20), (100, 100), (20, 180)))
        assert min(corner) >= 253
        assert np.allclose(middle, (0, 120, 0), atol=6)
        assert np.allclose(shade, (127, 127, 127), atol=4)


@pytest.mark.parametrize("mode", ["P", "LA", "L", "RGB", "I;16", "1"])
def test_other_ways_of_being_transparent(mode: str) -> None:
    """Left half transparent, right half dark grey."""
    options: dict[str, Any] = {}
    if mode == "I;16":
        deep = np.full((100, 100), 60 * 257, dtype=np.uint16)
        deep[:, :50] = 40_000
        picture, options = Image.fromarray(deep), {"transparency": 40_000}
    else:
        picture = Image.new("LA", (100, 100), (60, 255))
        picture.paste((200, 0), (0, 0, 50, 100))
        if mode == "P":
            picture = Image.new("P", (100, 100), 1)
            picture.putpalette([255, 0, 0, 60, 60, 60])
            picture.paste(0, (0, 0, 50, 100))
            options = {"transparency": 0}
        elif mode == "1":
            picture = Image.new("1", (100, 100), 0)
            picture.paste(1, (0, 0, 50, 100))
            options = {"transparency": 255}
        elif mode != "LA":
            picture = picture.convert(mode)
            options = {"transparency": 200 if mode == "L" else (200, 200, 200)}
    after = converted(saved(picture, "PNG", **options)).convert("RGB")
    dark = 0 if mode == "1" else 60
    assert min(pixel(after, (10, 50))) >= 250
    assert np.allclose(pixel(after, (90, 50)), (dark,) * 3, atol=5)


def test_sixteen_bit_grey_keeps_its_shades() -> None:
    ramp = np.tile(np.linspace(0, 65535, 200).astype(np.uint16), (50, 1))
    after = np.asarray(converted(saved(Image.fromarray(ramp), "PNG")).convert("L"))
    assert np.allclose(after[25], np.linspace(0, 255, 200), atol=4)


def test_cmyk_shows_the_same_colours() -> None:
    inks = {(0, 0, 0, 0): (255, 255, 255), (255, 0, 0, 0): (0, 255, 255), (0, 255, 255, 0): (255, 0, 0)}
    for ink, shown in inks.items():
        after = converted(saved(Image.new("CMYK", (600, 600), ink), quality=95))
        assert after.mode == "RGB"
        assert np.allclose(pixel(after, (100, 100)), shown, atol=4)


def test_wide_gamut_colours_are_converted_for_browsers_that_see_no_profile() -> None:
    stored = np.array((120, 170, 90))
    data = saved(Image.new("RGB", (600, 400), tuple(stored)), "PNG", icc_profile=wide_gamut_profile())
    to_xyz = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
    srgb_to_xyz = np.array(
        [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
    )
    linear = np.linalg.solve(srgb_to_xyz, to_xyz @ (stored / 255) ** 2.2)
    expected = 255 * (1.055 * linear.clip(0.0031308) ** (1 / 2.4) - 0.055)
    after = converted(data)
    assert "icc_profile" not in after.info
    assert np.allclose(pixel(after, (50, 50)), expected, atol=3)
    assert np.abs(expected - stored).max() > 15


def test_srgb_profile_changes_nothing_and_a_damaged_one_is_ignored() -> None:
    plain = saved(four_corners(), "PNG")
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert difference(converted(plain), converted(saved(four_corners(), "PNG", icc_profile=srgb))) < 0.5
    broken = web_photo(saved(four_corners(), "PNG", icc_profile=wide_gamut_profile()[:200]), SETTINGS)
    assert difference(converted(plain), Image.open(BytesIO(broken.data))) < 0.5
    assert broken.notes == ("its damaged colour profile was ignored",)


def test_grey_picture_with_colour_profile() -> None:
    picture = Image.new("L", (300, 300), 128)
    after = converted(saved(picture, "PNG", icc_profile=wide_gamut_profile())).convert("RGB")
    assert np.ptp(pixel(after, (50, 50))) <= 2


def test_result_above_the_limit_gets_lower_quality_then_fewer_pixels_and_says_so() -> None:
    data = saved(product_photo(800, 600, seed=1, noise=25), quality=98)
    settings = PhotoSettings(limit_bytes=150_000, max_width=800, max_height=800)
    lower = web_photo(data, settings)
    assert len(lower.data) <= 150_000
    assert 60 <= lower.quality < 90
    assert lower.notes == (f"quality lowered to {lower.quality} to stay below the limit",)
    smaller = web_photo(data, PhotoSettings(limit_bytes=20_000, max_width=800, max_height=800))
    assert len(smaller.data) <= 20_000
    assert smaller.quality == 60
    assert smaller.width / smaller.height == pytest.approx(4 / 3, rel=0.02)
    assert f"fitted into {smaller.width} x {smaller.height}" in smaller.notes[1]


def test_large_print_profile_by_settings() -> None:
    large = PhotoSettings(max_width=2560, max_height=2560, quality=100, limit_bytes=6_000_000)
    photo = web_photo(saved(product_photo(3000, 1500, seed=2), quality=95), large)
    assert (photo.width, photo.height, photo.quality) == (2560, 1280, 100)


def test_progressive_unless_that_is_larger() -> None:
    plain, progressive = PhotoSettings(), PhotoSettings(progressive=True)
    photo = saved(product_photo(600, 600, seed=4), "PNG")
    assert converted(photo, progressive).info.get("progressive")
    assert len(web_photo(photo, progressive).data) < len(web_photo(photo, plain).data)
    flat = saved(Image.new("RGB", (60, 60), "green"), "PNG")
    assert len(web_photo(flat, progressive).data) <= len(web_photo(flat, plain).data)


def test_unreadable_photos_say_why() -> None:
    photo, other = product_photo(300, 300, seed=1), product_photo(300, 300, seed=2)
    cases = {
        saved(photo)[:-2000]: "cut off",
        saved(photo, "PNG")[:-2000]: "cut off",
        b"remember the photo of the baskets": "not a picture",
        oversized_png(): "more than the limit of 120 megapixels",
        oversized_png(12_000, 11_000): "12000 x 11000 pixels are more than the limit of 120 megapixels",
        saved(photo, "GIF", save_all=True, append_images=[other]): "animated",
    }
    for data, reason in cases.items():
        with pytest.raises(UnreadablePhotoError, match=reason):
            web_photo(data, SETTINGS)
