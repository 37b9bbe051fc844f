"""What the rules of the web shop share: best sellers, and the products that items are sold as."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from include.counterpoint.items import Item, folded
from include.counterpoint.sales import ItemSales

Products = Mapping[str, Sequence[Item]]
"""The items of each product, by what the web shop sells them as (`Item.web_key`)."""


def ranked(totals: Mapping[str, Decimal], ties: Callable[[str], str] = str) -> list[tuple[str, Decimal]]:
    """What sold more than 0, best first; equals in the order of `ties`, by default of their own keys."""
    sold = [(key, total) for key, total in totals.items() if total > 0]
    return sorted(sold, key=lambda found: (-found[1], ties(found[0])))


def heads(members: Sequence[Item]) -> list[Item]:
    """The rows that stand for a product: the item itself, or the parents of its binding id.

    Where the item file is wrong, a binding id has no parent or several.
    """
    if not any(folded(item.binding) for item in members):
        return list(members)
    return [item for item in members if item.is_parent]


def first_number(members: Sequence[Item]) -> str:
    """The lowest item number of a product, which decides between equals."""
    return min(item.key for item in members)


def is_on_web(members: Iterable[Item]) -> bool:
    """Whether the web shop sells any of the items."""
    return any(item.on_web for item in members)


def in_stock(members: Sequence[Item]) -> bool:
    """Whether the items together have a unit left for the web shop; what is not counted never runs out."""
    return any(not item.tracked for item in members) or sum(item.buffered for item in members) >= 1


def sum_of(members: Iterable[Item], sold: Mapping[str, ItemSales], value: str) -> Decimal:
    """The items' `quantity` or `amount` together."""
    keys = {item.key for item in members}
    return sum((getattr(sold[key], value) for key in keys if key in sold), Decimal(0))


def dollars(amount: Decimal) -> str:
    """An amount for people: $1,234.50."""
    return f"${amount:,.2f}"
