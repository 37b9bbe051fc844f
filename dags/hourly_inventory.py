"""
# Hourly inventory

**What:** publishes what is in stock for the web pages that show availability, and prepares product photos
for the web shop.

**When:** every hour on the hour, store time.

**Reads:** Counterpoint (items and stock), the photo folder.

**Writes:** the file server (`content/`, and `product_images/import/` where `photos.yaml` says so), the photo
folder.

**Parts:**

- `retail`, `wholesale`: a feed of the active items as CSV and JSON. A file is uploaded only when its content
  changed, and read back afterwards.
- `photos`: large JPEGs are fitted into 1280 x 1280, `.jpeg` and `.png` become `.jpg`. The original goes to
  `backup/`; what cannot be shown goes to `rejected/` with the reason beside it.

**If it fails:** open the red task's log; the line below ERROR says what and where.

- *the feed has no items*, *would shrink*: Counterpoint gave too little, and the published feed stays. Test
  the connection `counterpoint`. If so many items really left, lower `feeds.smallest_share` in
  `inventory.yaml` for a run.
- *WebDAV ...*: the file server did not answer or refused the login. Test the connection `webdav`, then clear
  the task.
- *changes could not be made*: the rejects file that the `report` task names lists each file with its reason.

**Backfill:** harmless and useless: each run publishes the present stock, whatever date it is given.

**Owner:** store operations
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from airflow.sdk import Asset, CronTriggerTimetable, TriggerRule, dag, task_group

from include.assets import AVAILABILITY_FEEDS, PRODUCT_PHOTOS
from include.changes import Plan, Result
from include.settings import store_settings
from retail_ops import photo_folder
from retail_ops.dag_defaults import STORE_TIME, alert, family_params, tags, task_defaults
from retail_ops.operators.plan_apply import ApplyOperator, PlanOperator
from retail_ops.operators.run_report import RunReportOperator
from retail_ops.task_run import TaskRun

SEGMENTS = ("retail", "wholesale")


def plan_feed(task_run: TaskRun, segment: str) -> Plan:
    """Write a segment's feed files and plan the upload of those that changed."""
    from include.inventory import feeds
    from include.inventory.settings import inventory_settings
    from retail_ops.hooks.databases import CounterpointHook
    from retail_ops.publication import Publication

    settings = inventory_settings().feeds
    there = Publication(settings.segments[segment].folder)
    with task_run.folder("availability") as folder:
        return feeds.plan_feed(
            CounterpointHook().stream, folder, segment, settings, store_settings(), there.remote, there.known
        )


def publish_feed(task_run: TaskRun, plan: Plan, segment: str) -> list[Result]:
    """Upload the feed files of the plan and read them back."""
    from include.inventory import feeds
    from include.inventory.settings import inventory_settings
    from retail_ops.publication import Publication

    settings = inventory_settings().feeds
    with task_run.folder("availability") as folder:
        files = feeds.candidates(folder, settings, segment, plan.considered - len(plan.rejects))
        return Publication(settings.segments[segment].folder).apply(task_run, plan, files)


def feed(segment: str) -> None:
    """Plan and publish one segment's feed."""
    plan = PlanOperator(
        task_id="plan", plan=partial(plan_feed, segment=segment), part=segment, pool="counterpoint"
    )
    ApplyOperator(
        task_id="publish",
        chunk=plan.output,
        apply=partial(publish_feed, segment=segment),
        pool="webdav",
        outlets=[Asset(AVAILABILITY_FEEDS)],
    )


def photos() -> None:
    """Prepare the photos, in parts side by side, then upload them where that is switched on."""
    plan = PlanOperator(
        task_id="plan", plan=photo_folder.plan_photos, part="photos", parts=photo_folder.parts
    )
    prepare = ApplyOperator.partial(
        task_id="prepare",
        apply=photo_folder.prepare,
        max_active_tis_per_dagrun=2,
        outlets=[Asset(PRODUCT_PHOTOS)],
    ).expand(chunk=plan.output)
    plan_upload = PlanOperator(
        task_id="plan_upload",
        plan=photo_folder.plan_upload,
        part="photos",
        parts=photo_folder.parts,
        pool="webdav",
        trigger_rule=TriggerRule.NONE_FAILED,
    )
    prepare >> plan_upload
    ApplyOperator.partial(
        task_id="upload", apply=photo_folder.upload, pool="webdav", max_active_tis_per_dagrun=2
    ).expand(chunk=plan_upload.output)


@dag(
    dag_id="hourly_inventory",
    schedule=CronTriggerTimetable("0 * * * *", timezone=STORE_TIME),
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults(),
    dagrun_timeout=timedelta(minutes=55),
    params=family_params([*SEGMENTS, "photos"]),
    on_failure_callback=alert("hourly_inventory"),
    tags=tags(area="inventory", systems=["counterpoint", "webdav"], writes=True, reaches="customers"),
    doc_md=__doc__,
)
def hourly_inventory() -> None:
    """Two feeds and the photos side by side, then the report."""
    groups = [task_group(group_id=segment)(feed)(segment) for segment in SEGMENTS]
    groups.append(task_group(group_id="photos")(photos)())
    groups >> RunReportOperator(task_id="report")


hourly_inventory()
