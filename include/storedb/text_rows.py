"""Texts as the store database keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from include.storedb.ledger import Entry
from include.storedb.runs import digest

PlannedStatus = Literal["planned", "held_out", "set_aside"]
ClosingStatus = Literal["set_aside", "sent", "refused", "unknown"]
KIND = "text"
"""The ledger's kind of all texts."""
TEST_PREFIX = "test_"
"""How the names begin under which tests of campaigns are kept."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PlannedText:
    """A text for one phone (E.164) and occasion; `anchor` is an ISO day, `cost` an estimate in dollars.

    A text that is held out or set aside is kept, too, with its `reason`, which holds nothing personal.
    """

    campaign: str
    anchor: str
    cust_no: str
    phone: str
    body: str
    media: str | None
    segments: int
    cost: Decimal
    status: PlannedStatus = "planned"
    reason: str = ""

    @property
    def hash(self) -> str:
        """The row's unique key."""
        return digest(self.campaign, self.anchor, self.phone)


@dataclass(frozen=True, slots=True, repr=False)
class Text:
    """A text that may still have to be sent, as stored; `planned_at` is UTC without a zone."""

    id: int
    campaign: str
    anchor: str
    phone: str
    body: str
    media: str | None
    segments: int
    status: str
    planned_at: datetime

    @property
    def entry(self) -> Entry:
        """The text in the ledger."""
        return Entry(KIND, self.campaign, self.phone, self.anchor)


@dataclass(frozen=True, slots=True)
class Standing:
    """A text's status, why its phone is suppressed, and when the phone was texted otherwise."""

    status: str
    suppressed: str | None
    sends: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """Texts of one status and reason."""

    status: str
    reason: str
    texts: int
    segments: int
    cost: Decimal
