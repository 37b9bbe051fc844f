"""Products that were in the shop before anybody called its API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationError
from sqlalchemy import Engine, bindparam, delete
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import IntegrityError

from include.errors import InvalidRequest
from include.sandbox.standins.bigcommerce.addresses import slug
from include.sandbox.standins.bigcommerce.image_fields import NewImage, image_document
from include.sandbox.standins.bigcommerce.product_fields import (
    Count,
    ProductFields,
    calculated_price,
    timestamp,
)
from include.sandbox.standins.bigcommerce.product_store import has_shared_sku, product_row
from include.sandbox.standins.bigcommerce.variant_fields import OWN, OptionValue, VariantFields
from include.sandbox.standins.state import images, products, variants

# Numbers of variants look unlike numbers of products, so that nobody takes one for the other unnoticed.
_FIRST_BASE_VARIANT = 1_000_000


class LoadedVariant(VariantFields):
    """A variant; without option values it is its product's only one and shares SKU and values with it."""

    model_config = ConfigDict(strict=False, extra="forbid")

    id: Annotated[int, Field(ge=1)]
    sku: Annotated[str, Field(max_length=255)] = ""
    mpn: str = ""
    gtin: Annotated[str, Field(max_length=14)] = ""
    option_values: list[OptionValue] = Field(default_factory=list)


class LoadedImage(NewImage):
    """An image; without an id it is given one."""

    model_config = ConfigDict(strict=False, extra="forbid")

    id: Annotated[int, Field(ge=1)] | None = None


class LoadedProduct(ProductFields):
    """A product: it may bring what the API computes."""

    # Seeds may bring prices as Decimal.
    model_config = ConfigDict(strict=False, extra="forbid")

    id: Annotated[int, Field(ge=1)]
    name: Annotated[str, Field(min_length=1, max_length=250)]
    date_created: str = ""
    date_modified: str = ""
    reviews_count: Count = 0
    reviews_rating_sum: Count = 0
    view_count: Count = 0
    variants: list[LoadedVariant] = Field(default_factory=list)
    images: list[LoadedImage] = Field(default_factory=list)


def load_products(engine: Engine, rows: Iterable[Mapping[str, Any]]) -> int:
    """Put products into the web shop as if they had been there; returns how many.

    A row has the fields of the Catalog API, at least `id` and `name`; a product with the same id is replaced.
    `variants` are rows with at least `id` and, where there are several, `sku` and `option_values`; without
    them the product has a base variant. `images` are rows with at least `image_url`. Brands and categories
    that a product names need not be there.

    Raises `InvalidRequest` for a field that products do not have or a value that it may not hold, and for two
    products with the same name or SKU.
    """
    try:
        loaded = [LoadedProduct.model_validate(dict(row)) for row in rows]
        product_rows = [product_row(_product_document(product)) for product in loaded]
    except ValidationError as error:
        raise InvalidRequest(f"product refused: {error}") from error
    except ValueError as error:
        raise InvalidRequest(f"product refused: its date_modified: {error}") from error
    if not loaded:
        return 0
    statement = insert(products)
    replaced = {name: statement.excluded[name] for name in product_rows[0] if name != "id"}
    try:
        with engine.begin() as connection:
            connection.execute(
                statement.on_conflict_do_update(index_elements=["id"], set_=replaced), product_rows
            )
            for table in (variants, images):
                gone = delete(table).where(table.c.product_id == bindparam("product"))
                connection.execute(gone, [{"product": product.id} for product in loaded])
            connection.execute(insert(variants), [row for product in loaded for row in _variants(product)])
            found = [row for product in loaded for row in _images(product)]
            if found:
                connection.execute(insert(images), found)
            if has_shared_sku(connection):
                raise InvalidRequest("a product and another product's variant have the same SKU")
    except IntegrityError as error:
        raise InvalidRequest(
            "two products or variants have the same name or SKU (case is not told apart), or the same id"
        ) from error
    return len(loaded)


def _product_document(product: LoadedProduct) -> dict[str, Any]:
    base_id = _base_variant_id(product)
    document = product.model_dump(exclude={"variants", "images"})
    if base_id is not None and product.variants:
        [base] = product.variants
        document |= base.model_dump(
            exclude={"id", "option_values", *OWN}, exclude_unset=True, exclude_none=True
        )
    document["custom_url"] = document["custom_url"] or {
        "url": f"/{slug(product.name)}/",
        "is_customized": False,
    }
    document["date_created"] = product.date_created or timestamp()
    document["date_modified"] = product.date_modified or document["date_created"]
    document["base_variant_id"] = base_id
    document["calculated_price"] = calculated_price(document)
    return document


def _base_variant_id(product: LoadedProduct) -> int | None:
    if not product.variants:
        return _FIRST_BASE_VARIANT + product.id
    [first, *others] = product.variants
    if first.option_values:
        return None
    if others or (first.sku and product.sku and first.sku.casefold() != product.sku.casefold()):
        raise InvalidRequest(
            f"product refused: variant {first.id} of product {product.id} has no option_values, so it must "
            "be the only one and have the product's SKU"
        )
    return first.id


def _variants(product: LoadedProduct) -> list[dict[str, Any]]:
    base_id = _base_variant_id(product)
    if base_id is not None:
        own = product.variants[0].model_dump(include=set(OWN)) if product.variants else {}
        own = {"purchasing_disabled": False, "purchasing_disabled_message": "", **own}
        return [{"id": base_id, "product_id": product.id, "sku_key": None, "document": own}]
    return [
        {
            "id": variant.id,
            "product_id": product.id,
            "sku_key": variant.sku.casefold() or None,
            "document": _variant_document(variant),
        }
        for variant in product.variants
    ]


def _variant_document(variant: LoadedVariant) -> dict[str, Any]:
    document = variant.model_dump(exclude={"id"})
    for value in document["option_values"]:
        value["id"] = value["id"] or variant.id
    return document


def _images(product: LoadedProduct) -> list[dict[str, Any]]:
    return [
        {
            "id": image.id,
            "product_id": product.id,
            "document": image_document(
                {
                    "is_thumbnail": position == 0,
                    "sort_order": position,
                    **image.model_dump(exclude_unset=True, exclude={"id"}),
                }
            ),
        }
        for position, image in enumerate(product.images)
    ]
