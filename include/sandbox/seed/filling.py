"""Filling a database with the simulated store, one subject after the other."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from include.counterpoint import tables
from include.errors import InvalidRequest
from include.sandbox.seed import (
    catalogue,
    customers,
    database,
    dirt_items,
    documents,
    item_rows,
    payments,
    people,
    reference,
    stock,
    web_shop,
)
from include.sandbox.seed.baskets import Baskets
from include.sandbox.seed.item_rows import Columns
from include.sandbox.seed.loading import Loader
from include.sandbox.seed.randomness import Generator, Texts, stream
from include.sandbox.seed.seasons import Calendar
from include.sandbox.seed.signature import SeedSignature, SeedSummary, describe
from include.sandbox.seed.trading import Trading

Progress = Callable[[str], None]


def fill(url: str, signature: SeedSignature, *, force: bool, progress: Progress) -> SeedSummary:
    """Create and fill all tables of the database at that URL, or leave it alone if it is as asked."""
    if not 0 < signature.scale <= 100:
        raise InvalidRequest(f"scale must be above 0 and at most 100, not {signature.scale:g}")
    started = time.monotonic()
    address = make_url(url)
    with database.open_engine(address) as engine, engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # A killed process leaves a sound file behind all the same; only a power cut would not.
            connection.exec_driver_sql("PRAGMA synchronous = OFF")
        if not database.claim(connection, address, signature, force=force):
            progress(f"{describe(address)} is already filled with {signature}")
            rows = database.count_rows(connection)
            return SeedSummary(signature, rows, time.monotonic() - started, left_alone=True)
        progress(f"filling {describe(address)}: {signature}")
        database.drop_all(connection)
        database.create_tables(connection)
        loader = Loader(connection)
        _Store(signature, connection, loader, progress).write()
        progress("indexes and views")
        database.finish(connection)
    rows = {name: loader.rows[name] for name in tables.metadata.tables}
    return SeedSummary(signature, rows, time.monotonic() - started)


class _Store:
    def __init__(
        self, signature: SeedSignature, connection: Connection, loader: Loader, progress: Progress
    ) -> None:
        self._signature, self._connection = signature, connection
        self._loader, self._progress = loader, progress
        self._calendar = Calendar(signature.until)
        self._catalogue = catalogue.build(signature.scale, stream(signature.random_seed, "catalogue"))
        self._people, self._visits = people.build(signature.scale, self._calendar, self._stream("people"))
        self._documents = documents.plan(
            signature.scale, self._catalogue, self._people, self._calendar, self._stream("documents")
        )

    def _stream(self, subject: str) -> Generator:
        return stream(self._signature.random_seed, subject)

    def _put(self, name: str, columns: Columns) -> None:
        self._loader.write(tables.metadata.tables[name], columns)

    def _commit(self, message: str) -> None:
        self._connection.commit()
        self._progress(message)

    def write(self) -> None:
        """All tables, one subject after the other."""
        for name, columns in reference.small_tables(self._signature.until).items():
            self._put(name, columns)
        self._items()
        numbers = customers.numbers(self._people)
        trading = self._tickets(numbers)
        self._stock(trading, numbers)
        self._customers(trading)

    def _items(self) -> None:
        goods, until = self._catalogue, self._signature.until
        master = item_rows.master_rows(goods, until, self._stream("item rows"))
        dirt_items.soil(goods, master, self._stream("item dirt"))
        prices = item_rows.add_offers(goods, master, until, self._stream("offers"))
        kept = goods.kept.tolist()
        self._put(
            "IM_ITEM", {name: [values[position] for position in kept] for name, values in master.items()}
        )
        self._put("IM_PRC", prices)

        rng = self._stream("web shop")
        categories, ids, featured = web_shop.categories()
        self._put("EC_CATEG", categories)
        self._put("EC_CATEG_ITEM", web_shop.category_items(goods, ids, featured, until, rng))
        self._put("EC_ITEM_DESCR", web_shop.descriptions(goods, until, rng))
        products, variants = web_shop.connector_rows(goods, master, until, rng)
        self._put("CPI_BC_PRODUCTS", products)
        self._put("CPI_BC_PROD", variants)
        self._commit(f"catalogue: {len(kept):,} items")

    def _tickets(self, numbers: Texts) -> Trading:
        baskets = Baskets(
            self._signature.scale,
            self._catalogue,
            self._people,
            self._visits,
            self._calendar,
            self._stream("baskets"),
        )
        trading = Trading(
            baskets,
            self._documents,
            self._catalogue,
            self._people,
            numbers,
            self._calendar,
            self._stream("trading"),
        )
        for month in trading.months():
            self._put("PS_TKT_HIST", month.tickets)
            self._put("PS_TKT_HIST_LIN", month.lines)
            self._put("PS_TKT_HIST_PMT", month.payments)
            self._commit(f"tickets of {month.title}: {len(month.tickets['DOC_ID']):,}")
        return trading

    def _stock(self, trading: Trading, numbers: Texts) -> None:
        goods, calendar = self._catalogue, self._calendar
        rng = self._stream("stock")
        self._put(
            "IM_INV", stock.stock_rows(goods, self._documents, trading.accounts.last_sold, calendar, rng)
        )
        self._put("PO_RECVR_HIST_LIN", stock.receiving_rows(goods, calendar, rng))
        header, lines, deposits = documents.rows(self._documents, goods, numbers, calendar)
        self._put("PS_DOC_HDR", header)
        self._put("PS_DOC_LIN", lines)
        self._put("PS_DOC_PMT", deposits)
        cards, activity = payments.card_rows(trading.till.cards, trading.customer_numbers, calendar)
        self._put("SY_GFC", cards)
        self._put("SY_GFC_ACTIV", activity)
        self._commit("stock, receivings, open documents and gift cards")

    def _customers(self, trading: Trading) -> None:
        till = trading.till
        self._put("AR_CUST", customers.walk_in())
        rows = customers.CustomerRows(
            self._people,
            trading.accounts,
            till.earned,
            till.redeemed,
            self._calendar,
            self._stream("customers"),
        )
        for people_rows, addresses, corrections in rows.blocks():
            self._put("AR_CUST", people_rows)
            self._put("AR_SHIP_ADRS", addresses)
            self._put("AR_LOY_PT_ADJ_HIST", corrections)
            self._commit(f"customers: {self._loader.rows['AR_CUST']:,}")
