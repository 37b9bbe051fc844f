"""
# Stock notifications

**What:** tells people who asked for it that an item is back in stock: a mail with its photo and a coupon of
their own, and a text where they agreed to one.

**When:** 11:30 every day, store time.

**Reads:** the store database (requests of the web form), `stock_notification_log.csv` (the old form appends
to it), Counterpoint (items, customers' first names), the photo folder, BigCommerce.

**Writes:** BigCommerce (one coupon for each request); one mail for each request, and perhaps a text; the
store database (requests); `coupons/created_coupon_log.csv`.

**Parts:** what a store decides stands in `stock_notifications.yaml`.

- `notices.plan` takes in the file's new lines and looks which items are back: at least one unit is available,
  the stock buffer taken off. Requests that have waited too long are closed.
- `notices.apply` goes from request to request: coupon, mail, then the request is closed. Wherever it is cut
  off, a retry goes on with the same code; nobody is mailed twice, and no request is forgotten.
- `texts` sends the texts, with opt-outs, quiet hours and the limit of `messaging.yaml`.

**If it fails:** open the red task's log; the line below ERROR says what and where.

- *closed as rejected*: the mail server refuses that customer's address. Nothing is left to do.
- *it is not known whether its mail was taken*: the mail server hung up, or the worker died, at the moment of
  sending. The request stays open and is not mailed again. If the customer got nothing, *Trigger* with *Mail
  again what may have been lost*.
- *coupons cannot be made*: test the connection `bigcommerce`; the mails wait for their coupons.
- *budget*: more items are back than usual. Look at the plan (the log names it). If the stock is right,
  *Trigger* with *Accept a large plan*.
- *without links to unsubscribe*: the connection `web_forms` is missing.

**Backfill:** refused: the stock is today's, whatever date a run stands for.

**Owner:** store operations
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, TriggerRule, dag

from retail_ops import stock_notifications as notices
from retail_ops.dag_defaults import PRESENT_ONLY, STORE_TIME, alert, family_params, tags, task_defaults
from retail_ops.mailing import mail_params
from retail_ops.operators.run_report import RunReportOperator
from retail_ops.rule_tasks import rule_tasks
from retail_ops.stock_texts import SendStockTextsOperator


@dag(
    dag_id="stock_notifications",
    schedule=CronTriggerTimetable("30 11 * * *", timezone=STORE_TIME),
    catchup=False,
    allowed_run_types=PRESENT_ONLY,
    max_active_runs=1,
    default_args=task_defaults(),
    dagrun_timeout=timedelta(hours=4),
    params={**family_params(budget=True), **mail_params()},
    on_failure_callback=alert("stock_notifications"),
    tags=tags(
        area="customers",
        systems=["counterpoint", "bigcommerce", "smtp", "twilio"],
        writes=True,
        reaches="customers",
    ),
    doc_md=__doc__,
)
def stock_notifications() -> None:
    """Requests are planned and answered, texts follow, and the run is added up."""
    _, answered = rule_tasks(
        "notices", notices.plan_notices, notices.budget, notices.answer_requests, pool="bigcommerce"
    )
    # Texts that were planned go out also when a later request met an error.
    texts = SendStockTextsOperator(task_id="texts", pool="twilio", trigger_rule=TriggerRule.ALL_DONE)
    answered >> texts >> RunReportOperator(task_id="report")


stock_notifications()
