"""
# Gift shop: load of the warehouse

**What:** loads London Gift Shop's transaction files into its warehouse: stages each delivery, checks it, and
lets it count. An invoice is replaced as a whole by its latest version, so that nothing is counted twice,
whatever is delivered again, in whatever order.

**When:** at the start of every month, store time; by hand as soon as a file has come.

**Reads:** `deliveries/lgs/` of the store's files: CSV, Excel, Parquet and SQL dumps, in the column spellings
of both published versions.

**Writes:** the warehouse (connection `lgs_warehouse`: PostgreSQL, SQLite on a laptop). docs/GIFT_SHOP.md has
its tables and the rules. Lines that cannot be read are kept in `lgs_reject` and in the rejects file.

**If it fails:** the deliveries whose tasks are green count; the others do not, and what they would have
replaced is as it was.

- `deliveries` red, or the report names its rejects: a file cannot be read; the message says why.
- `check_delivery` or `check_numbers` red: its log names the check. *few_lines_are_rejected*: see the rejects
  file, mend the file or ask for another. *known_invoices_keep_their_lines*: the file is cut off. The limits
  are in `gift_shop.yaml`. Put the mended file into the folder, remove the bad one, and trigger again.
- *load ... is not staged*: clear the task `stage` of the same delivery instead.

**Backfill:** harmless. A backfill loads the invoices of its months again from all files in the folder, and
leaves the rest alone. *Month* in the trigger form does the same for one. Give a range from the first of the
first month to the second of the last, since dates there are midnights in UTC.

**Owner:** store operations
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import (
    Asset,
    CronDataIntervalTimetable,
    Param,
    TriggerRule,
    dag,
    get_current_context,
    task,
    task_group,
)

from include.assets import GIFT_SHOP_SALES
from retail_ops import gift_shop, gift_shop_checks
from retail_ops.dag_defaults import STORE_TIME, alert, family_params, tags, task_defaults
from retail_ops.operators.run_report import RunReportOperator
from retail_ops.task_run import TaskRun

SALES = Asset(GIFT_SHOP_SALES)
MONTH = Param(
    None,
    type=["null", "string"],
    pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$",
    title="Month",
    description="Load only this month again, such as 2010-12. Nothing means all that is waiting.",
)


# One at a time, also where a backfill has several runs: they number deliveries.
@task(task_id=gift_shop.DELIVERIES, max_active_tis_per_dag=1)
def deliveries() -> list[dict[str, Any]]:
    """What is to be loaded; skips when there is nothing."""
    return gift_shop.find_deliveries(TaskRun(get_current_context()))


# One at a time: they number the loads.
@task(task_id="stage", max_active_tis_per_dag=1)
def stage(one: dict[str, Any]) -> int:
    """Stage one delivery; returns the number of its load."""
    return gift_shop.stage_delivery(TaskRun(get_current_context()), one)


@task(task_id="publish", max_active_tis_per_dag=1)
def publish(load_no: int) -> None:
    """Let the delivery count."""
    gift_shop.publish_load(TaskRun(get_current_context()), load_no)


@task_group(group_id=gift_shop.GROUP)
def delivery(one: dict[str, Any]) -> None:
    """One delivery, whatever becomes of the others."""
    load = stage(one)
    load >> [gift_shop_checks.column_checks(), gift_shop_checks.table_checks()] >> publish(load)  # type: ignore[arg-type]


@task(task_id=gift_shop.ANNOUNCE, outlets=[SALES], trigger_rule=TriggerRule.ALL_DONE)
def announce() -> None:
    """Tell those who follow the sales, when there is something new."""
    context = get_current_context()
    context["outlet_events"][SALES].extra = gift_shop.announce(TaskRun(context))


@dag(
    dag_id="lgs_warehouse_load",
    schedule=CronDataIntervalTimetable("0 0 1 * *", timezone=STORE_TIME),
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults(),
    dagrun_timeout=timedelta(hours=6),
    params={"month": MONTH, **family_params()},
    on_failure_callback=alert("lgs_warehouse_load"),
    tags=tags(area="gift shop", systems=["lgs_warehouse"], writes=True, reaches="nobody"),
    doc_md=__doc__,
)
def lgs_warehouse_load() -> None:
    """Each delivery on its own, then the news and the report."""
    loaded = delivery.expand(one=deliveries())
    loaded >> announce() >> RunReportOperator(task_id="report")


lgs_warehouse_load()
