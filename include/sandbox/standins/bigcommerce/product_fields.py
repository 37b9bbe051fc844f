"""A product's fields: what they may hold and what they hold when nobody said anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_GREATEST = 2_147_483_647

_Text = Annotated[str, Field(max_length=255)]
_LongText = Annotated[str, Field(max_length=65_535)]
_Size = Annotated[float, Field(ge=0, le=9_999_999_999)]
_Code = Annotated[str, Field(max_length=14)]
_Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
# Prices keep four decimals.
_Money = Annotated[float, Field(ge=0), AfterValidator(lambda value: round(value, 4))]
# The catalogue cuts a stock level that is too great for it; the inventory service refuses it.
_Level = Annotated[int, Field(ge=0), AfterValidator(lambda value: min(value, _GREATEST))]


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
    sku: _Text = ""
    description: str = ""
    weight: _Size = 0
    width: _Size = 0
    depth: _Size = 0
    height: _Size = 0
    price: _Money = 0
    cost_price: _Money = 0
    retail_price: _Money = 0
    sale_price: _Money = 0
    map_price: float = 0
    tax_class_id: Annotated[int, Field(ge=0, le=255)] = 0
    product_tax_code: _Text = ""
    categories: Annotated[list[int], Field(max_length=1000)] = []
    brand_id: _Count = 0
    inventory_level: _Level = 0
    inventory_warning_level: _Level = 0
    inventory_tracking: Literal["none", "product", "variant"] = "product"
    fixed_cost_shipping_price: _Money = 0
    is_free_shipping: bool = False
    is_visible: bool = True
    is_featured: bool = False
    related_products: list[int] = [-1]
    warranty: _LongText = ""
    bin_picking_number: _Text = ""
    layout_file: Annotated[str, Field(max_length=500)] = ""
    upc: _Code = ""
    gtin: _Code = ""
    mpn: str = ""
    search_keywords: _LongText = ""
    availability: Literal["available", "disabled", "preorder"] = "available"
    availability_description: _Text = ""
    gift_wrapping_options_type: Literal["any", "none", "list"] = "any"
    gift_wrapping_options_list: list[int] = []
    sort_order: Annotated[int, Field(ge=-_GREATEST - 1, le=_GREATEST)] = 0
    condition: Literal["New", "Used", "Refurbished"] = "New"
    is_condition_shown: bool = False
    order_quantity_minimum: _Count = 0
    order_quantity_maximum: _Count = 0
    page_title: _Text = ""
    meta_keywords: list[str] = []
    meta_description: _LongText = ""
    preorder_release_date: str | None = None
    preorder_message: _Text = ""
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


class LoadedProduct(ProductFields):
    """A product that is put into the shop from outside the API: it may bring what the API computes."""

    # Seeds may bring prices as Decimal.
    model_config = ConfigDict(strict=False, extra="forbid")

    id: Annotated[int, Field(ge=1)]
    name: Annotated[str, Field(min_length=1, max_length=250)]
    date_created: str = ""
    date_modified: str = ""
    total_sold: _Count = 0
    reviews_count: _Count = 0
    reviews_rating_sum: _Count = 0
    view_count: _Count = 0


def product_document(row: Mapping[str, Any]) -> dict[str, Any]:
    """A whole product from the fields that are known; raises pydantic's `ValidationError`."""
    product = LoadedProduct.model_validate(dict(row))
    document = product.model_dump()
    document["custom_url"] = document["custom_url"] or {
        "url": f"/{_slug(product.name)}/",
        "is_customized": False,
    }
    document["date_created"] = product.date_created or timestamp()
    document["date_modified"] = product.date_modified or document["date_created"]
    document["base_variant_id"] = product.id
    document["calculated_price"] = calculated_price(document)
    return document


def calculated_price(document: Mapping[str, Any]) -> float:
    """What a customer pays: the sale price where there is one."""
    price: float = document["sale_price"] or document["price"]
    return price


def timestamp() -> str:
    """Now, as version 3 writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:200] or "product"
