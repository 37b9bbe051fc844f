"""A worker killed with -9 loses no photo, whenever that happens, and the next run completes its work."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from include.catalog.photo_apply import apply_photo_changes
from include.catalog.photo_files import remove_leftovers
from include.catalog.photo_plan import plan_photos
from include.catalog.photo_settings import PhotoSettings
from include.sandbox.photo_folder import product_photo

SETTINGS = PhotoSettings(limit_bytes=20_000, max_width=160, max_height=160, settle_seconds=0)
DAY = date(2026, 3, 4)

# Runs in a process of its own: each child is killed before its n-th file operation, n = 1, 2, ... until one
# gets to the end. Python announces file operations to audit hooks before it carries them out.
KILLER = """
import errno, os, shutil, signal, sys
from datetime import date
from pathlib import Path
from include.catalog.photo_apply import apply_photo_changes
from include.catalog.photo_content import readable_formats
from include.catalog.photo_plan import plan_photos
from include.catalog.photo_settings import PhotoSettings

source, root, links, settings = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "links", sys.argv[4]
settings = PhotoSettings.model_validate_json(settings)
readable_formats()
operations = {"open", "os.link", "os.rename", "os.remove", "os.mkdir", "os.chmod"}
for number in range(1, 1000):
    folder = root / f"{number:03d}"
    shutil.copytree(source, folder)
    changes = plan_photos(folder, settings).changes
    child = os.fork()
    if child == 0:
        seen = 0
        def hook(event, arguments):
            global seen
            if event in operations and any(str(folder) in str(argument) for argument in arguments):
                seen += 1
                if seen == number:
                    os.kill(os.getpid(), signal.SIGKILL)
                if event == "os.link" and not links:
                    raise OSError(errno.EPERM, "no hard links here")
        sys.addaudithook(hook)
        apply_photo_changes(folder, changes, settings, date(2026, 3, 4))
        os._exit(0)
    if os.WIFEXITED(os.waitpid(child, 0)[1]):
        break
"""


def picture(seed: int, kind: str = "JPEG", **options: Any) -> bytes:
    out = BytesIO()
    product_photo(200, 150, seed).save(out, kind, **options)
    return out.getvalue()


def visible(folder: Path) -> dict[str, bytes]:
    """All files below `folder` but hidden ones."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("file_system", ["links", "no links"])
def test_killed_before_every_file_operation(tmp_path: Path, file_system: str) -> None:
    originals = {
        "1.jpg": picture(1, quality=98),
        "2.png": picture(2, "PNG"),
        "3.jpeg": picture(3, quality=60),
        "4.jpg": picture(4, quality=98)[:-500],
        "5.jpg": picture(5, quality=60),
        "5.png": picture(6, "PNG"),
    }
    source, root = tmp_path / "source", tmp_path / "killed"
    source.mkdir()
    root.mkdir()
    for name, content in originals.items():
        (source / name).write_bytes(content)
    command = [sys.executable, "-c", KILLER, str(source), str(root), file_system, SETTINGS.model_dump_json()]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2], timeout=120)
    *killed, finished = sorted(root.iterdir())
    assert len(killed) > 30
    expected = visible(finished)
    assert set(originals.values()) <= set(expected.values())
    for folder in killed:
        found = visible(folder)
        for name in ("1", "2", "3"):
            result = found.get(f"{name}.jpg")
            original = next(data for key, data in originals.items() if key.startswith(f"{name}."))
            whole = original in (
                found.get(f"{name}.jpg"),
                found.get(f"{name}.png"),
                found.get(f"{name}.jpeg"),
            )
            assert whole or result == expected[f"{name}.jpg"], f"{folder.name}: {name} is neither old nor new"
            if result not in (None, original):
                Image.open(BytesIO(result or b"")).load()
        assert set(originals.values()) <= set(found.values()), f"{folder.name}: an original is lost"
        apply_photo_changes(folder, plan_photos(folder, SETTINGS).changes, SETTINGS, DAY)
        remove_leftovers(folder, now=time.time() + 3600)
        assert visible(folder) == expected, f"{folder.name}: the next run did not complete the work"
        assert not plan_photos(folder, SETTINGS).changes
        assert not list(folder.glob(".photo-*"))
