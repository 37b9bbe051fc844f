"""
# Text feedback

**What:** works off what Twilio tells of our texts and what customers reply to them.

**When:** every 10 minutes, store time.

**Reads:** the table `text_event` of the store database (the inbound service writes it), Twilio's list of
messages, Counterpoint (customers).

**Writes:** the store database (`text_message`: fate and price; `suppression`; `text_event`); Counterpoint
(`AR_CUST`: opt-in, parked numbers); `text_replies/` in the store's files.

**Parts:** what a store decides stands in `text_feedback.yaml` and `messaging.yaml`.

- `statuses`: how texts ended and what they cost. Reports that got lost are asked for at Twilio after an hour.
  Phones that take no texts are suppressed; Counterpoint is not needed for that.
- `customers`: STOP takes the opt-in from all customers with the phone. START gives it back to those from whom
  a STOP took it, not to those who had opted out at the till. Landlines, and phones that failed on several
  days, move from `PHONE_1` to an empty `MBL_PHONE_1`. Who answers STOP gets no text from that moment on,
  whenever this part runs.
- `replies`: each is a line of `text_replies/text_replies_MM_DD_YY.csv`, with the customers who have the
  phone; those that mean `other` wait for an answer by a person.

**If it fails:** open the red task's log; the line below ERROR says what and where. Nothing is lost: what was
not worked off is worked off by the next run.

- *the database does not answer*: Counterpoint is down; texts go on, customers follow.
- *Twilio ...* in `ask_twilio`: test the connection `twilio`. What the inbound service hears is worked off.
- *budget*: more customers would change than usual; the phones are suppressed already. Look at the plan (the
  log names it). If it is right, *Trigger* with *Accept a large plan*.
- *conflicted* in the summary: a till changed those customers meanwhile, and won. Later runs look again, for
  `keep_trying_days`; then the rejects file of `settle` names them.
- To take changes of customers back: trigger `undo_run` with the run's id. The phones stay suppressed.

**Backfill:** refused: events are worked off once, whatever date a run stands for.

**Owner:** store operations
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, TriggerRule, dag

from retail_ops import text_feedback as feedback
from retail_ops.dag_defaults import PRESENT_ONLY, STORE_TIME, alert, family_params, tags, task_defaults
from retail_ops.operators.run_report import RunReportOperator
from retail_ops.rule_tasks import rule_tasks
from retail_ops.text_feedback import CUSTOMERS, REPLIES, STATUSES, FeedbackOperator


@dag(
    dag_id="text_feedback",
    schedule=CronTriggerTimetable("*/10 * * * *", timezone=STORE_TIME),
    catchup=False,
    allowed_run_types=PRESENT_ONLY,
    max_active_runs=1,
    # The next run is soon there.
    default_args=task_defaults(retries=1),
    dagrun_timeout=timedelta(minutes=50),
    params=family_params([STATUSES, CUSTOMERS, REPLIES], budget=True),
    on_failure_callback=alert("text_feedback"),
    tags=tags(area="texts", systems=["twilio", "counterpoint"], writes=True, reaches="nobody"),
    doc_md=__doc__,
)
def text_feedback() -> None:
    """Twilio's list, then the events: texts and phones, customers, replies; then the report."""
    # Not in the pool of the campaigns: one that sends for hours must not hold up an opt-out.
    asked = FeedbackOperator(task_id="ask_twilio", part=STATUSES, work=feedback.look)
    followed = FeedbackOperator(
        task_id="statuses", part=STATUSES, work=feedback.follow, trigger_rule=TriggerRule.ALL_DONE
    )
    planned, applied = rule_tasks(CUSTOMERS, feedback.plan_customers, feedback.budget)
    settled = FeedbackOperator(
        task_id="settle",
        part=CUSTOMERS,
        work=feedback.settle,
        pool="counterpoint",
        trigger_rule=TriggerRule.NONE_FAILED,
    )
    # After `settle`, which writes the same file.
    kept = FeedbackOperator(
        task_id="replies",
        part=REPLIES,
        work=feedback.keep_replies,
        pool="counterpoint",
        trigger_rule=TriggerRule.ALL_DONE,
    )
    asked >> followed >> planned
    applied >> settled >> kept >> RunReportOperator(task_id="report")


text_feedback()
