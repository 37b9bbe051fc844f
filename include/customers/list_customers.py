"""The customers of an e-mail list, from Counterpoint's rows to what a list shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select

from include.changes import Reject
from include.counterpoint.items import folded, folded_in_sql, trimmed_in_sql
from include.counterpoint.tables import AR_CUST
from include.customers.settings import EmailListSettings
from include.database.dialects import InBinaryOrder

# It starts with a letter or digit, so that no spreadsheet takes an address for a formula.
_EMAIL = re.compile(r"\w[\w.!#$%&'*+/=?^`{|}~-]*@[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ListCustomer:
    """One customer of a list; months are 1 to 12 or None, `points` whole dollars."""

    number: str
    first_name: str
    last_name: str
    email: str
    phone: str
    birth_month: int | None
    spouse_birth_month: int | None
    points: int


def customers(settings: EmailListSettings, segment: str) -> Select[Any]:
    """Customers of a segment's category with anything in the field of the first e-mail address, by number."""
    customer = AR_CUST.c
    category = settings.segments[segment].category
    query = (
        select(
            customer.CUST_NO,
            customer.FST_NAM,
            customer.LST_NAM,
            customer.EMAIL_ADRS_1,
            customer.PHONE_1,
            customer.PROF_COD_2,
            customer.PROF_COD_3,
            customer.LOY_PTS_BAL,
        )
        .where(folded_in_sql(customer.CATEG_COD) == folded(category))
        .where(trimmed_in_sql(customer.EMAIL_ADRS_1) != "")
        .order_by(InBinaryOrder(customer.CUST_NO))
    )
    if settings.only_mailout_yes:
        query = query.where(func.upper(customer.INCLUDE_IN_MARKETING_MAILOUTS) == "Y")
    return query


def list_customers(rows: Iterable[Any], rejects: list[Reject]) -> Iterator[ListCustomer]:
    """Customers from the rows of `customers`; one whose address is none goes to `rejects` instead."""
    for row in rows:
        number, email = _one_line(row.CUST_NO), row.EMAIL_ADRS_1.strip()
        if not _EMAIL.fullmatch(email):
            rejects.append(Reject(number, "what is in EMAIL_ADRS_1 is no e-mail address"))
            continue
        yield ListCustomer(
            number=number,
            first_name=_one_line(row.FST_NAM),
            last_name=_one_line(row.LST_NAM),
            email=email,
            phone=_one_line(row.PHONE_1),
            birth_month=_month(row.PROF_COD_2),
            spouse_birth_month=_month(row.PROF_COD_3),
            points=int(max(row.LOY_PTS_BAL or 0, Decimal(0))),
        )


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def _month(text: str | None) -> int | None:
    digits = (text or "").strip()
    month = int(digits) if digits.isdecimal() else 0
    return month if 1 <= month <= 12 else None
