"""
# Design lead follow-up

**What:** tells the sales staff who asked for a landscape design since the last mail, urgent ones first.

**When:** 05:00 every day, store time; without new requests nothing is sent.

**Reads:** the store database (requests of the web form), `design_request_leads.csv` of the store's files (the
old form appends to it).

**Writes:** one mail to each recipient of `design_lead_followup` in `reports.yaml`; the page
`reports/design_lead_followup/<day>.html` and `latest.html` in the store's files; the store database (requests
of the file).

**Parts:**

- `mail` mails each recipient the requests that he or she was not mailed before, whatever day they are of: a
  night without a run loses nothing, and a retry repeats nothing. What a store decides stands in
  `lead_mails.yaml`.

**If it fails:** open the red task's log; the line below ERROR says what and where.

- *refuses this recipient*: mend the address in `reports.yaml`; the others have their mail.
- *not known whether this mail was taken*: the mail server hung up before it answered. Ask the recipient; if
  nothing came, *Trigger* with *Mail again what may have been lost*.
- *the mail server refuses the login*: mend the connection `smtp_default`; the next run mails everything.

**Backfill:** refused: a run mails what is new, whatever date it stands for.

**Owner:** store operations
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag

from retail_ops.dag_defaults import PRESENT_ONLY, STORE_TIME, alert, family_params, tags, task_defaults
from retail_ops.lead_mails import MailLeadsOperator
from retail_ops.mailing import mail_params
from retail_ops.operators.run_report import RunReportOperator


@dag(
    dag_id="design_lead_followup",
    schedule=CronTriggerTimetable("0 5 * * *", timezone=STORE_TIME),
    catchup=False,
    allowed_run_types=PRESENT_ONLY,
    max_active_runs=1,
    default_args=task_defaults(),
    dagrun_timeout=timedelta(hours=2),
    params={**family_params(), **mail_params()},
    on_failure_callback=alert("design_lead_followup"),
    tags=tags(area="customers", systems=["smtp"], writes=True, reaches="staff"),
    doc_md=__doc__,
)
def design_lead_followup() -> None:
    """New requests are mailed, and the run is added up."""
    MailLeadsOperator(task_id="mail") >> RunReportOperator(task_id="report")


design_lead_followup()
