"""Handing texts to Twilio: each once, to nobody who must not have it, and never at night.

A text is claimed in the ledger right before it is handed over, and whatever speaks against it is looked up
after the claim, so that of two processes at least one sees the other. What a killed process left claimed, and
what Twilio gave no answer to, is looked up on Twilio's list before it is sent again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Lock
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from include.errors import BadCredentials, InvalidRequest
from include.messaging.handover import Handover
from include.messaging.pace import Limiter, Pace
from include.messaging.reconciling import Vendor
from include.messaging.rules import Rules
from include.messaging.settings import MessagingSettings
from include.storedb.ledger import Claim, Ledger
from include.storedb.runs import RunContext, moment
from include.storedb.suppression import Suppressions
from include.storedb.text_history import TextHistory
from include.storedb.text_rows import KIND, Tally, Text
from include.storedb.texts import Texts

log = logging.getLogger(__name__)

_PAGE = 200
_LONGEST_POLL = 5.0


def utc_now() -> datetime:
    """This moment, with its zone."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class SendReport:
    """What a task did, by outcome, and how the occasion's texts stand now.

    Outcomes: `sent`, `found` (on Twilio's list), `refused`, `set_aside`, `unknown`, `unclear` (the list could
    not tell), `quiet` (left planned because it is night), `elsewhere` (another process has it). `unsettled`
    texts may or may not have gone out: the next run of the occasion looks again.
    """

    outcomes: Counter[str]
    tallies: list[Tally]
    unsettled: int

    @property
    def left(self) -> int:
        """Texts that are still planned."""
        return sum(tally.texts for tally in self.tallies if tally.status == "planned")


def send_texts(
    engine: Engine,
    run: RunContext,
    campaign: str,
    anchor: str,
    vendor: Vendor,
    settings: MessagingSettings,
    store_zone: ZoneInfo,
    *,
    pace: Pace | None = None,
    clock: Callable[[], datetime] = utc_now,
    over: str = "",
) -> SendReport:
    """Send the planned texts of an occasion, and settle those of which it is not known whether they went out.

    `clock` answers the moment (with a zone) by which quiet hours are told. Killed at any moment and called
    again, or called by several processes at once, it texts nobody twice and forgets nobody. `over` is a
    reason for which nothing is sent any more: whatever did not go out is set aside with it.

    Raises `CampaignStopped` and `BadCredentials` when every further text would fail, too; `VendorUnavailable`
    (`RateLimited`) when Twilio takes no texts for a while. Texts that were not handed over stay planned.
    """
    pace = pace or Pace(settings.segments_per_second)
    rules = Rules(settings.hours, settings.cap, store_zone, clock)
    work = _Sending(engine, run, (campaign, anchor), vendor, rules, pace, over)
    try:
        work.everything()
    finally:
        log.info("%s of %s: %s", campaign, anchor, dict(work.handover.outcomes))
    return SendReport(work.handover.outcomes, work.texts.tallies(campaign, anchor), len(work.unclosed()))


@dataclass(frozen=True, slots=True)
class _Item:
    """A text and, where it was claimed before, the open claim; `settled` is a claim that is old enough."""

    text: Text
    claim: Claim | None = None
    settled: bool = False


@dataclass
class _Sending:
    engine: Engine
    run: RunContext
    occasion: tuple[str, str]
    vendor: Vendor
    rules: Rules
    pace: Pace
    over: str
    errors: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.texts = Texts(self.engine, self.run)
        self.ledger = Ledger(self.engine, self.run)
        self.suppressions = Suppressions(self.engine)
        self.stop = Event()
        self.history = TextHistory(self.engine)
        self.handover = Handover(
            self.texts,
            self.history,
            self.ledger,
            self.suppressions,
            self.vendor,
            self.rules,
            self.pace,
            Limiter(self.pace.segments_per_second, self.stop),
            self.stop,
            self.over,
        )

    def everything(self) -> None:
        self.texts.follow_ledger(*self.occasion)
        self._with_threads(iter(self._open_items()))
        self._with_threads(self._planned())
        self._settle()
        self.texts.follow_ledger(*self.occasion)

    def unclosed(self) -> list[Claim]:
        campaign, anchor = self.occasion
        return list(self.ledger.unclosed(KIND, campaign, [anchor], moment()))

    def _open_items(self) -> list[_Item]:
        campaign, anchor = self.occasion
        claims = self.unclosed()
        texts = self.texts.open(campaign, anchor, (claim.entry.recipient for claim in claims))
        before = moment() - self.pace.settle_after
        old = {
            (claim.entry, claim.attempts) for claim in self.ledger.unclosed(KIND, campaign, [anchor], before)
        }
        return [
            _Item(texts[claim.entry.recipient], claim, (claim.entry, claim.attempts) in old)
            for claim in claims
            if claim.entry.recipient in texts and claim.entry not in self.handover.left
        ]

    def _planned(self) -> Iterator[_Item]:
        last = 0
        while page := self.texts.planned(*self.occasion, after=last, limit=_PAGE):
            last = page[-1].id
            # Those with an open claim are looked up on Twilio's list, not sent from here.
            claimed = self.history.claimed(page)
            page = [text for text in page if text not in claimed]
            if self.over:
                self.texts.close(page, "set_aside", reason=self.over)
                self.handover.outcomes["set_aside"] += len(page)
                continue
            phones = [text.phone for text in page]
            suppressed = self.suppressions.active(phones)
            sends = self.history.sends(phones, self.rules.cap_begins(), except_for=self.occasion)
            for text in page:
                why = self.rules.objection(suppressed.get(text.phone), sends.get(text.phone, ()))
                if why:
                    self.texts.close([text], "set_aside", reason=why)
                    self.handover.count("set_aside")
                else:
                    yield _Item(text)

    def _settle(self) -> None:
        """Wait until Twilio's list can be trusted about what is open, then look there."""
        for _ in range(self.pace.rounds):
            self._with_threads(iter(self._open_items()))
            left = self.pace.settle_after.total_seconds()
            poll = min(_LONGEST_POLL, left / 2)
            while left > -poll and self._open_items():
                self.stop.wait(poll)
                left -= poll
            if not self._open_items():
                return
        self._with_threads(iter(self._open_items()))

    def _with_threads(self, items: Iterable[_Item]) -> None:
        waiting, lock = iter(items), Lock()

        def work() -> None:
            try:
                while not self.stop.is_set():
                    with lock:
                        item = next(waiting, None)
                    if item is None:
                        return
                    self._one(item)
            except BaseException as error:
                self.errors.append(error)
                self.stop.set()

        with ThreadPoolExecutor(self.pace.threads) as pool:
            try:
                wait([pool.submit(work) for _ in range(self.pace.threads)])
            except BaseException:
                # The task's own time limit: the threads end after the text that they are at.
                self.stop.set()
                raise
        if self.errors:
            # What a person has to mend comes before what passes.
            raise min(self.errors, key=lambda error: not isinstance(error, BadCredentials | InvalidRequest))

    def _one(self, item: _Item) -> None:
        if item.claim is None:
            self.handover.first(item.text)
        else:
            self.handover.again(item.text, item.claim, settled=item.settled)
