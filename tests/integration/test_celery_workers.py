"""CeleryExecutor as in production: a worker killed in the middle of `hourly_inventory` costs time only."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select, select, update

from include.catalog.photo_apply import apply_photo_changes
from include.catalog.photo_plan import plan_photos
from include.catalog.photo_settings import photo_settings
from include.counterpoint.tables import IM_ITEM
from include.inventory.feeds import plan_feed
from include.inventory.settings import inventory_settings
from include.settings import store_settings
from include.storedb.audit import audited_changes
from include.storedb.tables import JOURNAL
from tests.integration.celery_house import DAG, CeleryHouse, celery_house

FEEDS = (
    "availability.csv",
    "availability.json",
    "commercial_availability.csv",
    "commercial_availability.json",
)
# The second file of the retail feed, under its unfinished name: the first one is published by then.
SLOW, SLOW_SECONDS = "-availability.json", 600.0
# Long ago, in seconds since 1970: so old are the leftovers that a run may take away.
OLD = 1_700_000_000


@pytest.fixture(scope="module")
def house(seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CeleryHouse]:
    with celery_house(tmp_path_factory.mktemp("celery"), seeded) as house:
        yield house


@pytest.fixture
def photos(house: CeleryHouse, seeded: Path) -> Path:
    """New work for a run: new prices, and the photos as staff left them, whose originals are returned.

    What workers that were killed before have left behind is old by now.
    """
    pristine = seeded / "photos"
    for place in set(house.places.photos.iterdir()) - set(leftovers(house)):
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    shutil.copytree(pristine, house.places.photos, dirs_exist_ok=True)
    (house.places.photos / ".photo-killed.tmp").write_bytes(b"half of a photo")
    for leftover in leftovers(house):
        os.utime(leftover, (OLD, OLD))
    with house.counterpoint.begin() as connection:
        connection.execute(update(IM_ITEM).values(PRC_1=IM_ITEM.c.PRC_1 + 1, REG_PRC=IM_ITEM.c.REG_PRC + 1))
    house.launch_workers()
    house.wait_for_workers()
    house.vendors.clear_faults()
    house.vendors.clear_requests()
    return pristine


def test_a_worker_killed_twice_while_it_publishes_a_feed(
    house: CeleryHouse, photos: Path, tmp_path: Path
) -> None:
    """First the file has arrived but not got its name, then it has got its name but nobody knows."""
    for method in ("PUT", "MOVE"):
        house.vendors.order_fault("webdav", "slow", method=method, match=SLOW, seconds=SLOW_SECONDS)
    run_id = house.api.trigger(DAG, {})
    for method in ("PUT", "MOVE"):
        house.wait_for_workers()
        house.until(partial(is_kept_waiting, house, method), f"the {method}")
        house.kill_worker_of(running_task(house, run_id, "retail.publish"))
        house.launch_workers()
    house.wait_for_success(DAG, run_id)
    assert leftovers(house), "the unfinished upload is left to a later run"
    expect_the_work_of_one_run(house, run_id, photos, tmp_path)
    assert tries(house, run_id, "retail.publish") == ["retry", "retry", "success"]
    expect_nothing_to_do(house)


def test_a_worker_killed_in_the_middle_of_the_photos(
    house: CeleryHouse, photos: Path, tmp_path: Path
) -> None:
    run_id = house.api.trigger(DAG, {})
    process = running_task(house, run_id, "photos.prepare")
    (chunk, *_) = house.api.xcom(DAG, run_id, "photos.plan", "return_value")
    names = [str(change.key) for change in plan_photos(photos, photo_settings().prepare).changes]
    names = names[chunk["start"] : chunk["stop"]]

    def is_untouched(name: str) -> bool:
        with suppress(FileNotFoundError):
            return (house.places.photos / name).stat().st_mtime_ns == (photos / name).stat().st_mtime_ns
        return False

    house.until(lambda: not all(map(is_untouched, names)), "the first photo", between=0.01)
    house.kill_worker_of(process)
    assert any(map(is_untouched, names)), "all photos were done before the worker was killed"
    house.wait_for_success(DAG, run_id)
    expect_the_work_of_one_run(house, run_id, photos, tmp_path)
    assert tries(house, run_id, "photos.prepare") == ["retry", "success"]
    expect_nothing_to_do(house)


def running_task(house: CeleryHouse, run_id: str, task_id: str) -> int:
    """Wait until a task runs, the first one of a mapped task; returns its process id."""

    def found() -> int | None:
        tasks = [t for t in house.api.tasks(DAG, run_id) if t["task_id"] == task_id and t["map_index"] <= 0]
        return next((task["pid"] for task in tasks if task["state"] == "running"), None)

    return house.until(found, f"{task_id} to run") or 0


def is_kept_waiting(house: CeleryHouse, method: str) -> bool:
    """Whether a request to the file server is done, while its answer is held back."""
    return any(request.fault for request in house.vendors.requests("webdav", method, SLOW))


def expect_the_work_of_one_run(house: CeleryHouse, run_id: str, pristine: Path, folder: Path) -> None:
    """All is as after a run that nobody disturbed, and nothing was done twice."""
    when = datetime.fromisoformat(house.api.run(DAG, run_id)["logical_date"])
    day = when.astimezone(store_settings().zone).date()
    assert visible(house.places.photos) == undisturbed_photos(pristine, folder / "photos", day)
    content = house.vendors.webdav_dir / "content"
    served = {name: (content / name).read_bytes() for name in FEEDS}
    assert served == undisturbed_feeds(house, folder / "feeds")
    moves = [move for move in house.vendors.requests("webdav", "MOVE") if move.status in (201, 204)]
    assert Counter(move.headers["destination"].rpartition("/")[2] for move in moves) == Counter(FEEDS)
    assert [left for left in leftovers(house) if left.stat().st_mtime == OLD] == []
    audited = audited_changes(house.store_db, DAG, run_id)
    planned = [str(change.key) for change in plan_photos(pristine, photo_settings().prepare).changes]
    assert Counter(str(change.key) for change, _ in audited) == Counter(
        [*planned, *(f"content/{name}" for name in FEEDS)]
    )
    assert [(change.key, outcome) for change, outcome in audited if outcome != "applied"] == []


def expect_nothing_to_do(house: CeleryHouse) -> None:
    """The next run finds nothing to do."""
    photos = visible(house.places.photos)
    house.vendors.clear_requests()
    run_id = house.api.trigger(DAG, {})
    house.wait_for_success(DAG, run_id)
    assert visible(house.places.photos) == photos
    assert house.vendors.count("webdav", "PUT") == house.vendors.count("webdav", "MOVE") == 0
    assert audited_changes(house.store_db, DAG, run_id) == []
    skipped = {task["task_id"] for task in house.api.tasks(DAG, run_id) if task["state"] == "skipped"}
    assert {"retail.publish", "wholesale.publish", "photos.prepare"} <= skipped


def leftovers(house: CeleryHouse) -> list[Path]:
    """Unfinished files of workers that were killed, here and on the file server."""
    content = house.vendors.webdav_dir / "content"
    return [*house.places.photos.glob(".photo-*.tmp"), *content.glob("part-*")]


def tries(house: CeleryHouse, run_id: str, task_id: str) -> list[str]:
    """How each try of a task ended, as the journal has it."""
    rows = select(JOURNAL.c.outcome).where(JOURNAL.c.run_id == run_id, JOURNAL.c.task_id == task_id)
    rows = rows.where(JOURNAL.c.map_index <= 0).order_by(JOURNAL.c.try_number, JOURNAL.c.id)
    with house.store_db.connect() as connection:
        return list(connection.scalars(rows))


def visible(folder: Path) -> dict[str, bytes]:
    """All files below a folder but hidden ones."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def undisturbed_photos(pristine: Path, folder: Path, day: date) -> dict[str, bytes]:
    """What becomes of the photos when nobody interrupts the work."""
    shutil.copytree(pristine, folder)
    settings = photo_settings().prepare
    apply_photo_changes(folder, plan_photos(folder, settings).changes, settings, day)
    return visible(folder)


def undisturbed_feeds(house: CeleryHouse, folder: Path) -> dict[str, bytes]:
    """The feeds of what Counterpoint has now."""

    @contextmanager
    def stream(query: Select[Any]) -> Iterator[Iterator[Any]]:
        with house.counterpoint.connect() as connection:
            yield iter(connection.execute(query))

    folder.mkdir()
    for segment in ("retail", "wholesale"):
        plan_feed(stream, folder, segment, inventory_settings().feeds, store_settings(), {}, {})
    return visible(folder)
