"""What each customer bought on a day, as the latest upload of the day says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, case, delete, distinct, func, insert, select

from include.counterpoint.customer_sales import CustomerSum
from include.database.values import in_parts
from include.storedb.runs import digest
from include.storedb.tables import CUSTOMER, CUSTOMER_DAY

UPLOADS = "uploads"
LONGEST_CUSTOMER = CUSTOMER
_ROW = CUSTOMER_DAY.c
_DAYS, _ROWS = 50, 1000
_FETCHED = 10_000


class Bought(NamedTuple):
    """What a customer bought on a day, returns taken off, and how many sales that were, without returns.

    A sale may be one of nothing, as when a service is free.
    """

    amount: Decimal
    sales: int


class CustomerDays:
    """The table `customer_day`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def sums(self, first: date, end: date) -> Iterator[CustomerSum]:
        """What all customers bought from `first` to the day before `end`, each once; "" is nobody known."""
        seen = case((_ROW.sales > 0, _ROW.store_day))
        columns = (_ROW.customer, func.count(seen), func.max(seen), func.sum(_ROW.amount))
        wanted = select(*columns).where(*_within(first, end)).group_by(_ROW.customer)
        with self.engine.connect().execution_options(yield_per=_FETCHED) as connection:
            for customer, days, last, amount in connection.execute(wanted):
                yield CustomerSum(customer, days, last, amount)

    def open_days(self, first: date, end: date) -> int:
        """On how many days something was bought."""
        days = func.count(distinct(_ROW.store_day))
        with self.engine.connect() as connection:
            wanted = select(days).where(_ROW.sales > 0, *_within(first, end))
            return int(connection.scalar(wanted) or 0)

    def fingerprints(self, first: date, end: date) -> dict[date, str]:
        """What stands for all that is known of each month, by its first day: equal where nothing changed."""
        days = select(_ROW.store_day, _ROW.uploaded_at, _ROW.sha256).where(*_within(first, end)).distinct()
        found: dict[date, list[str]] = defaultdict(list)
        with self.engine.connect() as connection:
            for day, at, sha256 in connection.execute(days.order_by(_ROW.store_day)):
                found[day.replace(day=1)] += [day.isoformat(), at.isoformat(), sha256]
        return {month: digest(*parts) for month, parts in found.items()}


def _within(first: date, end: date) -> list[Any]:
    return [_ROW.source == UPLOADS, _ROW.store_day >= first, _ROW.store_day < end]


def replace_customers(
    connection: Connection,
    days: Collection[date],
    bought: Mapping[tuple[date, str], Bought],
    noted: Mapping[str, Any],
) -> set[date]:
    """Make the customers of these days those of an upload, whole; returns the days that this changed.

    `noted` are the columns that say where a row is from. The caller holds the days' rows of `daily_sales`, so
    that no other upload writes customers of the same days at the same time.
    """
    wanted: dict[date, dict[str, Bought]] = {day: {} for day in days}
    for (day, customer), one in bought.items():
        if day in wanted:
            wanted[day][customer] = one
    changed: set[date] = set()
    for part in in_parts(sorted(wanted), _DAYS):
        stored: dict[date, dict[str, Bought]] = defaultdict(dict)
        done: dict[date, bool] = {}
        columns = (_ROW.store_day, _ROW.customer, _ROW.amount, _ROW.sales, _ROW.uploaded_at, _ROW.sha256)
        rows = select(*columns).where(_ROW.source == UPLOADS, _ROW.store_day.in_(part))
        for day, customer, amount, sales, *mark in connection.execute(rows):
            stored[day][customer] = Bought(amount, sales)
            done[day] = mark == [noted["uploaded_at"], noted["sha256"]]
        stale = [day for day in part if not done.get(day)]
        connection.execute(delete(CUSTOMER_DAY).where(_ROW.source == UPLOADS, _ROW.store_day.in_(stale)))
        new = [
            {
                "customer_day_hash": digest(UPLOADS, customer, day.isoformat()),
                **{"source": UPLOADS, "customer": customer, "store_day": day},
                **one._asdict(),
                **noted,
            }
            for day in stale
            for customer, one in wanted[day].items()
        ]
        for chunk in in_parts(new, _ROWS):
            connection.execute(insert(CUSTOMER_DAY), list(chunk))
        changed |= {day for day in stale if stored.get(day, {}) != wanted[day]}
    return changed
