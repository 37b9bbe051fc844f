"""A variant's fields: what they may hold, what is the product's too, and how a variant is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from include.sandbox.standins.bigcommerce.product_fields import Level, Money, ShortText

_Measure = Annotated[float, Field(ge=0)] | None
_Price = Money | None


class OptionValue(BaseModel):
    """What tells a variant from its siblings: the size, the colour."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[int, Field(ge=1)] | None = None
    option_id: Annotated[int, Field(ge=1)] = 1
    option_display_name: Annotated[str, Field(min_length=1, max_length=255)] = "Option"
    label: Annotated[str, Field(min_length=1, max_length=255)]


class VariantFields(BaseModel):
    """The fields that a caller may write; null means: as the product. Unknown fields are passed over."""

    model_config = ConfigDict(strict=True, extra="ignore")

    cost_price: _Price = None
    price: _Price = None
    sale_price: _Price = None
    retail_price: _Price = None
    weight: _Measure = None
    width: _Measure = None
    height: _Measure = None
    depth: _Measure = None
    is_free_shipping: bool = False
    fixed_cost_shipping_price: _Price = None
    purchasing_disabled: bool = False
    purchasing_disabled_message: ShortText = ""
    upc: Annotated[str, Field(max_length=14)] | None = ""
    inventory_level: Level = 0
    inventory_warning_level: Level = 0
    bin_picking_number: ShortText = ""


class VariantChange(VariantFields):
    """One variant of a batch: the id says which."""

    id: Annotated[int, Field(ge=1)]


OWN = frozenset({"purchasing_disabled", "purchasing_disabled_message"})
"""The fields that a base variant does not share with its product."""

VARIANT_FIELDS = frozenset(VariantFields.model_fields) | {
    "id",
    "product_id",
    "sku",
    "sku_id",
    "mpn",
    "gtin",
    "image_url",
    "option_values",
    "calculated_price",
    "calculated_weight",
}
"""All fields that a variant is shown with."""


def shown_variant(variant_id: int, own: Mapping[str, Any], product: Mapping[str, Any]) -> dict[str, Any]:
    """A variant as an answer shows it; `own` is what it does not have from its product.

    A base variant shows its product's values. Any other variant shows null where it has no price or measure
    of its own, and what that comes to in `calculated_price` and `calculated_weight`.
    """
    is_base = product["base_variant_id"] == variant_id
    document = {name: product.get(name) for name in (*VariantFields.model_fields, "sku", "mpn", "gtin")}
    document = {**document, "option_values": [], **own} if is_base else dict(own)
    price = document["sale_price"] or document["price"]
    return {
        "id": variant_id,
        "product_id": product["id"],
        # The number of a SKU in version 2, which knows none for a base variant.
        "sku_id": None if is_base else variant_id,
        "image_url": "",
        "mpn": "",
        "gtin": "",
        **document,
        "calculated_price": product["calculated_price"] if price is None else price,
        "calculated_weight": product["weight"] if document["weight"] is None else document["weight"],
    }
