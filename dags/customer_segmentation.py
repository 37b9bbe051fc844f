"""
# Customer segmentation

**What:** divides customers by when they bought last, how often and how much, names the segments by rules, and
says what to do about each and what that may be expected to bring. Text campaigns can aim at a segment.

**When:** 04:45 every morning, store time.

**Reads:** Counterpoint (tickets), `uploads/daily_sales/*.csv` in the store's files.

**Writes:** `reports/customer_segmentation/<day>.html`, `latest.html`, `<day>/*.png` and `<day>/segments.csv`
in the store's files; the tables `customer_day`, `segmentation`, `segment` and `customer_segment` of the store
database. Nothing in Counterpoint is changed, and nobody is contacted.

**Parts:**

- `uploads` takes over new files: the columns Date and Total, and Customer where there is one.
- `gather` adds up what each customer bought, and sets aside who is none: sales without a customer, the
  till's walk-in customer, numbers that many people share, and customers with returns only.
- `divide` works on each source: k-means, the number of clusters by silhouette, stability and names.
- `show` writes the page and the list. Customers who moved since the day before are on the page.

What counts, how segments are named, and what is recommended stands in `segmentation.yaml`.

**If it fails:** open the red task's log; the line below ERROR says what and where.

- *changes could not be made*, with a file's name in the rejects: an uploaded file cannot be used at all. Save
  it as CSV with the columns Date, Customer and Total, and upload it again. It was left out meanwhile.
- *no sales to go by*: Counterpoint has no tickets in the window, and no newer uploads are there.
- A customer is in *Set aside* who is one: put the number into `single` in `segmentation.yaml`.
- Memory or time ran out in `divide`: lower `starts`, `resamples` or `at_most` in `segmentation.yaml`.

**Backfill:** by day, the oldest first and one run at a time: each day takes the number of clusters of the day
before when it still fits. A past day is divided by what was bought before it. Files uploaded since, and
corrected tickets, count.

**Owner:** store operations
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, TriggerRule, dag, get_current_context, task

from retail_ops import sales_uploads, segmentation
from retail_ops.dag_defaults import STORE_TIME, alert, family_params, tags, task_defaults
from retail_ops.operators.run_report import RunReportOperator
from retail_ops.page_link import with_page
from retail_ops.task_run import TaskRun


@task
def uploads() -> None:
    """Take over the days and customers of new files."""
    sales_uploads.read_uploads(TaskRun(get_current_context()))


@task(pool="counterpoint", trigger_rule=TriggerRule.NONE_FAILED)
def gather() -> list[str]:
    """Read the customers, and say of which sources to divide them."""
    return segmentation.gather_customers(TaskRun(get_current_context()))


@task(pool="forecast")
def divide(source: str) -> None:
    """Divide the customers of a source."""
    segmentation.divide_source(TaskRun(get_current_context()), source)


@task(trigger_rule=TriggerRule.NONE_FAILED)
def show() -> None:
    """Write the page and the list of customers."""
    segmentation.show_segments(TaskRun(get_current_context()))


@dag(
    dag_id="customer_segmentation",
    schedule=CronTriggerTimetable("45 4 * * *", timezone=STORE_TIME),
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults(),
    dagrun_timeout=timedelta(hours=3),
    params=family_params(),
    on_failure_callback=alert("customer_segmentation"),
    tags=tags(area="analytics", systems=["counterpoint"], writes=True, reaches="nobody"),
    doc_md=__doc__,
)
def customer_segmentation() -> None:
    """Files, then customers, then segments, then the page."""
    gathered = gather()
    uploads() >> gathered
    divide.expand(source=gathered) >> with_page(show()) >> RunReportOperator(task_id="report")


customer_segmentation()
