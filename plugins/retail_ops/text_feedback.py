"""The tasks of `text_feedback` around `include.messaging`."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.definitions.context import Context

from include.changes import Budget, Plan, Summary
from include.privacy import masked
from include.settings import store_settings
from retail_ops.task_run import TaskRun

if TYPE_CHECKING:
    from include.messaging.feedback import Feedback
    from include.messaging.lost_reports import Listed, Message
    from include.storedb.text_events import TextEvent

STATUSES, CUSTOMERS, REPLIES = "statuses", "customers", "replies"
NOTHING_NEW = "nothing new from Twilio"
_PAGE_SIZE = 1000
_SHOWN = 20
_FIELDS = ("INCLUDE_IN_MARKETING_MAILOUTS", "PHONE_1", "MBL_PHONE_1")
_PHONE = re.compile(r"\+?[0-9]{3,15}")

log = logging.getLogger(__name__)


class FeedbackOperator(BaseOperator):
    """A step of a part of the DAG: `work` is called with the `TaskRun` and returns what it did.

    It is skipped, saying so, when the run was asked for other parts only, in a dry run, and when `work` finds
    nothing to do and returns None.
    """

    ui_color = "#e6dff0"

    def __init__(self, *, part: str, work: Callable[[TaskRun], Summary | None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.part = part
        self.work = work

    def execute(self, context: Context) -> None:
        """Do the step and leave its summary behind."""
        task_run, started = TaskRun(context), time.monotonic()
        only = task_run.params.get("only") or []
        if only and self.part not in only:
            task_run.skip(f"this run is for {', '.join(only)} only")
        if task_run.dry_run:
            task_run.skip("dry run: what Twilio told is not worked off")
        summary = self.work(task_run)
        if summary is None:
            task_run.skip(NOTHING_NEW)
        summary = replace(summary, seconds=round(time.monotonic() - started, 3))
        self.log.info("Done: %s; %s", summary, summary.details)
        task_run.leave(summary)


def look(_task_run: TaskRun) -> Summary | None:
    """Ask Twilio's list for what its reports did not tell; Twilio is not asked when nothing needs it."""
    from include.messaging.feedback_settings import feedback_settings
    from include.messaging.lost_reports import look as look_at
    from include.storedb.runs import moment
    from retail_ops.hooks.databases import StoreDbHook

    found = look_at(StoreDbHook().engine, _listed(), feedback_settings(), moment())
    return Summary(applied=found["ended"] + found["priced"], details=dict(found)) if +found else None


def _listed() -> Listed:
    from retail_ops.hooks.twilio_messaging import TwilioHook

    def listed(first: datetime, last: datetime) -> Iterator[Message]:
        found = (
            TwilioHook()
            .get_conn()
            .messages.stream(
                date_sent_after=first.replace(tzinfo=UTC),
                date_sent_before=last.replace(tzinfo=UTC),
                page_size=_PAGE_SIZE,
            )
        )
        # Not those of other channels, such as whatsapp:+1518...
        return (_message(one) for one in found if _PHONE.fullmatch(_customer(one)))

    return listed


def _customer(found: Any) -> str:
    return str(found.from_ if str(found.direction) == "inbound" else found.to)


def _message(found: Any) -> Message:
    from include.inbound.words import meaning_of
    from include.messaging.lost_reports import Message
    from include.storedb.text_events import TextEvent

    at = found.date_updated or found.date_sent or found.date_created
    at, sid, phone = at.astimezone(UTC).replace(tzinfo=None), str(found.sid), _customer(found)
    if str(found.direction) == "inbound":
        body = found.body or None
        return Message(TextEvent("reply", sid, phone, at, body=body, meaning=meaning_of(body)))
    event = TextEvent("status", sid, phone, at, status=str(found.status), error_code=found.error_code)
    in_dollars = found.price is not None and str(found.price_unit).upper() == "USD"
    return Message(event, abs(Decimal(found.price)) if in_dollars else None)


def follow(_task_run: TaskRun) -> Summary | None:
    """Bring texts up to date, and suppress phones that take none; Counterpoint is not needed."""
    from include.messaging.feedback_settings import feedback_settings
    from include.storedb.runs import moment

    changed, suppressed, done = _feedback().follow(moment(), feedback_settings().look_after)
    if not (changed or suppressed or done):
        return None
    return Summary(applied=changed, details={"suppressed": suppressed, "events_done": done})


def plan_customers(task_run: TaskRun) -> Plan:
    """What changes for the customers of the phones that events are about."""
    from include.messaging.customer_changes import plan_customers as plan
    from retail_ops.hooks.databases import CounterpointHook

    feedback = _feedback()
    events = feedback.concerning()
    if not events:
        task_run.skip(NOTHING_NEW)
    found = plan(CounterpointHook().stream, feedback.judged(events), feedback.stopped_before)
    # A share is one of fields, of which a customer has several.
    return replace(found, considered=found.considered * len(_FIELDS))


def budget() -> Budget:
    """How much may change for customers in one run."""
    from include.messaging.feedback_settings import feedback_settings

    return feedback_settings().budget.budget()


def settle(task_run: TaskRun) -> Summary | None:
    """Note the events as done from which nothing more follows for a customer."""
    from include.messaging.feedback_settings import feedback_settings
    from include.storedb.runs import moment
    from retail_ops.hooks.databases import CounterpointHook

    feedback = _feedback()
    events = feedback.concerning()
    if not events:
        return None
    settled = feedback.settle(
        CounterpointHook().stream,
        events,
        lambda ended: _log(task_run, [event for event in ended if event.kind == "reply"]),
        moment() - feedback_settings().keep_trying,
    )
    details: dict[str, Any] = {"events_done": settled.done, "events_waiting": settled.waiting}
    if path := task_run.write_rejects(settled.given_up):
        details["rejects"] = path
    return Summary(rejected=len(settled.given_up), details=details)


def keep_replies(task_run: TaskRun) -> Summary | None:
    """Put what customers wrote into the file that staff read."""
    feedback = _feedback()
    replies = feedback.replies()
    if not replies:
        return None
    _log(task_run, replies)
    feedback.events.done(event.id or 0 for event in replies)
    for_people = [reply for reply in replies if reply.meaning == "other"]
    for reply in for_people[:_SHOWN]:
        log.info(masked(f"A reply of {reply.phone} waits for an answer"))
    return Summary(details={"replies": len(replies), "for_people": len(for_people)})


def _log(task_run: TaskRun, replies: Sequence[TextEvent]) -> None:
    from include.messaging.reply_log import TOPIC, log_replies, writers
    from retail_ops.hooks.databases import CounterpointHook

    if replies:
        hook, phones = CounterpointHook(), {reply.phone for reply in replies}
        customers = writers(hook.stream, hook.read, phones)
        log_replies(replies, customers, lambda name: task_run.file(TOPIC, name), store_settings().zone)


def _feedback() -> Feedback:
    from include.messaging.feedback import Feedback
    from include.messaging.settings import messaging_settings
    from retail_ops.hooks.databases import StoreDbHook

    return Feedback(StoreDbHook().engine, messaging_settings().strikes, store_settings().zone)
