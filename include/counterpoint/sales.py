"""What was sold: net quantities and amounts per item, added up by the database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select

from include.counterpoint.items import folded, folded_in_sql
from include.counterpoint.tables import PS_TKT_HIST, PS_TKT_HIST_LIN
from include.periods import Period


@dataclass(frozen=True, slots=True)
class ItemSales:
    """Net sales of one item: `quantity` in selling units and `amount` in dollars, returns taken off.

    Both are negative when more came back than was sold. The item may be gone from the item file.
    """

    item: str
    quantity: Decimal
    amount: Decimal


def sales_by_item(period: Period | None = None, stores: Collection[str] = ()) -> Select[Any]:
    """Net sales per item number; `period` is about posting days, no `stores` means all of them.

    Return lines count as negative, whichever sign they were written with; lines that are neither sale nor
    return (fulfilment history) do not count. Store ids are compared without case and blanks.
    """
    line = PS_TKT_HIST_LIN.c
    kind = func.upper(line.LIN_TYP)
    # Besides adding up other spellings, this keeps SQLite from walking the index of items, in whose order it
    # would fetch millions of lines from all over the file.
    item: ColumnElement[Any] = folded_in_sql(line.ITEM_NO)
    query = (
        select(
            item.label("item"),
            func.sum(_net(kind, line.QTY_SOLD)).label("quantity"),
            func.sum(_net(kind, line.EXT_PRC)).label("amount"),
        )
        .where(kind.in_(["S", "R"]), line.ITEM_NO.is_not(None))
        .group_by(item)
    )
    if period is None and not stores:
        return query
    query = query.join(PS_TKT_HIST, PS_TKT_HIST.c.DOC_ID == line.DOC_ID)
    if period is not None:
        posted = PS_TKT_HIST.c.POST_DAT
        query = query.where(posted >= period.first, posted < period.end)
    if stores:
        query = query.where(folded_in_sql(PS_TKT_HIST.c.STR_ID).in_(sorted(map(folded, stores))))
    return query


def _net(kind: ColumnElement[str], value: ColumnElement[Any]) -> ColumnElement[Any]:
    found = func.coalesce(value, 0)
    return case((kind == "R", -func.abs(found)), else_=found)


def as_sales(rows: Collection[Any]) -> dict[str, ItemSales]:
    """Sales by item number in capitals without blanks, from the rows of `sales_by_item`.

    Databases that tell upper from lower case give one item in two rows; they are added up. Lines whose item
    number is blank belong to no item.
    """
    found: dict[str, ItemSales] = {}
    for row in rows:
        item = folded(row.item)
        if not item:
            continue
        quantity, amount = Decimal(row.quantity or 0), Decimal(row.amount or 0)
        if before := found.get(item):
            quantity, amount = quantity + before.quantity, amount + before.amount
        found[item] = ItemSales(item, quantity, amount)
    return found
