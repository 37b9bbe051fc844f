"""Pages for people: kept by day in `reports/<dag_id>/` of the store's files, and linked from their task."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from airflow.sdk import ObjectStoragePath

from include.files import write_atomically
from retail_ops.task_run import TaskRun

if TYPE_CHECKING:
    from include.reporting.letter import Image

log = logging.getLogger(__name__)

REPORTS = "reports"
PREVIEW = "preview"
LATEST = "latest.html"

_DAY_PAGE = re.compile(r"\d{4}-\d{2}-\d{2}\.html")


@dataclass(frozen=True, slots=True)
class KeptPage:
    """Where a page is, for the summary's detail `page`, and how many files were not the same before."""

    place: str
    changed: int


def keep_page(
    task_run: TaskRun,
    day: date,
    page: bytes,
    files: Mapping[str, bytes] | None = None,
    *,
    latest: bool | None = None,
) -> KeptPage:
    """Keep a day's page as `reports/<dag_id>/<day>.html`, and `files` by name in the folder `<day>` beside.

    A dry run's go to `reports/preview/`. The page becomes `latest.html`, too, unless there is a page of a
    later day, or as `latest` says. What is the same already is not written again. The script of the page's
    charts is put beside the folder when it is missing.
    """
    folder = (REPORTS, *([PREVIEW] if task_run.dry_run else []))
    _keep_script(task_run, folder, page)
    own = (*folder, task_run.run.dag_id)
    place = task_run.file(*own, f"{day.isoformat()}.html")
    # Pages last: whoever sees one finds what belongs to it.
    wanted = {task_run.file(*own, day.isoformat(), name): content for name, content in (files or {}).items()}
    wanted[place] = page
    if _is_latest(place) if latest is None else latest:
        wanted[place.with_name(LATEST)] = page
    changed = 0
    for path, content in wanted.items():
        if not path.exists() or path.read_bytes() != content:
            write_atomically(path, content)
            changed += 1
    log.info("The page: %s", place)
    return KeptPage(str(place), changed)


def pngs(pictures: Iterable[Image]) -> dict[str, bytes]:
    """Pictures as files for `keep_page`."""
    return {f"{picture.name}.png": picture.content for picture in pictures}


def _is_latest(place: ObjectStoragePath) -> bool:
    # Object storage has no empty folders.
    there = place.parent.iterdir() if place.parent.exists() else ()
    days = [found.name for found in there if _DAY_PAGE.fullmatch(found.name)]
    return place.name >= max(days, default=place.name)


def _keep_script(task_run: TaskRun, folder: tuple[str, ...], page: bytes) -> None:
    from include.reporting.plotly_script import script_content, script_of

    name = script_of(page)
    if name is not None and not (path := task_run.file(*folder, name)).exists():
        write_atomically(path, script_content())
