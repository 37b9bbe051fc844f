"""How many units of an item are held back from the web shop, so that it is not oversold."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from include.catalog.item_log import shown
from include.catalog.upkeep_settings import BufferSettings, Tier, UpkeepSettings
from include.changes import Change, Plan
from include.counterpoint.items import Item, Read, as_items, folded, items
from include.settings import StoreSettings


def plan_buffers(read: Read, settings: UpkeepSettings, store: StoreSettings) -> Plan:
    """Set the stock buffers that differ from what the settings want."""
    return buffered(as_items(read(items(store.stock_locations))), settings.buffers)


def buffered(found: Iterable[Item], settings: BufferSettings) -> Plan:
    """The buffer of each item, decided by the first of these that names it:

    1. its brand in `settings.brands`, then its vendor in `settings.vendors`
    2. its category in `settings.categories`, by price (see `tier_of`)
    3. `settings.base`, for an item that has no buffer; one that staff set by hand stays
    """
    looked_at = [item for item in found if item.on_web or not settings.web_items_only]
    changes = []
    for item in looked_at:
        wanted = _wanted(item, settings)
        if wanted is not None and (item.buffer is None or item.buffer != wanted[0]):
            new, reason = wanted
            changes.append(Change("IM_ITEM", item.number, "PROF_NO_1", item.buffer, Decimal(new), reason))
    return Plan(tuple(changes), len(looked_at))


def _wanted(item: Item, settings: BufferSettings) -> tuple[int, str] | None:
    brand, vendor, category = folded(item.brand), folded(item.vendor), folded(item.category)
    if brand in settings.brands:
        return settings.brands[brand], f"its brand is {brand}"
    if vendor in settings.vendors:
        return settings.vendors[vendor], f"its vendor is {vendor}"
    if category in settings.categories:
        tier = tier_of(item.price, settings.categories[category])
        above = f" above {shown(tier.above)}" if tier.above is not None else ""
        price = "no price" if item.price is None else f"price {shown(item.price)}"
        return tier.buffer, f"{category}{above}: {price}"
    return (settings.base, "it had no buffer") if item.buffer is None else None


def tier_of(price: Decimal | None, tiers: Iterable[Tier]) -> Tier:
    """Of the tiers whose limit is strictly below `price` (dollars), the one with the highest.

    Without a price it is the tier without a limit, the most careful one.
    """
    fitting = [tier for tier in tiers if tier.above is None or (price is not None and price > tier.above)]
    return max(fitting, key=lambda tier: tier.above or Decimal(0))
