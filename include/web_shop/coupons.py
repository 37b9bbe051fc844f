"""Expired coupons: which ones they are, and deleting them one by one with a line in the log before each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from include.changes import Change, Plan, Reject, Result
from include.csv_logs import CsvLog
from include.errors import OutcomeUnknown, VendorRefusal, VendorUnavailable
from include.files import StoragePath
from include.spreadsheets import as_text

COUPON = "bigcommerce.coupon"
"""Target of the deletion of a coupon; the key is its id as text, the old value its code."""

_PROMOTION = "promotion"
# What other systems write for "never" ("0000-00-00", the epoch) is read as a date before this year.
_FIRST_YEAR = 2001
_MOST_LOST = 3
# The plan's only word on the moment of expiry, by which a coupon that was prolonged since is told.
_EXPIRED = re.compile(r"expired (\S+ \S+), ")
_COLUMNS = ("id", "code", "name", "type", "amount", "min_purchase", "expires", "num_uses", "date_created")


class CouponRules(Protocol):
    """What the store decides.

    `keep_days`: how many days after its last day a coupon stays. `only_codes`: a regular expression; only
    coupons whose whole code fits it, in any letter case, are deleted.
    """

    @property
    def keep_days(self) -> int: ...

    @property
    def only_codes(self) -> str | None: ...


def plan(coupons: Iterable[Mapping[str, Any]], day: date, zone: ZoneInfo, settings: CouponRules) -> Plan:
    """Delete what expired before `day`, both in store time; what expires on the day itself still counts.

    A coupon without an expiry never expires, and it makes no difference whether it is enabled. Rows that
    belong to a promotion are no coupons.
    """
    first_kept = day - timedelta(days=settings.keep_days)
    only = re.compile(settings.only_codes, re.IGNORECASE) if settings.only_codes else None
    changes: list[Change] = []
    rejects: list[Reject] = []
    real = [coupon for coupon in coupons if coupon.get("type") != _PROMOTION]
    for coupon in real:
        key, code = str(coupon.get("id")), _text(coupon.get("code"))
        if only and not only.fullmatch(code):
            continue
        try:
            if not key.isdecimal() or not code:
                raise ValueError(f"the web shop gave it the id {key} and the code {code!r}")
            moment = _moment(coupon.get("expires"))
            expired = moment.astimezone(zone) if moment else None
        except (ValueError, OverflowError) as error:
            rejects.append(Reject(code or f"coupon {key}", str(error)))
            continue
        if expired and expired.date() < first_kept:
            reason = f"expired {expired}, {_uses(coupon.get('num_uses'))}"
            changes.append(Change(COUPON, key, "code", code, None, reason))
    return Plan(tuple(changes), len(real), tuple(rejects))


def _moment(expires: Any) -> datetime | None:
    """The moment of an RFC 2822 text, None for never; without an offset it is in UTC."""
    text = _text(expires).strip()
    if not text:
        return None
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        found = None
    if found is None or found.year < _FIRST_YEAR:
        raise ValueError(f"its expiry {text!r:.60} cannot be read as a date")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _uses(number: Any) -> str:
    count = _text(number).strip() or "0"
    return {"0": "never used", "1": "used once"}.get(count, f"used {count} times")


def delete(
    changes: Iterable[Change],
    get: Callable[[int], Mapping[str, Any] | None],
    delete: Callable[[int], bool],
    log: Callable[[Mapping[str, Any]], None],
    now: datetime,
) -> Iterator[list[Result]]:
    """Delete coupons one by one, each read again and given to `log` before; one list of results for each.

    A coupon that is gone counts as deleted; one whose code or expiry is another than planned stays, and so
    does one that is valid at `now`, the real moment: a run may stand for a mistyped day. What the
    shop refuses, or does not answer to, fails by itself; the third in a row without an answer raises its
    `VendorUnavailable` or `OutcomeUnknown`.
    """
    lost = 0
    for change in changes:
        try:
            result = _delete_one(change, get, delete, log, now)
            lost = 0
        except VendorRefusal as error:
            result = Result(change, "failed", str(error))
            lost = 0
        except (VendorUnavailable, OutcomeUnknown) as error:
            lost += 1
            if lost == _MOST_LOST:
                raise
            result = Result(change, "failed", str(error), retry=True)
        yield [result]


def _delete_one(
    change: Change,
    get: Callable[[int], Mapping[str, Any] | None],
    delete: Callable[[int], bool],
    log: Callable[[Mapping[str, Any]], None],
    now: datetime,
) -> Result:
    coupon = get(int(str(change.key)))
    if coupon is None:
        return Result(change, "applied", "was gone already")
    if other := _changed(change, coupon):
        return Result(change, "conflicted", f"{other} since it was planned to be deleted")
    expires = _moment(coupon.get("expires"))
    if expires is None or expires >= now:
        return Result(change, "conflicted", "has not expired yet, whatever day the run stands for")
    log(coupon)
    was_there = delete(int(str(change.key)))
    return Result(change, "applied", "" if was_there else "was gone already")


def _changed(change: Change, coupon: Mapping[str, Any]) -> str:
    """What is another than planned, in words; empty when nothing is."""
    if _text(coupon.get("code")) != change.old:
        return f"its code was changed to {_text(coupon.get('code'))!r}"
    planned = _EXPIRED.match(change.reason)
    try:
        same = planned is not None and _moment(coupon.get("expires")) == datetime.fromisoformat(planned[1])
    except ValueError:
        same = False
    return "" if same else f"its expiry was changed to {_text(coupon.get('expires')) or 'never'!r}"


class CouponLog:
    """The file of deleted coupons that staff read; `day` is the store day of its new lines."""

    def __init__(self, path: StoragePath, day: date) -> None:
        self._day = day.isoformat()
        self._file = CsvLog(path, ("date", *_COLUMNS), _identity)

    def write(self, coupon: Mapping[str, Any]) -> None:
        """Add a coupon's line and store the file, unless the coupon (by id and code) is in it."""
        values = [" ".join(_text(coupon.get(name)).split()) for name in _COLUMNS]
        self._file.add([[self._day, *map(as_text, values)]])


def _identity(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(cells[1:3])
