"""The photo folder's part of `hourly_inventory`: tasks around the rules of `include.catalog`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from include.changes import Plan, Result
from retail_ops.task_run import TaskRun, local_folder

if TYPE_CHECKING:
    from include.publishing import Candidate

log = logging.getLogger(__name__)
PER_TASK = 25


def photo_folder() -> Path:
    """Where staff leave product photos."""
    return local_folder("RETAIL_OPS_PHOTO_FOLDER", "the folder in which staff leave product photos")


def plan_photos(_task_run: TaskRun) -> Plan:
    """What has to be done with the photos."""
    from include.catalog import photo_plan
    from include.catalog.photo_settings import photo_settings

    return photo_plan.plan_photos(photo_folder(), photo_settings().prepare)


def parts(plan: Plan) -> list[tuple[int, int]]:
    """Chunks of a plan for workers side by side, which never meet at one photo's name."""
    from include.catalog.photo_plan import photo_parts

    return photo_parts(plan, PER_TASK)


def prepare(task_run: TaskRun, plan: Plan) -> list[Result]:
    """Resize, convert, rename or set aside, with a line in the log for each photo."""
    from include.catalog.photo_apply import PhotoOutcome, apply_photo_changes
    from include.catalog.photo_settings import photo_settings

    def say(done: int, outcome: PhotoOutcome) -> None:
        log.info(
            "%d of %d: %s: %s (%s)",
            done,
            len(plan.changes),
            outcome.change.key,
            outcome.status,
            outcome.message,
        )

    settings = photo_settings().prepare
    outcomes = apply_photo_changes(photo_folder(), plan.changes, settings, task_run.when.date(), say)
    return [outcome.as_result() for outcome in outcomes]


def _candidates() -> list[Candidate]:
    """The prepared photos: what still has to be worked on, or was set aside, is not for the shop."""
    from include.catalog.photo_plan import is_text, photo_names, plan_photos
    from include.catalog.photo_settings import photo_settings
    from include.publishing import Candidate

    settings, folder = photo_settings(), photo_folder()
    left = plan_photos(folder, settings.prepare)
    unfit = {change.key for change in left.changes} | {reject.key for reject in left.rejects}
    names = sorted(name for name in photo_names(folder, settings.prepare) if is_text(name))
    ready = [name for name in names if Path(name).suffix.casefold() == ".jpg" and name not in unfit]
    return [Candidate(folder / name, f"{settings.upload_folder}/{name}") for name in ready]


def plan_upload(task_run: TaskRun) -> Plan:
    """Which prepared photos the file server lacks; skips when uploads are switched off."""
    from include.catalog.photo_settings import photo_settings
    from include.publishing import plan_publication
    from retail_ops.publication import Publication

    settings = photo_settings()
    if not settings.upload:
        task_run.skip("uploading photos is switched off (upload in photos.yaml)")
    there, candidates = Publication(settings.upload_folder), _candidates()
    changes = plan_publication(candidates, there.remote, there.known)
    return Plan(tuple(changes), considered=len(candidates))


def upload(task_run: TaskRun, plan: Plan) -> list[Result]:
    """Upload the photos of the plan."""
    from include.catalog.photo_settings import photo_settings
    from retail_ops.publication import Publication

    return Publication(photo_settings().upload_folder).apply(task_run, plan, _candidates())
