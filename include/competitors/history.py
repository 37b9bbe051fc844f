"""Readings as rows of the price history, and what moved between two days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from include.competitors.prices import SOLD_OUT
from include.competitors.reading import Offer
from include.storedb.competitor_prices import PriceOnDay

Kind = Literal["up", "down", "new", "gone", "sold out", "back", "changed"]
ORDER: tuple[Kind, ...] = ("up", "down", "new", "back", "sold out", "gone", "changed")


@dataclass(frozen=True, slots=True)
class Move:
    """What became of a product's price since the day before; `share` is the change, 0.1 for 10 % more."""

    kind: Kind
    key: str
    name: str
    size: str
    before: str
    now: str
    share: Decimal | None = None


def as_price_on_day(site: str, day: date, offer: Offer) -> PriceOnDay:
    """The row of the history for an offer."""
    price = offer.price
    return PriceOnDay(
        site=site,
        product_key=offer.key,
        store_day=day,
        name=offer.name,
        size=offer.size,
        available=offer.available,
        price_text=price.text,
        low=price.low,
        high=price.high,
        price_each=price.each,
        regular=price.regular,
        quantity=price.quantity,
        unit=price.unit,
        currency=price.currency,
        reason=price.reason,
    )


def moves(before: Iterable[PriceOnDay], now: Iterable[PriceOnDay]) -> list[Move]:
    """What differs between two days of a site: by kind, then by the size of the change, then by name."""
    old = {price.product_key: price for price in before}
    new = {price.product_key: price for price in now}
    found = [_move(old.get(key), new.get(key)) for key in dict.fromkeys([*new, *old])]
    return sorted((move for move in found if move is not None), key=_place)


def _place(move: Move) -> tuple[int, Decimal, str, str]:
    return ORDER.index(move.kind), -abs(move.share or Decimal(0)), move.name.casefold(), move.size


def _move(old: PriceOnDay | None, new: PriceOnDay | None) -> Move | None:
    there = new or old
    if there is None:
        return None
    kind, share = _kind(old, new)
    if kind is None:
        return None
    words = [price.price_text if price else "" for price in (old, new)]
    return Move(kind, there.product_key, there.name, there.size, words[0], words[1], share)


def _kind(old: PriceOnDay | None, new: PriceOnDay | None) -> tuple[Kind | None, Decimal | None]:
    if old is None:
        return "new", None
    if new is None:
        return "gone", None
    if (old.reason == SOLD_OUT) != (new.reason == SOLD_OUT):
        return ("back", None) if old.reason == SOLD_OUT else ("sold out", None)
    amounts = _alike(old, new)
    if amounts is None:
        return (None, None) if _said(old) == _said(new) else ("changed", None)
    was, is_now = amounts
    if was == is_now:
        return (None, None) if old.high == new.high else ("changed", None)
    share = ((is_now - was) / was).quantize(Decimal("0.0001"))
    return ("up" if is_now > was else "down"), share


def _said(price: PriceOnDay) -> tuple[object, ...]:
    return price.reason, price.currency, price.low, price.high, price.unit, price.quantity


def _alike(old: PriceOnDay, new: PriceOnDay) -> tuple[Decimal, Decimal] | None:
    """Two amounts that may be compared; None where there are none."""
    if old.currency != new.currency:
        return None
    if old.price_each and new.price_each is not None:
        return old.price_each, new.price_each
    if old.low is None or new.low is None or (old.unit, old.quantity) != (new.unit, new.quantity):
        return None
    return old.low, new.low
