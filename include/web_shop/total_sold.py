"""How often each product of the web shop was sold, at the tills and online (rule 10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from include.changes import Plan
from include.counterpoint.items import Item, Read, as_items, folded, items
from include.counterpoint.sales import ItemSales, as_sales, sales_by_item
from include.periods import Period
from include.settings import StoreSettings
from include.web_shop.settings import TotalSoldSettings, WebShopSettings
from include.web_shop.shop import Shop


def plan(read: Read, day: date, shop: Shop | None, settings: WebShopSettings, store: StoreSettings) -> Plan:
    """What to tell the web shop as total sold; nothing is known, so nothing planned, without a shop."""
    rule = settings.total_sold
    period = Period(rule.since, day) if rule.since else None
    found = as_items(read(items(store.stock_locations)))
    sold = as_sales(read(sales_by_item(period, rule.stores)))
    return propose(found, sold, shop or Shop(), rule)


def propose(
    found: Sequence[Item], sold: Mapping[str, ItemSales], shop: Shop, rule: TotalSoldSettings
) -> Plan:
    """Net units of all items of a product, in whole units and never below 0.

    What is gone from the item file counts for the product that still carries its number.
    """
    product_of = _products_by_item(found, shop)
    totals: dict[int, Decimal] = {}
    for sales in sold.values():
        if product := product_of.get(sales.item):
            totals[product] = totals.get(product, Decimal(0)) + sales.quantity
    where = f"stores {', '.join(rule.stores)}" if rule.stores else "all stores"
    reason = f"units sold less returns, {where}, {f'since {rule.since}' if rule.since else 'all time'}"
    changes = []
    for key, product in shop.ids.items():
        units = max(0, int(totals.get(product, Decimal(0)).quantize(Decimal(1), ROUND_HALF_UP)))
        changes += shop.change(key, "total_sold", units, reason)
    return Plan(tuple(changes), considered=len(shop.ids), basis=len(sold))


def _products_by_item(found: Sequence[Item], shop: Shop) -> dict[str, int]:
    """The product id of each item number: as the item file has it, else as the shop itself carries it."""
    by_item: dict[str, int] = {}
    for key in shop.ids:
        if product := shop.product(key):
            for sku in (product.sku, *(variant.sku for variant in product.variants)):
                by_item.setdefault(folded(sku), product.id)
    return by_item | {item.key: shop.ids[item.web_key] for item in found if item.web_key in shop.ids}
