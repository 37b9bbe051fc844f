"""One text: claimed, looked at once more, handed to Twilio, and closed with what Twilio said."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from threading import Event, Lock

from include.errors import InvalidRequest, OutcomeUnknown, RateLimited, VendorRefusal, VendorUnavailable
from include.messaging.pace import Limiter, Pace
from include.messaging.reconciling import LIST_SLACK_SECONDS, Vendor, Verdict, judge
from include.messaging.refusals import Meaning, Refusal, refusal
from include.messaging.rules import Rules
from include.storedb.ledger import Claim, Entry, Ledger
from include.storedb.suppression import Suppressions, Why
from include.storedb.text_history import TextHistory
from include.storedb.text_rows import Text
from include.storedb.texts import Texts

NO_ANSWER = "Twilio did not say whether it took the text"
_SUPPRESS: dict[Meaning, Why] = {
    Meaning.OPTED_OUT: "opted_out",
    Meaning.LANDLINE: "landline",
    Meaning.INVALID: "invalid",
}
# So many texts one after another whose fate nobody understands are no coincidence.
_LONGEST_STREAK = 20


class CampaignStopped(InvalidRequest):
    """Every further text of the campaign would fail, too; a person has to look. The rest stays planned."""


@dataclass
class Handover:
    """Hands texts over, called by several threads at once.

    `left` are entries that this task can do no more about; `outcomes` are as `SendReport` has them. `over` is
    why nothing is sent any more, if so.
    """

    texts: Texts
    history: TextHistory
    ledger: Ledger
    suppressions: Suppressions
    vendor: Vendor
    rules: Rules
    pace: Pace
    limiter: Limiter
    stop: Event
    over: str = ""
    outcomes: Counter[str] = field(default_factory=Counter)
    left: set[Entry] = field(default_factory=set)
    _streak: int = 0
    _lock: Lock = field(default_factory=Lock)

    def count(self, outcome: str) -> None:
        """Count an outcome."""
        with self._lock:
            self.outcomes[outcome] += 1

    def first(self, text: Text) -> None:
        """Send a text that was not claimed yet."""
        if not self._may_be_sent_now(text):
            return
        # Taken before the claim: what the claim takes is part of the lease.
        leased = time.monotonic()
        claim = self.ledger.claim(text.entry)
        if claim.granted:
            self._send(text, claim, leased)
        else:
            self.count("elsewhere")

    def _may_be_sent_now(self, text: Text) -> bool:
        for wait in (False, True):
            # Its turn may be minutes away, and night meanwhile.
            if wait and not self.limiter.wait(text.segments):
                return False
            if self.rules.validity(text) is None:
                self.count("quiet")
                return False
        return True

    def again(self, text: Text, claim: Claim, *, settled: bool) -> None:
        """Find out whether a text with an open claim was sent; if not, and that is `settled`, send it."""
        since = text.planned_at.replace(tzinfo=UTC) - timedelta(seconds=LIST_SLACK_SECONDS)
        messages = list(self.vendor.find(text.phone, since))
        known = self.history.known_sids(text.phone, [message.sid for message in messages])
        verdict, message = judge(text.body, messages, known)
        if message:
            self._sent(text, message.sid, "found")
        elif not settled:
            return
        elif verdict is Verdict.UNCLEAR:
            self._leave(text, "unclear")
            self._unknown(text, "Twilio lists a message to the phone that may be this text")
        elif self.over:
            if self.ledger.reopen(claim):
                self._set_aside(text, self.over)
        elif self.rules.validity(text) is None:
            self._leave(text, "quiet")
        elif self.limiter.wait(text.segments):
            leased = time.monotonic()
            if self.ledger.reopen(claim):
                self._send(text, replace(claim, attempts=claim.attempts + 1), leased)

    def _send(self, text: Text, claim: Claim, leased: float) -> None:
        began, tries = time.monotonic(), 0
        while True:
            standing = self.history.standing(text, self.rules.cap_begins())
            why = self.rules.objection(standing.suppressed, standing.sends)
            if not why and standing.status not in ("planned", "unknown"):
                why = "it was taken off the plan"
            if why:
                self._set_aside(text, why)
                return
            validity = self.rules.validity(text)
            if validity is None:
                self._leave(text, "quiet")
                return
            if time.monotonic() - leased > self.pace.lease.total_seconds():
                leased = time.monotonic()
                if not self.ledger.reopen(claim):
                    self.count("elsewhere")
                    return
                claim = replace(claim, attempts=claim.attempts + 1)
                continue
            try:
                sid = self.vendor.create(text.phone, text.body, text.media, validity)
            except VendorUnavailable as error:
                tries += 1
                if not self._hold(error, tries, time.monotonic() - began):
                    return
                continue
            except OutcomeUnknown:
                self.count("unknown")
                self._unknown(text, NO_ANSWER)
                self._puzzled(VendorUnavailable(f"{_LONGEST_STREAK} texts in a row: {NO_ANSWER}"))
                return
            except VendorRefusal as error:
                refused = refusal(error.code)
                if refused.meaning is Meaning.TRANSIENT:
                    tries += 1
                    if not self._hold(RateLimited(refused.words), tries, time.monotonic() - began):
                        return
                    continue
                self._refused(text, refused, error)
                return
            except InvalidRequest as error:
                raise CampaignStopped(f"{text.campaign} was stopped: {error}") from None
            self._sent(text, sid, "sent")
            return

    def _hold(self, error: VendorUnavailable, tries: int, seconds: float) -> bool:
        """Hold everybody back for a while; False when everybody shall stop.

        Raises `error` when it goes on for too long.
        """
        asked = error.retry_after if isinstance(error, RateLimited) else None
        pause = min(self.pace.first_pause * 2 ** (tries - 1), self.pace.longest_pause)
        pause = max(asked or 0.0, pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads the threads
        if seconds + pause > self.pace.longest_storm:
            raise error
        self.limiter.hold(pause)
        return self.limiter.wait(0)

    def _refused(self, text: Text, refused: Refusal, error: VendorRefusal) -> None:
        words = f"{refused.code or 'no code'}: {refused.words}"
        if refused.stops_campaign:
            raise CampaignStopped(f"{text.campaign} was stopped: Twilio answers {words}") from None
        if refused.meaning is Meaning.UNCLEAR:
            self.count("unknown")
            self._unknown(text, words)
            self._puzzled(VendorUnavailable(f"{_LONGEST_STREAK} texts in a row: {words}"))
            return
        # First of all: whatever dies after this, the phone is not texted again.
        if why := _SUPPRESS.get(refused.meaning):
            self.suppressions.add(text.phone, why, "twilio", words)
        self.ledger.close(text.entry, "refused", detail=words)
        self.texts.close([text], "refused", reason=words, error_code=refused.code)
        self.count("refused")
        if refused.meaning is Meaning.UNKNOWN:
            self._puzzled(CampaignStopped(f"{text.campaign} was stopped: {error}"))
        else:
            self._understood()

    def _sent(self, text: Text, sid: str, outcome: str) -> None:
        self.ledger.close(text.entry, "sent", vendor_id=sid)
        self.texts.close([text], "sent", sid=sid)
        self.count(outcome)
        self._understood()

    def _set_aside(self, text: Text, why: str) -> None:
        self.ledger.close(text.entry, "refused", detail=why)
        self.texts.close([text], "set_aside", reason=why)
        self.count("set_aside")

    def _unknown(self, text: Text, why: str) -> None:
        self.ledger.close(text.entry, "unknown", detail=why)
        self.texts.close([text], "unknown", reason=why)

    def _leave(self, text: Text, outcome: str) -> None:
        self.count(outcome)
        with self._lock:
            self.left.add(text.entry)

    def _understood(self) -> None:
        with self._lock:
            self._streak = 0

    def _puzzled(self, error: Exception) -> None:
        with self._lock:
            self._streak += 1
            if self._streak >= _LONGEST_STREAK:
                raise error
