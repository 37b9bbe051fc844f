"""How tickets are paid: pay codes, reward points and gift cards."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from include.sandbox.seed.item_rows import Columns
from include.sandbox.seed.pay_codes import AT_THE_SHOP, BIG, GIFT, KINDS, LOYALTY, PAY_CODES, STORE_CREDIT
from include.sandbox.seed.people import NOBODY, People
from include.sandbox.seed.randomness import Flags, Generator, Integers, Texts, cents_to_dollars, objects
from include.sandbox.seed.seasons import SHOP, STORE_IDS, Calendar
from include.sandbox.seed.sheets import Tickets

_POINTS_PER_DOLLAR = 0.05
_LETTERS = "ACDEFGHJKLMNPRTX"
_GIFT_SEASON = {12: 4.0, 5: 2.0}
_SHARE_GIFT_CARD = 0.008
_LIABILITY_ACCOUNT = "2200"


@dataclass
class GiftCards:
    """Gift cards sold so far, amounts in cents, and what happened to each."""

    number: list[str] = field(default_factory=list)
    worth: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    day: list[int] = field(default_factory=list)
    store: list[int] = field(default_factory=list)
    customer: list[int] = field(default_factory=list)
    events: list[tuple[int, int, str, int, str, int]] = field(default_factory=list)

    def sell(
        self, number: str, cents: int, day: int, store: int, customer: int, ticket: str, doc_id: int
    ) -> None:
        self.number.append(number)
        self.worth.append(cents)
        self.left.append(cents)
        self.day.append(day)
        self.store.append(store)
        self.customer.append(customer)
        self.events.append((len(self.number) - 1, day, "I", cents, ticket, doc_id))

    def redeem(self, card: int, cents: int, day: int, ticket: str, doc_id: int) -> None:
        self.left[card] -= cents
        self.events.append((card, day, "R", -cents, ticket, doc_id))


@dataclass
class Payments:
    """Payments of a month, amounts in cents, ordered by ticket; `ticket` is the ticket's position.

    `cards_sold` has one entry per ticket: what was taken for new gift cards.
    """

    ticket: Integers
    sequence: Integers
    code: Integers
    cents: Integers
    cards_sold: Integers


class Till:
    """Takes the payments of one month after the other."""

    def __init__(self, people: People, calendar: Calendar, rng: Generator) -> None:
        self._people, self._calendar, self._rng = people, calendar, rng
        self.cards = GiftCards()
        self.earned = np.zeros(people.size, np.int64)
        self.redeemed = np.zeros(people.size, np.int64)

    def pay(self, tickets: Tickets, total: Integers, doc_id: Integers, month: int) -> Payments:
        """The payments of tickets in order: total + deposit + gift cards sold, in one or two parts."""
        rng = self._rng
        code = rng.choice(len(PAY_CODES), tickets.size, p=AT_THE_SHOP / AT_THE_SHOP.sum())
        code = np.where(tickets.store == SHOP, code, BIG)
        code = np.where(tickets.is_refund & (rng.random(tickets.size) < 0.15), STORE_CREDIT, code)
        code = np.where(tickets.pay_code >= 0, tickets.pay_code, code)
        is_sale = ~tickets.is_refund & (tickets.deposit == 0) & (total > 0)

        by_points = self._redeem_points(tickets, total, is_sale)
        by_card = self._redeem_cards(tickets, total, doc_id, is_sale & (by_points == 0))
        cards_sold = self._sell_cards(tickets, doc_id, is_sale, month)
        self._earn(tickets, total)

        rest = total + tickets.deposit + cards_sold - by_points - by_card
        parted = (by_points > 0) | (by_card > 0)
        main = np.flatnonzero(~parted | (rest != 0))
        points, card = np.flatnonzero(by_points), np.flatnonzero(by_card)
        has_main = np.zeros(tickets.size, np.int64)
        has_main[main] = 1
        ticket = np.concatenate([main, points, card])
        order = np.argsort(ticket, kind="stable")
        sequence = np.concatenate([np.ones(len(main), np.int64), has_main[points] + 1, has_main[card] + 1])
        codes = np.concatenate([code[main], np.full(len(points), LOYALTY), np.full(len(card), GIFT)])
        cents = np.concatenate([rest[main], by_points[points], by_card[card]])
        return Payments(ticket[order], sequence[order], codes[order], cents[order], cards_sold)

    def _redeem_points(self, tickets: Tickets, total: Integers, is_sale: Flags) -> Integers:
        candidates = np.flatnonzero(is_sale & (tickets.customer != NOBODY))
        customers, first = np.unique(tickets.customer[candidates], return_index=True)
        balance = self.earned[customers] - self.redeemed[customers]
        willing = self._people.loyal[customers] & (balance >= 5) & (self._rng.random(len(customers)) < 0.12)
        chosen, customers = candidates[first[willing]], customers[willing]
        dollars = np.minimum(balance[willing], total[chosen] // 100)
        self.redeemed[customers] += dollars
        cents = np.zeros(tickets.size, np.int64)
        cents[chosen] = dollars * 100
        return cents

    def _redeem_cards(self, tickets: Tickets, total: Integers, doc_id: Integers, may: Flags) -> Integers:
        left = np.array(self.cards.left, dtype=np.int64)
        cards = np.flatnonzero((left > 0) & (self._rng.random(len(left)) < 0.12))
        candidates = np.flatnonzero(may)
        chosen = self._rng.choice(candidates, min(len(cards), len(candidates)), replace=False)
        cents = np.zeros(tickets.size, np.int64)
        for card, ticket in zip(cards.tolist(), chosen.tolist(), strict=False):
            amount = int(min(left[card], total[ticket]))
            cents[ticket] = amount
            number = tickets.number[ticket]
            self.cards.redeem(card, amount, int(tickets.day[ticket]), number, int(doc_id[ticket]))
        return cents

    def _sell_cards(self, tickets: Tickets, doc_id: Integers, is_sale: Flags, month: int) -> Integers:
        share = _SHARE_GIFT_CARD * _GIFT_SEASON.get(month, 1.0)
        chosen = np.flatnonzero(is_sale & (self._rng.random(tickets.size) < share))
        amounts = self._rng.choice([2500, 5000, 10_000], len(chosen), p=[0.4, 0.4, 0.2])
        letters = self._rng.integers(0, len(_LETTERS), (len(chosen), 12)).tolist()
        for position, amount, code in zip(chosen.tolist(), amounts.tolist(), letters, strict=True):
            text = "".join(_LETTERS[letter] for letter in code)
            self.cards.sell(
                f"{text[:4]}-{text[4:8]}-{text[8:]}", amount, int(tickets.day[position]),
                int(tickets.store[position]), int(tickets.customer[position]), tickets.number[position],
                int(doc_id[position]),
            )  # fmt: skip
        cents = np.zeros(tickets.size, np.int64)
        cents[chosen] = amounts
        return cents

    def _earn(self, tickets: Tickets, total: Integers) -> None:
        known = tickets.customer != NOBODY
        points = np.sign(total) * np.floor(np.abs(total) / 100 * _POINTS_PER_DOLLAR).astype(np.int64)
        points = np.where(known, points * self._people.loyal[tickets.customer], 0)
        np.add.at(self.earned, tickets.customer[known], points[known])


def payment_rows(payments: Payments, tickets: Tickets, doc_id: Integers, calendar: Calendar) -> Columns:
    """The columns of `PS_TKT_HIST_PMT`."""
    return {
        "DOC_ID": doc_id[payments.ticket].tolist(),
        "PMT_SEQ_NO": payments.sequence.tolist(),
        "BUS_DAT": calendar.dates()[tickets.day[payments.ticket]].tolist(),
        "STR_ID": objects(STORE_IDS)[tickets.store[payments.ticket]].tolist(),
        "PAY_COD": objects(PAY_CODES)[payments.code].tolist(),
        "PAY_COD_TYP": objects(KINDS)[payments.code].tolist(),
        "AMT": cents_to_dollars(payments.cents),
    }


def card_rows(cards: GiftCards, customer_numbers: Texts, calendar: Calendar) -> tuple[Columns, Columns]:
    """The columns of `SY_GFC` and `SY_GFC_ACTIV`."""
    midnight = calendar.dates().astype("datetime64[s]")
    count = len(cards.number)
    sequence: dict[int, int] = {}
    sequences: list[int] = []
    for card, *_ in cards.events:
        sequence[card] = sequence.get(card, 0) + 1
        sequences.append(sequence[card])
    return {
        "GFC_NO": cards.number,
        "ORIG_AMT": [cents / 100 for cents in cards.worth],
        "CURR_AMT": [cents / 100 for cents in cards.left],
        "ORIG_DAT": midnight[cards.day].tolist() if count else [],
        "ORIG_STR_ID": [STORE_IDS[store] for store in cards.store],
        "ORIG_CUST_NO": [customer_numbers[customer] for customer in cards.customer],
        "GFC_COD": ["GC"] * count,
        "NO_EXP_DAT": ["Y"] * count,
        "IS_VOID": ["Y" if position % 97 == 96 else "N" for position in range(count)],
        "LIAB_ACCT_NO": [_LIABILITY_ACCOUNT] * count,
    }, {
        "GFC_NO": [cards.number[event[0]] for event in cards.events],
        "SEQ_NO": sequences,
        "DAT": midnight[[event[1] for event in cards.events]].tolist() if count else [],
        "ACTIV_TYP": [event[2] for event in cards.events],
        "AMT": [event[3] / 100 for event in cards.events],
        "DOC_NO": [event[4] for event in cards.events],
        "DOC_ID": [event[5] for event in cards.events],
    }
