"""Whether a text went out of which nobody wrote down what became: Twilio's list of messages tells."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NamedTuple

LIST_SLACK_SECONDS = 600
"""Twilio's clock and ours may differ by so much."""


class FoundText(NamedTuple):
    """A message to a phone, as Twilio lists it."""

    sid: str
    body: str
    status: str


class Verdict(Enum):
    """What the list says of a text. `UNCLEAR`: there is a message that may be the text."""

    SENT = "sent"
    ABSENT = "absent"
    UNCLEAR = "unclear"


Create = Callable[[str, str, str | None, int], str]
"""Hands a text over: phone, body, address of a picture, seconds that it is valid; returns its sid.

Raises the classes of `include.errors`: `VendorRefusal` with Twilio's code, `OutcomeUnknown` where the text
may have been taken, `VendorUnavailable` only where it was not.
"""

Find = Callable[[str, datetime], Iterable[FoundText]]
"""All messages to a phone that were created at or after a moment (with a zone), sent already or not."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """Twilio, as sending needs it. Both functions are called by several threads at once."""

    create: Create
    find: Find


def judge(
    body: str, messages: Iterable[FoundText], known: Collection[str]
) -> tuple[Verdict, FoundText | None]:
    """Whether a text with this body is among a phone's messages; `known` are sids of the phone's other texts.

    A message that is nobody's makes it unclear, because Twilio may show a body otherwise than it got it:
    redacted, with other links, or with plain letters for typographic ones.
    """
    strangers = [message for message in messages if message.sid not in known]
    for message in strangers:
        if _plain(message.body) == _plain(body):
            return Verdict.SENT, message
    return (Verdict.UNCLEAR if strangers else Verdict.ABSENT), None


def _plain(body: str) -> str:
    return " ".join(unicodedata.normalize("NFC", body).split())
