"""The body of a PUT of variants: read, checked, and refused in the form of that endpoint."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from include.sandbox.standins.bigcommerce.bodies import checked, read_list
from include.sandbox.standins.bigcommerce.errors import BatchError
from include.sandbox.standins.bigcommerce.variant_fields import VariantChange

MOST_VARIANTS = 50

# A batch can also make variants and rename them; the stand-in only changes the values of those it has.
_NOT_SIMULATED = frozenset({"gtin", "image_url", "mpn", "option_values", "product_id", "sku"})


async def read_variant_batch(request: Request) -> list[dict[str, Any]]:
    """The changes of a batch: for each variant its id and the fields that were given.

    Raises what `bodies.read_list` does, and `BatchError` that names index and field where a variant is not
    valid.
    """
    changes: list[dict[str, Any]] = []
    errors: dict[str, str] = {}
    for index, item in enumerate(await read_list(request, MOST_VARIANTS)):
        change, wrong = checked(VariantChange, item, _NOT_SIMULATED)
        if change.get("id") in [earlier.get("id") for earlier in changes if earlier]:
            wrong["id"] = f"the variant {change['id']} is in the batch twice"
        changes.append(change)
        errors |= {f"{index}.{name}".rstrip("."): text for name, text in wrong.items()}
    if errors:
        raise BatchError(errors)
    return changes
