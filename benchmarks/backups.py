"""A folder into the off-site storage, read back and compared, against `tar | zstd` into a file."""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.measuring import in_own_process, show_and_store

MEGABYTES = 300
ROUNDS = 3
WORDS = (
    "terracotta",
    "boxwood",
    "échinacée",
    "hose 50'",
    "cedar",
    "mulch",
    'pot 12"',
    "fern",
    ",",
    "\n",
    "0.00",
)


def _fill(folder: Path) -> int:
    """Logs and photos: text and what cannot be compressed, in files from 10 KB to 20 MB; returns bytes."""
    dice = random.Random(7)
    text = " ".join(dice.choices(WORDS, k=400_000)).encode()
    size, number = 0, 0
    while size < MEGABYTES * 1_000_000:
        wanted = dice.choice((10_000, 200_000, 3_000_000, 20_000_000))
        start = dice.randrange(len(text) // 2)
        readable = (text[start:] + str(number).encode()) * (wanted // len(text) + 1)
        content = readable[:wanted] if number % 2 else dice.randbytes(wanted)
        file = folder / f"{number % 20:02d}" / f"{number}.bin"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        size, number = size + len(content), number + 1
    return size


def _ours(folder: str, target: str, encrypt: bool) -> Callable[[], int]:
    import pyrage  # type: ignore[import-untyped]
    from upath import UPath

    from include.backups.archive import Archive
    from include.backups.backup import back_up
    from include.backups.settings import BackupSettings, Encryption
    from include.backups.sources import ArchiveSource
    from include.backups.storage import OffsiteStorage

    keys = (str(pyrage.x25519.Identity.generate().to_public()),) if encrypt else ()
    settings = BackupSettings(encryption=Encryption(recipients=keys))
    storage = OffsiteStorage(UPath(Path(target).as_uri()))
    source = ArchiveSource(Archive({"": Path(folder)}))
    return lambda: back_up(storage, "files", source, datetime.now(UTC), settings, "").stored.bytes


def _tar_zstd(folder: str, target: str, _encrypt: bool) -> Callable[[], int]:
    Path(target).mkdir(parents=True)
    file = Path(target) / "files.tar.zst"

    def work() -> int:
        with (
            file.open("wb") as out,
            subprocess.Popen(["tar", "-cf", "-", "-C", folder, "."], stdout=-1) as tar,
        ):
            subprocess.run(["zstd", "-3", "-q"], stdin=tar.stdout, stdout=out, check=True)
        return file.stat().st_size

    return work


WAYS: tuple[tuple[str, Callable[..., Callable[[], int]], bool], ...] = (
    ("tar | zstd -3", _tar_zstd, False),
    ("ours: hashed, read back", _ours, False),
    ("ours: encrypted as well", _ours, True),
)


def main() -> None:
    """The ways in turn, several rounds; the best of each counts."""
    if not shutil.which("zstd"):
        print("This machine has no zstd program to compare with.")
        return
    best: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "source"
        folder.mkdir()
        size = _fill(folder)
        for number in range(ROUNDS):
            for what, way, encrypt in WAYS:
                target = Path(name) / f"{number}-{len(best)}-{encrypt}-{way.__name__}"
                found = in_own_process(way, str(folder), str(target), encrypt)
                shutil.rmtree(target)
                if what not in best or found["seconds"] < best[what]["seconds"]:
                    best[what] = found
    rows = [
        {
            "what": what,
            "seconds": found["seconds"],
            "mb_per_second": round(size / 1e6 / found["seconds"]),
            "stored_mb": found["answer"] / 1e6,
            # The memory of tar and zstd is that of other processes.
            "memory_mb": "-" if what == WAYS[0][0] else found["peak_mb"] - found["base_mb"],
        }
        for what, found in best.items()
    ]
    plain, ours, sealed = (row["seconds"] for row in rows)
    notes = [
        f"{size / 1e6:,.0f} MB: {plain / ours:.2f} x the speed of tar | zstd, hashed twice and read back",
        f"encrypted: {plain / sealed:.2f} x",
        "ours waits until the disk has it all (fsync), tar | zstd does not",
    ]
    show_and_store("backups", rows, notes)
