"""A competitor's price list as it was read on one day."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from include.changes import Reject
from include.competitors.goods import Goods, goods
from include.competitors.prices import UNCLEAR, Price, parse_price
from include.competitors.tables import ListedRow
from include.database.values import storable
from include.files import StoragePath, write_atomically
from include.spreadsheets import as_text

_LONGEST = 255


@dataclass(frozen=True, slots=True)
class Offer:
    """One product of a price list: what the list says, and what it means."""

    name: str
    size: str
    available: str
    price: Price
    goods: Goods

    @property
    def key(self) -> str:
        """What the product is known by from one day to the next."""
        return self.goods.key


@dataclass(frozen=True, slots=True)
class Reading:
    """A site's price list on a day."""

    site: str
    day: date
    offers: tuple[Offer, ...]


def as_offers(rows: Iterable[ListedRow]) -> tuple[list[Offer], list[Reject]]:
    """The products of a list in its order, and what is set aside: a product that stands there twice counts
    once, and prices that cannot be read are kept without an amount.
    """
    offers: dict[str, Offer] = {}
    rejects: list[Reject] = []
    for row in rows:
        offer = as_offer(row.name, row.size, row.available, row.price)
        label = f"{offer.name} {offer.size}".strip()
        if offer.key in offers:
            there = offers[offer.key].price.text
            reason = f"stands there twice: {there!r} counts, {offer.price.text!r} does not"
            rejects.append(Reject(label, reason))
            continue
        offers[offer.key] = offer
        if offer.price.reason == UNCLEAR:
            rejects.append(Reject(label, f"the price {offer.price.text!r} cannot be read"))
    return list(offers.values()), rejects


def as_offer(name: str, size: str, available: str, price: str) -> Offer:
    """One product from the texts of a list's row."""
    name, size, available, price = (storable(text)[:_LONGEST] for text in (name, size, available, price))
    return Offer(name, size, available, parse_price(price), goods(name, size))


def as_csv(offers: Iterable[Offer]) -> bytes:
    """The list as a spreadsheet opens it: what the site says, and beside it what was read from the price."""
    import pandas as pd

    rows = [
        {
            "Name": as_text(offer.name),
            "Available": as_text(offer.available),
            "Size": as_text(offer.size),
            "Price": as_text(offer.price.text),
            "Low": amount(offer.price.low),
            "High": amount(offer.price.high),
            "Regular": amount(offer.price.regular),
            "Quantity": offer.price.quantity if offer.price.low is not None else "",
            "Unit": offer.price.unit if offer.price.low is not None else "",
            "Each": amount(offer.price.each),
            "Currency": offer.price.currency if offer.price.low is not None else "",
            "No price because": offer.price.reason or "",
        }
        for offer in offers
    ]
    out = io.StringIO()
    pd.DataFrame(rows).to_csv(out, index=False, lineterminator="\r\n")
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8")


def amount(value: Decimal | None) -> str:
    """An amount with the decimals that it needs, two at least."""
    if value is None:
        return ""
    cents = value.quantize(Decimal("0.01"))
    return f"{cents:f}" if cents == value else f"{value.normalize():f}"


def write_reading(reading: Reading, path: StoragePath) -> None:
    """Keep a reading for the tasks that follow in the run."""
    rows = [[o.name, o.size, o.available, o.price.text] for o in reading.offers]
    content = {"site": reading.site, "day": reading.day.isoformat(), "offers": rows}
    write_atomically(path, json.dumps(content, ensure_ascii=False).encode())


def read_reading(path: StoragePath) -> Reading:
    """What `write_reading` kept."""
    with path.open("rb") as file:
        content = json.load(file)
    offers = tuple(as_offer(*row) for row in content["offers"])
    return Reading(content["site"], date.fromisoformat(content["day"]), offers)


def replace_if_different(path: StoragePath, content: bytes) -> bool:
    """Write a file as a whole unless it has this content already; returns whether it was written."""
    try:
        with path.open("rb") as file:
            if file.read() == content:
                return False
    except FileNotFoundError:
        pass
    write_atomically(path, content)
    return True
