"""In which order the web shop lists its products: the lower, the earlier (rule 13)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, or_, select

from include.changes import Change, Plan, Reject
from include.counterpoint.items import Item, Read, as_items, folded, items, products
from include.counterpoint.sales import ItemSales, as_sales, sales_by_item
from include.counterpoint.tables import PO_RECVR_HIST_LIN
from include.periods import Period, this_time_last_year, up_to
from include.settings import StoreSettings
from include.web_shop.ranking import dollars, heads, in_stock, is_on_web, ranked
from include.web_shop.settings import SortOrderSettings, WebShopSettings
from include.web_shop.shop import Shop

END = 0
"""The place of what is sold out, and of everything that was never given one."""

BEFORE_THE_END = -1

_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class Place:
    """A sort order, and why."""

    order: int
    reason: str


def plan(read: Read, day: date, shop: Shop | None, settings: WebShopSettings, store: StoreSettings) -> Plan:
    """The sort orders that differ, in Counterpoint and, where it was read, in the web shop."""
    rule = settings.sort_order
    period = this_time_last_year(day, rule.days)
    found = as_items(read(items(store.stock_locations)))
    sold = as_sales(read(sales_by_item(period, rule.stores)))
    received = as_receipts(read(receipts(up_to(day, rule.new_arrivals.days))))
    return propose(found, sold, received, shop, rule, period)


def receipts(period: Period) -> Select[Any]:
    """The last day on which each item was received, for `as_receipts`; goods sent back are no receipts."""
    line = PO_RECVR_HIST_LIN.c
    return (
        select(line.ITEM_NO.label("item"), func.max(line.RECVR_DAT).label("received"))
        .where(
            datetime.combine(period.first, time()) <= line.RECVR_DAT,
            datetime.combine(period.end, time()) > line.RECVR_DAT,
            or_(line.QTY_RECVD > 0, line.QTY_RECVD.is_(None)),
        )
        .group_by(line.ITEM_NO)
    )


def as_receipts(rows: Iterable[Any]) -> dict[str, date]:
    """The last day of receipt by folded item number, from the rows of `receipts`."""
    found: dict[str, date] = {}
    for row in rows:
        key, day = folded(row.item), row.received.date()
        found[key] = max(day, found.get(key, day))
    return found


def propose(
    found: Sequence[Item],
    sold: Mapping[str, ItemSales],
    received: Mapping[str, date],
    shop: Shop | None,
    rule: SortOrderSettings,
    period: Period,
) -> Plan:
    """Rank web items by net sales; the best of N gets -N, and a product the place of its best item.

    New arrivals go near the top, items without sales just before the end, sold-out products to the end. The
    parent of a bound product holds its place, its other items none. Binding ids with no parent or several
    are rejects.
    """
    by_key = {key: members for key, members in products(found).items() if is_on_web(members)}
    sales = {
        item.key: sold[item.key].amount
        for members in by_key.values()
        for item in members
        if item.on_web and item.key in sold
    }
    own = _Places(sales, received, rule, period)
    places = {key: _place_of(members, own) for key, members in by_key.items()}
    changes = [change for key, members in by_key.items() for change in _in_counterpoint(members, places[key])]
    shop = shop or Shop()
    for key, place in places.items():
        changes += shop.change(key, "sort_order", place.order, place.reason)
    considered = sum(map(len, by_key.values())) + len(places.keys() & shop.ids.keys())
    rejects = tuple(reject for key, members in by_key.items() for reject in _parent_trouble(key, members))
    return Plan(tuple(changes), considered, rejects, basis=own.count)


class _Places:
    """The place of each single item."""

    def __init__(
        self,
        sales: Mapping[str, Decimal],
        received: Mapping[str, date],
        rule: SortOrderSettings,
        period: Period,
    ) -> None:
        ranking = ranked(sales)
        self.count = len(ranking)
        self._sold = {
            key: Place(rank - 1 - self.count, f"rank {rank} of {self.count}, {dollars(amount)} in {period}")
            for rank, (key, amount) in enumerate(ranking, 1)
        }
        self._unsold = Place(BEFORE_THE_END, f"no sales in {period}")
        self._near_top = rule.new_arrivals.behind_top - self.count
        self._received, self._new = received, rule.new_arrivals

    def of(self, item: Item) -> Place:
        """Where the item would stand if it were sold alone and in stock."""
        place = self._sold.get(item.key, self._unsold)
        day = self._received.get(item.key)
        counts = self._new.who == "received" or item.key not in self._sold
        is_new = counts and day and item.price is not None and item.price >= self._new.min_price
        if is_new and self._near_top < place.order:
            return Place(self._near_top, f"received on {day}")
        return place


def _place_of(members: Sequence[Item], own: _Places) -> Place:
    if not in_stock(members):
        return Place(END, "sold out")
    best, item = min(
        ((own.of(item), item) for item in members if item.on_web),
        key=lambda found: (found[0].order, found[1].key),
    )
    return Place(best.order, f"{item.number}: {best.reason}") if len(members) > 1 else best


def _in_counterpoint(members: Sequence[Item], place: Place) -> Iterator[Change]:
    holders = heads(members)
    for item in members:
        if item in holders:
            if _as_order(item.sort_order) != place.order:
                yield _change(item, str(place.order), place.reason)
        elif item.sort_order is not None:
            yield _change(item, None, "the parent of its binding id holds the sort order")


def _as_order(stored: str | None) -> int | None:
    """A stored sort order as a number: NULL is 0, and what is no whole number None."""
    if stored is None:
        return END
    return int(stored) if _WHOLE_NUMBER.fullmatch(stored.strip()) else None


def _change(item: Item, new: str | None, reason: str) -> Change:
    return Change("IM_ITEM", item.number, "USR_PROF_ALPHA_27", item.sort_order, new, reason)


def _parent_trouble(key: str, members: Sequence[Item]) -> Iterator[Reject]:
    holders = heads(members)
    if not holders:
        numbers = ", ".join(item.number for item in members)
        yield Reject(
            key,
            f"no item of this binding id is marked as its parent ({numbers}): the web shop gets the sort "
            "order, but Counterpoint has no row to hold it",
        )
    elif len(holders) > 1 and folded(holders[0].binding):
        numbers = ", ".join(item.number for item in holders)
        yield Reject(key, f"several items of this binding id are marked as its parent: {numbers}")
