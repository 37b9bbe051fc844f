"""What the web shop shows beside a product: the staff's picks, then what sold best at this time (rule 11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from include.changes import Plan, Reject
from include.counterpoint.items import Item, Read, as_items, folded, items, products
from include.counterpoint.sales import ItemSales, as_sales, sales_by_item
from include.periods import Period, last_days, this_time_last_year
from include.settings import StoreSettings
from include.web_shop.ranking import Products, first_number, heads, in_stock, is_on_web, ranked, sum_of
from include.web_shop.settings import RelatedItemsSettings, WebShopSettings
from include.web_shop.shop import Shop


def plan(read: Read, day: date, shop: Shop | None, settings: WebShopSettings, store: StoreSettings) -> Plan:
    """What to show beside each product; nothing is known, so nothing planned, without a shop."""
    rule = settings.related_items
    period = (
        this_time_last_year(day, rule.days)
        if rule.period == "this_time_last_year"
        else last_days(day, days=14)
    )
    found = as_items(read(items(store.stock_locations)))
    sold = as_sales(read(sales_by_item(period, rule.stores)))
    return propose(found, sold, shop or Shop(), rule, period)


def propose(
    found: Sequence[Item],
    sold: Mapping[str, ItemSales],
    shop: Shop,
    rule: RelatedItemsSettings,
    period: Period,
) -> Plan:
    """The staff's list of the product's category, in its order, then the category's best sellers by quantity.

    Neither the product itself nor anything that the shop does not show is suggested; where nothing is left,
    the product keeps what it has. Numbers of the staff's lists that no item has are rejects.
    """
    by_key = products(found)
    shown = _shown(by_key, shop, rule)
    picks, rejects = _staff_picks(by_key, shown, rule)
    best = _best_sellers(by_key, shown, sold, rule.popular + 1)
    changes, considered = [], 0
    for key, own in shop.ids.items():
        if not is_on_web(by_key.get(key, ())):
            continue
        considered += 1
        category = _category(by_key[key])
        staff = [other for other in picks.get(category, ()) if other != own]
        popular = [other for other in best.get(category, ()) if other != own][: rule.popular]
        if wanted := tuple(dict.fromkeys(staff + popular))[: rule.at_most]:
            reason = f"{category}: {len(staff)} picked by staff, {len(popular)} best sellers of {period}"
            changes += shop.change(key, "related_products", wanted, reason)
    return Plan(tuple(changes), considered, rejects, basis=len(sold))


def _category(members: Sequence[Item]) -> str:
    """The category of a product: its parent's, else that of its first item that has one."""
    return next((code for item in (*heads(members), *members) if (code := folded(item.category))), "")


def _shown(by_key: Products, shop: Shop, rule: RelatedItemsSettings) -> dict[str, int]:
    """The product ids that may be suggested, by web key."""
    found = {}
    for key, members in by_key.items():
        product = shop.product(key)
        if product is None or not product.is_visible or product.availability == "disabled":
            continue
        if not rule.skip_sold_out or in_stock(members):
            found[key] = product.id
    return found


def _staff_picks(
    by_key: Products, shown: Mapping[str, int], rule: RelatedItemsSettings
) -> tuple[dict[str, list[int]], tuple[Reject, ...]]:
    key_of = {item.key: key for key, members in by_key.items() for item in members}
    picks: dict[str, list[int]] = {}
    unknown: dict[str, list[str]] = {}
    for category, numbers in rule.staff_lists.items():
        for number in numbers:
            key = key_of.get(folded(number)) or folded(number)
            if key not in by_key:
                unknown.setdefault(folded(number), []).append(category)
            elif key in shown:
                picks.setdefault(category, []).append(shown[key])
    rejects = [
        Reject(number, f"is on the staff's related items of {', '.join(categories)}, but no item has it")
        for number, categories in unknown.items()
    ]
    return picks, tuple(rejects)


def _best_sellers(
    by_key: Products, shown: Mapping[str, int], sold: Mapping[str, ItemSales], most: int
) -> dict[str, list[int]]:
    """Up to `most` product ids of each category, most units first; a bound product counts all its items."""
    units: dict[str, dict[str, Decimal]] = {}
    for key in shown:
        if category := _category(by_key[key]):
            units.setdefault(category, {})[key] = sum_of(by_key[key], sold, "quantity")
    best = {}
    for category, totals in units.items():
        ranking = ranked(totals, lambda key: first_number(by_key[key]))
        best[category] = list(dict.fromkeys(shown[key] for key, _ in ranking))[:most]
    return best
