"""Which purchases come back, wholly or in part, and when."""

from __future__ import annotations

import numpy as np

from include.sandbox.seed.people import BY_CHANCE
from include.sandbox.seed.randomness import Flags, Generator, Integers, objects
from include.sandbox.seed.seasons import SHOP, Calendar, open_days
from include.sandbox.seed.sheets import Lines, Tickets, join, line_numbers, no_lines, sales, take

_SHARE = 0.028
_SHARE_FULL = 0.4
_SHARE_SECOND = 0.15


class Returns:
    """Plans refunds of sales and hands them out in the month in which they happen."""

    def __init__(self, calendar: Calendar, rng: Generator) -> None:
        self._last = calendar.last
        self._shop_open = open_days(calendar)[:, SHOP]
        self._rng = rng
        self._tickets = sales(*(np.empty(0, np.int64) for _ in range(5)))
        self._lines = no_lines()

    def plan(self, tickets: Tickets, lines: Lines) -> None:
        """Decide what of these numbered sales comes back, and mark those that the store has already
        forgotten.

        A fully refunded sale no longer counts for a customer's dates, except when it came back on the last
        day or was planned as a mistake.
        """
        rng, size = self._rng, tickets.size
        by_chance = (tickets.refund_day == BY_CHANCE) & (tickets.deposit == 0) & (rng.random(size) < _SHARE)
        lag = rng.geometric(0.13, size) - 1
        day = np.where(tickets.refund_day >= 0, tickets.refund_day, tickets.day + lag)
        day = self._when_open(day, tickets.store)
        line_count = np.bincount(lines.ticket, minlength=size)
        whole = (rng.random(size) < _SHARE_FULL) | (line_count < 2)
        wanted = (by_chance | (tickets.refund_day >= 0)) & (day <= self._last)
        full = wanted & (whole | (tickets.refund_day >= 0))
        part = wanted & ~full
        again_on = self._when_open(day + 3, tickets.store)
        again = part & (line_count > 2) & (rng.random(size) < _SHARE_SECOND) & (again_on <= self._last)

        number = line_numbers(lines)
        self._keep(tickets, lines, full, day, "R1", np.ones(lines.size, bool))
        self._keep(tickets, lines, part, day, "PR1", number == 1)
        self._keep(tickets, lines, again, again_on, "PR2", number == 2)
        tickets.counts &= ~(full & by_chance & (day < self._last))

    def due(self, end: int) -> tuple[Tickets, Lines]:
        """The refunds before that day that were not handed out yet."""
        now = self._tickets.day < end
        chosen = self._part(now)
        self._tickets, self._lines = self._part(~now)
        return chosen

    def _part(self, wanted: Flags) -> tuple[Tickets, Lines]:
        lines = take(self._lines, wanted[self._lines.ticket])
        lines.ticket = (np.cumsum(wanted) - 1)[lines.ticket]
        return take(self._tickets, wanted), lines

    def _when_open(self, day: Integers, store: Integers) -> Integers:
        closed = (store == SHOP) & ~self._shop_open[np.minimum(day, self._last)]
        return day + closed

    def _keep(
        self, tickets: Tickets, lines: Lines, wanted: Flags, day: Integers, suffix: str, wanted_lines: Flags
    ) -> None:
        chosen = np.flatnonzero(wanted)
        original = take(tickets, chosen)
        same_day = day[chosen] == original.day
        second = np.where(
            same_day,
            np.minimum(original.second + 1800, 86_399),
            self._rng.integers(34_000, 63_000, len(chosen)),
        )
        refunds = sales(day[chosen], second, original.store, original.customer, np.full(len(chosen), -1))
        refunds.number = objects([f"{number}{suffix}" for number in original.number])
        refunds.is_refund[:] = True
        refunds.counts[:] = False

        place = np.full(tickets.size, -1)
        place[chosen] = np.arange(len(chosen)) + self._tickets.size
        returned = take(lines, wanted_lines & wanted[lines.ticket])
        returned.ticket = place[returned.ticket]
        for amounts in (returned.quantity, returned.calculated, returned.extended, returned.cost):
            np.negative(amounts, out=amounts)
        self._tickets = join(self._tickets, refunds)
        self._lines = join(self._lines, returned)
