"""What changes in Counterpoint when a phone's owner answers STOP, or its number takes no texts."""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, or_, select

from include.changes import Change, Plan, Reject
from include.counterpoint.items import Stream, folded, folded_in_sql
from include.counterpoint.tables import AR_CUST
from include.counterpoint.tables_customers import WALK_IN
from include.messaging.events import Verdict, Wish
from include.messaging.phones import as_e164

OPT_IN = "INCLUDE_IN_MARKETING_MAILOUTS"
_DIGITS = re.compile(r"[0-9]")


@dataclass(frozen=True, slots=True, repr=False)
class Owner:
    """A customer with one of the phones that were asked for; texts as stored."""

    number: str
    phone: str | None
    mobile: str | None
    opt_in: str | None


def plan_customers(stream: Stream, found: Collection[Verdict], stopped_before: Container[str] = ()) -> Plan:
    """The changes for all customers with the phones of the verdicts; without verdicts nothing is read."""
    if not found:
        return Plan(basis=0)
    with stream(customers_with_phones()) as rows:
        return changes(found, owners(rows, {verdict.phone for verdict in found}), stopped_before)


def customers_with_phones() -> Select[Any]:
    """All customers with a phone, for `owners`: stored numbers have too many spellings to search for one."""
    customer = AR_CUST.c
    some = or_(customer.PHONE_1.is_not(None), customer.MBL_PHONE_1.is_not(None))
    columns = (customer.CUST_NO, customer.PHONE_1, customer.MBL_PHONE_1, customer[OPT_IN])
    return select(*columns).where(some, folded_in_sql(customer.CUST_NO) != WALK_IN)


def owners(rows: Iterable[Any], phones: Collection[str]) -> list[Owner]:
    """Those of the rows of `customers_with_phones` who have one of the phones (E.164), by number."""
    tails = {phone[-10:] for phone in phones}

    def has_one(text: str | None) -> bool:
        # Reading a number properly takes long; most can be ruled out by their last digits.
        return any(tail in tails for tail in _tails(text)) and as_e164(text) in phones

    found = [Owner(*row) for row in rows if has_one(row[1]) or has_one(row[2])]
    return sorted(found, key=lambda owner: owner.number)


def _tails(text: str | None) -> Iterator[str]:
    digits = "".join(_DIGITS.findall(text or ""))
    return (digits[start : start + 10] for start in range(len(digits) - 9))


def changes(
    found: Iterable[Verdict], customers: Iterable[Owner], stopped_before: Container[str] = ()
) -> Plan:
    """What changes for the customers; `considered` is their number.

    STOP takes the opt-in from every customer with the phone in either field, START gives it back to those in
    `stopped_before`, whose opt-in an earlier run took because of a STOP. A number that takes no texts moves
    from PHONE_1 to the empty MBL_PHONE_1; a customer who merely has it as mobile keeps it. Numbers that are
    out of service stay: the customer is set aside, so that somebody asks for the new one.
    """
    wanted: dict[str, dict[Wish, Verdict]] = {}
    for verdict in found:
        wanted.setdefault(verdict.phone, {})[verdict.wish] = verdict
    every = list(customers)
    planned: list[Change] = []
    rejects: list[Reject] = []
    for owner in every:
        first, second = as_e164(owner.phone) or "", as_e164(owner.mobile) or ""
        of_first, of_second = wanted.get(first, {}), wanted.get(second, {})
        if stop := of_first.get(Wish.STOPPED) or of_second.get(Wish.STOPPED):
            planned += _opt_in(owner, "Y", "N", stop)
        elif (back := of_first.get(Wish.RETURNED)) and owner.number in stopped_before:
            planned += _opt_in(owner, "N", "Y", back)
        if park := of_first.get(Wish.PARK):
            parked = list(_parked(owner, first == second, park))
            planned += parked
            if not parked:
                rejects.append(Reject(owner.number, f"MBL_PHONE_1 has another number: {park.reason}"))
        if invalid := of_first.get(Wish.INVALID):
            rejects.append(Reject(owner.number, invalid.reason))
    return Plan(tuple(planned), len(every), tuple(rejects))


def _opt_in(owner: Owner, old: str, new: str, verdict: Verdict) -> Iterator[Change]:
    if folded(owner.opt_in) == old:
        yield Change("AR_CUST", owner.number, OPT_IN, owner.opt_in, new, verdict.reason)


def _parked(owner: Owner, is_there: bool, verdict: Verdict) -> Iterator[Change]:
    is_empty = not (owner.mobile or "").strip()
    if is_empty:
        yield Change("AR_CUST", owner.number, "MBL_PHONE_1", owner.mobile, owner.phone, verdict.reason)
    if is_empty or is_there:
        yield Change("AR_CUST", owner.number, "PHONE_1", owner.phone, None, verdict.reason)
