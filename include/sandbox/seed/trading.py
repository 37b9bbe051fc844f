"""Trading, month by month: ticket rows, and what they mean for customers and items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from include.sandbox.seed.baskets import Baskets
from include.sandbox.seed.catalogue import Catalogue
from include.sandbox.seed.documents import Documents
from include.sandbox.seed.item_rows import Columns
from include.sandbox.seed.payments import Till, payment_rows
from include.sandbox.seed.people import NOBODY, People
from include.sandbox.seed.randomness import Generator, Integers, Texts, cents_to_dollars, objects
from include.sandbox.seed.returns import Returns
from include.sandbox.seed.seasons import SHOP, STORE_IDS, WEB, Calendar
from include.sandbox.seed.sheets import Lines, Tickets, in_order, join, line_numbers, take, totals
from include.sandbox.seed.words_people import SALES_REPS

_FIRST_DOC_ID = 100_000_000_001
_FIRST_SHOP_NUMBER = 10_001
_FIRST_WEB_NUMBER = 1_001
_SHARE_MOBILE_TILL = 0.01
_SHARE_POSTED_LATE = 0.004
_SHARE_FULFILMENT = 0.0015
_WALK_IN = "CASH"


@dataclass
class Accounts:
    """What the tickets amount to per customer and per item; -1 is a day that never was."""

    customers: int
    items: int
    first: Integers = field(init=False)
    last: Integers = field(init=False)
    last_cents: Integers = field(init=False)
    tickets: Integers = field(init=False)
    last_sold: Integers = field(init=False)

    def __post_init__(self) -> None:
        self.first = np.full(self.customers, np.iinfo(np.int64).max)
        self.last = np.full(self.customers, -1)
        self.last_cents = np.zeros(self.customers, np.int64)
        self.tickets = np.zeros(self.customers, np.int64)
        self.last_sold = np.full((self.items, len(STORE_IDS)), -1)

    def book(self, tickets: Tickets, lines: Lines, total: Integers) -> None:
        """Take in a month of tickets that are in order."""
        counts = tickets.counts & (tickets.customer != NOBODY)
        customer, day = tickets.customer[counts], tickets.day[counts]
        np.minimum.at(self.first, customer, day)
        np.maximum.at(self.last, customer, day)
        np.add.at(self.tickets, customer, 1)
        self.last_cents[customer] = total[counts]
        sold = ~tickets.is_refund[lines.ticket]
        ticket = lines.ticket[sold]
        np.maximum.at(self.last_sold, (lines.item[sold], tickets.store[ticket]), tickets.day[ticket])


@dataclass
class Month:
    """The rows of one month."""

    title: str
    tickets: Columns
    lines: Columns
    payments: Columns


class Trading:
    """Makes the months one after the other; `accounts` and `till` are complete after the last."""

    def __init__(
        self,
        baskets: Baskets,
        documents: Documents,
        catalogue: Catalogue,
        people: People,
        customer_numbers: Texts,
        calendar: Calendar,
        rng: Generator,
    ) -> None:
        self._baskets, self._documents, self._catalogue, self._calendar = (
            baskets,
            documents,
            catalogue,
            calendar,
        )
        self._rng = rng
        self._returns = Returns(calendar, rng)
        self._next = {SHOP: _FIRST_SHOP_NUMBER, WEB: _FIRST_WEB_NUMBER}
        self._next_doc = _FIRST_DOC_ID
        self.customer_numbers = objects([*customer_numbers, _WALK_IN])
        self._reps = objects([code for code, _ in SALES_REPS])
        self.till = Till(people, calendar, rng)
        self.accounts = Accounts(people.size, len(catalogue.items))

    def months(self) -> Iterator[Month]:
        """The rows of each month, in order of time."""
        for first, end in self._calendar.months():
            yield self._month(first, end)

    def _month(self, first: int, end: int) -> Month:
        tickets, lines = self._baskets.month(first, end)
        tickets, lines = in_order(join(tickets, self._documents.deposit_tickets(first, end)), lines)
        self._number(tickets)
        self._returns.plan(tickets, lines)
        refunds, returned = self._returns.due(end)
        returned.ticket = returned.ticket + tickets.size
        tickets, lines = in_order(join(tickets, refunds), join(lines, returned))

        doc_id = np.arange(tickets.size) + self._next_doc
        self._next_doc += tickets.size
        total = totals(tickets, lines, lines.extended)
        self.accounts.book(tickets, lines, total)
        payments = self.till.pay(tickets, total, doc_id, self._calendar.month_of(first))
        late = (payments.cards_sold == 0) & (tickets.deposit == 0)
        late &= (self._rng.random(tickets.size) < _SHARE_POSTED_LATE) & (tickets.day < self._calendar.last)
        rep = np.where(
            tickets.store == SHOP,
            self._reps[self._rng.integers(0, len(self._reps), tickets.size)],
            STORE_IDS[WEB],
        )
        return Month(
            title=str(self._calendar.dates()[first])[:7],
            tickets=self._ticket_rows(tickets, doc_id, total, totals(tickets, lines, lines.cost), late, rep),
            lines=self._line_rows(tickets, lines, doc_id, rep),
            payments=payment_rows(payments, tickets, doc_id, self._calendar),
        )

    def _number(self, tickets: Tickets) -> None:
        """Ticket numbers count up per store; web orders start with S, those of the mobile till with GR."""
        mobile = self._rng.random(tickets.size) < _SHARE_MOBILE_TILL
        for store, prefix in ((SHOP, ""), (WEB, "S")):
            members = np.flatnonzero(tickets.store == store)
            numbers = range(self._next[store], self._next[store] + len(members))
            self._next[store] += len(members)
            for position, number in zip(members.tolist(), numbers, strict=True):
                tickets.number[position] = f"{'GR' if mobile[position] and not prefix else prefix}{number}"

    def _ticket_rows(
        self,
        tickets: Tickets,
        doc_id: Integers,
        total: Integers,
        cost: Integers,
        late: np.ndarray,
        rep: np.ndarray,
    ) -> Columns:
        dates = self._calendar.dates()
        midnight = dates[tickets.day].astype("datetime64[s]")
        return {
            "DOC_ID": doc_id.tolist(),
            "TKT_NO": tickets.number.tolist(),
            "TKT_DT": (midnight + tickets.second.astype("timedelta64[s]")).tolist(),
            "BUS_DAT": dates[tickets.day].tolist(),
            "POST_DAT": dates[tickets.day + late].tolist(),
            "STR_ID": objects(STORE_IDS)[tickets.store].tolist(),
            "CUST_NO": self.customer_numbers[tickets.customer].tolist(),
            "EVENT_NO": [f"E{day:05d}" for day in tickets.day.tolist()],
            "TOT": cents_to_dollars(total),
            "TOT_EXT_COST": cents_to_dollars(cost),
            "SLS_REP": rep.tolist(),
        }

    def _line_rows(self, tickets: Tickets, lines: Lines, doc_id: Integers, rep: np.ndarray) -> Columns:
        kind = np.where(tickets.is_refund[lines.ticket], "R", "S").astype(object)
        sequence = line_numbers(lines)
        fulfilled = np.flatnonzero((kind == "S") & (self._rng.random(lines.size) < _SHARE_FULFILMENT))
        # What was fulfilled later stands in the history a second time and must not be counted again.
        lines = join(lines, take(lines, fulfilled))
        kind = np.concatenate([kind, np.full(len(fulfilled), "U", dtype=object)])
        sequence = np.concatenate([sequence, sequence[fulfilled] + 100])
        ticket = lines.ticket
        return {
            "DOC_ID": doc_id[ticket].tolist(),
            "LIN_SEQ_NO": sequence.tolist(),
            "TKT_NO": tickets.number[ticket].tolist(),
            "BUS_DAT": self._calendar.dates()[tickets.day[ticket]].tolist(),
            "ITEM_NO": self._catalogue.numbers[lines.item].tolist(),
            "CATEG_COD": self._catalogue.category_code[lines.item].tolist(),
            "SUBCAT_COD": self._catalogue.subcategory[lines.item].tolist(),
            "SLS_REP": rep[ticket].tolist(),
            "STR_ID": objects(STORE_IDS)[tickets.store[ticket]].tolist(),
            "QTY_SOLD": lines.quantity.tolist(),
            "EXT_PRC": cents_to_dollars(lines.extended),
            "CALC_EXT_PRC": cents_to_dollars(lines.calculated),
            "EXT_COST": cents_to_dollars(lines.cost),
            "LIN_TYP": kind.tolist(),
        }
