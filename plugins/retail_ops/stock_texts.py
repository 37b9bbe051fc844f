"""The texts to people whose item is back in stock: planned with the mail, sent through the texts' guards."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.definitions.context import Context

from include.changes import Summary
from include.errors import VendorUnavailable
from retail_ops.task_run import TaskRun

if TYPE_CHECKING:
    from include.stock_notices.coupons import Coupon
    from include.stock_notices.goods import Goods
    from include.storedb.stock_requests import StockRequest
    from include.storedb.texts import Texts

NIGHT = "it was night where its phone is"
TOO_LATE = "its day was over"
_FRESH = timedelta(hours=20)
_SENT = ("sent", "delivered", "undelivered", "failed")

log = logging.getLogger(__name__)


def plan_text(
    task_run: TaskRun, request: StockRequest, goods: Goods, coupon: Coupon | None, link: str
) -> bool:
    """Plan the text of a request, once; False where there is to be none, or is one already.

    Only a phone that was given together with the wish for texts gets one, and none while `messaging.yaml` is
    in test mode.
    """
    from include.messaging.phones import Phone, read_phone
    from include.messaging.segments import measure
    from include.messaging.settings import messaging_settings
    from include.stock_notices.settings import stock_notice_settings
    from include.stock_notices.standing import CAMPAIGN
    from include.stock_notices.texts import notice_text
    from include.storedb.text_rows import PlannedText
    from include.storedb.texts import Texts
    from retail_ops.hooks.databases import StoreDbHook

    settings, shared = stock_notice_settings(), messaging_settings()
    phone = read_phone(request.phone) if request.phone and request.text_consent else None
    if not settings.text.enabled or shared.test.mode or not isinstance(phone, Phone):
        return False
    body = notice_text(goods, coupon, link, settings, shared.company, shared.opt_out_hint)
    text = PlannedText(
        campaign=CAMPAIGN,
        # Of the request, not of the run: however late a retry comes, it finds the text.
        anchor=f"{request.created_at:%Y-%m-%d} {request.id}",
        cust_no="",
        phone=phone.e164,
        body=body,
        media=None,
        segments=measure(body).segments,
        cost=shared.prices.cost(body),
    )
    return bool(Texts(StoreDbHook().engine, task_run.run).add([text]))


class SendStockTextsOperator(BaseOperator):
    """Send the texts that were planned with the mails, those of a run that was cut off included.

    A text that would arrive at night, or a day late, is set aside: the mail has said it all.
    """

    template_fields: Sequence[str] = ()
    ui_color = "#f3dfc1"

    def execute(self, context: Context) -> None:
        """Send; raises `VendorUnavailable` when nobody knows of some texts whether they went out."""
        from include.stock_notices.texts import open_texts
        from include.storedb.texts import Texts
        from retail_ops.hooks.databases import StoreDbHook

        task_run, started = TaskRun(context), time.monotonic()
        if task_run.dry_run:
            task_run.skip("dry run: no texts are sent")
        engine = StoreDbHook().engine
        texts, occasions = Texts(engine, task_run.run), open_texts(engine)
        if not occasions:
            task_run.skip("no texts to send")
        try:
            unsettled = sum(_send(task_run, anchor, at) for anchor, at in occasions.items())
        finally:
            _leave(task_run, texts, occasions, time.monotonic() - started)
        if unsettled:
            raise VendorUnavailable(
                f"of {unsettled} texts nobody knows whether they went out; a retry looks on Twilio's list"
            )


def _send(task_run: TaskRun, anchor: str, planned_at: datetime) -> int:
    """Send what is open for a request; returns how many may or may not have gone out."""
    from include.messaging.pace import Pace
    from include.stock_notices.standing import CAMPAIGN
    from include.storedb.runs import moment
    from retail_ops.hooks.twilio_messaging import TwilioHook
    from retail_ops.texting import send_campaign

    over = TOO_LATE if planned_at < moment() - _FRESH else ""
    if TwilioHook().is_stand_in():
        # Where a simulation stands in for Twilio it is always late morning, and nobody's network to spare.
        noon = task_run.when.replace(hour=11, minute=30)
        return send_campaign(task_run, CAMPAIGN, anchor, Pace(None), lambda: noon, over).unsettled
    report = send_campaign(task_run, CAMPAIGN, anchor, over=over)
    if report.left:
        report = send_campaign(task_run, CAMPAIGN, anchor, over=NIGHT)
    return report.unsettled


def _leave(task_run: TaskRun, texts: Texts, anchors: Iterable[str], seconds: float) -> None:
    from include.stock_notices.standing import CAMPAIGN

    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for anchor in anchors:
        for tally in texts.tallies(CAMPAIGN, anchor):
            counts[tally.status] += tally.texts
            reasons[tally.reason] += tally.texts if tally.reason else 0
    details: dict[str, Any] = {"by_status": dict(counts), "reasons": dict(+reasons)}
    summary = Summary(
        planned=counts.total(),
        applied=sum(counts[status] for status in _SENT),
        skipped=counts["set_aside"] + counts["refused"],
        failed=counts["unknown"],
        seconds=round(seconds, 3),
        details=details,
    )
    log.info("Done: %s; %s", summary, details)
    task_run.leave(summary)
