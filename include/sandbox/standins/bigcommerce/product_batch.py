"""The body of a batch update: read, checked, and refused in BigCommerce's words."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Request
from pydantic import ValidationError

from include.sandbox.standins.bigcommerce.errors import BigCommerceError
from include.sandbox.standins.bigcommerce.product_fields import ProductChange

MOST_PRODUCTS = 10

_INVALID = "The product batch is not valid"
# The API writes these, the stand-in keeps none of them. Passing over them would look like success.
_NOT_SIMULATED = frozenset(
    {
        "brand_name",
        "bulk_pricing_rules",
        "custom_fields",
        "images",
        "modifiers",
        "options",
        "primary_image",
        "variants",
        "videos",
    }
)


async def read_batch(request: Request) -> list[dict[str, Any]]:
    """The changes of a batch: for each product its id and the fields that were given.

    Raises `BigCommerceError`: 415 without a JSON content type, 400 where the body is no JSON, 413 for more
    than ten products, 422 for what a field may not hold.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise BigCommerceError(415, "The Content-Type must be application/json")
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise BigCommerceError(400, "Input is invalid: the body is not JSON") from None
    if not isinstance(body, list) or not body:
        raise BigCommerceError(422, _INVALID, {"": "an array of at least one product is needed"})
    if len(body) > MOST_PRODUCTS:
        raise BigCommerceError(
            413,
            f"The request payload is too large. The maximum items allowed in the array is {MOST_PRODUCTS}.",
        )
    changes: list[dict[str, Any]] = []
    errors: dict[str, str] = {}
    for index, item in enumerate(body):
        try:
            changes.append(ProductChange.model_validate(item).model_dump(exclude_unset=True))
        except ValidationError as error:
            for problem in error.errors():
                errors[".".join(str(part) for part in (index, *problem["loc"]))] = problem["msg"]
        else:
            errors |= {
                f"{index}.{name}": f"{name} is not simulated" for name in sorted(_NOT_SIMULATED & set(item))
            }
    ids = [change["id"] for change in changes]
    errors |= {
        f"{index}.id": f"the product {id_} is in the batch twice"
        for index, id_ in enumerate(ids)
        if id_ in ids[:index]
    }
    if errors:
        raise BigCommerceError(422, _INVALID, errors)
    return changes
