"""The coupons of the sandbox web shop: old campaigns, running ones, and one row that is no coupon."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

from include.sandbox.seed.randomness import Generator

_COUNT = 63
_FIRST_ID = 210
_CAMPAIGNS = ("Spring Start", "Mother's Day", "Mulch Week", "Fall Planting", "Open House", "Welcome", "Stock")
_OFFERS = (
    ("per_total_discount", "5.0000", "50.0000"),
    ("percentage_discount", "10.0000", "0.0000"),
    ("free_shipping", "0.0000", "75.0000"),
    ("per_item_discount", "2.0000", "0.0000"),
)
_END_OF_DAY = time(23, 59, 59)


def coupon_rows(until: date, zone: ZoneInfo, rng: Generator) -> list[dict[str, Any]]:
    """More coupons than fit on one page of the list. A third has expired, four of them expire on `until`."""
    rows = [_coupon(number, _expires(number, until, zone, rng), until, rng) for number in range(_COUNT)]
    gone = format_datetime(_last_moment(until - timedelta(days=30), zone))
    promotion = _coupon(_COUNT, gone, until, rng)
    return [*rows, {**promotion, "type": "promotion"}]


def _coupon(number: int, expires: str, until: date, rng: Generator) -> dict[str, Any]:
    campaign = _CAMPAIGNS[number % len(_CAMPAIGNS)]
    kind, amount, least = _OFFERS[number % len(_OFFERS)]
    made = datetime.combine(until, time(14), UTC) - timedelta(days=500 + number)
    return {
        "id": _FIRST_ID + 3 * number,
        "code": f"{campaign.upper().replace(' ', '-').replace(chr(39), '')}-{number:02}",
        "name": f"{campaign} {number:02}",
        "type": kind,
        "amount": amount,
        "min_purchase": least,
        "expires": expires,
        "enabled": number % 10 != 9,
        "num_uses": int(rng.integers(0, 40)),
        "date_created": format_datetime(made),
    }


def _expires(number: int, until: date, zone: ZoneInfo, rng: Generator) -> str:
    """Every third coupon has expired, the first of them yesterday; of the rest every fourth never does."""
    days = int(rng.integers(2, 400))
    if number % 3 == 0:
        return _written(_last_moment(until - timedelta(days=days if number else 1), zone), number)
    place = number - number // 3 - 1
    if place < 4:
        moment = _last_moment(until, zone).replace(hour=(23, 0, 12, 23)[place])
        return _written(moment, place)
    return "" if place % 4 == 0 else _written(_last_moment(until + timedelta(days=days), zone), number)


def _last_moment(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, _END_OF_DAY, zone)


def _written(moment: datetime, number: int) -> str:
    """As people and programs write it: with the store's offset, in UTC, or in UTC as -0000."""
    in_utc = moment.astimezone(UTC)
    return format_datetime((moment, in_utc, in_utc.replace(tzinfo=None))[number % 9 % 3])
