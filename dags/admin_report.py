"""
# Morning report to the management

**What:** how the store does: revenue by channel for the newest days, weeks, months and years beside the
years before, cost of goods and margin, sales reps, wholesale, best sellers, categories, low stock, and what
is wrong in the item file (photos, stock, categories, web descriptions, binding ids); as a mail and as a page.

**When:** 05:00 every day, store time; by hand at any time.

**Reads:** Counterpoint (tickets, items, stock, customers) and the photo folder.

**Writes:** `reports/admin_report/<day>.html` and `latest.html` in the store's files; one mail with a workbook
to each recipient of `reports.yaml`.

**Parts:**

- `write` makes one section after the other. Lists, closed days, channels and limits stand in
  `store_reports.yaml`.
- `mail` mails the report of a day once to each recipient, however often it runs.

**If it fails:** open the red task's log; the line below ERROR says what and where.

- *1 changes could not be made*, with `section ...` in the file of reasons: the report was mailed without that
  section. Mend what it says and *Trigger* again: the whole report is mailed once, after the incomplete one.
- *names no photo folder* in the section of photos: set `RETAIL_OPS_PHOTO_FOLDER` on the worker.
- *refuses this recipient*: mend the address in `reports.yaml` and run again: the others get no second mail.
- *not known whether this mail was taken*: ask the recipient; if nothing came, *Trigger* with *Mail again what
  may have been lost*.

**Backfill:** refused: nobody wants mails of past days, and Counterpoint knows only today's stock. *Trigger*
with an earlier logical date writes that day's page from the tickets, without stock, and mails nobody.

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
    dag_id="admin_report",
    schedule=CronTriggerTimetable("0 5 * * *", timezone=STORE_TIME),
    catchup=False,
    allowed_run_types=PRESENT_ONLY,
    max_active_runs=1,
    default_args=task_defaults(),
    dagrun_timeout=timedelta(hours=2),
    params={**family_params(), **mail_params()},
    on_failure_callback=alert("admin_report"),
    tags=tags(area="reports", systems=["counterpoint", "smtp"], writes=True, reaches="staff"),
    doc_md=__doc__,
)
def admin_report() -> None:
    """The report is written, mailed, and the run is added up."""
    _, mailed = report_tasks(store_reports.ADMIN, store_reports.compose_admin, pool="counterpoint")
    mailed >> RunReportOperator(task_id="report")


admin_report()
