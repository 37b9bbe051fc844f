"""
# Undo a run

**What:** takes back what one run of another DAG has changed in Counterpoint and in the web shop.

**When:** by hand only: *Trigger*, with the id of the run (its page in the UI shows it, for example
`scheduled__2026-11-20T07:00:00+00:00`). *Dry run* is on: look at the plan first, then trigger it again with
*Dry run* off.

**Reads:** the audit trail, and the present values of everything that the run has changed.

**Writes:** Counterpoint and BigCommerce: the values from before that run.

**What it leaves alone:** whatever was changed since, by a person, a till or a later run; what cannot be taken
back (files, photos, deleted coupons). The rejects file lists both.

**If it fails:** open the red task's log; the line below ERROR says what and where.

- *no audited changes*: the id is wrong, or the run changed nothing.
- *several DAGs*: runs of several DAGs have this id; fill in the DAG as well.
- *changes could not be made*: the rejects file lists each with its reason; clear the task or trigger again.

A rule that still wants its change makes it again on its next run: mend the rule's settings or pause its DAG
first.

**Backfill:** refused by its nature: there is no schedule.

**Owner:** store operations
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, dag

from retail_ops import undoing
from retail_ops.dag_defaults import BY_HAND_ONLY, alert, family_params, tags, task_defaults
from retail_ops.operators.plan_apply import ApplyOperator, PlanOperator
from retail_ops.operators.run_report import RunReportOperator
from retail_ops.store_changes import COUNTERPOINT, WEB_SHOP, apply_to_counterpoint, apply_to_web_shop

PARAMS = {
    "run_id": Param("", type="string", title="Run id", description="The run to take back."),
    "dag_id": Param(
        "", type="string", title="DAG", description="Only needed where runs of several DAGs have that id."
    ),
}


@dag(
    dag_id="undo_run",
    schedule=None,
    catchup=False,
    allowed_run_types=BY_HAND_ONLY,
    max_active_runs=1,
    default_args=task_defaults(),
    dagrun_timeout=timedelta(hours=4),
    params={**PARAMS, **family_params(dry_run=True)},
    on_failure_callback=alert("undo_run"),
    tags=tags(area="house", systems=["counterpoint", "bigcommerce"], writes=True, reaches="customers"),
    doc_md=__doc__,
)
def undo_run() -> None:
    """One plan, carried out where each change belongs, then the report."""
    plan = PlanOperator(task_id="plan", plan=undoing.plan_undo, pool="counterpoint")
    rows = ApplyOperator(
        task_id="counterpoint",
        chunk=plan.output,
        apply=apply_to_counterpoint,
        targets=COUNTERPOINT,
        pool="counterpoint",
    )
    shop = ApplyOperator(
        task_id="web_shop",
        chunk=plan.output,
        apply=apply_to_web_shop,
        targets=WEB_SHOP,
        resume=True,
        pool="bigcommerce",
    )
    [rows, shop] >> RunReportOperator(task_id="report")


undo_run()
