"""Tickets as the refund rule sees them, and which of them take which others back.

A full refund of ticket X is numbered X + `R` + n, a partial one X + `PR` + n; so is nothing else, but other
numbers may have an R in them (`GR1234`). A refund is therefore one only when the ticket X exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from include.counterpoint.items import folded
from include.counterpoint.tables import PS_TKT_HIST

_REFUND = re.compile(r"(.+?)(P?)R[0-9]+")


@dataclass(frozen=True, slots=True)
class Ticket:
    """A closed ticket; `total` in dollars, `day` the business day, `posted` the day of posting."""

    document: int
    number: str
    customer: str | None
    store: str | None
    day: date
    posted: date
    moment: datetime
    total: Decimal | None


def tickets(*conditions: ColumnElement[bool]) -> Select[Any]:
    """The tickets that meet the conditions on `PS_TKT_HIST`, for `as_tickets`."""
    ticket = PS_TKT_HIST.c
    return select(
        ticket.DOC_ID,
        ticket.TKT_NO,
        ticket.CUST_NO,
        ticket.STR_ID,
        ticket.BUS_DAT,
        ticket.POST_DAT,
        ticket.TKT_DT,
        ticket.TOT,
    ).where(*conditions)


def maybe_refunds() -> ColumnElement[bool]:
    """Tickets with an R in their number: all refunds, and some others."""
    return func.upper(PS_TKT_HIST.c.TKT_NO).like("%R%")


def as_tickets(rows: Iterable[Any]) -> list[Ticket]:
    """Typed tickets from the rows of `tickets`; one without a time is as early as its day."""
    return [
        Ticket(
            document=row.DOC_ID,
            number=folded(row.TKT_NO),
            customer=row.CUST_NO,
            store=row.STR_ID,
            day=row.BUS_DAT,
            posted=row.POST_DAT or row.BUS_DAT,
            moment=row.TKT_DT or datetime.combine(row.BUS_DAT, time()),
            total=row.TOT,
        )
        for row in rows
    ]


def refunded_numbers(number: str) -> Iterator[tuple[str, bool]]:
    """The numbers of which a ticket with this (folded) number may be a refund, each with whether in full.

    "XPR1" is a partial refund of X, or a full one of a ticket XP: the caller knows which exists.
    """
    found = _REFUND.fullmatch(number)
    if found is None:
        return
    original, part = found[1], found[2]
    yield original, not part
    if part:
        yield original + part, True


class Refunds:
    """What was refunded by what, among the tickets given; numbers count as a whole.

    Of several tickets with one number, in a store whose numbers began anew, a refund means the latest one up
    to its own day. A refund that was itself refunded in full (X + `R1R1`) takes nothing back.
    """

    def __init__(self, found: Iterable[Ticket]) -> None:
        every = {ticket.document: ticket for ticket in found}
        self._by_number: dict[str, list[Ticket]] = {}
        for ticket in every.values():
            self._by_number.setdefault(ticket.number, []).append(ticket)
        self._originals: dict[int, Ticket] = {}
        self._full: dict[int, list[Ticket]] = {}
        for ticket in every.values():
            self._learn(ticket)

    def _learn(self, ticket: Ticket) -> None:
        for number, in_full in refunded_numbers(ticket.number):
            before = [one for one in self._by_number.get(number, ()) if one.day <= ticket.day]
            if before:
                original = max(before, key=by_time)
                self._originals[ticket.document] = original
                if in_full:
                    self._full.setdefault(original.document, []).append(ticket)
                return

    def is_refund(self, ticket: Ticket) -> bool:
        """Whether the ticket is a refund of another one, in full or in part."""
        return ticket.document in self._originals

    def original(self, ticket: Ticket) -> Ticket | None:
        """What a refund refunds."""
        return self._originals.get(ticket.document)

    def taken_back_by(self, ticket: Ticket) -> Ticket | None:
        """The full refund that stands, the latest of several; None when nothing took the ticket back."""
        standing = [one for one in self._full.get(ticket.document, ()) if self.taken_back_by(one) is None]
        return max(standing, key=by_time, default=None)


def by_time(ticket: Ticket) -> tuple[date, datetime, int]:
    """The order in which tickets happened."""
    return ticket.day, ticket.moment, ticket.document
