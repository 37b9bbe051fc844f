"""Which products the web shop features on its front page (rule 14)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from include.changes import Change, Plan, Reject
from include.counterpoint.items import Item, Read, as_items, folded, items, products
from include.counterpoint.sales import ItemSales, as_sales, sales_by_item
from include.periods import Period, this_time_last_year
from include.settings import StoreSettings
from include.web_shop.ranking import (
    Products,
    dollars,
    first_number,
    heads,
    in_stock,
    is_on_web,
    ranked,
    sum_of,
)
from include.web_shop.settings import FeaturedSettings, WebShopSettings
from include.web_shop.shop import Shop


@dataclass(frozen=True)
class _Choice:
    """Web keys with their reasons: `wanted` to be featured, the best sellers that are `sold_out`; `kept` are
    those that staff look after; `others` is the reason for everything else.
    """

    wanted: Mapping[str, str]
    sold_out: Mapping[str, str]
    kept: frozenset[str]
    others: str

    def why_not(self, key: str) -> str:
        return self.sold_out.get(key, self.others)


def plan(read: Read, day: date, shop: Shop | None, settings: WebShopSettings, store: StoreSettings) -> Plan:
    """What to feature and what no more, in Counterpoint and, where it was read, in the web shop."""
    rule = settings.featured
    period = this_time_last_year(day, rule.days)
    found = as_items(read(items(store.stock_locations)))
    sold = as_sales(read(sales_by_item(period, rule.stores)))
    return propose(found, sold, shop, rule, period)


def propose(
    found: Sequence[Item],
    sold: Mapping[str, ItemSales],
    shop: Shop | None,
    rule: FeaturedSettings,
    period: Period,
) -> Plan:
    """Feature the best sellers by net sales that are in stock, and nothing else but what staff keep.

    A bound product counts all its items, and its parent holds the flag. Products of the shop that no item or
    binding id stands for are left alone.
    """
    by_key = products(found)
    totals = {key: sum_of(members, sold, "amount") for key, members in by_key.items() if is_on_web(members)}
    ranking = ranked(totals, lambda key: first_number(by_key[key]))
    wanted: dict[str, str] = {}
    sold_out: dict[str, str] = {}
    for rank, (key, amount) in enumerate(ranking if rule.fill_up else ranking[: rule.top], 1):
        if len(wanted) == rule.top:
            break
        reason = f"rank {rank} of {len(ranking)}, {dollars(amount)} in {period}"
        if in_stock(by_key[key]):
            wanted[key] = reason
        else:
            sold_out[key] = f"sold out, though {reason}"
    kept, rejects = _kept(by_key, rule)
    choice = _Choice(wanted, sold_out, kept, f"not among the best {rule.top} of {period}")
    rejects += [
        Reject(key, "is featured in the web shop only: no item of this binding id is marked as its parent")
        for key in wanted
        if not heads(by_key[key])
    ]
    shop = shop or Shop()
    changes = (*_in_counterpoint(by_key, choice), *_in_shop(shop, choice))
    return Plan(changes, len(found) + len(shop.ids), tuple(rejects), basis=len(ranking))


def _kept(by_key: Products, rule: FeaturedSettings) -> tuple[frozenset[str], list[Reject]]:
    key_of = {item.key: key for key, members in by_key.items() for item in members}
    keys = {number: key_of.get(folded(number)) or folded(number) for number in rule.keep}
    rejects = [
        Reject(number, "is to be kept featured (featured.keep), but no item has this number")
        for number, key in keys.items()
        if key not in by_key
    ]
    return frozenset(keys.values()), rejects


def _in_counterpoint(by_key: Products, choice: _Choice) -> Iterator[Change]:
    for key, members in by_key.items():
        holders = heads(members) if key in choice.wanted else []
        for item in members:
            is_featured = folded(item.featured) == "Y"
            if item in holders and not is_featured:
                yield _change(item, "Y", choice.wanted[key])
            elif is_featured and item not in holders and key not in choice.kept:
                reason = "its parent holds the flag" if key in choice.wanted else choice.why_not(key)
                yield _change(item, "N", reason)


def _change(item: Item, new: str, reason: str) -> Change:
    return Change("IM_ITEM", item.number, "ECOMM_NEW", item.featured, new, reason)


def _in_shop(shop: Shop, choice: _Choice) -> Iterator[Change]:
    for key in shop.ids:
        if key in choice.wanted:
            yield from shop.change(key, "is_featured", True, choice.wanted[key])
        elif key not in choice.kept:
            yield from shop.change(key, "is_featured", False, choice.why_not(key))
