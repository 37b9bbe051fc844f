"""Open documents: orders with deposits, holds and quotes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from include.sandbox.seed.catalogue import Catalogue
from include.sandbox.seed.item_rows import Columns
from include.sandbox.seed.pay_codes import DEPOSIT_CODES, KINDS, PAY_CODES
from include.sandbox.seed.people import People
from include.sandbox.seed.randomness import (
    Flags,
    Floats,
    Generator,
    Integers,
    Texts,
    cents_to_dollars,
    objects,
)
from include.sandbox.seed.seasons import SHOP, STORE_IDS, WEB, Calendar, open_days
from include.sandbox.seed.sheets import Tickets, sales

DOCUMENTS_AT_SCALE_1 = 180
_OLDEST = 45
_FIRST_DOC_ID = 200_000_000_001
_FIRST_NUMBER = 500_001


@dataclass
class Documents:
    """Open documents and their lines in parallel arrays, and the deposits paid on the orders (cents)."""

    day: Integers
    store: Integers
    customer: Integers
    kind: Texts
    doc_id: Integers
    line_document: Integers
    line_item: Integers
    line_quantity: Floats
    line_price: Integers
    deposit_document: Integers
    deposit_day: Integers
    deposit_cents: Integers
    deposit_code: Integers

    def committed(self, items: int, store: int) -> Floats:
        """Units per item that open orders of that store hold back. Holds and quotes commit nothing."""
        ordered = (self.kind[self.line_document] == "O") & (self.store[self.line_document] == store)
        return np.bincount(
            self.line_item[ordered], weights=self.line_quantity[ordered], minlength=items
        ).astype(float)

    def deposit_tickets(self, first: int, end: int) -> Tickets:
        """The tickets with which deposits were taken on first <= day < end. They have no lines."""
        chosen = np.flatnonzero((self.deposit_day >= first) & (self.deposit_day < end))
        document = self.deposit_document[chosen]
        tickets = sales(
            day=self.deposit_day[chosen],
            second=np.full(len(chosen), 15 * 3600) + chosen,
            store=self.store[document],
            customer=self.customer[document],
            refund_day=np.full(len(chosen), -1),
        )
        tickets.counts[:] = False
        tickets.deposit = self.deposit_cents[chosen]
        tickets.pay_code = self.deposit_code[chosen]
        return tickets


def _open_day_from(days: Integers, shop_open: Flags) -> Integers:
    """The same day, or the day before where the shop was closed."""
    return days - ~shop_open[days]


def plan(scale: float, catalogue: Catalogue, people: People, calendar: Calendar, rng: Generator) -> Documents:
    """The documents that are open on the last day."""
    size = max(12, round(DOCUMENTS_AT_SCALE_1 * scale))
    shop_open = open_days(calendar)[:, SHOP]
    day = np.sort(_open_day_from(calendar.last - rng.integers(0, _OLDEST, size), shop_open))
    kind = objects([("O", "O", "O", "H", "Q")[position % 5] for position in range(size)])
    store = np.where((kind == "O") & (rng.random(size) < 0.25), WEB, SHOP)
    known = np.flatnonzero(people.bought & ~people.tidy & (people.lapse > calendar.last))
    known = known[people.since[known] < calendar.last - _OLDEST - 1]
    customer = rng.choice(known, size)

    count = rng.integers(1, 6, size)
    document = np.repeat(np.arange(size), count)
    for_sale = np.flatnonzero(catalogue.active & ~catalogue.deleted & catalogue.tracked)
    item = rng.choice(for_sale, len(document))
    by_company = people.wholesale[customer[document]]
    price = np.where(by_company, catalogue.wholesale_price[item], catalogue.price[item])
    quantity = 1.0 + rng.poisson(1.5, len(document))
    total = np.bincount(document, weights=price * quantity, minlength=size)

    orders = np.flatnonzero((kind == "O") & (store == SHOP) & (rng.random(size) < 0.7))
    paid_again = orders[rng.random(len(orders)) < 0.25]
    deposit_document = np.concatenate([orders, paid_again])
    deposit_day = np.concatenate([day[orders], np.minimum(day[paid_again] + 4, calendar.last)])
    return Documents(
        day=day,
        store=store,
        customer=customer,
        kind=kind,
        doc_id=np.arange(size) + _FIRST_DOC_ID,
        line_document=document,
        line_item=item,
        line_quantity=quantity,
        line_price=price,
        deposit_document=deposit_document,
        deposit_day=_open_day_from(deposit_day, shop_open),
        deposit_cents=np.round(total[deposit_document] * 0.25 / 100).astype(np.int64) * 100 + 100,
        deposit_code=rng.choice(DEPOSIT_CODES, len(deposit_document)),
    )


def rows(
    documents: Documents, catalogue: Catalogue, customer_numbers: Texts, calendar: Calendar
) -> tuple[Columns, Columns, Columns]:
    """The columns of `PS_DOC_HDR`, `PS_DOC_LIN` and `PS_DOC_PMT`."""
    midnight = calendar.dates().astype("datetime64[s]")
    store = objects(STORE_IDS)[documents.store]
    size = len(documents.day)
    sequence = np.arange(len(documents.line_document)) - np.searchsorted(
        documents.line_document, documents.line_document, side="left"
    )
    second_payment = np.zeros(len(documents.deposit_document), np.int64)
    second_payment[len(np.unique(documents.deposit_document)) :] = 1
    is_order = documents.kind == "O"
    header: Columns = {
        "DOC_ID": documents.doc_id.tolist(),
        "DOC_TYP": documents.kind.tolist(),
        "TKT_TYP": ["T"] * size,
        "TKT_NO": [str(_FIRST_NUMBER + position) for position in range(size)],
        "TKT_DT": (midnight[documents.day] + np.timedelta64(14 * 3600, "s")).tolist(),
        "STR_ID": store.tolist(),
        "STA_ID": np.where(documents.store == SHOP, "POS1", "WEB").tolist(),
        "DRW_ID": np.where(documents.store == SHOP, "1", "WEB").tolist(),
        "USR_ID": ["POS"] * size,
        "SLS_REP": np.where(documents.store == SHOP, "MGR", "WEB").tolist(),
        "CUST_NO": customer_numbers[documents.customer].tolist(),
    }
    lines: Columns = {
        "DOC_ID": documents.doc_id[documents.line_document].tolist(),
        "LIN_SEQ_NO": (sequence + 1).tolist(),
        "STR_ID": store[documents.line_document].tolist(),
        "LIN_TYP": np.where(is_order[documents.line_document], "O", "S").tolist(),
        "ITEM_NO": catalogue.numbers[documents.line_item].tolist(),
        "QTY_SOLD": documents.line_quantity.tolist(),
        "PRC": cents_to_dollars(documents.line_price),
        "EXT_PRC": (documents.line_price * documents.line_quantity / 100).tolist(),
    }
    payments: Columns = {
        "DOC_ID": documents.doc_id[documents.deposit_document].tolist(),
        "PMT_SEQ_NO": (second_payment + 1).tolist(),
        "STR_ID": store[documents.deposit_document].tolist(),
        "PAY_DAT": midnight[documents.deposit_day].tolist(),
        "PAY_COD": [PAY_CODES[code] for code in documents.deposit_code],
        "PAY_COD_TYP": [KINDS[code] for code in documents.deposit_code],
        "AMT": cents_to_dollars(documents.deposit_cents),
        "FINAL_PMT": ["N"] * len(documents.deposit_document),
    }
    return header, lines, payments
