"""Who buys, from when to when and how often; and the visits that the store's automations have to find."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from include.sandbox.seed.randomness import Flags, Floats, Generator, Integers
from include.sandbox.seed.seasons import SHOP, WEB, Calendar, demand, open_days

CUSTOMERS_AT_SCALE_1 = 20_000
NOBODY = -1
"""The customer of an anonymous ticket."""
BY_CHANCE, NEVER = -2, -1
"""Refund of a planned visit: left to chance, or ruled out; any other value is the day of its full refund."""

_BEFORE_HISTORY = -1
_FAR_FUTURE = 1_000_000
_SHARE_NEVER_BOUGHT = 0.08
_SHARE_OLD = 0.42
_SHARE_OUT_OF_STATE = 0.06
_SHARE_WHOLESALE = 0.03
_SHARE_LAPSING = 0.45


@dataclass
class People:
    """Customers in parallel arrays, in the order in which they got their numbers; days as in `Calendar`."""

    since: Integers
    lapse: Integers
    weight: Floats
    wholesale: Flags
    out_of_state: Flags
    loyal: Flags
    tidy: Flags
    bought: Flags

    @property
    def size(self) -> int:
        return len(self.since)


@dataclass
class Visits:
    """Purchases that happen on a given day, sorted by day."""

    day: Integers
    store: Integers
    customer: Integers
    refund_day: Integers

    def between(self, first: int, end: int) -> Visits:
        """Those with first <= day < end."""
        part = slice(*np.searchsorted(self.day, [first, end]).tolist())
        return Visits(self.day[part], self.store[part], self.customer[part], self.refund_day[part])


class _Planner:
    """Sets customers apart and gives them the purchases that a certain automation looks for."""

    def __init__(self, people: People, calendar: Calendar, rng: Generator) -> None:
        self.people, self.calendar, self.rng = people, calendar, rng
        self.visits: list[tuple[int, int, int, bool]] = []
        self._free = rng.permutation(people.size).tolist()

    def take(
        self, count: int, *, wholesale: bool = False, tidy: bool = True, away: bool = False
    ) -> list[int]:
        taken = []
        for _ in range(min(count, len(self._free))):
            customer = self._free.pop()
            taken.append(customer)
            self.people.wholesale[customer] = wholesale
            self.people.out_of_state[customer] = away
            self.people.tidy[customer] = tidy
            self.people.loyal[customer] = not wholesale
            self.people.bought[customer] = True
        return taken

    def visit(self, customer: int, day: int, refund_day: int = NEVER) -> None:
        self.visits.append((day, customer, refund_day, bool(self.people.out_of_state[customer])))

    def first_buyers(self, ago: int, count: int) -> None:
        day = self.calendar.last - ago
        for customer in self.take(count):
            self.people.since[customer] = day
            self.visit(customer, day)

    def regulars(self, ago: int, count: int, *, wholesale: bool = False) -> None:
        """Known customers whose last purchase is that many days ago."""
        day = self.calendar.last - ago
        for customer in self.take(count, wholesale=wholesale):
            self.people.since[customer] = _BEFORE_HISTORY
            self.people.lapse[customer] = day
            self.visit(customer, day - int(self.rng.integers(60, 300)))
            self.visit(customer, day)

    def mistaken_orders(self, ago: int, count: int) -> None:
        """First web orders from far away that were refunded the same day: that shop does not ship so far."""
        day = self.calendar.last - ago
        for customer in self.take(count, tidy=False, away=True):
            self.people.since[customer] = day
            self.people.lapse[customer] = day
            self.visit(customer, day, day)

    def returned_today(self, ago: int, count: int) -> None:
        """Known customers who bring back today everything that they bought that many days ago."""
        day = self.calendar.last - ago
        for customer in self.take(count):
            self.people.since[customer] = _BEFORE_HISTORY
            self.people.lapse[customer] = day
            self.visit(customer, day - int(self.rng.integers(60, 300)))
            self.visit(customer, day, self.calendar.last)


def _everybody(size: int, calendar: Calendar, rng: Generator) -> People:
    by_day = demand(calendar).sum(axis=1)
    arrival = rng.choice(calendar.days, size, p=by_day / by_day.sum())
    wholesale = rng.random(size) < _SHARE_WHOLESALE
    old = rng.random(size) < np.where(wholesale, 0.8, _SHARE_OLD)
    since = np.where(old, _BEFORE_HISTORY, arrival)
    lapsing = rng.random(size) < _SHARE_LAPSING
    stay = rng.exponential(420, size).astype(np.int64)
    bought = rng.random(size) >= _SHARE_NEVER_BOUGHT
    return People(
        since=since,
        lapse=np.where(lapsing, np.maximum(since, 0) + stay, _FAR_FUTURE),
        weight=rng.lognormal(0.0, 1.1, size),
        wholesale=wholesale,
        out_of_state=~wholesale & (rng.random(size) < _SHARE_OUT_OF_STATE),
        loyal=np.where(wholesale, rng.random(size) < 0.25, rng.random(size) < 0.97),
        tidy=np.zeros(size, bool),
        bought=bought,
    )


def _sorted_by_arrival(people: People) -> tuple[People, Integers]:
    order = np.argsort(people.since, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return People(**{name: values[order] for name, values in vars(people).items()}), place


def build(scale: float, calendar: Calendar, rng: Generator) -> tuple[People, Visits]:
    """The customers of a store that is `scale` times as large as the usual one, and their planned visits."""
    size = max(300, round(CUSTOMERS_AT_SCALE_1 * scale))
    people = _everybody(size, calendar, rng)
    planner = _Planner(people, calendar, rng)
    few = max(3, round(12 * scale))
    for ago in (1, 3, 7):
        planner.first_buyers(ago, few)
        planner.regulars(ago, few)
    planner.regulars(1, few, wholesale=True)
    for ago in (0, 1, 2, 5, 30, 200):
        planner.mistaken_orders(ago, max(1, round(2 * scale)))
    for ago in (0, 6):
        planner.returned_today(ago, max(1, round(2 * scale)))
    planned = np.array(planner.visits, dtype=np.int64)
    busy = np.zeros(size, bool)
    busy[planned[:, 1]] = True
    arriving = np.flatnonzero(people.bought & (people.since >= 0) & ~busy)
    people, place = _sorted_by_arrival(people)
    by_web = people.out_of_state[place[arriving]] | (rng.random(len(arriving)) < 0.08)

    day = np.concatenate([planned[:, 0], people.since[place[arriving]]])
    customer = place[np.concatenate([planned[:, 1], arriving])]
    refund_day = np.concatenate([planned[:, 2], np.full(len(arriving), BY_CHANCE)])
    web = np.concatenate([planned[:, 3].astype(bool), by_web])
    shop_open = open_days(calendar)[:, SHOP]
    web |= ~shop_open[day] | ((refund_day >= 0) & ~shop_open[np.maximum(refund_day, 0)])
    order = np.argsort(day, kind="stable")
    store = np.where(web, WEB, SHOP)
    return people, Visits(day[order], store[order], customer[order], refund_day[order])
