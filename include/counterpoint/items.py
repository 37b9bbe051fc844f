"""The item file as rules see it: one typed row per item, stock added up over the store's locations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from include.counterpoint.tables import IM_INV, IM_ITEM

Read = Callable[[Select[Any]], Sequence[Any]]
"""Reads the rows of a query from Counterpoint."""

Stream = Callable[[Select[Any]], AbstractContextManager[Iterator[Any]]]
"""Reads a large query from Counterpoint row by row."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item. Flags are True for 'Y'; codes and texts are as stored, NULL is None.

    `available` is None for an item without a stock record at the store's locations; `buffer` (units held
    back from the web) and `price` (dollars) are None where nothing is set.
    """

    number: str
    description: str | None
    status: str | None
    category: str | None
    vendor: str | None
    brand: str | None
    binding: str | None
    is_parent: bool
    price: Decimal | None
    buffer: Decimal | None
    available: Decimal | None
    on_web: bool
    is_visible: bool
    always_online: str | None
    featured: str | None
    sort_order: str | None
    tracked: bool

    @property
    def key(self) -> str:
        """The item number as the databases compare it: in capitals, without blanks around it."""
        return folded(self.number)

    @property
    def is_active(self) -> bool:
        """Whether the tills show it."""
        return folded(self.status) == "A"

    @property
    def web_key(self) -> str:
        """What the web shop sells it as: its binding id, or the item itself."""
        return folded(self.binding) or self.key

    @property
    def buffered(self) -> int:
        """Whole units that the web shop may sell: available less the buffer, never below 0."""
        return max(0, int((self.available or Decimal(0)) - (self.buffer or Decimal(0))))


def folded(code: str | None) -> str:
    """A code as SQL Server compares it: without case and blanks; empty for NULL."""
    return (code or "").strip().upper()


def trimmed_in_sql(text: ColumnElement[Any]) -> ColumnElement[str]:
    """A text without blanks around it, also on SQL Servers before 2017, which have no TRIM."""
    return func.ltrim(func.rtrim(text))


def folded_in_sql(code: ColumnElement[Any]) -> ColumnElement[str]:
    """A code in a query as `folded` has it in Python, so that all databases find the same; NULL is NULL."""
    return func.upper(trimmed_in_sql(code))


def items(locations: Collection[str], *conditions: ColumnElement[bool]) -> Select[Any]:
    """All items (or those that meet the conditions on `IM_ITEM`), for `as_items`."""
    number = folded_in_sql(IM_INV.c.ITEM_NO)
    stock = (
        select(number.label("item"), func.sum(IM_INV.c.QTY_AVAIL).label("available"))
        .where(folded_in_sql(IM_INV.c.LOC_ID).in_(sorted(map(folded, locations))))
        .group_by(number)
        .subquery("stock")
    )
    item = IM_ITEM.c
    return (
        select(
            item.ITEM_NO,
            item.LONG_DESCR,
            item.STAT,
            item.CATEG_COD,
            item.ITEM_VEND_NO,
            item.PROF_COD_1,
            item.USR_PROF_ALPHA_16,
            item.IS_ADM_TKT,
            item.PRC_1,
            item.PROF_NO_1,
            stock.c.available,
            item.IS_ECOMM_ITEM,
            item.USR_CPC_IS_ENABLED,
            item.USR_ALWAYS_ONLINE,
            item.ECOMM_NEW,
            item.USR_PROF_ALPHA_27,
            item.TRK_INV,
        )
        .outerjoin(stock, stock.c.item == folded_in_sql(item.ITEM_NO))
        .where(*conditions)
    )


def as_items(rows: Iterable[Any]) -> list[Item]:
    """Typed items from the rows of `items`, ordered by item number."""
    found = [
        Item(
            number=row.ITEM_NO,
            description=row.LONG_DESCR,
            status=row.STAT,
            category=row.CATEG_COD,
            vendor=row.ITEM_VEND_NO,
            brand=row.PROF_COD_1,
            binding=row.USR_PROF_ALPHA_16,
            is_parent=folded(row.IS_ADM_TKT) == "Y",
            price=row.PRC_1,
            buffer=row.PROF_NO_1,
            available=row.available,
            on_web=folded(row.IS_ECOMM_ITEM) == "Y",
            is_visible=folded(row.USR_CPC_IS_ENABLED) == "Y",
            always_online=row.USR_ALWAYS_ONLINE,
            featured=row.ECOMM_NEW,
            sort_order=row.USR_PROF_ALPHA_27,
            tracked=folded(row.TRK_INV) != "N",
        )
        for row in rows
    ]
    return sorted(found, key=lambda item: item.number)


def products(found: Iterable[Item]) -> dict[str, list[Item]]:
    """The items by what the web shop sells them as (`Item.web_key`), in the order of their first items."""
    by_key: dict[str, list[Item]] = {}
    for item in found:
        by_key.setdefault(item.web_key, []).append(item)
    return by_key
