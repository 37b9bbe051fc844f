"""The changes that a PUT of products asks for: read, checked, and refused in BigCommerce's words."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from include.sandbox.standins.bigcommerce.bodies import checked, read_fields, read_list
from include.sandbox.standins.bigcommerce.errors import BigCommerceError
from include.sandbox.standins.bigcommerce.product_fields import ProductChange, ProductFields

MOST_PRODUCTS = 10

_NOT_SIMULATED = frozenset(
    {
        "brand_name",
        "bulk_pricing_rules",
        "custom_fields",
        "date_last_imported",
        "images",
        "modifiers",
        "options",
        "primary_image",
        "reviews_count",
        "reviews_rating_sum",
        "variants",
        "videos",
        "view_count",
    }
)


async def read_change(request: Request) -> dict[str, Any]:
    """The fields that are to be written to one product; raises what `bodies.read_fields` does."""
    return await read_fields(request, ProductFields, _NOT_SIMULATED)


async def read_batch(request: Request) -> list[dict[str, Any]]:
    """The changes of a batch: for each product its id and the fields that were given.

    Raises what `bodies.read_list` does, and 422 that names index and field where a product is not valid.
    """
    changes: list[dict[str, Any]] = []
    errors: dict[str, str] = {}
    for index, item in enumerate(await read_list(request, MOST_PRODUCTS)):
        change, wrong = checked(ProductChange, item, _NOT_SIMULATED)
        if change.get("id") in [earlier.get("id") for earlier in changes if earlier]:
            wrong["id"] = f"the product {change['id']} is in the batch twice"
        changes.append(change)
        errors |= {f"{index}.{name}".rstrip("."): text for name, text in wrong.items()}
    if errors:
        raise BigCommerceError(422, "The product batch is not valid", errors)
    return changes
