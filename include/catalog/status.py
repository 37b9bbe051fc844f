"""Which items become inactive because they are sold out, and which have stock again."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from include.catalog.item_log import shown
from include.catalog.upkeep_settings import InactiveSettings, UpkeepSettings
from include.changes import Change, Plan
from include.counterpoint.items import Item, Read, as_items, folded, items
from include.counterpoint.tables import PS_DOC_LIN
from include.files import StoragePath, write_atomically
from include.settings import StoreSettings
from include.spreadsheets import as_text

ACTIVE, INACTIVE = "A", "V"


@dataclass(frozen=True, slots=True)
class OpenDocuments:
    """Keys of the items on open documents: on orders, and on holds or quotes."""

    orders: frozenset[str] = frozenset()
    holds: frozenset[str] = frozenset()


def plan_inactive(read: Read, settings: UpkeepSettings, store: StoreSettings) -> tuple[Plan, list[Item]]:
    """Set items that are sold out to inactive; where the store wants it, those with stock again to active.

    With the plan come the inactive items that have stock again, for `write_report`.
    """
    found = as_items(read(items(store.stock_locations)))
    plan = sold_out(found, as_documents(read(open_lines())), settings.inactive)
    return plan, inactive_with_stock(found, settings.inactive)


def open_lines() -> Select[Any]:
    """Which items are on which kind of open document, for `as_documents`."""
    line = PS_DOC_LIN.c
    return select(line.ITEM_NO, line.LIN_TYP).where(line.ITEM_NO.is_not(None)).distinct()


def as_documents(rows: Iterable[Any]) -> OpenDocuments:
    """Items by kind of document from the rows of `open_lines`."""
    kinds: dict[str, set[str]] = {"O": set(), "S": set()}
    for row in rows:
        kinds.setdefault(folded(row.LIN_TYP), set()).add(folded(row.ITEM_NO))
    return OpenDocuments(frozenset(kinds["O"]), frozenset(kinds["S"]))


def sold_out(found: Iterable[Item], documents: OpenDocuments, settings: InactiveSettings) -> Plan:
    """The status changes of all items; which items stay active is up to `settings.leave`.

    Sold out is an active item of which less than `settings.below` are available over all of the store's
    locations, negative stock included. An item without any stock record is left alone: nothing is known.
    The plan's `basis` is the number of active items with a stock record.
    """
    every = list(found)
    leave, is_excluded = settings.leave, _excluded(settings)
    in_stock = {
        folded(item.binding)
        for item in every
        if _has_stock(item, settings) or (leave.untracked and item.is_active and not item.tracked)
    }
    changes = []
    for item in every:
        if not item.is_active or item.available is None or item.available >= settings.below:
            continue
        ordered, held = item.key in documents.orders, item.key in documents.holds
        bound = folded(item.binding)
        if (
            is_excluded(item)
            or (leave.on_orders and ordered)
            or (leave.on_holds and held)
            or (leave.siblings_in_stock and bound and bound in in_stock)
        ):
            continue
        reason = f"{shown(item.available)} available, below {shown(settings.below)}"
        reason += "; it is on an open order" if ordered else ""
        reason += "; it is on a hold or quote" if held else ""
        changes.append(Change("IM_ITEM", item.number, "STAT", item.status, INACTIVE, reason))
    again = inactive_with_stock(every, settings) if settings.reactivate else []
    for item in again:
        reason = f"{shown(item.available)} available again"
        changes.append(Change("IM_ITEM", item.number, "STAT", item.status, ACTIVE, reason))
    active = [item for item in every if item.is_active]
    considered = len(every) if settings.reactivate else len(active)
    return Plan(tuple(changes), considered, basis=sum(item.available is not None for item in active))


def inactive_with_stock(found: Iterable[Item], settings: InactiveSettings) -> list[Item]:
    """Inactive items that have stock again, without those that this rule leaves alone anyway."""
    is_excluded = _excluded(settings)
    return [
        item
        for item in found
        if folded(item.status) == INACTIVE and _has_stock(item, settings) and not is_excluded(item)
    ]


def write_report(found: Iterable[Item], path: StoragePath) -> None:
    """List items with their names and stock, for staff; replaces the list before."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["item_no", "product_name", "category", "qty_avail"])
    for item in found:
        texts = (" ".join((text or "").split()) for text in (item.number, item.description, item.category))
        writer.writerow([*map(as_text, texts), shown(item.available)])
    write_atomically(path, out.getvalue().encode())


def _has_stock(item: Item, settings: InactiveSettings) -> bool:
    return item.available is not None and item.available >= settings.below


def _excluded(settings: InactiveSettings) -> Callable[[Item], bool]:
    leave, words = settings.leave, settings.leave.consignment_words()
    categories, vendors = frozenset(leave.categories), frozenset(leave.vendors)

    def excluded(item: Item) -> bool:
        category = folded(item.category)
        return (
            (leave.no_category if not category else category in categories)
            or folded(item.vendor) in vendors
            or (words is not None and words.search(item.description or "") is not None)
            or (leave.untracked and not item.tracked)
        )

    return excluded
