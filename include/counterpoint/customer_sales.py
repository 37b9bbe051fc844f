"""What customers bought, from the tickets, added up by the database."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, case, distinct, extract, func, select, type_coerce

from include.counterpoint.items import Read, folded, folded_in_sql
from include.counterpoint.tables import PS_TKT_HIST
from include.counterpoint.tables_base import AMOUNT
from include.periods import Period

_TICKET = PS_TKT_HIST.c
_FOURTH = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class CustomerSum:
    """What a customer bought in a period: on how many business days, when last (None: returns only), and for
    how much in dollars, returns taken off. Tickets without a customer are those of the customer "".
    """

    customer: str
    days: int
    last_day: date | None
    amount: Decimal


def customer_sums(read: Read, period: Period, stores: Collection[str] = ()) -> Iterator[CustomerSum]:
    """The sums of all customers with tickets in the period, by customer number as it is compared, each once.

    The till's walk-in customer is among them. No `stores` means all of them.
    """
    customer = func.coalesce(folded_in_sql(_TICKET.CUST_NO), "")
    bought = case((_TICKET.TOT > 0, _TICKET.BUS_DAT))
    wanted = select(customer, func.count(distinct(bought)), func.max(bought), _total())
    for number, days, last, amount in read(wanted.where(*_within(period, stores)).group_by(customer)):
        yield CustomerSum(number, int(days or 0), _as_day(last) if last else None, _exact(amount))


def business_days(read: Read, period: Period, stores: Collection[str] = ()) -> int:
    """On how many days of the period something was bought."""
    bought = select(func.count(distinct(_TICKET.BUS_DAT))).where(_TICKET.TOT > 0, *_within(period, stores))
    return int(read(bought)[0][0])


def month_marks(read: Read, period: Period, stores: Collection[str] = ()) -> dict[date, tuple[int, Decimal]]:
    """How many tickets there are of each month, by its first day, and their sum: where both are what they
    were, nothing was posted late.
    """
    year, month = extract("year", _TICKET.BUS_DAT), extract("month", _TICKET.BUS_DAT)
    wanted = select(year, month, func.count(), _total()).where(*_within(period, stores)).group_by(year, month)
    return {date(int(y), int(m), 1): (int(count), _exact(total)) for y, m, count, total in read(wanted)}


def _within(period: Period, stores: Collection[str]) -> list[ColumnElement[bool]]:
    conditions = [period.first <= _TICKET.BUS_DAT, period.end > _TICKET.BUS_DAT]
    if stores:
        conditions.append(folded_in_sql(_TICKET.STR_ID).in_(sorted(map(folded, stores))))
    return conditions


def _total() -> ColumnElement[Any]:
    return type_coerce(func.sum(func.coalesce(_TICKET.TOT, 0)), AMOUNT)


def _as_day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def _exact(value: Any) -> Decimal:
    return Decimal(str(value or 0)).quantize(_FOURTH)
