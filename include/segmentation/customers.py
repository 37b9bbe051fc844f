"""Who is divided into segments: recency, frequency and monetary of each customer, and who is set aside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from include.counterpoint.customer_sales import CustomerSum
from include.counterpoint.items import folded
from include.segmentation.settings import SetAside

UNKNOWN, NAMED, SHARED, RETURNED = (
    "sales without a customer",
    "set aside by segmentation.yaml",
    "a number that many people seem to share",
    "returns only",
)

ENOUGH_DAYS = 14
"""On so many days a shop must have sold something before a number can seem shared: on its first days, whoever
came was there on most of them.
"""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer's recency (whole days from the last purchase to the day of the run: 1 for yesterday),
    frequency (days with a purchase) and monetary (sales in dollars, returns taken off).
    """

    number: str
    recency: int
    frequency: int
    monetary: Decimal


@dataclass(frozen=True, slots=True)
class Apart:
    """Somebody who is in no segment, and why."""

    number: str
    days: int
    amount: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Sorted:
    """All customers by number, and who was set aside."""

    customers: tuple[Customer, ...]
    apart: tuple[Apart, ...]


def sort_customers(sums: Iterable[CustomerSum], as_of: date, open_days: int, settings: SetAside) -> Sorted:
    """Customers and those who are none, from what was bought before `as_of`; the shop sold something on
    `open_days` of these days.
    """
    found = sorted(sums, key=lambda one: one.customer)
    every = sum((one.amount for one in found), Decimal(0))
    customers, apart = [], []
    for one in found:
        if reason := _reason(one, open_days, every, settings):
            apart.append(Apart(one.customer, one.days, one.amount, reason))
        elif one.last_day is not None:
            customers.append(Customer(one.customer, (as_of - one.last_day).days, one.days, one.amount))
    return Sorted(tuple(customers), tuple(apart))


def _reason(one: CustomerSum, open_days: int, every: Decimal, settings: SetAside) -> str:
    number, shared = folded(one.customer), settings.shared
    if not number:
        return UNKNOWN
    if number in settings.customers:
        return NAMED
    if one.last_day is None:
        return RETURNED
    if shared and open_days >= ENOUGH_DAYS and number not in settings.single:
        often = one.days >= shared.days * open_days
        if often and every > 0 and float(one.amount / every) >= shared.amount:
            return SHARED
    return ""
