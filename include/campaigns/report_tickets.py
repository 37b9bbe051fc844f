"""What Counterpoint's tickets know of customers who were texted: purchases and redeemed coupons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from include.campaigns.report_settings import CouponMark
from include.counterpoint.items import Read, folded, folded_in_sql
from include.counterpoint.tables import PS_TKT_HIST, PS_TKT_HIST_LIN
from include.counterpoint.tables_customers import WALK_IN
from include.periods import Period

_CENT = Decimal("0.01")
_HALF_A_CENT = Decimal("0.005")


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a customer bought on a day: the sum of its tickets, returns taken off, and how many were sales."""

    day: date
    total: Decimal
    sales: int


def purchases(read: Read, period: Period) -> dict[str, list[Purchase]]:
    """What customers bought on the business days of the period, by customer number as it is compared.

    One statement for all customers: the tickets of some weeks are fewer than lists of customer numbers.
    """
    ticket = PS_TKT_HIST.c
    wanted = (
        select(
            ticket.CUST_NO,
            ticket.BUS_DAT,
            func.sum(ticket.TOT),
            func.sum(case((ticket.TOT > 0, 1), else_=0)),
        )
        .where(period.first <= ticket.BUS_DAT, period.end > ticket.BUS_DAT)
        .where(ticket.CUST_NO.is_not(None), ticket.CUST_NO != WALK_IN)
        .group_by(ticket.CUST_NO, ticket.BUS_DAT)
    )
    found: dict[str, list[Purchase]] = defaultdict(list)
    for customer, day, total, sales in read(wanted):
        found[folded(customer)].append(Purchase(day, dollars(total), int(sales or 0)))
    return found


def redemptions(
    read: Read, period: Period, marks: Mapping[str, CouponMark]
) -> dict[str, dict[str, list[date]]]:
    """On which business days of the period coupons were redeemed, by campaign and customer."""
    found: dict[str, dict[str, list[date]]] = {campaign: defaultdict(list) for campaign in marks}
    if by_rebate := {campaign: mark for campaign, mark in marks.items() if mark.dollars_off is not None}:
        for customer, day, full, off in read(_rebates(period, by_rebate.values())):
            for campaign, mark in by_rebate.items():
                if dollars(off) == mark.dollars_off and dollars(full) >= mark.minimum:
                    found[campaign][folded(customer)].append(day)
    if by_item := {campaign: mark for campaign, mark in marks.items() if mark.item is not None}:
        for customer, day, item in read(_coupon_items(period, [str(m.item) for m in by_item.values()])):
            for campaign, mark in by_item.items():
                if folded(item) == mark.item:
                    found[campaign][folded(customer)].append(day)
    return found


def _rebates(period: Period, marks: Iterable[CouponMark]) -> Select[Any]:
    ticket, line = PS_TKT_HIST.c, PS_TKT_HIST_LIN.c
    full, off = func.sum(line.CALC_EXT_PRC), func.sum(line.CALC_EXT_PRC - line.EXT_PRC)
    amounts = {mark.dollars_off for mark in marks if mark.dollars_off is not None}
    near = or_(*(off.between(one - _HALF_A_CENT, one + _HALF_A_CENT) for one in sorted(amounts)))
    return (
        select(ticket.CUST_NO, ticket.BUS_DAT, full, off)
        .join_from(PS_TKT_HIST, PS_TKT_HIST_LIN, line.DOC_ID == ticket.DOC_ID)
        .where(_known_customer(period), func.upper(line.LIN_TYP) == "S")
        .group_by(ticket.DOC_ID, ticket.CUST_NO, ticket.BUS_DAT)
        .having(near)
    )


def _coupon_items(period: Period, items: Sequence[str]) -> Select[Any]:
    ticket, line = PS_TKT_HIST.c, PS_TKT_HIST_LIN.c
    return (
        select(ticket.CUST_NO, ticket.BUS_DAT, line.ITEM_NO)
        .join_from(PS_TKT_HIST, PS_TKT_HIST_LIN, line.DOC_ID == ticket.DOC_ID)
        .where(_known_customer(period), func.upper(line.LIN_TYP) == "S")
        .where(folded_in_sql(line.ITEM_NO).in_(sorted(set(items))))
        .distinct()
    )


def _known_customer(period: Period) -> ColumnElement[bool]:
    ticket = PS_TKT_HIST.c
    return and_(
        period.first <= ticket.BUS_DAT,
        period.end > ticket.BUS_DAT,
        ticket.CUST_NO.is_not(None),
        ticket.CUST_NO != WALK_IN,
    )


def dollars(amount: Any) -> Decimal:
    """A sum as databases give it, with cents, or four decimals where it has them."""
    found = Decimal(str(amount or 0))
    return found.quantize(_CENT) if found == found.quantize(_CENT) else found.quantize(Decimal("0.0001"))
