"""What is found in the photo folder, without touching anything in it."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from include.catalog.photo_plan import parse_work, photo_parts, plan_photos, product_key
from include.catalog.photo_settings import PhotoSettings
from include.changes import Change, Plan
from include.sandbox.photo_folder import oversized_png, product_photo

SETTINGS = PhotoSettings(limit_bytes=20_000, max_width=160, max_height=160, settle_seconds=0)
PHOTO = product_photo(200, 150, seed=1)


def picture(kind: str = "JPEG", **options: Any) -> bytes:
    out = BytesIO()
    PHOTO.save(out, kind, **options)
    return out.getvalue()


SMALL, LARGE, PNG = picture(quality=60), picture(quality=98), picture("PNG")


def planned(folder: Path, settings: PhotoSettings = SETTINGS) -> dict[str, tuple[str, str]]:
    """Name -> (what is planned, why)."""
    changes = plan_photos(folder, settings).changes
    return {str(change.key): (str(change.new), change.reason) for change in changes}


def test_what_each_file_needs_and_why(tmp_path: Path) -> None:
    assert len(SMALL) < 20_000 < len(LARGE)
    files = {
        "10001.jpg": SMALL,
        "10002.jpg": LARGE,
        "10003.JPG": LARGE,
        "10004.jpeg": SMALL,
        "10005.jpeg": LARGE,
        "10006.png": PNG,
        "10007.jpg": PNG,
        "10008.png": SMALL,
        "B0001^1.PNG": PNG,
        "10009 Frühling #2.JPEG": SMALL,
        "10010.webp": picture("WEBP"),
        "10011.jfif": SMALL,
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    above = f"{len(LARGE) / 1e3:.1f} kB is above 20.0 kB"
    assert planned(tmp_path) == {
        "10002.jpg": ("convert -> 10002.jpg", above),
        "10003.JPG": ("convert -> 10003.JPG", above),
        "10004.jpeg": ("rename -> 10004.jpg", "JPEG saved with .jpeg"),
        "10005.jpeg": ("convert -> 10005.jpg", f"JPEG saved with .jpeg; {above}"),
        "10006.png": ("convert -> 10006.jpg", "PNG becomes JPEG"),
        "10007.jpg": ("convert -> 10007.jpg", "is a PNG in spite of its name"),
        "10008.png": ("rename -> 10008.jpg", "is a JPEG in spite of its name"),
        "B0001^1.PNG": ("convert -> B0001^1.jpg", "PNG becomes JPEG"),
        "10009 Frühling #2.JPEG": ("rename -> 10009 Frühling #2.jpg", "JPEG saved with .JPEG"),
        "10010.webp": ("convert -> 10010.jpg", "WEBP becomes JPEG"),
        "10011.jfif": ("rename -> 10011.jpg", "JPEG saved with .jfif"),
    }
    assert plan_photos(tmp_path, SETTINGS).considered == 12
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files


def test_bad_files_are_rejected_with_a_reason(tmp_path: Path) -> None:
    files = {
        "cut.jpg": (SMALL[:-300], "cut off"),
        "empty.jpg": (b"", "is empty"),
        "header.jpg": (SMALL[:20], "inside its header"),
        "text.png": (b"take a photo of the baskets", "not a picture"),
        "login.jpg": (b"<!DOCTYPE html><html>", "web page"),
        "phone.heic": (b"\0\0\0\x18ftypheic" + bytes(90), "HEIC"),
        "bomb.png": (oversized_png(), "megapixels"),
        "bomb2.jpg": (oversized_png(12_000, 11_000), "12000 x 11000"),
    }
    for name, (content, _) in files.items():
        (tmp_path / name).write_bytes(content)
    found = planned(tmp_path)
    for name, (_, reason) in files.items():
        assert found[name][0] == f"reject -> rejected/{name}"
        assert reason in found[name][1]


def test_a_thumbnail_inside_a_cut_photo_is_no_end_and_data_behind_the_end_is_no_damage(
    tmp_path: Path,
) -> None:
    thumbnail = BytesIO()
    PHOTO.resize((40, 30)).save(thumbnail, "JPEG")
    exif = b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0" + thumbnail.getvalue()
    photo = picture(quality=60, exif=exif)
    (tmp_path / "cut.jpg").write_bytes(photo[:-400])
    (tmp_path / "whole.jpg").write_bytes(photo)
    settings = PhotoSettings(settle_seconds=0)
    (tmp_path / "phone.jpg").write_bytes(photo + bytes(200_000))
    assert list(planned(tmp_path, settings)) == ["cut.jpg"]


def test_a_bad_file_that_was_just_saved_waits_for_the_next_run(tmp_path: Path) -> None:
    (tmp_path / "copying.jpg").write_bytes(SMALL[:-300])
    os.utime(tmp_path / "copying.jpg", (1_000_000, 1_000_000))
    settings = PhotoSettings(settle_seconds=60)
    early = plan_photos(tmp_path, settings, now=1_000_030)
    assert not early.changes
    assert [reject.key for reject in early.rejects] == ["copying.jpg"]
    assert len(plan_photos(tmp_path, settings, now=1_000_061).changes) == 1


def test_junk_hidden_files_folders_and_other_documents_are_left_alone(tmp_path: Path) -> None:
    names = ("Thumbs.db", "THUMBS.DB", "desktop.ini", ".DS_Store", "._10001.jpg", "~$1.jpg", "prices.xlsx")
    for name in (*names, ".photo-abc.tmp"):
        (tmp_path / name).write_bytes(b"junk")
    for folder in ("backup", "rejected", "10003.jpg"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "10002.png").write_bytes(PNG)
    (tmp_path / "link.png").symlink_to(tmp_path / "backup" / "10002.png")
    assert plan_photos(tmp_path, SETTINGS) == Plan()


@pytest.mark.parametrize(
    ("files", "kept", "why_not"),
    [
        ({"X.jpg": SMALL, "X.png": PNG}, None, {"X.png": "X.jpg exists"}),
        ({"X.JPG": SMALL, "x.jpg": SMALL}, None, {"X.JPG": "x.jpg exists"}),
        ({"X.JPG": SMALL, "x.png": PNG}, None, {"x.png": "X.JPG exists"}),
        ({"X.jpg": PNG, "X.png": PNG}, "X.jpg", {"X.png": "X.jpg exists"}),
        ({"X.jpeg": SMALL, "X.png": PNG}, "X.jpeg", {"X.png": "X.jpeg becomes X.jpg"}),
        ({"X.jpg": b"", "X.png": PNG}, "X.png", {"X.jpg": "is empty (0 bytes)"}),
        (
            {"Z\u00e9.jpg": SMALL, "Ze\u0301.png": PNG},
            None,
            {"Ze\u0301.png": "Z\u00e9.jpg exists"},
        ),
    ],
)
def test_of_two_files_for_one_photo_the_jpg_stays(
    tmp_path: Path, files: dict[str, bytes], kept: str | None, why_not: dict[str, str]
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    found = planned(tmp_path)
    assert {name: why for name, (new, why) in found.items() if new.startswith("reject")} == why_not
    assert [name for name, (new, _) in found.items() if not new.startswith("reject")] == [kept] * bool(kept)
    assert list(found)[-1] == (kept or next(iter(why_not))), "what makes room comes first"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every file")
def test_a_file_that_may_not_be_opened_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(PNG)
    (tmp_path / "2.png").write_bytes(PNG)
    (tmp_path / "1.png").chmod(0)
    plan = plan_photos(tmp_path, SETTINGS)
    assert [reject.key for reject in plan.rejects] == ["1.png"]
    assert [change.key for change in plan.changes] == ["2.png"]


def test_parts_keep_the_files_of_one_photo_together(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.jpg").write_bytes(b"")
        (tmp_path / f"{number}.png").write_bytes(PNG)
    plan = plan_photos(tmp_path, SETTINGS)
    parts = photo_parts(plan, 3)
    assert [change for start, stop in parts for change in plan.changes[start:stop]] == list(plan.changes)
    keys = [{product_key(str(c.key)) for c in plan.part(start, stop).changes} for start, stop in parts]
    assert len(keys) == 3
    assert sum(map(len, keys)) == len(set.union(*keys))
    assert photo_parts(Plan(), 3) == []


@pytest.mark.parametrize(
    "new", ["convert -> ../X.jpg", "convert -> ", "delete -> X.jpg", "reject -> rejected/..", None]
)
def test_foreign_changes_are_refused(new: str | None) -> None:
    with pytest.raises(ValueError, match="not a change of the photo folder"):
        parse_work(Change("photos", "X.png", "file", "", new, ""))


def test_settings_name_what_is_wrong() -> None:
    for wrong in (
        {"backup_folder": "../elsewhere"},
        {"quality": 50},
        {"backup_folder": "old", "rejected_folder": "OLD"},
        {"background": "white"},
        {"qualty": 90},
    ):
        with pytest.raises(ValidationError):
            PhotoSettings.model_validate(wrong)


def test_a_name_in_an_unknown_encoding_is_reported_and_stops_no_other_photo(tmp_path: Path) -> None:
    (tmp_path / "10001.png").write_bytes(PNG)
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/Fr\xfchling.png")).write_bytes(PNG)
    plan = plan_photos(tmp_path, SETTINGS)
    assert [change.key for change in plan.changes] == ["10001.png"]
    (reject,) = plan.rejects
    assert reject.key == "Fr\ufffdhling.png"
    assert "rename it" in reject.reason
