"""When the customers of a month had come before, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any

from sqlalchemy import Connection, Date, Select, func, select

from include.storedb.tables import CUSTOMER_MONTH

MANY_MONTHS = 12
"""From so many months on, walking through all customers once is quicker than looking up each month's."""

_CAME = CUSTOMER_MONTH.c


def visits_before(
    connection: Connection, source: str, months: Collection[date]
) -> Iterator[tuple[date, date | None, int]]:
    """For each of these months and each month of a visit before (None: there was none) the number of
    customers.
    """
    if len(months) >= MANY_MONTHS:
        wanted = set(months)
        for month, before, customers in connection.execute(all_visits_before(source)):
            if month in wanted:
                yield month, before, customers
        return
    for month in months:
        for before, customers in connection.execute(visits_before_month(source, month)):
            yield month, before, customers


def visits_before_month(source: str, month: date) -> Select[Any]:
    """The months of the visits before that of a month, looked up for each of its customers."""
    visit, earlier = CUSTOMER_MONTH.alias("visit"), CUSTOMER_MONTH.alias("earlier")
    before = (
        select(func.max(earlier.c.month))
        .where(
            earlier.c.source == visit.c.source,
            earlier.c.customer == visit.c.customer,
            earlier.c.month < visit.c.month,
        )
        .scalar_subquery()
    )
    visits = (
        select(before.label("came_before")).where(visit.c.source == source, visit.c.month == month).subquery()
    )
    return select(visits.c.came_before, func.count()).group_by(visits.c.came_before)


def all_visits_before(source: str) -> Select[Any]:
    """The months of all visits and of those before them, by walking through the customers in order."""
    before = func.lag(_CAME.month, type_=Date).over(partition_by=_CAME.customer, order_by=_CAME.month)
    visits = select(_CAME.month, before.label("came_before")).where(_CAME.source == source).subquery()
    each = (visits.c.month, visits.c.came_before)
    return select(*each, func.count()).group_by(*each)
