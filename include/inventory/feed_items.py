"""The items of an availability feed: which are active, at what price, how many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import Select, func, select

from include.changes import Reject
from include.counterpoint.items import folded_in_sql
from include.counterpoint.tables import IM_INV, IM_ITEM
from include.database.dialects import InBinaryOrder
from include.inventory.settings import FeedSettings, SegmentSettings

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One line of a feed; `price` in dollars with two decimals, `available` in whole units."""

    number: str
    description: str
    category: str
    price: Decimal
    available: int


def active_items(feeds: FeedSettings, segment: SegmentSettings, locations: Iterable[str]) -> Select[Any]:
    """All active items of a segment, by description.

    Active is an item with STAT 'A' of which at least 0 (by setting: more than 0) are available, summed over
    `locations`. Codes are compared without case and trailing blanks, as SQL Server would.
    """
    stock = (
        select(IM_INV.c.ITEM_NO, func.sum(IM_INV.c.QTY_AVAIL).label("available"))
        .where(IM_INV.c.LOC_ID.in_(list(locations)))
        .group_by(IM_INV.c.ITEM_NO)
        .subquery("stock")
    )
    price = IM_ITEM.c[segment.price]
    query = (
        select(
            IM_ITEM.c.ITEM_NO.label("number"),
            IM_ITEM.c.LONG_DESCR.label("description"),
            IM_ITEM.c.CATEG_COD.label("category"),
            price.label("price"),
            stock.c.available,
            func.coalesce(IM_ITEM.c.PROF_NO_1, 0).label("buffer"),
        )
        .join(stock, stock.c.ITEM_NO == IM_ITEM.c.ITEM_NO)
        .where(func.upper(IM_ITEM.c.STAT) == "A")
        .order_by(
            # Databases disagree on whether NULL comes first or last.
            InBinaryOrder(folded_in_sql(func.coalesce(IM_ITEM.c.LONG_DESCR, ""))),
            InBinaryOrder(IM_ITEM.c.ITEM_NO),
        )
    )
    if segment.categories:
        query = query.where(folded_in_sql(IM_ITEM.c.CATEG_COD).in_(segment.categories))
    least = stock.c.available >= 0 if feeds.include_sold_out else stock.c.available > 0
    return query.where(least)


def feed_items(rows: Iterable[Any], feeds: FeedSettings, rejects: list[Reject]) -> Iterator[FeedItem]:
    """Feed lines from the rows of `active_items`; an item without a price goes to `rejects` instead."""
    for row in rows:
        if row.price is None:
            rejects.append(Reject(row.number, "has no price, so it is not in the feed"))
            continue
        available = max(0, int(row.available - (row.buffer if feeds.subtract_buffer else 0)))
        if available == 0 and not feeds.include_sold_out:
            continue
        yield FeedItem(
            number=row.number.strip(),
            description=" ".join((row.description or "").split()),
            category=(row.category or "").strip().upper(),
            price=Decimal(row.price).quantize(CENT, ROUND_HALF_UP),
            available=available,
        )
