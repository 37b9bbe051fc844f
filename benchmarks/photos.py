"""Photos per second: ours against plain Pillow and libvips on the same 12-megapixel JPEGs.

Every worker is a process bound to one core, and every encoder is single-threaded. libvips is measured where
pyvips is installed (`pip install -r benchmarks/requirements.txt`).
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from datetime import date
from functools import partial
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ["VIPS_CONCURRENCY"] = "1"

import numpy as np
from PIL import Image

from benchmarks.measuring import show_and_store
from include.catalog.photo_apply import apply_photo_change
from include.catalog.photo_convert import reused_memory, web_photo
from include.catalog.photo_plan import plan_photos
from include.catalog.photo_settings import PhotoSettings
from include.sandbox.photo_folder import product_photo

BOX = 1280
QUALITY = 90
ROUNDS = 4
PHOTOS = 6
FOLDER_SIZE = 10_000
SETTINGS = PhotoSettings()
EXPECTED = {"plain Pillow": 2.0, "libvips": 0.8}

Candidate = Callable[[Path, Path], None]


def ours(source: Path, target: Path) -> None:
    target.write_bytes(web_photo(source.read_bytes(), SETTINGS).data)


def ours_in_place(source: Path, target: Path) -> None:
    """The whole step of the automation: guard, conversion, backup, fsync, replacement."""
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        folder = Path(name)
        (folder / "10001.jpg").hardlink_to(source)
        (change,) = plan_photos(folder, SETTINGS).changes
        apply_photo_change(folder, change, SETTINGS, date(2026, 3, 4))
        (folder / "10001.jpg").replace(target)


def plain_pillow(source: Path, target: Path, **save: Any) -> None:
    with Image.open(source) as photo:
        picture = photo.convert("RGB")
    factor = min(1.0, BOX / picture.width, BOX / picture.height)
    size = (round(picture.width * factor), round(picture.height * factor))
    picture.resize(size, Image.Resampling.LANCZOS).save(target, "JPEG", quality=QUALITY, **save)


def pillow_thumbnail(source: Path, target: Path, gap: float) -> None:
    """Pillow's own shortcut: `draft` and `reducing_gap`."""
    with Image.open(source) as photo:
        photo.thumbnail((BOX, BOX), Image.Resampling.LANCZOS, reducing_gap=gap)
        photo.save(target, "JPEG", quality=QUALITY, optimize=True)


def libvips(source: Path, target: Path, **save: Any) -> None:
    import pyvips

    pyvips.cache_set_max(0)
    picture = pyvips.Image.thumbnail(str(source), BOX, height=BOX, size="down")
    picture.jpegsave(str(target), Q=QUALITY, keep="none", **save)


def libvips_is_here() -> bool:
    try:
        import pyvips
    except (ImportError, OSError):
        return False
    return bool(pyvips.version(0))


CANDIDATES: dict[str, Candidate] = {
    "plain Pillow": plain_pillow,
    "plain Pillow, saved as ours is": partial(plain_pillow, optimize=True),
    "Pillow thumbnail, reducing_gap 1.01": partial(pillow_thumbnail, gap=1.01),
    "Pillow thumbnail, reducing_gap 2": partial(pillow_thumbnail, gap=2.0),
    "ours": ours,
    "ours with backup and fsync": ours_in_place,
}
if libvips_is_here():
    CANDIDATES |= {
        "libvips": libvips,
        "libvips, saved as ours is": partial(libvips, optimize_coding=True, subsample_mode="on"),
    }


def make_photos(folder: Path) -> list[Path]:
    """Photo-like JPEGs of 4000 x 3000 pixels and 3 to 6 MB."""
    paths = []
    for number in range(PHOTOS):
        path = folder / f"photo{number}.jpg"
        product_photo(4000, 3000, seed=number, noise=3.5 + number * 0.8).save(path, "JPEG", quality=92)
        paths.append(path)
    return paths


def bind_to_one_core(numbers: Any) -> None:
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[numbers.get() % len(cores)]})


def convert(name: str, sources: Sequence[Path], folder: Path) -> list[float]:
    """Seconds for each photo."""
    seconds = []
    with reused_memory() if name.startswith("ours") else nullcontext():
        for source in sources:
            begin = time.perf_counter()
            CANDIDATES[name](source, folder / f"{os.getpid()}.jpg")
            seconds.append(time.perf_counter() - begin)
    return seconds


def measure(sources: list[Path], folder: Path, workers: int) -> dict[str, float]:
    """Photos per second of every candidate, with all workers busy on the same photos.

    Candidates take turns, and each photo counts with its best of several rounds: what else the machine does
    in between does not favour anybody.
    """
    context = get_context("spawn")
    numbers = context.Queue()
    for number in range(workers):
        numbers.put(number)
    rates = {}
    with ProcessPoolExecutor(workers, context, bind_to_one_core, (numbers,)) as pool:
        rounds: dict[str, list[list[float]]] = {name: [] for name in CANDIDATES}
        for _ in range(ROUNDS):
            for name, seconds in rounds.items():
                seconds.extend(pool.map(partial(convert, name, folder=folder), [sources] * workers))
        for name, seconds in rounds.items():
            rates[name] = workers * len(sources) / sum(map(min, zip(*seconds, strict=True)))
    return rates


def quality_of(name: str, sources: Sequence[Path], folder: Path) -> dict[str, float]:
    """How near a candidate's photos come to Lanczos from full size, and their mean size in kB."""
    ssim, sharpness, size = [], [], []
    for source in sources:
        target = folder / "quality.jpg"
        CANDIDATES[name](source, target)
        with Image.open(source) as photo, Image.open(target) as result:
            reference = luma(photo.convert("RGB").resize(result.size, Image.Resampling.LANCZOS))
            found = luma(result)
        size.append(target.stat().st_size)
        ssim.append(similarity(found, reference))
        sharpness.append(np.abs(np.diff(found)).mean() / np.abs(np.diff(reference)).mean())
    return {
        "SSIM %": round(float(np.mean(ssim)) * 100, 2),
        "sharpness %": round(float(np.mean(sharpness)) * 100, 2),
        "kB": round(float(np.mean(size)) / 1000),
    }


def luma(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("L"), dtype=np.float64)


def similarity(one: np.ndarray, other: np.ndarray, window: int = 8) -> float:
    """Structural similarity (mean over windows of 8 x 8 pixels, 1.0 = equal)."""

    def mean(values: np.ndarray) -> np.ndarray:
        total = np.pad(values, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
        inner = total[window:, window:] - total[:-window, window:]
        return (inner - total[window:, :-window] + total[:-window, :-window]) / window**2

    a, b = mean(one), mean(other)
    var_a, var_b, both = mean(one**2) - a**2, mean(other**2) - b**2, mean(one * other) - a * b
    small, large = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    score = (2 * a * b + small) * (2 * both + large) / ((a**2 + b**2 + small) * (var_a + var_b + large))
    return float(score.mean())


def scan_seconds(folder: Path) -> float:
    """Seconds to plan a folder of 10,000 photos that need nothing."""
    photos = folder / "many"
    photos.mkdir()
    out = BytesIO()
    product_photo(1280, 960, seed=1).save(out, "JPEG", quality=85)
    for number in range(FOLDER_SIZE):
        # Copies would fill 2.5 GB of disk; a link costs the scan the same system calls.
        path = photos / f"{number}.jpg"
        if number % 1000:
            path.hardlink_to(photos / f"{number // 1000 * 1000}.jpg")
        else:
            path.write_bytes(out.getvalue())
    begin = time.perf_counter()
    plan = plan_photos(photos, SETTINGS)
    seconds = time.perf_counter() - begin
    shutil.rmtree(photos)
    if plan.considered != FOLDER_SIZE or plan.changes:
        raise RuntimeError(f"the scan went wrong: {plan.considered} considered, {len(plan.changes)} changes")
    return seconds


def main() -> None:
    """Measure, print and store."""
    with tempfile.TemporaryDirectory(prefix="photos-") as name:
        folder = Path(name)
        sources = make_photos(folder)
        megabytes = sum(source.stat().st_size for source in sources) / len(sources) / 1e6
        one, two = (measure(sources, folder, workers) for workers in (1, 2))
        rows: list[dict[str, Any]] = []
        for candidate in CANDIDATES:
            row = {
                "candidate": candidate,
                "photos/s": one[candidate],
                "with 2 workers": two[candidate],
                "ours is x": one["ours"] / one[candidate],
                "ours is x, 2 workers": two["ours"] / two[candidate],
            }
            rows.append(row | quality_of(candidate, sources[:3], folder))
        seconds = scan_seconds(folder)
    notes = [
        f"{PHOTOS} photos of 12 megapixels, {megabytes:.1f} MB on average, one core for each worker",
        "SSIM and sharpness compare with Lanczos from full size before saving (100 % is equal)",
        *(expectation(rows, name, factor) for name, factor in EXPECTED.items()),
        f"planning a folder of {FOLDER_SIZE:,} photos takes {seconds:.2f} s",
    ]
    show_and_store("photos", rows, notes)


def expectation(rows: list[dict[str, Any]], name: str, factor: float) -> str:
    """Whether our speed is at least `factor` times that of candidate `name`, in words."""
    found = [row for row in rows if row["candidate"] == name]
    if not found:
        return f"{name}: not measured, pyvips is not installed (pip install -r benchmarks/requirements.txt)"
    ratio = min(found[0]["ours is x"], found[0]["ours is x, 2 workers"])
    said = "met" if ratio >= factor else "NOT met"
    return f"expected: at least {factor:g} x {name}; found {ratio:.2f} x: {said}"


if __name__ == "__main__":
    main()
