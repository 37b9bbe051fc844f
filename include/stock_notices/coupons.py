"""The coupon of a request: one code, kept before it is made, so that a retry makes the same coupon."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from include.counterpoint.items import folded
from include.csv_logs import CsvLog
from include.errors import OutcomeUnknown, RetailOpsError, VendorRefusal, VendorUnavailable
from include.files import StoragePath
from include.privacy import masked
from include.spreadsheets import as_text
from include.stock_notices.settings import CouponSettings
from include.stock_notices.standing import CAMPAIGN
from include.storedb.ledger import Entry, Ledger
from include.storedb.stock_requests import StockRequest, StockRequests

KIND = "coupon"
HEADING = ("date", "email", "item_no", "id")
"""The heading of the log of created coupons."""

# Without letters and digits that are taken for others: I and 1, O and 0, L.
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_LONGEST_NAME = 100
_NAMES = 3
# The shop may keep an expiry less exactly than it was told.
_CLOSE = timedelta(hours=1)


class Shop(Protocol):
    """The web shop's coupons, as `BigCommerceHook` has them."""

    def coupon_by_code(self, code: str) -> dict[str, Any] | None: ...
    def create_coupon(self, coupon: Mapping[str, Any]) -> dict[str, Any]: ...
    def delete_coupon(self, coupon_id: int) -> bool: ...


@dataclass(frozen=True, slots=True, repr=False)
class Coupon:
    """What a customer has to know; `expires` is the last moment at which it holds, in store time."""

    code: str
    expires: datetime


class Elsewhere(RetailOpsError):
    """Another process makes the request's coupon at this moment."""


def new_code(length: int) -> str:
    """A code that nobody can guess or derive: of `length` letters and digits, five bits each."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def end_of_day(when: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The last second of the store's day so many days after `when`, whatever the clocks do in between."""
    day = when.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(day, time(23, 59, 59), zone)


def coupon_log(path: StoragePath) -> CsvLog:
    """The file of created coupons that staff read, each coupon once."""
    return CsvLog(path, HEADING, lambda cells: tuple(cells[3:4]))


class Coupons:
    """Makes the coupons of one task; `until` is until when they hold, `now` the moment for their log."""

    def __init__(
        self,
        shop: Shop,
        requests: StockRequests,
        ledger: Ledger,
        log: CsvLog,
        settings: CouponSettings,
        until: datetime,
        now: datetime,
    ) -> None:
        self._shop, self._requests, self._ledger, self._log = shop, requests, ledger, log
        self._settings, self._until, self._now = settings, until, now

    def of(self, request: StockRequest) -> Coupon | None:
        """The request's coupon, made unless it is there; None for an item whose mails have none.

        One of an earlier run that would end too early is made anew with the same code; its mail has not left.
        Raises `Elsewhere`; `VendorUnavailable` and `OutcomeUnknown` when a later try may do it; and what
        every coupon would meet.
        """
        settings = self._settings
        if not settings.enabled or folded(request.item_key) in settings.excluded_items or request.id is None:
            return None
        code = self._requests.keep_code(request.id, new_code(settings.code_length))
        if code is None:
            raise Elsewhere("the request was closed a moment ago")
        entry = Entry(KIND, CAMPAIGN, request.email, f"request {request.id}")
        claim = self._ledger.claim(entry)
        if not claim.granted and claim.status != "sent" and not self._ledger.reopen(claim):
            raise Elsewhere("another run makes its coupon")
        try:
            found = None if claim.granted else self._still_good(code)
            made = found or self._made(request, code)
        except (VendorUnavailable, OutcomeUnknown, VendorRefusal) as error:
            self._ledger.close(entry, "unknown", detail=masked(str(error)))
            raise
        self._log.add([self._line(request, made)])
        self._ledger.close(entry, "sent", vendor_id=str(made["id"]), detail=code)
        return Coupon(code, self._until)

    def _still_good(self, code: str) -> dict[str, Any] | None:
        found = self._shop.coupon_by_code(code)
        if found is not None and _expires(found) < self._until - _CLOSE:
            self._shop.delete_coupon(found["id"])
            return None
        return found

    def _made(self, request: StockRequest, code: str) -> dict[str, Any]:
        """Make it; a name that is another coupon's gets a number behind it."""
        name = f"Back in stock: {request.item_key} ({code})"
        for number in range(1, _NAMES):
            own = name if number == 1 else f"{name} {number}"
            try:
                return self._shop.create_coupon(self._fields(own, code))
            except VendorRefusal as error:
                if error.status not in (409, 422):
                    raise
        return self._shop.create_coupon(self._fields(f"{name} {_NAMES}", code))

    def _fields(self, name: str, code: str) -> dict[str, Any]:
        return {
            "name": name[:_LONGEST_NAME],
            "type": "per_total_discount",
            "amount": f"{self._settings.amount:.2f}",
            "min_purchase": f"{self._settings.min_purchase:.2f}",
            "code": code,
            "expires": format_datetime(self._until),
            "enabled": True,
            "max_uses": 1,
            "max_uses_per_customer": 1,
            "applies_to": {"entity": "categories", "ids": [0]},
        }

    def _line(self, request: StockRequest, made: Mapping[str, Any]) -> list[str]:
        when = f"{self._now:%Y-%m-%d %H:%M:%S}"
        return [when, as_text(request.email), as_text(request.item_key), str(made["id"])]


def _expires(coupon: Mapping[str, Any]) -> datetime:
    """When a coupon ends; long ago where the shop's words cannot be read, so that it is renewed."""
    try:
        found = parsedate_to_datetime(str(coupon.get("expires") or ""))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC) + timedelta(days=1)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
