"""Which of a campaign's customers get a text: one for each phone, none to whoever must not have one."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from include.changes import Reject
from include.messaging.frequency import Wish, decide
from include.messaging.phones import NoPhone, read_phone
from include.messaging.segments import measure
from include.messaging.settings import MessagingSettings
from include.storedb.text_rows import PlannedStatus, PlannedText

LONGEST_TEXT = 1600
"""Characters that Twilio takes."""

HELD_OUT = "held out, so that the campaign's effect can be seen"


class Recipient(Protocol):
    """A customer of an audience; `key` is the customer number as the databases compare it."""

    @property
    def number(self) -> str: ...
    @property
    def phone(self) -> str: ...
    @property
    def key(self) -> str: ...


R = TypeVar("R", bound=Recipient)


@dataclass(frozen=True, slots=True)
class Occasion:
    """One run of a campaign: its text is due at `due` (with a zone), `anchor` is the occasion's ISO day.

    `hold_out_share` None stands for the share of `messaging.yaml`. The smallest `priority` goes first.
    """

    campaign: str
    anchor: str
    due: datetime
    priority: int
    media: str | None = None
    hold_out_share: float | None = None

    @property
    def wish(self) -> Wish:
        """The campaign's wish for each of its phones."""
        return Wish(self.campaign, self.priority, self.due)


@dataclass(frozen=True, slots=True)
class Chosen(Generic[R]):
    """The customer who gets the text, by phone (E.164), and who gets none because of the phone."""

    by_phone: dict[str, R]
    rejects: list[Reject]


@dataclass(frozen=True, slots=True)
class Around:
    """What else is known of the phones, by phone: why one is suppressed, when it was texted (with a zone),
    and which other campaigns want to text it that day.
    """

    suppressed: Mapping[str, str] = field(default_factory=dict)
    sends: Mapping[str, Iterable[datetime]] = field(default_factory=dict)
    wishes: Mapping[str, Iterable[Wish]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TextPlan:
    """Texts to store, set aside ones included; how many of each status; customers who have no row."""

    texts: Sequence[PlannedText]
    counts: Mapping[PlannedStatus, int]
    reasons: Mapping[str, int]
    rejects: Sequence[Reject]


def choose(recipients: Iterable[R]) -> Chosen[R]:
    """One customer for each phone, the one with the first number; the others are set aside with a reason."""
    by_phone: dict[str, R] = {}
    rejects = []
    for recipient in recipients:
        phone = read_phone(recipient.phone)
        if isinstance(phone, NoPhone):
            rejects.append(Reject(recipient.key, f"no phone to text: {phone.reason}"))
            continue
        other = by_phone.setdefault(phone.e164, recipient)
        if other.key == recipient.key:
            continue
        first, second = sorted((other, recipient), key=lambda one: one.key)
        by_phone[phone.e164] = first
        rejects.append(Reject(second.key, f"customer {first.key} has the same phone and gets the text"))
    return Chosen(by_phone, rejects)


def plan_texts(
    chosen: Chosen[R],
    occasion: Occasion,
    body: Callable[[R], str],
    around: Around,
    settings: MessagingSettings,
) -> TextPlan:
    """The occasion's texts; errors of `body` are raised on, for they concern the campaign as a whole."""
    texts, rejects = [], list(chosen.rejects)
    for phone, recipient in chosen.by_phone.items():
        words = body(recipient)
        if not words or len(words) > LONGEST_TEXT:
            reason = f"its text has more than {LONGEST_TEXT} characters" if words else "its text is empty"
            rejects.append(Reject(recipient.key, reason))
            continue
        status, why = _status(phone, recipient.key, occasion, around, settings)
        texts.append(
            PlannedText(
                campaign=occasion.campaign,
                anchor=occasion.anchor,
                cust_no=recipient.number.strip(),
                phone=phone,
                body=words,
                media=occasion.media,
                segments=measure(words).segments,
                cost=settings.prices.cost(words, media=occasion.media is not None),
                status=status,
                reason=why,
            )
        )
    reasons = Counter(text.reason for text in texts if text.reason)
    reasons.update(_kind(reject.reason) for reject in rejects)
    return TextPlan(texts, Counter(text.status for text in texts), reasons, rejects)


def _status(
    phone: str, key: str, occasion: Occasion, around: Around, settings: MessagingSettings
) -> tuple[PlannedStatus, str]:
    if why := around.suppressed.get(phone):
        return "set_aside", suppressed(why)
    wishes = {occasion.wish, *around.wishes.get(phone, ())}
    for decision in decide(wishes, around.sends.get(phone, ()), settings.cap):
        if decision.wish == occasion.wish and not decision.granted:
            return "set_aside", decision.reason
    share = occasion.hold_out_share
    # Last, so that those held out are comparable with those who get the text.
    if is_held_out(key, occasion.campaign, settings.hold_out_share if share is None else share):
        return "held_out", HELD_OUT
    return "planned", ""


def suppressed(why: str) -> str:
    """A suppression's reason in words for the staff."""
    return f"the phone is suppressed: {why.replace('_', ' ')}"


def is_held_out(key: str, campaign: str, share: float) -> bool:
    """Whether a customer is among the share of a campaign that gets no text: the same ones every time."""
    drawn = hashlib.sha256(f"hold-out|{campaign}|{key}".encode()).digest()
    return int.from_bytes(drawn[:8]) < share * 2**64


def _kind(reason: str) -> str:
    return "another customer has the same phone" if "has the same phone" in reason else reason
