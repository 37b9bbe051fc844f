"""Customers by month, and how long ago those of a month had come before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from include.database.retries import with_retries
from include.database.values import in_parts
from include.periods import months_apart
from include.storedb.daily_sales import keep_rows
from include.storedb.runs import RunContext, digest, moment
from include.storedb.tables import CUSTOMER_MONTH, CUSTOMER_RETURN, SALES_MONTH
from include.storedb.visits_before import visits_before

_CAME, _SALES, _RETURN = CUSTOMER_MONTH.c, SALES_MONTH.c, CUSTOMER_RETURN.c
_ROWS = 5000


class InMonth(NamedTuple):
    """What a customer bought in a month, returns taken off, and on how many days."""

    amount: Decimal
    days: int


@dataclass(frozen=True, slots=True)
class SalesMonth:
    """What a month brought up to its `last_day`: see the table `sales_month`."""

    source: str
    month: date
    last_day: date
    amount: Decimal
    customers: int
    same_days_amount: Decimal | None
    same_days_customers: int | None
    mark: str
    is_counted: bool = False


class CustomerMonths:
    """The tables `customer_month`, `sales_month` and `customer_return`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def months(self, source: str) -> dict[date, SalesMonth]:
        """All months of a source, in order."""
        columns = [_SALES[name] for name in SalesMonth.__dataclass_fields__]
        wanted = select(*columns).where(_SALES.source == source).order_by(_SALES.month)
        with self.engine.connect() as connection:
            return {row.month: SalesMonth(*row) for row in connection.execute(wanted)}

    def keep(self, month: SalesMonth, customers: Mapping[str, InMonth], run: RunContext) -> int:
        """Make the customers who came in a month these, whole; returns how many differ from what was there.

        The months whose returning customers are others because of it are marked to be counted again: this
        one, and those in which customers who are new here, or gone, came next.
        """

        def work() -> int:
            with self.engine.begin() as connection:
                return _keep(connection, month, customers, run)

        return with_retries(work)

    def count(self, source: str, run: RunContext) -> list[date]:
        """Count again how long the customers of marked months had been away; returns these months."""

        def work() -> list[date]:
            with self.engine.begin() as connection:
                return _count(connection, source, run)

        return with_retries(work)

    def returns(self, source: str) -> dict[tuple[date, int], int]:
        """How many customers came in a month whose visit before was so many months earlier; 0 for the first
        visit.
        """
        wanted = select(_RETURN.month, _RETURN.gap, _RETURN.customers).where(_RETURN.source == source)
        with self.engine.connect() as connection:
            return {(row[0], row[1]): row[2] for row in connection.execute(wanted)}


def _keep(
    connection: Connection, month: SalesMonth, customers: Mapping[str, InMonth], run: RunContext
) -> int:
    source, at = month.source, month.month
    # The month's row first: whoever comes second waits here, and then sees what the first has done.
    _keep_row(connection, month, run)
    columns = (_CAME.customer, _CAME.amount, _CAME.days)
    here = (_CAME.source == source, _CAME.month == at)
    stored = {row[0]: InMonth(row[1], row[2]) for row in connection.execute(select(*columns).where(*here))}
    differ = [one for one in {**stored, **customers} if stored.get(one) != customers.get(one)]
    for part in in_parts([one for one in differ if one in stored]):
        connection.execute(delete(CUSTOMER_MONTH).where(*here, _CAME.customer.in_(part)))
    key = {"source": source, "month": at}
    new = [{**key, "customer": one, **customers[one]._asdict()} for one in sorted(differ) if one in customers]
    for rows in in_parts(new, _ROWS):
        connection.execute(insert(CUSTOMER_MONTH), list(rows))
    came_or_gone = [one for one in differ if (one in stored) != (one in customers)]
    if came_or_gone:
        _mark(connection, source, {at, *_next_months(connection, source, at, came_or_gone)})
    return len(differ)


def _keep_row(connection: Connection, month: SalesMonth, run: RunContext) -> None:
    key = digest(month.source, month.month.isoformat())
    known = connection.scalar(select(_SALES.is_counted).where(_SALES.sales_month_hash == key))
    wanted = replace(month, is_counted=bool(known))
    row = {name: getattr(wanted, name) for name in SalesMonth.__dataclass_fields__}
    keep_rows(connection, SALES_MONTH, "sales_month_hash", {key: row}, _noted(run))


def _noted(run: RunContext) -> dict[str, Any]:
    return {"read_at": moment(), **run.columns()}


def _next_months(connection: Connection, source: str, month: date, customers: Collection[str]) -> set[date]:
    """The months in which these customers came next after a month."""
    later = select(func.max(_SALES.month)).where(_SALES.source == source)
    if month >= (connection.scalar(later) or month):
        return set()
    found: set[date] = set()
    for part in in_parts(sorted(customers)):
        came = (_CAME.source == source, _CAME.customer.in_(part), _CAME.month > month)
        following = select(func.min(_CAME.month).label("month")).where(*came).group_by(_CAME.customer)
        nearest = following.subquery()
        found |= set(connection.scalars(select(nearest.c.month).distinct()))
    return found


def _mark(connection: Connection, source: str, months: Collection[date]) -> None:
    for part in in_parts(sorted(months)):
        these = (_SALES.source == source, _SALES.month.in_(part))
        connection.execute(update(SALES_MONTH).where(*these).values(is_counted=False))


def _count(connection: Connection, source: str, run: RunContext) -> list[date]:
    uncounted = (_SALES.source == source, _SALES.is_counted.is_(False))
    wanted = select(_SALES.month).where(*uncounted).order_by(_SALES.month).with_for_update()
    months = list(connection.scalars(wanted))
    found = visits_before(connection, source, months)
    for part in in_parts(months):
        these = (_RETURN.source == source, _RETURN.month.in_(part))
        connection.execute(delete(CUSTOMER_RETURN).where(*these))
    rows = [
        {"source": source, "month": month, "customers": customers}
        | {"gap": months_apart(before, month) if before else 0}
        for month, before, customers in found
    ]
    for part_of_rows in in_parts(rows, _ROWS):
        connection.execute(insert(CUSTOMER_RETURN), list(part_of_rows))
    connection.execute(update(SALES_MONTH).where(*uncounted).values(is_counted=True, **_noted(run)))
    return months
