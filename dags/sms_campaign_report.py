"""
# Report on the text campaigns

**What:** what became of the texts of the last weeks, what they cost, and whether customers who were texted
came back more often than those held out; as a mail to the managers and as a page.

**When:** 07:00 every Monday, store time; by hand for any number of days.

**Reads:** the store database (texts, replies, opt-outs) and Counterpoint (tickets).

**Writes:** `reports/sms_campaign_report/<day>.html` and `latest.html` in the store's files; one mail to each
recipient of `reports.yaml`.

**Parts:**

- `write` counts. Purchases, coupons and opt-outs within 14 days after a text are its effect; only texts whose
  14 days are over are compared. What else is a matter of opinion stands in `campaign_report.yaml`.
- `mail` mails the report of a period once to each recipient, however often it runs.

**If it fails:** open the red task's log; the line below ERROR says what and where.

- *refuses this recipient*: mend the address in `reports.yaml` and run again: the others get no second mail.
- *not known whether this mail was taken*: the mail server hung up before it answered. Ask the recipient; if
  nothing came, *Trigger* with *Mail again what may have been lost*.
- *the mail server refuses the login*: mend the connection `smtp_default`.

**Backfill:** refused: it tells what is known today. *Trigger* with more *Days* to look further back.

**Owner:** store operations
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, Param, dag

from retail_ops import campaign_report
from retail_ops.dag_defaults import PRESENT_ONLY, STORE_TIME, alert, family_params, tags, task_defaults
from retail_ops.mailing import mail_params, report_tasks
from retail_ops.operators.run_report import RunReportOperator

DAYS = Param(
    None,
    type=["integer", "null"],
    minimum=1,
    maximum=366,
    title="Days",
    description="Texts of so many days before today; without it as many as campaign_report.yaml says.",
)


@dag(
    dag_id="sms_campaign_report",
    schedule=CronTriggerTimetable("0 7 * * 1", timezone=STORE_TIME),
    catchup=False,
    allowed_run_types=PRESENT_ONLY,
    max_active_runs=1,
    default_args=task_defaults(),
    dagrun_timeout=timedelta(hours=2),
    params={**family_params(), campaign_report.DAYS: DAYS, **mail_params()},
    on_failure_callback=alert("sms_campaign_report"),
    tags=tags(area="customers", systems=["counterpoint", "smtp"], writes=True, reaches="staff"),
    doc_md=__doc__,
)
def sms_campaign_report() -> None:
    """The report is written, mailed, and the run is added up."""
    _, mailed = report_tasks(campaign_report.NAME, campaign_report.compose, pool="counterpoint")
    mailed >> RunReportOperator(task_id="report")


sms_campaign_report()
