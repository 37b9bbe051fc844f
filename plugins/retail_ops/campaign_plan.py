"""The planning task of a text campaign, and what it hands on."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from include.campaigns.samples import made_up
from include.changes import Reject, Summary
from include.messaging.asking import reason_to_ask
from include.messaging.planning import TextPlan
from include.messaging.settings import messaging_settings
from include.storedb.text_history import TextHistory
from include.storedb.text_rows import PlannedText
from retail_ops.campaign_planning import plan_campaign, write_texts
from retail_ops.campaign_run import NOT_APPROVED, NOT_MEANT, CampaignRun
from retail_ops.campaign_words import wording_of

_SAMPLES = 3

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Planned:
    """What the planning task hands on: texts to send, their segments and estimated dollars, and the file that
    lists them; `ask` is why a person has to agree first, empty when nobody has to.
    """

    texts: int
    segments: int
    dollars: str
    listed: str
    ask: str

    def as_dict(self) -> dict[str, Any]:
        """For XCom."""
        return asdict(self)


def plan_texts_of(run: CampaignRun) -> Planned:
    """Plan and store the run's texts; skips the task, saying so, where there is nothing to plan."""
    started = time.monotonic()
    _check_time(run)
    plan = plan_campaign(run, run.store_db)
    if not plan.texts and not plan.rejects:
        run.task_run.skip("nobody is in the campaign's audience today")
    occasion, history = run.occasion, TextHistory(run.store_db)
    known = history.statuses(occasion.campaign, occasion.anchor)
    new = [text for text in plan.texts if text.phone not in known]
    if not run.only_shows:
        run.texts.reinstate(occasion.campaign, occasion.anchor, NOT_APPROVED)
        run.texts.add(new)
        _leave_out_others(run, {text.phone for text in plan.texts})
    texts, segments, dollars = _to_send(run, new)
    usual = history.usual_size(occasion.campaign, occasion.anchor)
    listed = write_texts(run, plan.texts)
    _leave(run, plan, texts, {"usual_size": usual, "texts": listed}, started)
    ask = reason_to_ask(texts, len(plan.texts), usual, messaging_settings())
    return Planned(texts, segments, f"{dollars:.2f}", listed, ask)


def _check_time(run: CampaignRun) -> None:
    if not run.settings.enabled and not run.is_test:
        run.task_run.skip("the campaign is turned off in sms_campaigns.yaml")
    if run.time_left < timedelta(0):
        run.task_run.skip(
            f"the run starts {int(run.lateness.total_seconds() / 60)} minutes after its texts were due; more "
            f"than {messaging_settings().fresh_minutes} (fresh_minutes) is too late"
        )


def _leave_out_others(run: CampaignRun, meant: Set[str]) -> None:
    """Set aside texts of an earlier run to phones that are not meant any more: of who opted out at the till.

    What somebody has claimed stays, for `send` to find out about.
    """
    occasion, history, last = run.occasion, TextHistory(run.store_db), 0
    while page := run.texts.planned(occasion.campaign, occasion.anchor, after=last):
        last = page[-1].id
        if others := [text for text in page if text.phone not in meant]:
            claimed = history.claimed(others)
            run.texts.close([text for text in others if text not in claimed], "set_aside", reason=NOT_MEANT)


def _to_send(run: CampaignRun, new: Sequence[PlannedText]) -> tuple[int, int, Decimal]:
    """Texts to send with their segments and dollars, those of an earlier run that was stopped included."""
    occasion = run.occasion
    if run.only_shows:
        some = [text for text in new if text.status == "planned"]
        return len(some), sum(text.segments for text in some), sum((text.cost for text in some), Decimal(0))
    stored = [t for t in run.texts.tallies(occasion.campaign, occasion.anchor) if t.status == "planned"]
    dollars = sum((tally.cost for tally in stored), Decimal(0))
    return sum(tally.texts for tally in stored), sum(tally.segments for tally in stored), dollars


def _leave(run: CampaignRun, plan: TextPlan, planned: int, details: dict[str, Any], started: float) -> None:
    apart = [Reject(text.cust_no, text.reason) for text in plan.texts if text.status == "set_aside"]
    rejects = [*plan.rejects, *apart]
    details |= {"considered": len(plan.texts) + len(plan.rejects), "reasons": dict(plan.reasons)}
    if path := run.task_run.write_rejects(rejects):
        details["rejects"] = path
    for reason, count in Counter(plan.reasons).most_common():
        log.info("%d get no text: %s", count, reason)
    seconds = round(time.monotonic() - started, 3)
    summary = Summary(planned=planned, rejected=len(rejects), seconds=seconds, details=details)
    log.info("Plan: %s; every text: %s", summary, details["texts"])
    run.task_run.leave(summary)


def question(run: CampaignRun, planned: Planned) -> str:
    """What a person is asked, in Markdown; the samples tell of nobody real."""
    day = run.task_run.when.date()
    words = wording_of(run.name, day)
    samples = [words.message(one) for one in made_up(run.settings.audience, day, _SAMPLES)]
    quoted = "\n\n".join("> " + sample.replace("\n", "\n> ") for sample in samples)
    return (
        f"**{run.settings.title}** waits because {planned.ask}.\n\n"
        f"*Approve* sends **{planned.texts} texts** ({planned.segments} segments, about ${planned.dollars}). "
        f"*Reject*, or no answer in time, sends none. Every text: `{planned.listed}`\n\n"
        f"So they read, with made-up names:\n\n{quoted}"
    )
