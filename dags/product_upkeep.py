"""
# Product upkeep

**What:** keeps the item file fit for tills and web shop, and writes the customer lists for e-mail marketing.

**When:** on even hours from 06:00 to 20:00, store time.

**Reads:** Counterpoint (items, stock, brands, open documents, customers).

**Writes:** Counterpoint (`IM_ITEM`: status, brand, stock buffer; with the last-maintained date, by which the
connector notices); files for staff.

**Parts:** each with its own plan and no say over the others; what a store decides stands in
`product_upkeep.yaml` and `email_lists.yaml`.

- `inactive_products`: active items of which less than 1 is available become inactive. Services, consigned and
  untracked goods, items on orders, holds or quotes and sizes of a product with stock stay active. Inactive
  items that have stock again are listed in `inactive_products/inactive_with_stock.csv`.
- `brands`: by vendor, then by words in the description, else the company's own; the last is looked at again.
- `stock_buffers`: units held back from the web shop, by brand or vendor, then by category and price.
- `email_lists`: the retail and the wholesale list, replaced as a whole when a line of them changed.

Every change is in the day's CSV of its part (`inactive_products/inactive_products_MM_DD_YY.csv` and so on).

**If it fails:** open the red task's log; the line below ERROR says what and where.

- *budget*: a part wants to change more than usual. Look at its plan (the log names it). If it is right,
  *Trigger* with *Accept a large plan* and *Only these parts*; if not, mend stock or settings first.
- *the plan was made from 0 rows*: Counterpoint answered with nothing; test the connection `counterpoint`.
- *the list ... would shrink*: customers or their addresses are missing; the published list stays.
- *conflicted* in the summary: a till changed those items meanwhile, and won. The next run looks again.
- To take a run back: trigger `undo_run` with its id.

**Backfill:** refused: stock and products are the present ones, whatever date a run stands for.

**Owner:** store operations
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from airflow.sdk import CronTriggerTimetable, TaskGroup, dag

from include.changes import Plan
from retail_ops import product_upkeep as upkeep
from retail_ops.dag_defaults import PRESENT_ONLY, STORE_TIME, alert, family_params, tags, task_defaults
from retail_ops.item_logs import log_items
from retail_ops.operators.plan_apply import ApplyOperator, PlanOperator
from retail_ops.operators.run_report import RunReportOperator
from retail_ops.rule_tasks import rule_tasks
from retail_ops.task_run import TaskRun

LISTS = "email_lists"


def rule(name: str, plan: Callable[[TaskRun], Plan], **more: Any) -> tuple[PlanOperator, ApplyOperator]:
    """One rule's tasks, with the log that staff read."""
    return rule_tasks(name, plan, partial(upkeep.budget, name), after=partial(log_items, topic=name), **more)


def email_list(segment: str) -> ApplyOperator:
    """Write one list and put it in place."""
    planned = PlanOperator(
        task_id=f"plan_{segment}",
        plan=partial(upkeep.plan_list, segment=segment),
        part=LISTS,
        pool="counterpoint",
    )
    return ApplyOperator(
        task_id=f"publish_{segment}",
        chunk=planned.output,
        apply=partial(upkeep.publish_list, segment=segment),
    )


@dag(
    dag_id="product_upkeep",
    schedule=CronTriggerTimetable("0 6-20/2 * * *", timezone=STORE_TIME),
    catchup=False,
    allowed_run_types=PRESENT_ONLY,
    max_active_runs=1,
    default_args=task_defaults(),
    dagrun_timeout=timedelta(minutes=110),
    params=family_params([upkeep.INACTIVE, upkeep.BRANDS, upkeep.BUFFERS, LISTS], budget=True),
    on_failure_callback=alert("product_upkeep"),
    tags=tags(area="catalog", systems=["counterpoint"], writes=True, reaches="customers"),
    doc_md=__doc__,
)
def product_upkeep() -> None:
    """The rules and the lists side by side, then the report."""
    _, inactive = rule(upkeep.INACTIVE, upkeep.plan_inactive)
    _, brands = rule(upkeep.BRANDS, upkeep.plan_brands, apply=upkeep.apply_brands)
    plan_buffers, buffers = rule(upkeep.BUFFERS, upkeep.plan_buffers)
    # A buffer may depend on the brand.
    brands >> plan_buffers
    with TaskGroup(group_id=LISTS):
        lists = [email_list(segment) for segment in upkeep.EMAIL_LISTS]
    [inactive, buffers, *lists] >> RunReportOperator(task_id="report")


product_upkeep()
