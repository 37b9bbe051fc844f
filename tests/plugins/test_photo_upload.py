"""Which photos of the folder go to the shop."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from include.sandbox.photo_folder import product_photo
from retail_ops import photo_folder


def save(folder: Path, name: str) -> Path:
    product_photo(64, 48, seed=1).save(folder / name, "JPEG" if name.endswith("jpg") else "PNG")
    return folder / name


def test_only_finished_photos_go_to_the_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    monkeypatch.setenv("RETAIL_OPS_PHOTO_FOLDER", str(photos))
    save(photos, "10001.jpg")
    save(photos, "10002.png")
    save(photos, "~10003.jpg")
    save(photos, "10004.png").rename(photos / "10004.jpg")
    half = save(photos, "10005.jpg")
    half.write_bytes(half.read_bytes()[:-40])
    (photos / "old.jpg").mkdir()
    (photos / "10006.jpg").symlink_to(save(tmp_path, "elsewhere.jpg"))
    Path(os.fsdecode(os.fsencode(photos) + b"/Fr\xfch.jpg")).write_bytes((photos / "10001.jpg").read_bytes())
    assert [candidate.remote for candidate in photo_folder._candidates()] == [
        "product_images/import/10001.jpg"
    ]
