"""
# Counterpoint customers

**What:** makes customers of people who asked for a landscape design, and gives people their first contact.

**When:** every half hour, store time.

**Reads:** `design_request_leads.csv` in the store's files (the web form writes it), the table `lead` of the
store database, Counterpoint (customers).

**Writes:** the table `lead`; new customers through Counterpoint's REST API, each in `new_customers.csv`;
Counterpoint (`AR_CUST`).

**Parts:** each with its own plan and no say over the other; what a store decides stands in `leads.yaml` and
`customers.yaml`.

- `new_customers`: every request that is not settled yet, however old. Who is known by e-mail or phone is
  matched; everybody else is created once, also when Counterpoint does not answer and the task tries again.
- `contacts`: people without a first contact get their own name in it, properly cased.

**If it fails:** open the red task's log; the line below ERROR says what and where.

- *budget*: many requests at once; the web form may be under attack. Look at the plan (the log names it). If
  it is right, *Trigger* with *Accept a large plan* and *Only these parts*.
- *Counterpoint API ...* (401, 403): the login or the API key is wrong or out of date. Mend the connection
  `counterpoint_api`, test it, clear the red task.
- *may still be under way*: Counterpoint did not answer; a later run looks for the customer.
- Rows of the file that cannot be read are in the rejects file, with their line numbers; mend them there.
- To take `contacts` back: trigger `undo_run` with the run's id. Created customers stay.

**Backfill:** refused: requests are settled once, whatever date a run stands for.

**Owner:** store operations
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from airflow.sdk import CronTriggerTimetable, dag

from retail_ops import customer_upkeep, lead_customers
from retail_ops.dag_defaults import PRESENT_ONLY, STORE_TIME, alert, family_params, tags, task_defaults
from retail_ops.operators.run_report import RunReportOperator
from retail_ops.rule_tasks import rule_tasks

NEW, CONTACTS = "new_customers", "contacts"


@dag(
    dag_id="counterpoint_customers",
    schedule=CronTriggerTimetable("*/30 * * * *", timezone=STORE_TIME),
    catchup=False,
    allowed_run_types=PRESENT_ONLY,
    max_active_runs=1,
    default_args=task_defaults(),
    dagrun_timeout=timedelta(minutes=25),
    params=family_params([NEW, CONTACTS], budget=True),
    on_failure_callback=alert("counterpoint_customers"),
    tags=tags(area="customers", systems=["counterpoint", "counterpoint_api"], writes=True, reaches="nobody"),
    doc_md=__doc__,
)
def counterpoint_customers() -> None:
    """The new customers, then everybody's contacts, then the report."""
    _, created = rule_tasks(
        NEW, lead_customers.plan_new_customers, lead_customers.budget, lead_customers.create_customers
    )
    plan_contacts, contacts = rule_tasks(
        CONTACTS, customer_upkeep.plan_contacts, partial(customer_upkeep.budget, CONTACTS)
    )
    # Who was just created needs a first contact, too.
    created >> plan_contacts
    contacts >> RunReportOperator(task_id="report")


counterpoint_customers()
