"""What follows from Twilio's reports and customers' replies: how texts ended, what holds for a phone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo

from include.messaging.refusals import REFUSALS, Action, Meaning, Refusal, action_after, refusal, strikes
from include.messaging.settings import StrikeSettings
from include.storedb.text_events import TextEvent

TextStatus = Literal["sent", "delivered", "undelivered", "failed"]
Suppression = Literal["opted_out", "landline", "invalid", "unreachable"]

_STATUS: dict[str, TextStatus] = {
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending", "sent"), "sent"),
    **dict.fromkeys(("delivered", "read", "partially_delivered"), "delivered"),
    "undelivered": "undelivered",
    **dict.fromkeys(("failed", "canceled"), "failed"),
}
_ANSWERED_STOP = "answered STOP"
_FINAL = frozenset({"delivered", "undelivered", "failed"})
_SUPPRESSIONS: dict[Meaning, Suppression] = {
    Meaning.OPTED_OUT: "opted_out",
    Meaning.LANDLINE: "landline",
    Meaning.INVALID: "invalid",
    Meaning.TRANSIENT: "unreachable",
}


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """A text's new status; `at` is UTC without a zone."""

    sid: str
    status: TextStatus
    error_code: int | None
    at: datetime


class Wish(StrEnum):
    """What the owner of a phone wants, or what the phone is good for."""

    STOPPED = "stopped"
    RETURNED = "returned"
    PARK = "park"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, repr=False)
class Verdict:
    """What holds for a phone (E.164) from `at` (UTC, no zone) on; `reason` is in words for the staff.

    `suppression` is the reason to keep under it; None lifts what was suppressed, or adds nothing.
    """

    phone: str
    wish: Wish
    suppression: Suppression | None
    reason: str
    at: datetime | None = None

    def __repr__(self) -> str:
        return f"Verdict(***{self.phone[-2:]}, {self.wish}, {self.reason})"


def status_updates(events: Iterable[TextEvent], known: Mapping[str, str]) -> list[StatusUpdate]:
    """How far the texts of `known` (Twilio's number of a text, and its status with us) have come since.

    Reports come in any order, so a text only moves forward, and no further than its first end. What Twilio
    says of messages that are not known here changes nothing.
    """
    reached = dict(known)
    updates: dict[str, StatusUpdate] = {}
    for event in _in_order(events):
        status = _STATUS.get(event.status or "") if event.kind == "status" else None
        if status and event.sid in reached and _is_further(status, reached[event.sid]):
            reached[event.sid] = status
            updates[event.sid] = StatusUpdate(event.sid, status, event.error_code, event.received_at)
    return list(updates.values())


def has_ended(event: TextEvent) -> bool:
    """Whether an event tells a text's end."""
    return event.kind == "status" and _STATUS.get(event.status or "") in _FINAL


def concerns_customer(event: TextEvent) -> bool:
    """Whether an event may change what holds for its phone."""
    refused = _refusal(event)
    return event.meaning in ("stop", "start") or bool(refused and refused.action is not Action.NOTHING)


def _is_further(status: TextStatus, reached: str) -> bool:
    return reached not in _FINAL and (status in _FINAL or reached != "sent")


def verdicts(
    new: Iterable[TextEvent], earlier: Iterable[TextEvent], settings: StrikeSettings, zone: ZoneInfo
) -> list[Verdict]:
    """What new events say of their phones, by phone; the last word on texts counts.

    `earlier` events of the same phones tell how often a phone has failed; some may be among the new ones.
    Days are those of the store's `zone`.
    """
    fresh = _in_order(new)
    every = _in_order({event.id or event.hash(): event for event in [*earlier, *fresh]}.values())
    of_phone: dict[str, list[TextEvent]] = {}
    for event in every:
        of_phone.setdefault(event.phone, []).append(event)
    found: dict[tuple[str, bool], Verdict] = {}
    for event in fresh:
        if verdict := _consent(event):
            found[event.phone, True] = verdict
        elif verdict := _number(event, of_phone[event.phone], settings, zone):
            found[event.phone, False] = verdict
    return [found[key] for key in sorted(found)]


def _consent(event: TextEvent) -> Verdict | None:
    if event.meaning == "stop":
        return Verdict(event.phone, Wish.STOPPED, "opted_out", _ANSWERED_STOP, event.received_at)
    if event.meaning == "start":
        return Verdict(event.phone, Wish.RETURNED, None, "answered START", event.received_at)
    refused = _refusal(event)
    if refused and refused.action is Action.CLEAR_OPT_IN:
        return Verdict(event.phone, Wish.STOPPED, "opted_out", _words(refused), event.received_at)
    return None


def _number(
    event: TextEvent, every: Iterable[TextEvent], settings: StrikeSettings, zone: ZoneInfo
) -> Verdict | None:
    refused = _refusal(event)
    if refused is None or refused.action not in (Action.PARK_NUMBER, Action.FLAG_INVALID):
        return None
    failed_on: list[date] = []
    delivered_on: date | None = None
    for one in every:
        day = one.received_at.replace(tzinfo=UTC).astimezone(zone).date()
        other = _refusal(one)
        # Whoever writes to us can be reached as well.
        if one.kind == "reply" or _STATUS.get(one.status or "") == "delivered":
            delivered_on = day
        elif other and other.meaning is refused.meaning and other.action is refused.action:
            failed_on.append(day)
    struck = strikes(failed_on, delivered_on)
    action = action_after(refused, struck, settings)
    if action is Action.NOTHING:
        return None
    days = f", on {struck} days" if struck > 1 else ""
    wish = Wish.PARK if action is Action.PARK_NUMBER else Wish.INVALID
    suppression = _SUPPRESSIONS[refused.meaning]
    return Verdict(event.phone, wish, suppression, _words(refused) + days, event.received_at)


def _refusal(event: TextEvent) -> Refusal | None:
    if event.kind != "status" or _STATUS.get(event.status or "") not in ("undelivered", "failed"):
        return None
    return refusal(event.error_code)


def _words(refused: Refusal) -> str:
    return f"Twilio {refused.code}: {refused.words}"


STOP_REASONS = frozenset(
    {_ANSWERED_STOP, *(_words(known) for known in REFUSALS.values() if known.action is Action.CLEAR_OPT_IN)}
)
"""Reasons for which an opt-in is taken, as the audit has them."""


def _in_order(events: Iterable[TextEvent]) -> list[TextEvent]:
    return sorted(events, key=lambda event: (event.received_at, event.id or 0))
