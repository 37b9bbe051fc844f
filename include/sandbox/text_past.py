"""Some weeks of texts that the sandbox store has sent, so that its first report has something to tell."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import Engine, func, select

from include.campaigns.audience import Recipient, anchor_day, as_recipients, audience
from include.campaigns.settings import CampaignSettings, SmsCampaigns, campaign_settings
from include.campaigns.wording import Sender, Wording
from include.counterpoint.items import folded
from include.counterpoint.tables import AR_CUST, PS_TKT_HIST
from include.counterpoint.tables_customers import WALK_IN
from include.customers.names import cased
from include.database.dialects import insert_missing
from include.database.values import in_parts
from include.messaging.planning import Around, Occasion, choose, plan_texts
from include.messaging.settings import messaging_settings
from include.settings import store_settings
from include.storedb.runs import RunContext, digest
from include.storedb.tables import SUPPRESSION, TEXT_EVENT, TEXT_MESSAGE

DAYS = 42
_RUN = RunContext("sandbox", "before the sandbox began", "past_texts")
# The day before yesterday is the last: what the campaigns themselves do from today on stays theirs.
_YOUNGEST = 2
_SHARE_HELD_OUT = 0.15
"""More than the store holds out, so that a small sandbox has something to compare."""

# What became of a text, as shares of all: status, Twilio's error code, and whether its price is known.
_FATES = (
    (0.930, "delivered", None, True),
    (0.945, "sent", None, False),
    (0.965, "undelivered", 30003, True),
    (0.978, "undelivered", 30006, True),
    (0.985, "failed", 30005, True),
    (0.993, "refused", 21610, False),
    (1.000, "unknown", None, False),
)  # fmt: skip
_SHARE_OPTING_OUT = 0.008
_REASONS = {"refused": "the customer answered STOP", "unknown": "Twilio did not answer in time"}


def fill_texts(counterpoint: Engine, store_db: Engine, today: date, days: int = DAYS) -> int:
    """Write the texts of the `days` before `today`, with what became of them; returns their number.

    Nothing is written where there are texts already. The same store and day give the same texts. Replies
    count as worked on, so that no automation acts on them.
    """
    with store_db.connect() as connection:
        if connection.scalar(select(func.count()).select_from(TEXT_MESSAGE)):
            return 0
    rows: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    suppressed: dict[str, dict[str, Any]] = {}
    for campaign, day, recipients in _occasions(counterpoint, campaign_settings(), today, days):
        for row in _texts(campaign, day, recipients, suppressed):
            rows.append(row)
            if row["sent_at"] and _drawn("stop", row["text_hash"]) < _SHARE_OPTING_OUT:
                events.append(_reply(row))
                at = events[-1]["received_at"]
                suppressed[row["phone"]] = {
                    "phone": row["phone"],
                    "reason": "opted_out",
                    "source": "reply",
                    "at": at,
                    "detail": "answered STOP",
                    "cleared_at": None,
                }
    with store_db.begin() as connection:
        for part in in_parts(rows):
            insert_missing(connection, TEXT_MESSAGE, part, "text_hash")
        insert_missing(connection, TEXT_EVENT, events, "event_hash")
        insert_missing(connection, SUPPRESSION, list(suppressed.values()), "phone")
    return len(rows)


def _occasions(
    counterpoint: Engine, settings: SmsCampaigns, today: date, days: int
) -> Iterator[tuple[str, date, list[Recipient]]]:
    """Each campaign's audience on each past day, in order of time."""
    first, last = today - timedelta(days=days), today - timedelta(days=_YOUNGEST)
    longest = max((one.audience.days_after or 0) for one in settings.campaigns.values())
    with counterpoint.connect() as connection:

        def read(statement: Any) -> Sequence[Any]:
            return connection.execute(statement).all()

        buyers = _Buyers(read, first - timedelta(days=longest), last)
        day = first
        while day <= last:
            for name, campaign in sorted(settings.campaigns.items(), key=lambda one: one[1].send.at):
                # What a month's birthdays get is the present month's only once.
                is_past = anchor_day(campaign.audience, day) != anchor_day(campaign.audience, today)
                # Who was in a segment on a past day is not known.
                is_known = campaign.enabled and not campaign.audience.segments
                if is_known and is_past and campaign.send.day_of_month in (None, day.day):
                    found = buyers.of(campaign, day)
                    if found is None:
                        found = as_recipients(read(audience(campaign.audience, day)))
                    yield name, day, found
            day += timedelta(days=1)


class _Buyers:
    """Who would have been texted after a purchase: today's customer records know only the last one."""

    def __init__(self, read: Callable[[Any], Sequence[Any]], first: date, last: date) -> None:
        customer, ticket = AR_CUST.c, PS_TKT_HIST.c
        names = ("CUST_NO", "FST_NAM", "PHONE_1", "CATEG_COD", "LOY_PTS_BAL", "FST_SAL_DAT", "LST_SAL_DAT")
        willing = select(*(customer[name] for name in names)).where(
            customer.INCLUDE_IN_MARKETING_MAILOUTS == "Y",
            customer.PHONE_1.is_not(None),
            customer.FST_NAM.is_not(None),
            customer.CUST_NO != WALK_IN,
        )
        usable = [one for one in as_recipients(read(willing)) if folded(one.first_name) not in ("", "CHANGE")]
        known = {one.key: one for one in usable}
        bought = select(ticket.CUST_NO, ticket.BUS_DAT).where(
            ticket.BUS_DAT.between(first, last), ticket.TOT > 0, ticket.CUST_NO != WALK_IN
        )
        self._by_day: dict[date, set[str]] = defaultdict(set)
        for number, day in read(bought.distinct()):
            self._by_day[day].add(folded(number))
        self._known = known

    def of(self, campaign: CampaignSettings, day: date) -> list[Recipient] | None:
        """The audience of a campaign that counts from the last sale; None for one that does not."""
        who = campaign.audience
        if who.anchor != "last_sale":
            return None
        anchor = anchor_day(who, day)
        later = set[str]().union(
            *(self._by_day[anchor + timedelta(days=n)] for n in range(1, who.days_after or 0))
        )
        found = [self._known[key] for key in sorted(self._by_day[anchor] - later) if key in self._known]
        return [
            replace(one, last_sale=anchor)
            for one in found
            if who.category in ("any", folded(one.category))
            and not (who.returning and one.first_sale is not None and one.first_sale >= anchor)
        ]


def _texts(
    campaign: str, day: date, recipients: Sequence[Recipient], suppressed: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """The rows of an occasion, planned as the campaigns do it, and what became of each."""
    settings, messaging, store = campaign_settings(), messaging_settings(), store_settings()
    details = settings.campaigns[campaign]
    sender = Sender(messaging.company, messaging.opt_out_hint, partial(cased, family=False))
    due = datetime.combine(day, details.send.at, store.zone)
    occasion = Occasion(
        campaign,
        anchor_day(details.audience, day).isoformat(),
        due,
        details.priority,
        details.media,
        _SHARE_HELD_OUT if details.hold_out_share is None else details.hold_out_share,
    )
    around = Around(dict.fromkeys(suppressed, "opted_out"))
    wording = Wording(settings, campaign, day, sender)
    at = due.astimezone(UTC).replace(tzinfo=None)
    for place, text in enumerate(
        plan_texts(choose(recipients), occasion, wording.message, around, messaging).texts
    ):
        row = {name: getattr(text, name) for name in type(text).__dataclass_fields__}
        row |= {"text_hash": text.hash, "planned_at": at, **_RUN.columns()}
        yield row | _fate(text.hash, text.status, at + timedelta(seconds=place), text.cost, text.reason)


def _fate(key: str, status: str, at: datetime, cost: Decimal, reason: str) -> dict[str, Any]:
    nothing = {"status": status, "reason": reason, "sid": None, "error_code": None, "price": None}
    if status != "planned":
        return {**nothing, "sent_at": None, "status_at": None}
    drawn = _drawn("fate", key)
    _, fate, code, priced = next(one for one in _FATES if drawn < one[0])
    left = fate != "refused"
    return {
        "status": fate,
        "reason": _REASONS.get(fate, ""),
        "sid": f"SM{digest('past', key)[:32]}" if left and fate != "unknown" else None,
        "error_code": code,
        # As Twilio writes it: negative, and not what was estimated.
        "price": -(cost * Decimal("0.98")).quantize(Decimal("0.0001")) if priced else None,
        "sent_at": at if left else None,
        "status_at": at + timedelta(seconds=20),
    }


def _reply(row: dict[str, Any]) -> dict[str, Any]:
    hours = 1 + int(_drawn("hours", row["text_hash"]) * 20)
    at = row["sent_at"] + timedelta(minutes=3 * hours)
    sid = f"SM{digest('past reply', row['text_hash'])[:32]}"
    return {
        "event_hash": digest("reply", sid),
        "kind": "reply",
        "sid": sid,
        "phone": row["phone"],
        "status": None,
        "error_code": None,
        "body": "STOP",
        "media": None,
        "meaning": "stop",
        "received_at": at,
        "processed_at": at,
    }


def _drawn(what: str, key: str) -> float:
    """The same number from 0 to below 1 for the same text."""
    drawn = hashlib.sha256(f"{what}|{key}".encode()).digest()
    return int.from_bytes(drawn[:7]) / 2**56
