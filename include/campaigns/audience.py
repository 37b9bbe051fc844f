"""The customers whom a campaign texts on a day, found by one statement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, and_, not_, or_, select

from include.campaigns.settings import MONTHLY, AudienceSettings
from include.counterpoint.items import folded, folded_in_sql
from include.counterpoint.tables import AR_CUST
from include.counterpoint.tables_customers import WALK_IN
from include.database.dialects import InBinaryOrder

PLACEHOLDER = "CHANGE"
"""First name of the till's template, left there where nobody asked the customer."""

LONGEST_MONTH = 10
"""Characters that the columns of birth months hold."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A customer of an audience. Number, name and phone are as stored; `points` are whole and never negative.

    Sale days are None where Counterpoint has none.
    """

    number: str
    first_name: str
    phone: str
    category: str | None
    points: int
    first_sale: date | None
    last_sale: date | None

    @property
    def key(self) -> str:
        """The customer number as the databases compare it: in capitals, without blanks around it."""
        return folded(self.number)


def anchor_day(settings: AudienceSettings, day: date) -> date:
    """The occasion of a text that is sent on the store day `day`: the day of the sale, or the first of the
    month for what is sent once a month.
    """
    if settings.anchor in MONTHLY:
        return day.replace(day=1)
    return day - timedelta(days=settings.days_after or 0)


def audience(settings: AudienceSettings, day: date) -> Select[Any]:
    """Who gets a text on the store day `day`, by customer number; for `as_recipients`.

    Of an audience with segments these are all who might be in them: Counterpoint does not know segments.
    """
    customer = AR_CUST.c
    query = (
        select(
            customer.CUST_NO,
            customer.FST_NAM,
            customer.PHONE_1,
            customer.CATEG_COD,
            customer.LOY_PTS_BAL,
            customer.FST_SAL_DAT,
            customer.LST_SAL_DAT,
        )
        .where(folded_in_sql(customer.FST_NAM).not_in(["", PLACEHOLDER]))
        .where(folded_in_sql(customer.PHONE_1) != "")
        .where(folded_in_sql(customer.INCLUDE_IN_MARKETING_MAILOUTS) == "Y")
        .where(folded_in_sql(customer.CUST_NO) != WALK_IN)
        .order_by(InBinaryOrder(customer.CUST_NO))
    )
    if settings.anchor != "segment":
        query = query.where(_on_the_occasion(settings, day))
    if settings.category != "any":
        query = query.where(folded_in_sql(customer.CATEG_COD) == settings.category)
    return query


def _on_the_occasion(settings: AudienceSettings, day: date) -> ColumnElement[bool]:
    customer = AR_CUST.c
    if settings.anchor == "birth_month":
        spellings = _spellings(day.month)
        return or_(
            folded_in_sql(customer.PROF_COD_2).in_(spellings),
            folded_in_sql(customer.PROF_COD_3).in_(spellings),
        )
    anchor = anchor_day(settings, day)
    first, last = _sold_on(customer.FST_SAL_DAT, anchor), _sold_on(customer.LST_SAL_DAT, anchor)
    if settings.anchor == "first_sale":
        # Without a last sale nothing says that the customer came back.
        return and_(first, not_(last)) if settings.returning else first
    if settings.returning:
        # Customers from before the till noted first sales have none, and are no new ones.
        return and_(last, or_(customer.FST_SAL_DAT.is_(None), not_(first)))
    return last


def _sold_on(column: Column[Any], day: date) -> ColumnElement[bool]:
    midnight = datetime.combine(day, datetime.min.time())
    return and_(column >= midnight, column < midnight + timedelta(days=1))


def _spellings(month: int) -> list[str]:
    """All ways to write a month in digits; a cast would fail on what is no number."""
    return [str(month).zfill(digits) for digits in range(len(str(month)), LONGEST_MONTH + 1)]


def as_recipients(rows: Iterable[Any]) -> list[Recipient]:
    """Typed recipients from the rows of `audience`, in their order."""
    return [
        Recipient(
            number=row.CUST_NO,
            first_name=row.FST_NAM,
            phone=row.PHONE_1,
            category=row.CATEG_COD,
            points=int(max(row.LOY_PTS_BAL or Decimal(0), Decimal(0))),
            first_sale=row.FST_SAL_DAT.date() if row.FST_SAL_DAT else None,
            last_sale=row.LST_SAL_DAT.date() if row.LST_SAL_DAT else None,
        )
        for row in rows
    ]
