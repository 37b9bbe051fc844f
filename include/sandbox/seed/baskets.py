"""Drawing the purchases of a month: how many tickets, by whom, with which items at which prices."""

from __future__ import annotations

import numpy as np

from include.sandbox.seed.catalogue import Catalogue
from include.sandbox.seed.people import BY_CHANCE, NOBODY, People, Visits
from include.sandbox.seed.randomness import Flags, Floats, Generator, Integers
from include.sandbox.seed.seasons import SHOP, WEB, Calendar, category_season, demand
from include.sandbox.seed.sheets import Lines, Tickets, sales

LINES_AT_SCALE_1 = 400_000
_LINE_COUNTS = np.array([0.34, 0.23, 0.15, 0.10, 0.07, 0.045, 0.03, 0.015, 0.01, 0.005, 0.005])
_MORE_WHOLESALE_LINES = 3.0
_MEAN_LINES = float(np.arange(1, len(_LINE_COUNTS) + 1) @ _LINE_COUNTS) + 0.033 * _MORE_WHOLESALE_LINES
_SHARE_RETURN_LINES = 0.022
_SHARE_ANONYMOUS = 0.34
_SHARE_WHOLESALE = 0.045
_SHARE_COMPANION = 0.22
_SHARE_DISCOUNTED = 0.06
_PRICE_RISE_A_YEAR = 1.03
_LAST_SALE_OF_DELETED = 620


class _Crowd:
    """Customers who may come on a day, each as likely as their weight; sorted by the day of arrival."""

    def __init__(self, people: People, weight: Floats) -> None:
        self._since, self._lapse = people.since, people.lapse
        self._cumulated = np.cumsum(weight)

    def draw(self, days: Integers, rng: Generator) -> Integers:
        """One customer per day given; nobody where the one drawn has stopped coming."""
        known = np.searchsorted(self._since, days, side="left")
        total = np.where(known > 0, self._cumulated[np.maximum(known, 1) - 1], 0.0)
        drawn = np.searchsorted(self._cumulated, rng.random(len(days)) * total, side="right")
        drawn = np.minimum(drawn, len(self._since) - 1)
        return np.where((total > 0) & (self._lapse[drawn] > days), drawn, NOBODY)


class Baskets:
    """Draws sales; the same generator gives the same sales in the same order of months."""

    def __init__(
        self,
        scale: float,
        catalogue: Catalogue,
        people: People,
        visits: Visits,
        calendar: Calendar,
        rng: Generator,
    ) -> None:
        self._catalogue, self._people, self._visits = catalogue, people, visits
        self._calendar, self._rng = calendar, rng
        tickets = LINES_AT_SCALE_1 * scale * (1 - _SHARE_RETURN_LINES) / _MEAN_LINES
        shape = demand(calendar)
        self._rate = shape / shape.sum() * max(0.0, tickets - len(visits.day))
        regular = people.weight * people.bought
        self._shoppers = _Crowd(people, np.where(people.wholesale | people.out_of_state, 0.0, regular))
        self._surfers = _Crowd(
            people, np.where(people.wholesale, 0.0, regular * np.where(people.out_of_state, 6, 1))
        )
        self._companies = _Crowd(people, np.where(people.wholesale, regular**1.6, 0.0))
        years_back = calendar.until.year - (calendar.dates().astype("datetime64[Y]").astype(np.int64) + 1970)
        self._price_level = _PRICE_RISE_A_YEAR ** -years_back.astype(float)

    def month(self, first: int, end: int) -> tuple[Tickets, Lines]:
        """The sales of first <= day < end, in no order."""
        counts = self._rng.poisson(self._rate[first:end])
        days = np.repeat(np.arange(first, end), counts.sum(axis=1))
        stores = np.repeat(np.tile([SHOP, WEB], end - first), counts.ravel())
        planned = self._visits.between(first, end)
        day = np.concatenate([days, planned.day])
        store = np.concatenate([stores, planned.store])
        tickets = sales(
            day=day,
            second=self._time_of_day(store),
            store=store,
            customer=np.concatenate([self._customers(days, stores), planned.customer]),
            refund_day=np.concatenate([np.full(len(days), BY_CHANCE), planned.refund_day]),
        )
        wholesale = (tickets.customer != NOBODY) & self._people.wholesale[tickets.customer]
        return tickets, self._lines(tickets, wholesale, first)

    def _time_of_day(self, store: Integers) -> Integers:
        size = len(store)
        at_the_shop = 9 * 3600 + self._rng.beta(2.2, 2.0, size) * (8.9 * 3600)
        at_home = 6 * 3600 + self._rng.beta(2.0, 1.4, size) * (17 * 3600)
        return np.where(store == SHOP, at_the_shop, at_home).astype(np.int64)

    def _customers(self, days: Integers, stores: Integers) -> Integers:
        kind = self._rng.random(len(days))
        company = kind > 1 - _SHARE_WHOLESALE
        anonymous = (kind < _SHARE_ANONYMOUS) & (stores == SHOP)
        customers = np.where(
            stores == SHOP, self._shoppers.draw(days, self._rng), self._surfers.draw(days, self._rng)
        )
        customers = np.where(company, self._companies.draw(days, self._rng), customers)
        return np.where(anonymous, NOBODY, customers)

    def _lines(self, tickets: Tickets, wholesale: Flags, first: int) -> Lines:
        rng, catalogue = self._rng, self._catalogue
        count = rng.choice(len(_LINE_COUNTS), tickets.size, p=_LINE_COUNTS / _LINE_COUNTS.sum()) + 1
        count += np.where(wholesale, rng.poisson(_MORE_WHOLESALE_LINES, tickets.size), 0)
        ticket = np.repeat(np.arange(tickets.size), count)
        item = self._items(len(ticket), first)
        leading = np.repeat(np.cumsum(count) - count, count)
        follows = (rng.random(len(ticket)) < _SHARE_COMPANION) & (leading != np.arange(len(ticket)))
        item = np.where(follows, catalogue.companion[item[leading]], item)

        by_company = wholesale[ticket]
        quantity = 1.0 + rng.poisson(catalogue.units[item])
        quantity = np.where(by_company, 2.0 + rng.geometric(0.12, len(ticket)), quantity)
        by_the_yard = ~catalogue.tracked[item] & (catalogue.category_code[item] != "SERVICES")
        quantity = np.where(by_the_yard, 0.5 + quantity / 2, quantity)
        price = np.where(by_company, catalogue.wholesale_price[item], catalogue.price[item])
        unit = np.round(price * self._price_level[tickets.day[ticket]])
        calculated = np.round(unit * quantity).astype(np.int64)
        discounted = rng.random(len(ticket)) < _SHARE_DISCOUNTED
        rebate = np.where(discounted, rng.choice([0.9, 0.8, 0.75], len(ticket)), 1.0)
        return Lines(
            ticket=ticket,
            item=item,
            quantity=quantity,
            calculated=calculated,
            extended=np.round(calculated * rebate).astype(np.int64),
            cost=np.round(catalogue.cost[item] * quantity).astype(np.int64),
        )

    def _items(self, size: int, first: int) -> Integers:
        season = category_season(self._calendar.month_of(first))[self._catalogue.category]
        weight = self._catalogue.popularity * season
        if first > _LAST_SALE_OF_DELETED:
            weight = np.where(self._catalogue.deleted, 0.0, weight)
        cumulated = np.cumsum(weight)
        drawn = np.searchsorted(cumulated, self._rng.random(size) * cumulated[-1], side="right")
        return np.minimum(drawn, len(cumulated) - 1)
