"""
# Housekeeping

**What:** removes files, logs and rows that are not kept any longer, and what is personal in old rows.

**When:** 04:20 every morning, store time.

**Reads:** the store's files, Airflow's log folder, the store database.

**Writes:** the same. What is kept for how long, and what is never touched, stands in `housekeeping.yaml`.

**Parts:**

- `files`: the daily text logs after 14 days, plans, rejects and pages of runs, left-overs of interrupted
  writing. Only what `housekeeping.yaml` names; nothing that was changed today; no links.
- `airflow_logs`: logs of tasks and of Airflow's parts after 14 days, where the worker keeps them. Workers
  with disks of their own each need it: see *If it fails*.
- `database`: rows that go, and rows that lose names, addresses and words. The ledger stays as it is.
- `airflow_database`: Airflow's own `db clean`. It needs Airflow's database, which tasks cannot reach unless
  the machine's own configuration or a connection `airflow_db` names it; otherwise this part is skipped.

**If it fails:** open the red task's log; the line below ERROR says what and where.

- *budget*: more would go than usual, as in the first run of a house that is old already, or when a clock is
  wrong. Look at the plan (the log names it). If it is right, *Trigger* with *Accept a large plan*.
- *conflicted* in the summary: a file was changed meanwhile, and stays.
- *cannot be removed*: the worker's user may not write there. Mend the folder's owner.
- `airflow_database` is skipped: make the connection `airflow_db` (PostgreSQL, a user that may delete), or run
  `airflow db clean` on the scheduler's machine by its own clock.
- logs stay on other workers: send Airflow's logs to object storage, with a lifecycle rule there.

**Backfill:** refused: only what is there now can go. What has gone comes back from a backup
(`restore_backup`), not by `undo_run`.

**Owner:** store operations
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from airflow.sdk import CronTriggerTimetable, TaskGroup, dag, get_current_context, task

from retail_ops import housekeeping as keeping
from retail_ops.dag_defaults import PRESENT_ONLY, STORE_TIME, alert, family_params, tags, task_defaults
from retail_ops.housekeeping_airflow import clean_airflow
from retail_ops.operators.plan_apply import ApplyOperator, PlanOperator
from retail_ops.operators.run_report import RunReportOperator
from retail_ops.task_run import TaskRun

PLANS = {
    "files": (keeping.plan_files, keeping.remove_files),
    "airflow_logs": (keeping.plan_airflow_logs, keeping.remove_airflow_logs),
    "database": (keeping.plan_rows, keeping.carry_out_rows),
}
AIRFLOW = "airflow_database"


@task
def airflow_database() -> None:
    """Airflow's own clean-up."""
    task_run = TaskRun(get_current_context())
    only = task_run.params.get("only") or []
    if only and AIRFLOW not in only:
        task_run.skip(f"this run is for {', '.join(only)} only")
    clean_airflow(task_run)


@dag(
    dag_id="housekeeping",
    schedule=CronTriggerTimetable("20 4 * * *", timezone=STORE_TIME),
    catchup=False,
    allowed_run_types=PRESENT_ONLY,
    max_active_runs=1,
    default_args=task_defaults(),
    dagrun_timeout=timedelta(hours=3),
    params=family_params([*PLANS, AIRFLOW], budget=True),
    on_failure_callback=alert("housekeeping"),
    tags=tags(area="house", systems=["store_db", "airflow"], writes=True, reaches="nobody"),
    doc_md=__doc__,
)
def housekeeping() -> None:
    """The parts side by side, then the report."""
    ends = []
    for name, (plan, apply) in PLANS.items():
        with TaskGroup(group_id=name):
            planned = PlanOperator(
                task_id="plan", plan=plan, budget=partial(keeping.group_budget, name), part=name
            )
            ends.append(ApplyOperator(task_id="apply", chunk=planned.output, apply=apply))
    [*ends, airflow_database()] >> RunReportOperator(task_id="report")


housekeeping()
