"""
# Off-site backups

**What:** saves the store's files, photos, settings and databases in another place, and removes what is not
kept any longer.

**When:** 22:30 every night, store time, after the evening's automations.

**Reads:** what `backups.yaml` names: folders, files, and the databases `store_db` and `lgs_warehouse`.

**Writes:** the storage of the connection `offsite`: for each target a folder with one dated file a night,
compressed, encrypted when `backups.yaml` has a public key, and a manifest (`.json`) beside it. The manifest
comes last, when the file was read back and compared: without one, a file is no backup.

**If it fails:** open the red task's log; the line below ERROR says which target and why. The other targets
are saved all the same, and a new try never makes a second backup of the same run.

- *is less than ... of the usual*: the backup is there, but suspiciously small. Look at the source. If it is
  right, trigger again with *Accept a small backup*.
- *free*: make room where the message says, or move the storage.
- *install*: the worker lacks pg_dump or mysqldump.
- *set aside* in the summary: files that could not be read, or manifests in the storage that are damaged.

To bring a backup back: trigger `restore_backup`. `backup_restore_drill` tries it every month.

**Backfill:** refused: only the present can be saved.

**Owner:** store operations
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, Param, TaskGroup, TriggerRule, dag

from retail_ops import backups
from retail_ops.dag_defaults import PRESENT_ONLY, STORE_TIME, alert, family_params, tags, task_defaults
from retail_ops.operators.plan_apply import ApplyOperator, PlanOperator
from retail_ops.operators.run_report import RunReportOperator

ACCEPT_SMALL = Param(
    False,
    type="boolean",
    title="Accept a small backup",
    description="Count backups as good that are much smaller than before, after a person has looked.",
)


@dag(
    dag_id="offsite_backups",
    schedule=CronTriggerTimetable("30 22 * * *", timezone=STORE_TIME),
    catchup=False,
    allowed_run_types=PRESENT_ONLY,
    max_active_runs=1,
    default_args=task_defaults(),
    dagrun_timeout=timedelta(hours=12),
    params={**family_params(budget=True), "accept_small": ACCEPT_SMALL},
    on_failure_callback=alert("offsite_backups"),
    tags=tags(area="house", systems=["offsite", "store_db"], writes=True, reaches="nobody"),
    doc_md=__doc__,
)
def offsite_backups() -> None:
    """One backup for each target, side by side; then what goes; then the report."""
    with TaskGroup(group_id="backup"):
        planned = PlanOperator(task_id="plan", plan=backups.plan_backups, parts=backups.one_by_one)
        made = ApplyOperator.partial(
            task_id="make",
            apply=backups.make_backups,
            execution_timeout=timedelta(hours=6),
            max_active_tis_per_dag=2,
        ).expand(chunk=planned.output)
    with TaskGroup(group_id="retention"):
        old = PlanOperator(
            task_id="plan",
            plan=backups.plan_retention,
            budget=backups.retention_budget,
            trigger_rule=TriggerRule.ALL_DONE,
        )
        removed = ApplyOperator(task_id="remove", chunk=old.output, apply=backups.remove)
    made >> old >> removed >> RunReportOperator(task_id="report")


offsite_backups()
