"""What becomes of the files in the photo folder."""

from __future__ import annotations

import os
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from include.catalog.photo_apply import PhotoOutcome, apply_photo_change, apply_photo_changes
from include.catalog.photo_files import remove_leftovers
from include.catalog.photo_plan import plan_photos
from include.catalog.photo_settings import PhotoSettings
from include.sandbox.photo_folder import fill_photo_folder, product_photo

SETTINGS = PhotoSettings(limit_bytes=20_000, max_width=160, max_height=160, settle_seconds=0)
DAY = date(2026, 3, 4)
PHOTO, OTHER = product_photo(200, 150, seed=1), product_photo(200, 150, seed=2)


def picture(photo: Image.Image = PHOTO, kind: str = "JPEG", **options: Any) -> bytes:
    out = BytesIO()
    photo.save(out, kind, **options)
    return out.getvalue()


SMALL, LARGE, PNG = picture(quality=60), picture(quality=98), picture(kind="PNG")


def run(folder: Path, settings: PhotoSettings = SETTINGS, day: date = DAY) -> list[PhotoOutcome]:
    return apply_photo_changes(folder, plan_photos(folder, settings).changes, settings, day)


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_large_photo_is_replaced_and_its_original_kept(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(LARGE)
    (tmp_path / "1.jpg").chmod(0o664)
    (outcome,) = run(tmp_path)
    assert (outcome.status, outcome.result) == ("applied", "1.jpg")
    assert outcome.bytes_before == len(LARGE)
    assert outcome.bytes_after == (tmp_path / "1.jpg").stat().st_size <= 20_000
    assert Image.open(tmp_path / "1.jpg").size == (160, 120)
    assert (tmp_path / "1.jpg").stat().st_mode & 0o777 == 0o664
    assert set(everything_in(tmp_path)) == {"1.jpg", "backup/2026-03-04/1.jpg"}
    assert (tmp_path / "backup/2026-03-04/1.jpg").read_bytes() == LARGE


def test_png_becomes_jpg_and_jpeg_is_renamed_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "1.PNG").write_bytes(PNG)
    (tmp_path / "2.jpeg").write_bytes(SMALL)
    assert [outcome.status for outcome in run(tmp_path)] == ["applied", "applied"]
    found = everything_in(tmp_path)
    assert set(found) == {"1.jpg", "2.jpg", "backup/2026-03-04/1.PNG"}
    assert found["2.jpg"] == SMALL
    assert Image.open(tmp_path / "1.jpg").format == "JPEG"


def test_small_jpg_stays_byte_for_byte_with_its_time(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(SMALL)
    os.utime(tmp_path / "1.jpg", (1_000_000, 1_000_000))
    assert run(tmp_path) == []
    assert everything_in(tmp_path) == {"1.jpg": SMALL}
    assert (tmp_path / "1.jpg").stat().st_mtime == 1_000_000


def test_rejected_files_have_their_reason_beside_them_and_names_never_overwrite(tmp_path: Path) -> None:
    for content in (b"", b"a note", b"another note", b"a note"):
        (tmp_path / "1.jpg").write_bytes(content)
        (outcome,) = run(tmp_path)
        assert outcome.status == "rejected"
        assert not (tmp_path / "1.jpg").exists()
    found = everything_in(tmp_path / "rejected")
    assert {name: found[name] for name in found if not name.endswith(".txt")} == {
        "1.jpg": b"",
        "1 (2).jpg": b"a note",
        "1 (3).jpg": b"another note",
    }
    assert found["1.jpg.reason.txt"] == b"1.jpg: is empty (0 bytes)\n"
    assert found["1 (3).jpg.reason.txt"] == b"1.jpg: cannot be read: its content is not a picture\n"


def test_a_photo_that_proves_damaged_when_it_is_read_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(PNG[:-500])
    (tmp_path / "2.jpg").write_bytes(LARGE[:-500])
    assert [outcome.status for outcome in run(tmp_path)] == ["rejected", "rejected"]
    found = everything_in(tmp_path)
    assert set(found) == {f"rejected/{n}{s}" for n in ("1.png", "2.jpg") for s in ("", ".reason.txt")}
    assert found["rejected/1.png"] == PNG[:-500]
    assert b"cut off" in found["rejected/2.jpg.reason.txt"]


def test_a_damaged_photo_that_was_just_saved_stays(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(PNG[:-500])
    (outcome,) = run(tmp_path, PhotoSettings(settle_seconds=3600))
    assert outcome.status == "skipped"
    assert everything_in(tmp_path) == {"1.png": PNG[:-500]}


def test_backups_of_one_day_never_overwrite_each_other(tmp_path: Path) -> None:
    for version in (PHOTO, OTHER):
        (tmp_path / "1.jpg").write_bytes(picture(version, quality=98))
        run(tmp_path)
    assert (tmp_path / "backup/2026-03-04/1.jpg").read_bytes() == LARGE
    assert (tmp_path / "backup/2026-03-04/1 (2).jpg").read_bytes() == picture(OTHER, quality=98)


def test_collisions_keep_the_content_of_both_files(tmp_path: Path) -> None:
    other = picture(OTHER, quality=60)
    contents = {"X.jpg": SMALL, "X.png": PNG, "Y.JPG": SMALL, "y.jpg": other, "Z.jpeg": SMALL, "Z.PNG": PNG}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    run(tmp_path)
    found = everything_in(tmp_path)
    assert {name: data for name, data in found.items() if not name.endswith(".txt")} == {
        "X.jpg": SMALL,
        "rejected/X.png": PNG,
        "y.jpg": other,
        "rejected/Y.JPG": SMALL,
        "Z.jpg": SMALL,
        "rejected/Z.PNG": PNG,
    }
    assert found["rejected/X.png.reason.txt"] == b"X.png: X.jpg exists\n"


def test_an_empty_jpg_makes_room_for_the_png_beside_it_in_the_same_run(tmp_path: Path) -> None:
    (tmp_path / "X.jpg").write_bytes(b"")
    (tmp_path / "X.png").write_bytes(PNG)
    assert [outcome.status for outcome in run(tmp_path)] == ["rejected", "applied"]
    assert Image.open(tmp_path / "X.jpg").size == (160, 120)


@pytest.mark.parametrize("name", ["1.jpg", "1.png", "1.jpeg", "empty.jpg"])
def test_what_was_saved_again_since_the_plan_is_not_touched(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes({"1.jpg": LARGE, "1.png": PNG, "1.jpeg": SMALL, "empty.jpg": b""}[name])
    (change,) = plan_photos(tmp_path, SETTINGS).changes
    newer = picture(OTHER, quality=98)
    (tmp_path / name).write_bytes(newer)
    outcome = apply_photo_change(tmp_path, change, SETTINGS, DAY)
    assert outcome.status == "conflicted"
    assert everything_in(tmp_path) == {name: newer}


def test_a_jpg_that_appeared_since_the_plan_is_not_overwritten(tmp_path: Path) -> None:
    for name, content in {"1.png": PNG, "2.jpeg": SMALL}.items():
        (tmp_path / name).write_bytes(content)
    changes = plan_photos(tmp_path, SETTINGS).changes
    other = picture(OTHER, quality=60)
    (tmp_path / "1.jpg").write_bytes(other)
    (tmp_path / "2.jpg").write_bytes(other)
    outcomes = apply_photo_changes(tmp_path, changes, SETTINGS, DAY)
    assert [outcome.status for outcome in outcomes] == ["conflicted", "conflicted"]
    assert everything_in(tmp_path) == {"1.png": PNG, "2.jpeg": SMALL, "1.jpg": other, "2.jpg": other}


def test_the_same_plan_twice_does_nothing_twice(tmp_path: Path) -> None:
    files = {"1.jpg": LARGE, "2.png": PNG, "3.jpeg": SMALL, "4.jpg": b"", "5.png": b"?"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    changes = plan_photos(tmp_path, SETTINGS).changes
    outcomes = apply_photo_changes(tmp_path, changes, SETTINGS, DAY)
    first = everything_in(tmp_path)
    again = apply_photo_changes(tmp_path, changes, SETTINGS, DAY)
    assert [outcome.status for outcome in again] == [outcome.status for outcome in outcomes]
    assert everything_in(tmp_path) == first


def test_a_disk_that_refuses_leaves_the_original_and_the_others_go_on(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(LARGE)
    (tmp_path / "2.jpeg").write_bytes(SMALL)
    (tmp_path / "backup").write_bytes(b"a file where the folder should be")
    failed, renamed = run(tmp_path)
    assert (failed.status, renamed.status) == ("failed", "applied")
    assert (tmp_path / "1.jpg").read_bytes() == LARGE
    assert not list(tmp_path.glob(".photo-*"))


def test_outcomes_as_the_common_result(tmp_path: Path) -> None:
    for name, content in {"1.jpg": LARGE, "2.jpg": b""}.items():
        (tmp_path / name).write_bytes(content)
    done: list[int] = []
    changes = plan_photos(tmp_path, SETTINGS).changes
    outcomes = apply_photo_changes(
        tmp_path, changes, SETTINGS, DAY, report=lambda count, outcome: done.append(count)
    )
    assert done == [1, 2]
    results = [outcome.as_result() for outcome in outcomes]
    assert [result.status for result in results] == ["applied", "applied"]
    assert results[1].message == "is empty (0 bytes)"
    assert "now 160 x 120" in results[0].message


def test_leftovers_of_killed_processes_are_removed_once_nobody_can_own_them(tmp_path: Path) -> None:
    for name, age in {".photo-old.tmp": 3600, ".photo-new.tmp": 5, "1.jpg": 3600}.items():
        (tmp_path / name).write_bytes(SMALL)
        os.utime(tmp_path / name, (1_000_000 - age, 1_000_000 - age))
    assert remove_leftovers(tmp_path, now=1_000_000) == 1
    assert set(everything_in(tmp_path)) == {".photo-new.tmp", "1.jpg"}


def test_the_staff_folder_of_the_sandbox(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    skus = ["4711", "0815/1", "0042", *(f"{10_001 + number}" for number in range(70))]
    kinds = fill_photo_folder(folder, skus, ["B0001", "B0002"])
    assert 40 <= len(kinds) <= 70
    originals = {name: (folder / name).read_bytes() for name in kinds}
    settings = PhotoSettings()
    first = run(folder, settings)
    assert {outcome.status for outcome in first} == {"applied", "rejected"}
    rejected = {kinds[str(outcome.change.key)] for outcome in first if outcome.status == "rejected"}
    assert rejected == {
        *("animated", "heic", "png_beside_jpg", "png_beside_jpeg", "jpg_doubled_in_capitals", "truncated"),
        *("empty", "header_only", "web_page", "text", "oversized"),
    }
    untouched = {"jpg_under", "jpg_cmyk_under", "jpg_beside_png", "junk"}
    for name, kind in kinds.items():
        assert (kind in untouched) == (
            (folder / name).exists() and (folder / name).read_bytes() == originals[name]
        )
    assert set(originals.values()) <= set(everything_in(folder).values())
    for path in folder.glob("[!.]*.[jJ]*"):
        with Image.open(path) as photo:
            photo.load()
            assert path.stat().st_size <= settings.limit_bytes
    after = everything_in(folder)
    assert plan_photos(folder, settings).changes == ()
    assert fill_photo_folder(folder, skus, ["B0001", "B0002"]) == kinds
    assert everything_in(folder) == after


def test_photos_of_the_sandbox_are_the_same_every_time() -> None:
    one, two, other = (product_photo(320, 200, seed).tobytes() for seed in (5, 5, 6))
    assert one == two != other
