"""
# Revenue of the week, for accounting

**What:** the payments of the week (Sunday to Saturday) by store, pay code and day, deposits taken, gift
cards sold, and the revenue in them: payments − deposits − gift cards sold; with revenue beside the years
before, cost of goods and margin; as a mail and as a page.

**When:** 05:00 every Sunday, store time; by hand at any time, for the last whole week.

**Reads:** Counterpoint (tickets, payments, open orders, gift cards).

**Writes:** `reports/revenue_report/<day>.html` and `latest.html` in the store's files; one mail with a
workbook and CSVs to each recipient of `reports.yaml`.

**Parts:**

- `write` makes one section after the other. Payments count on the day they were posted, everything else on
  the business day. How pay codes are grouped stands in `store_reports.yaml`.
- `mail` mails the report of a week once to each recipient, however often it runs.

**If it fails:** open the red task's log; the line below ERROR says what and where.

- *1 changes could not be made*, with `section ...` in the file of reasons: the report was mailed without that
  section. Mend what it says and *Trigger* again: the whole report is mailed once, after the incomplete one.
- *refuses this recipient*: mend the address in `reports.yaml` and run again: the others get no second mail.
- *not known whether this mail was taken*: ask the recipient; if nothing came, *Trigger* with *Mail again what
  may have been lost*.

**Backfill:** refused: nobody wants mails of past weeks, and deposits are known only of orders that are still
open. *Trigger* with an earlier logical date writes the page of the week before it, and mails nobody.

**Owner:** store operations
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag

from retail_ops import store_reports
from retail_ops.dag_defaults import PRESENT_ONLY, STORE_TIME, alert, family_params, tags, task_defaults
from retail_ops.mailing import mail_params, report_tasks
from retail_ops.operators.run_report import RunReportOperator


@dag(
    dag_id="revenue_report",
    schedule=CronTriggerTimetable("0 5 * * 0", timezone=STORE_TIME),
    catchup=False,
    allowed_run_types=PRESENT_ONLY,
    max_active_runs=1,
    default_args=task_defaults(),
    dagrun_timeout=timedelta(hours=2),
    params={**family_params(), **mail_params()},
    on_failure_callback=alert("revenue_report"),
    tags=tags(area="reports", systems=["counterpoint", "smtp"], writes=True, reaches="staff"),
    doc_md=__doc__,
)
def revenue_report() -> None:
    """The report is written, mailed, and the run is added up."""
    _, mailed = report_tasks(store_reports.REVENUE, store_reports.compose_revenue, pool="counterpoint")
    mailed >> RunReportOperator(task_id="report")


revenue_report()
