"""
# Restore drill

**What:** restores the newest backup of every target into a place of its own, compares checksums, files and
rows with what was saved, and removes it again. A backup that was never restored is only a hope.

**When:** 04:00 on the second day of every month, store time.

**Reads:** the storage of the connection `offsite`, and for encrypted backups the private key in the password
of the connection `offsite_key`. Without that key only the stored files' checksums can be compared; the
summary then says *skipped*, and somebody has to try a restore where the key is.

**Writes:** nothing that stays: a temporary folder, or the database `restore_drill_<target>` on the server.

**If it fails:** take it seriously: that backup could not be restored. Open the red task's log; the line below
ERROR says which target and why.

- *damaged*, *the manifest says*: run `offsite_backups` at once, then find out what happened to the storage.
- *cannot make the new database*: the login lacks the right; the message says how to give it, or how to name
  another server for restores.

**Backfill:** refused: only backups that are there now can be tried.

**Owner:** store operations
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag

from retail_ops import backups, backups_restore
from retail_ops.dag_defaults import PRESENT_ONLY, STORE_TIME, alert, family_params, tags, task_defaults
from retail_ops.operators.plan_apply import ApplyOperator, PlanOperator
from retail_ops.operators.run_report import RunReportOperator


@dag(
    dag_id="backup_restore_drill",
    schedule=CronTriggerTimetable("0 4 2 * *", timezone=STORE_TIME),
    catchup=False,
    allowed_run_types=PRESENT_ONLY,
    max_active_runs=1,
    default_args=task_defaults(),
    dagrun_timeout=timedelta(hours=12),
    params=family_params(),
    on_failure_callback=alert("backup_restore_drill"),
    tags=tags(area="house", systems=["offsite", "store_db"], writes=True, reaches="nobody"),
    doc_md=__doc__,
)
def backup_restore_drill() -> None:
    """One restore for each target, then the report."""
    planned = PlanOperator(task_id="plan", plan=backups_restore.plan_drill, parts=backups.one_by_one)
    tried = ApplyOperator.partial(
        task_id="restore",
        apply=backups_restore.drill,
        execution_timeout=timedelta(hours=6),
        max_active_tis_per_dag=1,
    ).expand(chunk=planned.output)
    tried >> RunReportOperator(task_id="report")


backup_restore_drill()
