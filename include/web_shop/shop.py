"""The web shop as a run has read it: its products, and which of them sells which item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from include.changes import Change

PRODUCT = "bigcommerce.product"
"""Target of changes to the web shop's products; their key is the product's id as text."""

ProductField = Literal["total_sold", "sort_order", "is_featured", "related_products"]


@dataclass(frozen=True, slots=True)
class WebVariant:
    """One variant of a product; every product has at least one."""

    id: int
    sku: str


@dataclass(frozen=True, slots=True)
class WebProduct:
    """A product as the shop shows it. `availability` is available, disabled or preorder."""

    id: int
    name: str
    sku: str
    total_sold: int
    sort_order: int
    is_featured: bool
    is_visible: bool
    availability: str
    related_products: tuple[int, ...]
    variants: tuple[WebVariant, ...]


@dataclass(frozen=True)
class Shop:
    """All products by id; `ids` has the product of each item or binding id (`Item.web_key`)."""

    products: Mapping[int, WebProduct] = field(default_factory=dict)
    ids: Mapping[str, int] = field(default_factory=dict)

    def product(self, web_key: str) -> WebProduct | None:
        """What the shop sells an item or binding id as; None when it does not sell it."""
        return self.products.get(self.ids.get(web_key, 0))

    def change(
        self, web_key: str, name: ProductField, new: int | bool | tuple[int, ...], reason: str
    ) -> list[Change]:
        """The change of one field of a product, or nothing where there is no product or no difference.

        Related products are compared as sets: the shop may keep them in an order of its own.
        """
        product = self.product(web_key)
        if product is None:
            return []
        old = getattr(product, name)
        same = set(old) == set(new) if isinstance(old, tuple) and isinstance(new, tuple) else old == new
        return [] if same else [Change(PRODUCT, str(product.id), name, old, new, reason)]
