"""
# Gift shop: customers and monthly figures

**What:** works out London Gift Shop's figures: how invoice amounts are distributed, orders placed and
cancelled, sales and growth, active, new and existing customers by month, sales by country and continent, each
customer's RFM scores and segment, and how likely each buys within 90 days. Segments of every day are kept, so
that movements between them show.

**When:** after `lgs_warehouse_load` has published something.

**Reads:** the invoices of the warehouse (connection `lgs_warehouse`).

**Writes:** the warehouse's tables `lgs_rfm`, `lgs_analysis`, `lgs_month`, `lgs_country_sales`,
`lgs_invoice_amounts`, `lgs_next_purchase`; a page with interactive charts, `reports/lgs_rfm/<day>.html` and
`latest.html`; in `reports/lgs_rfm/<day>/` its pictures, and `next_purchase.csv`, which ranks the customers.
docs/GIFT_SHOP.md defines every figure.

**If it fails:** nothing is half-written; clear the red task.

- *nothing was sold before that day*: the reference date, of the trigger form or of `gift_shop.yaml`, is too
  early.
- Skipped, *up to date*: neither the sales nor the settings have changed since the last run for that day.

**Backfill:** refused; it follows the load. For another day give *Reference date* in the trigger form: only
sales before it count, and the day's segments are added to the history.

**Owner:** store operations
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Asset, Param, dag, get_current_context, task

from include.assets import GIFT_SHOP_SALES
from retail_ops import gift_shop_rfm
from retail_ops.dag_defaults import alert, family_params, tags, task_defaults
from retail_ops.operators.run_report import RunReportOperator
from retail_ops.page_link import with_page
from retail_ops.task_run import TaskRun

REFERENCE = Param(
    None,
    type=["null", "string"],
    format="date",
    title="Reference date",
    description="Count recency to this day, and only sales before it. Nothing: as gift_shop.yaml says.",
)


@task(task_id="figures")
def figures() -> str:
    """Work out and keep the figures."""
    return gift_shop_rfm.work_out(TaskRun(get_current_context()))


@task(task_id="page")
def page(day: str) -> None:
    """Write them down for people."""
    gift_shop_rfm.write_page(TaskRun(get_current_context()), day)


@dag(
    dag_id="lgs_rfm",
    schedule=[Asset(GIFT_SHOP_SALES)],
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults(),
    dagrun_timeout=timedelta(hours=2),
    params={"reference_date": REFERENCE, **family_params()},
    on_failure_callback=alert("lgs_rfm"),
    tags=tags(area="gift shop", systems=["lgs_warehouse"], writes=True, reaches="staff"),
    doc_md=__doc__,
)
def lgs_rfm() -> None:
    """The figures, the page, the report."""
    with_page(page(figures())) >> RunReportOperator(task_id="report")  # type: ignore[arg-type]


lgs_rfm()
