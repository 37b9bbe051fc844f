"""Customers whose purchase came back as a whole: the dates of their first and last sale are put right.

The till sets the dates with a sale and keeps them when it is refunded; the texts to customers go by them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select

from include.changes import Change, Plan, Value
from include.counterpoint.items import Read, folded, folded_in_sql
from include.counterpoint.tables import AR_CUST, PS_TKT_HIST
from include.counterpoint.tables_customers import WALK_IN
from include.customers.tickets import (
    Refunds,
    Ticket,
    as_tickets,
    by_time,
    maybe_refunds,
    refunded_numbers,
    tickets,
)
from include.customers.upkeep_settings import CustomerSettings, RefundSettings
from include.database.values import in_parts
from include.periods import up_to

_FIELDS = 3


@dataclass(frozen=True, slots=True)
class Buyer:
    """A customer's sale dates (midnight, or NULL) and the amount of the last sale, as stored."""

    number: str
    first: datetime | None
    last: datetime | None
    amount: Decimal | None


def plan_refunds(read: Read, settings: CustomerSettings, day: date) -> Plan:
    """Put the dates of customers right whose purchases were refunded in full up to `day`, a store day.

    How far back refunds are looked for, and those of which stores, is up to the settings. `considered` counts
    three fields for each customer with such a refund. What is read: the tickets that may be refunds, those
    that they refund, the customers, and all their tickets.
    """
    candidates = as_tickets(read(tickets(maybe_refunds())))
    period = up_to(day, settings.refunds.days)
    recent = [ticket for ticket in candidates if period.first <= ticket.posted <= period.last]
    numbers = {number for ticket in recent for number, _ in refunded_numbers(ticket.number)}
    originals = _chosen(read, PS_TKT_HIST.c.TKT_NO, numbers)
    wanted = customers_to_look_at(recent, Refunds([*candidates, *originals]), settings.refunds)
    # Customers before their tickets: a sale in between is a conflict then, and no wrong date.
    found = buyers(read, wanted)
    own = _chosen(read, PS_TKT_HIST.c.CUST_NO, wanted)
    changes = corrected(found, own, Refunds([*candidates, *originals, *own]))
    return Plan(tuple(changes), _FIELDS * len(found))


def customers_to_look_at(
    recent: Iterable[Ticket], refunds: Refunds, settings: RefundSettings
) -> frozenset[str]:
    """The folded numbers of the customers who bought what the `recent` tickets refunded in full."""
    found = set()
    for ticket in recent:
        bought = refunds.original(ticket)
        if bought is None or refunds.taken_back_by(bought) is None:
            continue
        if settings.stores and folded(bought.store) not in settings.stores:
            continue
        found.add(folded(bought.customer))
    return frozenset(found - {"", WALK_IN})


def buyers(read: Read, numbers: Collection[str]) -> list[Buyer]:
    """Typed customers by their folded numbers."""
    customer = AR_CUST.c
    query = select(customer.CUST_NO, customer.FST_SAL_DAT, customer.LST_SAL_DAT, customer.LST_SAL_AMT)
    rows = _in_parts(read, query.order_by(customer.CUST_NO), customer.CUST_NO, numbers)
    return [Buyer(row.CUST_NO, row.FST_SAL_DAT, row.LST_SAL_DAT, row.LST_SAL_AMT) for row in rows]


def _chosen(read: Read, column: Any, values: Collection[str]) -> list[Ticket]:
    return as_tickets(_in_parts(read, tickets(), column, values))


def _in_parts(read: Read, query: Select[Any], column: Any, values: Collection[str]) -> list[Any]:
    every = sorted(values)
    rows: list[Any] = []
    for part in in_parts(every):
        rows += read(query.where(folded_in_sql(column).in_(part)))
    return rows


def corrected(found: Iterable[Buyer], own: Iterable[Ticket], refunds: Refunds) -> list[Change]:
    """The changes of customers whose last or first purchase was refunded in full.

    `own` are all of their tickets. A purchase is a ticket that is no refund and on which nothing was paid
    out; a partial refund leaves it one. Dates that are none of the history's are left alone: a first sale
    from before it, and a last sale that is not in it yet.
    """
    by_customer: dict[str, list[Ticket]] = {}
    for ticket in sorted(own, key=by_time):
        by_customer.setdefault(folded(ticket.customer), []).append(ticket)
    changes: list[Change] = []
    for buyer in found:
        every = by_customer.get(folded(buyer.number), [])
        purchases = [t for t in every if not refunds.is_refund(t) and not (t.total or 0) < 0]
        if purchases:
            changes += _last_sale(buyer, purchases, refunds) + _first_sale(buyer, purchases, refunds)
    return changes


def _last_sale(buyer: Buyer, purchases: Sequence[Ticket], refunds: Refunds) -> list[Change]:
    gone = purchases[-1]
    refund = refunds.taken_back_by(gone)
    if refund is None or (buyer.last and buyer.last.date() > max(gone.day, refund.day)):
        return []
    left = next((t for t in reversed(purchases) if refunds.taken_back_by(t) is None), None)
    reason = _reason(gone, refund, left, "last")
    amount = Change(
        "AR_CUST", buyer.number, "LST_SAL_AMT", buyer.amount, left.total if left else None, reason
    )
    changes = _date(buyer.number, "LST_SAL_DAT", buyer.last, left, reason)
    return [*changes, amount] if amount.old != amount.new else changes


def _first_sale(buyer: Buyer, purchases: Sequence[Ticket], refunds: Refunds) -> list[Change]:
    gone = purchases[0]
    refund = refunds.taken_back_by(gone)
    if refund is None or (buyer.first and buyer.first.date() < gone.day):
        return []
    left = next((t for t in purchases if refunds.taken_back_by(t) is None), None)
    return _date(buyer.number, "FST_SAL_DAT", buyer.first, left, _reason(gone, refund, left, "first"))


def _date(number: str, column: str, old: datetime | None, left: Ticket | None, reason: str) -> list[Change]:
    new: Value = datetime.combine(left.day, time()) if left else None
    if (old.date() if old else None) == (left.day if left else None):
        return []
    return [Change("AR_CUST", number, column, old, new, reason)]


def _reason(gone: Ticket, refund: Ticket, left: Ticket | None, which: str) -> str:
    rest = f"the {which} purchase that stands is {left.number}" if left else "no purchase stands"
    return f"the {which} purchase {gone.number} was refunded in full ({refund.number}); {rest}"
