"""Where customers' sales come from: Counterpoint's tickets, and uploaded daily sales."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from sqlalchemy import Engine

from include.counterpoint.customer_sales import CustomerSum, customer_sums, month_marks
from include.counterpoint.items import Read
from include.periods import Period
from include.storedb.customer_days import CustomerDays
from include.storedb.daily_sales import DailySales


class Sales(Protocol):
    """The sales of one source."""

    @property
    def source(self) -> str: ...

    def last_day(self, as_of: date) -> date | None:
        """The last day before `as_of` that the source knows of; None when it knows of none."""
        ...

    def marks(self, period: Period) -> dict[date, str]:
        """What stands for the sales of each month that has some, by its first day."""
        ...

    def customers(self, period: Period) -> Iterable[CustomerSum]:
        """What each customer bought; "" is nobody known."""
        ...


@dataclass(frozen=True, slots=True)
class TicketSales:
    """Counterpoint's tickets of some stores; no `stores` means all of them."""

    read: Read
    stores: tuple[str, ...] = ()
    source: str = "counterpoint"

    def last_day(self, as_of: date) -> date | None:
        """The day before: what has no ticket there brought nothing."""
        return as_of - timedelta(days=1)

    def marks(self, period: Period) -> dict[date, str]:
        """The number of tickets and their sum."""
        found = month_marks(self.read, period, self.stores)
        return {month: f"{count} {amount}" for month, (count, amount) in found.items()}

    def customers(self, period: Period) -> Iterable[CustomerSum]:
        """What each customer's tickets add up to."""
        return customer_sums(self.read, period, self.stores)


@dataclass(frozen=True, slots=True)
class UploadedSales:
    """The customers of uploaded days."""

    engine: Engine
    source: str = "uploads"

    def last_day(self, as_of: date) -> date | None:
        """The newest uploaded day: of later ones nobody knows."""
        return max(DailySales(self.engine).uploaded(as_of), default=None)

    def marks(self, period: Period) -> dict[date, str]:
        """What stands for the days of each month and the files that they are from."""
        return CustomerDays(self.engine).fingerprints(period.first, period.end)

    def customers(self, period: Period) -> Iterable[CustomerSum]:
        """What each customer's sales add up to."""
        return CustomerDays(self.engine).sums(period.first, period.end)
