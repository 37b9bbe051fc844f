"""What staff should look at where the web shop and the item file do not fit together."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from include.changes import Reject
from include.counterpoint.items import Item, folded
from include.storedb.web_products import FoundBy
from include.web_shop.shop import WebProduct

_SHOWN = 4


@dataclass
class Search:
    """What is known of one item number or binding id, and the product that was found for it.

    `carriers` has the number of its items by product, `named` is the connector's product, `lost` has who was
    given a product that this key claimed, too.
    """

    key: str
    items: tuple[Item, ...]
    carriers: Mapping[int, int]
    named: int | None
    product: int | None = None
    found_by: FoundBy | None = None
    lost: dict[int, str] = field(default_factory=dict)

    @property
    def on_web(self) -> bool:
        """Whether the store wants any of its items on the web."""
        return any(item.on_web for item in self.items)

    @property
    def is_bound(self) -> bool:
        """Whether it is a binding id."""
        return any(folded(item.binding) for item in self.items)


def problems(
    products: Mapping[int, WebProduct], searches: Mapping[str, Search], mapped: Collection[str]
) -> Iterator[Reject]:
    """Each problem once, by item number or binding id; `mapped` are the keys whose product is known."""
    for key in sorted(searches):
        search = searches[key]
        used = "no product is used" if search.product is None else f"product {search.product} is used"
        yield from (Reject(key, f"{words}; {used}") for words in _disputes(products, search))
        gone = search.on_web and search.named is not None and search.named not in products
        if gone:
            words = f"the connector's product {search.named} was deleted in the web shop"
            yield Reject(key, f"{words}; {used}")
        if search.product is None:
            if search.on_web and not gone and not search.lost:
                yield Reject(key, "not in the web shop yet")
        elif search.is_bound:
            yield from _missing_variants(products[search.product], search, mapped)


def _disputes(products: Mapping[int, WebProduct], search: Search) -> Iterator[str]:
    if len(search.carriers) > 1:
        ids = sorted(search.carriers, key=lambda product: (-search.carriers[product], product))
        if search.is_bound:
            shown = [f"{_name(products[id_])} with {search.carriers[id_]} of its items" for id_ in ids]
            yield f"spread over {len(ids)} products of the web shop: {_listed(shown)}"
        else:
            shown = [_name(products[id_]) for id_ in ids]
            yield f"{len(ids)} products of the web shop have this SKU: {_listed(shown)}"
    for product, owner in sorted(search.lost.items()):
        yield f"{_name(products[product])} already sells {owner}"


def _missing_variants(product: WebProduct, search: Search, mapped: Collection[str]) -> Iterator[Reject]:
    for item in sorted(search.items, key=lambda item: item.key):
        if item.on_web and item.key not in mapped:
            yield Reject(item.key, f"not in the web shop yet: {_name(product)} has no variant with this SKU")


def _name(product: WebProduct) -> str:
    return f"product {product.id} ({product.name})"


def _listed(shown: list[str]) -> str:
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more
