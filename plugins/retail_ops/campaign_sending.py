"""The sending task of a text campaign: until everything is sent, or the day is over."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from include.changes import Summary
from include.errors import VendorUnavailable
from include.messaging.pace import Pace
from include.messaging.rules import Rules
from include.messaging.sending import SendReport
from include.messaging.settings import messaging_settings
from include.settings import store_settings
from include.storedb.text_rows import Tally
from retail_ops.campaign_run import DAY_OVER, CampaignRun
from retail_ops.texting import send_campaign

_SENT = ("sent", "delivered", "undelivered", "failed")

log = logging.getLogger(__name__)


def send_texts_of(run: CampaignRun) -> datetime | None:
    """Send what is planned for the run's occasion; returns when to go on, where it is night for the rest.

    Raises `VendorUnavailable` when texts are left of which nobody knows whether they went out, and what
    `send_texts` raises.
    """
    started, occasion = time.monotonic(), run.occasion
    if run.only_shows:
        run.task_run.skip("a dry run, or a test without recipients: nothing is sent")
    try:
        stored = run.texts.tallies(occasion.campaign, occasion.anchor)
        if not any(tally.status in ("planned", "unknown") for tally in stored):
            run.task_run.skip("nothing to send")
        return _until_the_day_is_over(run)
    finally:
        tallies = run.texts.tallies(occasion.campaign, occasion.anchor, of_run=True)
        _leave(run, tallies, time.monotonic() - started)


def _until_the_day_is_over(run: CampaignRun) -> datetime | None:
    while not run.over:
        report = _one_pass(run)
        if not report.left:
            _complain_of_unsettled(report)
            return None
        morning = _morning(run)
        if morning is None:
            break
        if morning <= run.now():
            raise VendorUnavailable(f"{report.left} texts are left, for another process is at them")
        log.info("%d wait for the morning: %s", report.left, morning.astimezone(store_settings().zone))
        if not run.is_simulated:
            return morning
        run.waited_for = morning
    over = run.over or DAY_OVER
    report = _one_pass(run, over)
    if left := report.outcomes["set_aside"]:
        log.warning("%d texts were set aside: %s", left, over)
    _complain_of_unsettled(report)
    return None


def _complain_of_unsettled(report: SendReport) -> None:
    if report.unsettled:
        raise VendorUnavailable(
            f"of {report.unsettled} texts nobody knows whether they went out; a retry looks on Twilio's list"
        )


def _one_pass(run: CampaignRun, over: str = "") -> SendReport:
    # Where a simulation stands in for Twilio nobody's network has to be spared.
    pace = Pace(None) if run.is_simulated else None
    return send_campaign(run.task_run, run.occasion.campaign, run.occasion.anchor, pace, run.now, over)


def _morning(run: CampaignRun) -> datetime | None:
    """When some of the texts that are left may be sent, if that is on the day on which they were due."""
    shared, zone = messaging_settings(), store_settings().zone
    rules = Rules(shared.hours, shared.cap, zone, run.now)
    phones, last = set[str](), 0
    while page := run.texts.planned(run.occasion.campaign, run.occasion.anchor, after=last):
        last = page[-1].id
        phones |= {text.phone for text in page}
    moment = rules.next_allowed(phones)
    if moment is None or moment.astimezone(zone).date() != run.due.astimezone(zone).date():
        return None
    return moment


def _leave(run: CampaignRun, tallies: Sequence[Tally], seconds: float) -> None:
    counts: Counter[str] = Counter()
    for tally in tallies:
        counts[tally.status] += tally.texts
    reasons = Counter({tally.reason: tally.texts for tally in tallies if tally.reason})
    for reason, count in reasons.most_common():
        log.info("%d: %s", count, reason)
    dollars = sum((tally.cost for tally in tallies if tally.status in _SENT), Decimal(0))
    summary = Summary(
        planned=counts.total(),
        applied=sum(counts[status] for status in _SENT),
        skipped=counts["refused"],
        failed=counts["unknown"],
        seconds=round(seconds, 3),
        details={"by_status": dict(counts), "reasons": dict(reasons), "dollars": f"{dollars:.2f}"},
    )
    log.info("Done: %s", summary)
    run.task_run.leave(summary)
