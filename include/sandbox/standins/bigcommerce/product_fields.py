"""A product's fields: what they may hold and what they hold when nobody said anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_GREATEST = 2_147_483_647

ShortText = Annotated[str, Field(max_length=255)]
LongText = Annotated[str, Field(max_length=65_535)]
_Size = Annotated[float, Field(ge=0, le=9_999_999_999)]
_Code = Annotated[str, Field(max_length=14)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
# Prices keep four decimals.
Money = Annotated[float, Field(ge=0), AfterValidator(lambda value: round(value, 4))]
SortOrder = Annotated[int, Field(ge=-_GREATEST - 1, le=_GREATEST)]
# The catalogue cuts a stock level that is too great for it; the inventory service refuses it.
Level = Annotated[int, Field(ge=0), AfterValidator(lambda value: min(value, _GREATEST))]


class CustomUrl(BaseModel):
    """A product's address in the shop."""

    model_config = ConfigDict(strict=True)

    url: Annotated[str, Field(min_length=1, max_length=255)] = ""
    is_customized: bool = False


class ProductFields(BaseModel):
    """The fields that a caller may write. What was not given is not set; unknown fields are passed over."""

    model_config = ConfigDict(strict=True, extra="ignore")

    name: Annotated[str, Field(min_length=1, max_length=250)] = ""
    type: Literal["physical", "digital"] = "physical"
    sku: ShortText = ""
    description: str = ""
    weight: _Size = 0
    width: _Size = 0
    depth: _Size = 0
    height: _Size = 0
    price: Money = 0
    cost_price: Money = 0
    retail_price: Money = 0
    sale_price: Money = 0
    map_price: float = 0
    tax_class_id: Annotated[int, Field(ge=0, le=255)] = 0
    product_tax_code: ShortText = ""
    categories: Annotated[list[int], Field(max_length=1000)] = []
    brand_id: Count = 0
    # Written through PUT: the API takes it, though it counts the sales itself too.
    total_sold: Annotated[int, Field(ge=-_GREATEST - 1, le=_GREATEST)] = 0
    inventory_level: Level = 0
    inventory_warning_level: Level = 0
    inventory_tracking: Literal["none", "product", "variant"] = "product"
    fixed_cost_shipping_price: Money = 0
    is_free_shipping: bool = False
    is_visible: bool = True
    is_featured: bool = False
    related_products: list[int] = [-1]
    warranty: LongText = ""
    bin_picking_number: ShortText = ""
    layout_file: Annotated[str, Field(max_length=500)] = ""
    upc: _Code = ""
    gtin: _Code = ""
    mpn: str = ""
    search_keywords: LongText = ""
    availability: Literal["available", "disabled", "preorder"] = "available"
    availability_description: ShortText = ""
    gift_wrapping_options_type: Literal["any", "none", "list"] = "any"
    gift_wrapping_options_list: list[int] = []
    sort_order: SortOrder = 0
    condition: Literal["New", "Used", "Refurbished"] = "New"
    is_condition_shown: bool = False
    order_quantity_minimum: Count = 0
    order_quantity_maximum: Count = 0
    page_title: ShortText = ""
    meta_keywords: list[str] = []
    meta_description: LongText = ""
    preorder_release_date: str | None = None
    preorder_message: ShortText = ""
    is_preorder_only: bool = False
    is_price_hidden: bool = False
    price_hidden_label: Annotated[str, Field(max_length=200)] = ""
    open_graph_type: Literal[
        "product", "album", "book", "drink", "food", "game", "movie", "song", "tv_show"
    ] = "product"
    open_graph_title: str = ""
    open_graph_description: str = ""
    open_graph_use_meta_description: bool = True
    open_graph_use_product_name: bool = True
    open_graph_use_image: bool = True
    custom_url: CustomUrl | None = None


class ProductChange(ProductFields):
    """One product of a batch: the id says which."""

    id: Annotated[int, Field(ge=1)]


_READ_ONLY = frozenset(
    {
        "id",
        "base_variant_id",
        "calculated_price",
        "date_created",
        "date_modified",
        "reviews_count",
        "reviews_rating_sum",
        "view_count",
    }
)
PRODUCT_FIELDS = frozenset(ProductFields.model_fields) | _READ_ONLY
"""All fields that a product is shown with."""

INCLUDABLE = PRODUCT_FIELDS - {
    "id",
    "sort_order",
    "gift_wrapping_options_type",
    "gift_wrapping_options_list",
}
"""What `include_fields` takes: by the specification not all fields, and not the id, which always comes."""


def calculated_price(document: Mapping[str, Any]) -> float:
    """What a customer pays: the sale price where there is one."""
    price: float = document["sale_price"] or document["price"]
    return price


def timestamp() -> str:
    """Now, as version 3 writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
