"""
# Customer upkeep

**What:** keeps the customer file right for texts and reward points.

**When:** 21:00 every night, store time, before the day's texts are counted.

**Reads:** Counterpoint (customers, tickets).

**Writes:** Counterpoint (`AR_CUST`).

**Parts:** each with its own plan and no say over the others; what a store decides stands in `customers.yaml`.

- `refunds`: who got a purchase refunded as a whole did not buy: first and last sale go back to tickets that
  stand, or to nothing, so that no text thanks them for it. Partial refunds change nothing.
- `wholesale`: wholesale customers leave the loyalty programme; only rows that need it are written.
- `negative_points`: balances below 0 become 0.

**If it fails:** open the red task's log; the line below ERROR says what and where.

- *budget*: a part wants to change more than usual. Look at its plan (the log names it). If it is right,
  *Trigger* with *Accept a large plan* and *Only these parts*; if not, mend the source first.
- *conflicted* in the summary: a till changed those customers meanwhile, and won. The next run looks again.
- To take a run back: trigger `undo_run` with its id.

**Backfill:** refused: the customer file is the present one, whatever date a run stands for.

**Owner:** store operations
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from airflow.sdk import CronTriggerTimetable, dag

from retail_ops import customer_upkeep as upkeep
from retail_ops.dag_defaults import PRESENT_ONLY, STORE_TIME, alert, family_params, tags, task_defaults
from retail_ops.operators.run_report import RunReportOperator
from retail_ops.rule_tasks import rule_tasks

PLANS = {
    "refunds": upkeep.plan_refunds,
    "wholesale": upkeep.plan_wholesale,
    "negative_points": upkeep.plan_negative_points,
}


@dag(
    dag_id="customer_upkeep",
    schedule=CronTriggerTimetable("0 21 * * *", timezone=STORE_TIME),
    catchup=False,
    allowed_run_types=PRESENT_ONLY,
    max_active_runs=1,
    default_args=task_defaults(),
    dagrun_timeout=timedelta(hours=2),
    params=family_params(list(PLANS), budget=True),
    on_failure_callback=alert("customer_upkeep"),
    tags=tags(area="customers", systems=["counterpoint"], writes=True, reaches="nobody"),
    doc_md=__doc__,
)
def customer_upkeep() -> None:
    """The rules side by side, then the report."""
    ends = [rule_tasks(name, plan, partial(upkeep.budget, name))[1] for name, plan in PLANS.items()]
    ends >> RunReportOperator(task_id="report")


customer_upkeep()
