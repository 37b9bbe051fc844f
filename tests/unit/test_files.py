"""Files replaced as a whole, on a disk and in object storage."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from upath import UPath

from include.files import as_local_folder, local_copy, replacing, sha256_of, write_atomically


@pytest.fixture(params=["disk", "object storage"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> UPath | Path:
    return tmp_path if request.param == "disk" else UPath(f"memory://{uuid4().hex}/files")


def test_a_file_is_replaced_as_a_whole(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "log.txt", b"one")
    write_atomically(folder / "log.txt", b"two")
    assert (folder / "log.txt").read_bytes() == b"two"
    assert [path.name for path in folder.iterdir()] == ["log.txt"]


def test_a_failed_write_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "feed.csv"
    target.write_text("old")
    with pytest.raises(OSError, match="disk full"), replacing(target) as part:
        part.write_text("half")
        raise OSError("disk full")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_work_in_a_folder_is_kept_wherever_it_is(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "kept.csv", b"kept")
    with as_local_folder(folder) as local:
        assert (local / "kept.csv").read_bytes() == b"kept"
        (local / "new.csv").write_bytes(b"new")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "kept.csv": b"kept",
        "new.csv": b"new",
    }


def test_a_stored_file_can_be_read_as_a_local_one(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "photo.jpg", b"pixels")
    with local_copy(folder / "photo.jpg") as local:
        assert isinstance(local, Path)
        assert local.name == "photo.jpg"
        assert sha256_of(local) == sha256_of_bytes(b"pixels")


def sha256_of_bytes(content: bytes) -> str:
    from hashlib import sha256

    return sha256(content).hexdigest()
