"""
# Restore a backup

**What:** brings one backup of `offsite_backups` back, into a new place, and proves that it is what was saved:
checksums, number of files, rows of every table.

**When:** by hand only: *Trigger*, with the name of a target of `backups.yaml`. Which backup: the newest good
one, or the one that you name, such as `store_db-20261121T033000Z`.

**Reads:** the storage of the connection `offsite`, and for encrypted backups the private key in the password
of the connection `offsite_key`.

**Writes:** a new folder below `restored/` of the store's files (or the absolute path that you name), or a new
database on the server. Nothing is ever overwritten: what is there already is refused. To put things back in
use, copy them from there by hand, with the DAGs paused.

**If it fails:** open the red task's log; the line below ERROR says what and where. A restore that failed
leaves nothing behind.

- *is there already*: name a new place.
- *damaged*, *the manifest says*: that backup is no good. Name an older one.
- *cannot make the new database*: the login lacks the right; the message says how to give it.

**Backfill:** refused by its nature: there is no schedule.

**Owner:** store operations
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, dag

from retail_ops import backups_restore
from retail_ops.dag_defaults import BY_HAND_ONLY, alert, family_params, tags, task_defaults
from retail_ops.operators.plan_apply import ApplyOperator, PlanOperator
from retail_ops.operators.run_report import RunReportOperator

PARAMS = {
    "target": Param(
        "", type="string", title="Target", description="A name in backups.yaml, such as store_db."
    ),
    "backup": Param(
        "", type="string", title="Backup", description="Its name; empty means the newest good one."
    ),
    "into": Param(
        "",
        type="string",
        title="Into",
        description="A new folder or, for a database on a server, a new database. Empty: a name is made up.",
    ),
}


@dag(
    dag_id="restore_backup",
    schedule=None,
    catchup=False,
    allowed_run_types=BY_HAND_ONLY,
    max_active_runs=1,
    default_args=task_defaults(),
    dagrun_timeout=timedelta(hours=12),
    params={**PARAMS, **family_params()},
    on_failure_callback=alert("restore_backup"),
    tags=tags(area="house", systems=["offsite", "store_db"], writes=True, reaches="nobody"),
    doc_md=__doc__,
)
def restore_backup() -> None:
    """The plan says which backup goes where; then it is done; then the report."""
    planned = PlanOperator(task_id="plan", plan=backups_restore.plan_restore)
    restored = ApplyOperator(
        task_id="restore",
        chunk=planned.output,
        apply=backups_restore.restore,
        execution_timeout=timedelta(hours=6),
    )
    restored >> RunReportOperator(task_id="report")


restore_backup()
