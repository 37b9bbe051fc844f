"""Tickets and their lines as parallel arrays: what one month of trading is while it is made."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np

from include.sandbox.seed.randomness import Flags, Floats, Integers, Texts


@dataclass
class Tickets:
    """Tickets, one per position.

    `second` is the second of the day; `customer` is -1 for walk-ins; `refund_day` is what the plan says of
    a later full refund; `counts` is False where a ticket must not make a first or last sale date; `deposit`
    is in cents, for tickets that only take a deposit on an order; `pay_code` is forced where it is not
    negative.
    """

    day: Integers
    second: Integers
    store: Integers
    customer: Integers
    number: Texts
    refund_day: Integers
    is_refund: Flags
    counts: Flags
    deposit: Integers
    pay_code: Integers

    @property
    def size(self) -> int:
        return len(self.day)


@dataclass
class Lines:
    """Lines, one per position, amounts in cents; `ticket` is the position of the line's ticket."""

    ticket: Integers
    item: Integers
    quantity: Floats
    calculated: Integers
    extended: Integers
    cost: Integers

    @property
    def size(self) -> int:
        return len(self.ticket)


Sheet = TypeVar("Sheet", Tickets, Lines)


def sales(
    day: Integers, second: Integers, store: Integers, customer: Integers, refund_day: Integers
) -> Tickets:
    """Sale tickets without numbers yet."""
    size = len(day)
    return Tickets(
        day=day,
        second=second,
        store=store,
        customer=customer,
        number=np.full(size, None, dtype=object),
        refund_day=refund_day,
        is_refund=np.zeros(size, bool),
        counts=np.ones(size, bool),
        deposit=np.zeros(size, np.int64),
        pay_code=np.full(size, -1, np.int64),
    )


def no_lines() -> Lines:
    """A sheet without lines."""
    none = np.empty(0, np.int64)
    return Lines(none, none, np.empty(0), none, none, none)


def take(sheet: Sheet, positions: Integers | Flags) -> Sheet:
    """Those positions of the sheet, in that order."""
    return type(sheet)(**{part.name: getattr(sheet, part.name)[positions] for part in fields(sheet)})


def join(first: Sheet, second: Sheet) -> Sheet:
    """One sheet after the other; the lines' tickets are left as they are."""
    parts = [part.name for part in fields(first)]
    return type(first)(
        **{name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in parts}
    )


def in_order(tickets: Tickets, lines: Lines) -> tuple[Tickets, Lines]:
    """The tickets by time, the lines by ticket."""
    order = np.lexsort((tickets.second, tickets.day))
    place = np.empty(tickets.size, dtype=np.int64)
    place[order] = np.arange(tickets.size)
    moved = take(lines, np.arange(lines.size))
    moved.ticket = place[lines.ticket]
    return take(tickets, order), take(moved, np.argsort(moved.ticket, kind="stable"))


def totals(tickets: Tickets, lines: Lines, amounts: Integers) -> Integers:
    """The sum of the lines' amounts, in cents, per ticket."""
    return np.round(np.bincount(lines.ticket, weights=amounts, minlength=tickets.size)).astype(np.int64)


def line_numbers(lines: Lines) -> Integers:
    """1, 2, 3 ... inside each ticket, for lines that are in order."""
    first_of_ticket = np.searchsorted(lines.ticket, lines.ticket, side="left")
    return np.arange(lines.size) - first_of_ticket + 1
