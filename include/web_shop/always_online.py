"""Which best sellers stay in the web shop when they are out of stock for a time (rule 12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from include.changes import Change, Plan
from include.counterpoint.items import Item, Read, as_items, folded, items, products
from include.counterpoint.sales import ItemSales, as_sales, sales_by_item
from include.periods import Period, since_start_of_last_year
from include.settings import StoreSettings
from include.web_shop.ranking import dollars, heads, ranked
from include.web_shop.settings import AlwaysOnlineSettings, WebShopSettings
from include.web_shop.shop import Shop


def plan(read: Read, day: date, _shop: Shop | None, settings: WebShopSettings, store: StoreSettings) -> Plan:
    """Which items to mark in Counterpoint, whose connector tells the web shop."""
    rule = settings.always_online
    period = since_start_of_last_year(day)
    found = as_items(read(items(store.stock_locations)))
    sold = as_sales(read(sales_by_item(period, rule.stores)))
    return propose(found, sold, rule, period)


def propose(
    found: Sequence[Item], sold: Mapping[str, ItemSales], rule: AlwaysOnlineSettings, period: Period
) -> Plan:
    """Mark the best sellers by net sales and, for a size of a bound product, its parents."""
    by_item = {item.key: item for item in found}
    counted = {
        key: sales.amount
        for key, sales in sold.items()
        if rule.count == "all_items" or (key in by_item and by_item[key].on_web)
    }
    ranking = ranked(counted)
    reasons = {
        key: f"rank {rank} of {len(ranking)}, {dollars(amount)} in {period}"
        for rank, (key, amount) in enumerate(ranking[: rule.top], 1)
        if key in by_item
    }
    by_key = products(found)
    for key, reason in list(reasons.items()):
        for parent in heads(by_key[by_item[key].web_key]):
            reasons.setdefault(parent.key, f"parent of {by_item[key].number}: {reason}")
    others = f"not among the best {rule.top} of {period}"
    changes = []
    for item in found:
        is_marked = folded(item.always_online) == "Y"
        if item.key in reasons and not is_marked:
            changes.append(_change(item, "Y", reasons[item.key]))
        elif is_marked and item.key not in reasons and rule.clear_others:
            changes.append(_change(item, "N", others))
    return Plan(tuple(changes), considered=len(found), basis=len(ranking))


def _change(item: Item, new: str, reason: str) -> Change:
    return Change("IM_ITEM", item.number, "USR_ALWAYS_ONLINE", item.always_online, new, reason)
