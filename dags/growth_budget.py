"""
# Growth budget

**What:** which customers each month brought, lost and brought back. *New* came for the first time;
*churned* have not come for two months, and are booked once, in the second; *regained* came after that.
Together they are the net growth, by which the pool of active customers changes.

**When:** 05:00 every morning, store time. The month that runs is provisional: its "churned" are not yet
back.

**Reads:** Counterpoint (tickets), `uploads/daily_sales/*.csv` in the store's files.

**Writes:** `reports/growth_budget/<day>.html`, `latest.html` and `<day>/*.png` in the store's files; the
tables `customer_month`, `sales_month`, `customer_return` and `growth_month` of the store database, and
those of uploads. Nothing in Counterpoint is changed.

**Parts:**

- `uploads` reads new files of daily sales. They need the columns Date, Customer and Total.
- `tickets` and `uploaded` read the months whose sales are others than when they were read last, and count
  them: mostly the month that runs; after a late ticket also the month that it belongs to.
- `show` writes the page; its place is in the summary. `notebooks/growth_budget.ipynb` has the same figures.

How many months are silent ones, and who is no customer, stands in `growth_budget.yaml`. The walk-in CASH
never is one. A customer whose sales of a month add up to 0 did not come. Customers by month (number, sum,
days; no names) are kept for good: who is new depends on the whole past.

**If it fails:** open the red task's log; the line below ERROR says what and where. Clear the task to go on:
each month is taken over whole or not at all.

- *changes could not be made*, with a file's name in the rejects: an uploaded file cannot be used at all.
  Save it as CSV with the columns Date, Customer and Total, and upload it again. All else was done without
  it.
- Months look wrong after customers were put together in Counterpoint, or tickets given to another customer:
  the number and sum of tickets stay the same, so nobody notices. Trigger a run with *Read all months
  again*.

**Backfill:** by month or by day, in any order. The tables hold what the newest run knows, and a run of an
earlier day takes nothing of it away: it looks at the months that were over by then, reads those whose sales
changed as they are in the books today, and writes its own page of them. To get a page of each month, run
the first day of the month after it. To read months again whether they changed or not, choose *Read all
months again*.

**Owner:** store operations
"""

from __future__ import annotations

from airflow.sdk import CronTriggerTimetable, Param, TriggerRule, dag, get_current_context, task

from retail_ops import growth, sales_uploads
from retail_ops.dag_defaults import STORE_TIME, alert, family_params, tags, task_defaults
from retail_ops.operators.run_report import RunReportOperator
from retail_ops.page_link import with_page
from retail_ops.task_run import TaskRun

READ_AGAIN = Param(
    False,
    type="boolean",
    title="Read all months again",
    description="Also those whose number and sum of sales are the same as before.",
)


@task
def uploads() -> None:
    """Take over the days of new files."""
    sales_uploads.read_uploads(TaskRun(get_current_context()))


@task(pool="counterpoint")
def tickets() -> None:
    """Take over and count customers of Counterpoint."""
    growth.count_source(TaskRun(get_current_context()), "counterpoint")


@task(trigger_rule=TriggerRule.NONE_FAILED)
def uploaded() -> None:
    """Take over and count customers of uploaded days."""
    growth.count_source(TaskRun(get_current_context()), "uploads")


@task(trigger_rule=TriggerRule.ALL_DONE)
def show() -> None:
    """Write the page of what is known."""
    growth.show(TaskRun(get_current_context()))


@dag(
    dag_id="growth_budget",
    schedule=CronTriggerTimetable("0 5 * * *", timezone=STORE_TIME),
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults(),
    params=family_params() | {"read_again": READ_AGAIN},
    on_failure_callback=alert("growth_budget"),
    tags=tags(area="analytics", systems=["counterpoint"], writes=True, reaches="nobody"),
    doc_md=__doc__,
)
def growth_budget() -> None:
    """Files, then customers of each source, then the page."""
    counted = [tickets(), uploaded()]
    uploads() >> counted[1]
    counted >> with_page(show()) >> RunReportOperator(task_id="report")


growth_budget()
