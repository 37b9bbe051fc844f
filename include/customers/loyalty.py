"""Reward points: none for wholesale customers, and no balance below 0."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select

from include.changes import Change, Plan
from include.counterpoint.items import Read, folded, folded_in_sql
from include.counterpoint.tables import AR_CUST
from include.customers.upkeep_settings import CustomerSettings

VOID = "VOID"
"""The card number of who left the programme."""

_FIELDS = 3


@dataclass(frozen=True, slots=True)
class Member:
    """What a customer has of the loyalty programme, as stored; `points` are dollars."""

    number: str
    programme: str | None
    points: Decimal
    card: str | None


def plan_wholesale(read: Read, settings: CustomerSettings) -> Plan:
    """Take wholesale customers out of the programme; `considered` counts three fields for each of them."""
    found = as_members(read(members(settings.wholesale.categories)))
    return Plan(tuple(without_loyalty(found)), _FIELDS * len(found))


def members(categories: Iterable[str]) -> Select[Any]:
    """The customers of these categories, by number, for `as_members`."""
    customer = AR_CUST.c
    return (
        select(customer.CUST_NO, customer.LOY_PGM_COD, customer.LOY_PTS_BAL, customer.LOY_CARD_NO)
        .where(folded_in_sql(customer.CATEG_COD).in_(sorted(map(folded, categories))))
        .order_by(customer.CUST_NO)
    )


def as_members(rows: Iterable[Any]) -> list[Member]:
    """Typed members from the rows of `members`."""
    return [Member(row.CUST_NO, row.LOY_PGM_COD, row.LOY_PTS_BAL, row.LOY_CARD_NO) for row in rows]


def without_loyalty(found: Iterable[Member]) -> list[Change]:
    """No programme, no points and a void card for each who has a programme, points or a card that is valid.

    A customer who never had any of them is left alone, and gets no void card, either.
    """
    changes = []
    for member in found:
        programme, points, card = folded(member.programme), member.points, folded(member.card)
        if not (programme or points or card not in ("", VOID)):
            continue
        reason = "wholesale customers are not in the loyalty programme"
        if member.programme is not None:
            changes.append(Change("AR_CUST", member.number, "LOY_PGM_COD", member.programme, None, reason))
        if points:
            changes.append(Change("AR_CUST", member.number, "LOY_PTS_BAL", points, Decimal(0), reason))
        if card != VOID:
            changes.append(Change("AR_CUST", member.number, "LOY_CARD_NO", member.card, VOID, reason))
    return changes


def plan_negative_points(read: Read) -> Plan:
    """Set balances below 0 to 0; `considered` counts all customers."""
    (customers,) = read(select(func.count()).select_from(AR_CUST))
    return Plan(tuple(no_negative_points(read(negative_balances()))), customers[0])


def negative_balances() -> Select[Any]:
    """Customers with less than no points, by number."""
    customer = AR_CUST.c
    query = select(customer.CUST_NO, customer.LOY_PTS_BAL).where(customer.LOY_PTS_BAL < 0)
    return query.order_by(customer.CUST_NO)


def no_negative_points(rows: Iterable[Any]) -> list[Change]:
    """The changes for the rows of `negative_balances`."""
    reason = "a balance below 0 is no balance"
    return [
        Change("AR_CUST", row.CUST_NO, "LOY_PTS_BAL", row.LOY_PTS_BAL, Decimal(0), reason)
        for row in rows
        if row.LOY_PTS_BAL < 0
    ]
