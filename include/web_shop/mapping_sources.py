"""What is known of which product sells which item: the shop's SKUs, the connector's ids, last night's ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from include.counterpoint.items import folded
from include.storedb.web_products import FoundBy, RememberedProduct
from include.web_shop.shop import WebProduct


@dataclass(frozen=True)
class ConnectorRows:
    """The connector's latest products by item number or binding id, and latest variants by item number."""

    products: Mapping[str, int] = field(default_factory=dict)
    variants: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)


class Sources:
    """The shop's products, and everything that names one of them."""

    def __init__(
        self,
        products: Mapping[int, WebProduct],
        connector: ConnectorRows,
        remembered: Mapping[str, RememberedProduct],
    ) -> None:
        self.products = products
        self.connector = connector
        self.remembered = remembered
        self._own: dict[str, set[int]] = {}
        self._variants: dict[str, list[tuple[int, int]]] = {}
        for product in products.values():
            self._own.setdefault(folded(product.sku), set()).add(product.id)
            for variant in product.variants:
                self._variants.setdefault(folded(variant.sku), []).append((product.id, variant.id))

    def has_sku(self, product: int, key: str) -> bool:
        """Whether the product itself, not one of its variants, has this SKU."""
        return product in self._own.get(key, ())

    def carriers(self, key: str, numbers: Iterable[str]) -> dict[int, int]:
        """How many of the items each product carries; 0 for one that has only the binding id as its SKU."""
        found = Counter(dict.fromkeys(self._own.get(key, ()), 0))
        for number in numbers:
            found.update(
                self._own.get(number, set()) | {product for product, _ in self._variants.get(number, ())}
            )
        return found

    def variant(self, number: str, product: int | None) -> RememberedProduct | None:
        """The variant that sells an item: of `product` where that has it, else of the one with its SKU."""
        if found := self._variants.get(number):
            best = min(found, key=lambda place: (place[0] != product, place))
            return RememberedProduct(number, *best, "sku")
        last = self.remembered.get(number)
        named: tuple[tuple[FoundBy, tuple[int, int | None] | None], ...] = (
            ("connector", self.connector.variants.get(number)),
            ("remembered", (last.product_id, last.variant_id) if last else None),
        )
        shown = self.products[product].variants if product is not None else ()
        for found_by, known in named:
            if known and known[0] == product and known[1] in {variant.id for variant in shown}:
                return RememberedProduct(number, *known, found_by)
        return None
