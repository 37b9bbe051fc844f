"""What the store database knows of the texts of a period, added up by it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, func, not_, select

from include.campaigns.report_tickets import dollars
from include.counterpoint.items import Read, folded
from include.database.values import in_parts
from include.periods import Period
from include.storedb.tables import SUPPRESSION, TEXT_EVENT, TEXT_MESSAGE
from include.storedb.text_rows import TEST_PREFIX

LEFT = ("sent", "delivered", "undelivered", "failed", "unknown")
"""Statuses of texts that went to Twilio, as far as is known; an unknown one may have."""
TRIED = (*LEFT, "refused")
"""Statuses of texts that were to reach their customers, whether they did or not."""
# Tests have names of their own, made-up customers, and the staff's telephones.
_NO_TEST = not_(TEXT_MESSAGE.c.campaign.startswith(TEST_PREFIX, autoescape=True))
FAILED = ("refused", "undelivered", "failed")


@dataclass(frozen=True, slots=True)
class TextTally:
    """Texts of one campaign and fate. `priced` of them have their real price; `price` and `estimate` are
    dollars, the estimate for those without a price.
    """

    campaign: str
    status: str
    reason: str
    error_code: int | None
    texts: int
    priced: int
    price: Decimal
    estimate: Decimal


@dataclass(frozen=True, slots=True)
class Followed:
    """A customer of a campaign from the day of the first text of the period on; `held_out`: without it."""

    campaign: str
    customer: str
    day: date
    held_out: bool


def as_utc(day: date, zone: ZoneInfo) -> datetime:
    """Midnight of a store day, as the store database keeps moments: UTC without a zone."""
    return datetime.combine(day, time(), zone).astimezone(UTC).replace(tzinfo=None)


def text_tallies(read: Read, period: Period, zone: ZoneInfo) -> list[TextTally]:
    """The texts that were planned in the period, by campaign, status and reason."""
    column = TEXT_MESSAGE.c
    # Twilio's prices are negative: dollars taken from our account.
    price = func.sum(func.abs(func.coalesce(column.price, 0)))
    estimate = func.sum(case((column.price.is_(None), column.cost), else_=0))
    keys = (column.campaign, column.status, column.reason, column.error_code)
    wanted = (
        select(*keys, func.count(), func.count(column.price), price, estimate)
        .where(_within(period, zone))
        .group_by(*keys)
    )
    return [
        TextTally(campaign, status, reason, code, texts, priced, dollars(paid), dollars(estimated))
        for campaign, status, reason, code, texts, priced, paid, estimated in read(wanted)
    ]


def followed(read: Read, period: Period, zone: ZoneInfo) -> list[Followed]:
    """Every customer of a campaign once, from the first text of the period on that was tried or held out.

    Texts to nobody in the customer file, such as those of a web form, are not followed.
    """
    column = TEXT_MESSAGE.c
    wanted = (
        select(column.campaign, column.cust_no, column.status, func.min(column.planned_at))
        .where(_within(period, zone), column.status.in_((*TRIED, "held_out")), column.cust_no != "")
        .group_by(column.campaign, column.cust_no, column.status)
    )
    first: dict[tuple[str, str], Followed] = {}
    for campaign, customer, status, at in read(wanted):
        day = at.replace(tzinfo=UTC).astimezone(zone).date()
        one = Followed(campaign, folded(customer), day, status == "held_out")
        key = (campaign, one.customer)
        # Who was held out and texted, since the share was changed between, counts as what came first.
        if key not in first or one.day < first[key].day:
            first[key] = one
    return list(first.values())


def opt_outs(read: Read, period: Period, zone: ZoneInfo, days: int) -> dict[str, int]:
    """How many phones opted out within so many days after a text of the period, by campaign.

    An opt-out counts for the last text before it, whatever that text's campaign.
    """
    start, end = as_utc(period.first, zone), as_utc(period.end, zone)
    latest = end + timedelta(days=days)
    event, suppressed, text = TEXT_EVENT.c, SUPPRESSION.c, TEXT_MESSAGE.c
    stops = select(event.phone, event.received_at).where(
        event.meaning == "stop", event.received_at >= start, event.received_at < latest
    )
    others = select(suppressed.phone, suppressed.at).where(
        suppressed.reason == "opted_out", suppressed.at >= start, suppressed.at < latest
    )
    times: dict[str, list[datetime]] = defaultdict(list)
    for phone, at in (*read(stops), *read(others)):
        times[phone].append(at)
    sent: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    moment = func.coalesce(text.sent_at, text.planned_at)
    for part in in_parts(sorted(times)):
        wanted = select(text.phone, moment.label("at"), text.campaign).where(
            text.phone.in_(part), text.status.in_(LEFT), text.planned_at >= start, _NO_TEST
        )
        for phone, at, campaign in read(wanted):
            sent[phone].append((_as_datetime(at), campaign))
    found: dict[str, set[str]] = defaultdict(set)
    for phone, moments in times.items():
        for at in moments:
            last = max((one for one in sent[phone] if one[0] <= at), default=None)
            if last and last[0] < end and at - last[0] <= timedelta(days=days):
                found[last[1]].add(phone)
    return {campaign: len(phones) for campaign, phones in found.items()}


def _within(period: Period, zone: ZoneInfo) -> Any:
    planned = TEXT_MESSAGE.c.planned_at
    return and_(planned >= as_utc(period.first, zone), planned < as_utc(period.end, zone), _NO_TEST)


def _as_datetime(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
