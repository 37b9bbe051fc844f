"""Changes of variants: a base variant's values are its product's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from include.sandbox.standins.bigcommerce.errors import BatchError
from include.sandbox.standins.bigcommerce.product_store import apply_changes, find_products, note_changes
from include.sandbox.standins.bigcommerce.variant_fields import OWN
from include.sandbox.standins.state import variants


def apply_variant_changes(connection: Connection, changes: Sequence[Mapping[str, Any]]) -> None:
    """Write checked changes (`id` and fields).

    Raises `BatchError` for a variant that does not exist and for a base variant whose price or measure would
    be null; the caller's transaction is then to be rolled back.
    """
    chosen = select(variants).where(variants.c.id.in_([change["id"] for change in changes]))
    found = {row.id: row for row in connection.execute(chosen)}
    errors = {
        f"{index}.id": f"the variant {change['id']} was not found"
        for index, change in enumerate(changes)
        if change["id"] not in found
    }
    if errors:
        raise BatchError(errors)
    product_ids = sorted({row.product_id for row in found.values()})
    products = {product["id"]: product for product in find_products(connection, product_ids)}
    of_products: list[dict[str, Any]] = []
    for index, change in enumerate(changes):
        row = found[change["id"]]
        product = products[row.product_id]
        given = {name: value for name, value in change.items() if name != "id"}
        if product["base_variant_id"] == row.id:
            shared = {name: given.pop(name) for name in list(given) if name not in OWN}
            errors |= {
                f"{index}.{name}": f"a base variant needs its {name}"
                for name, value in shared.items()
                if value is None
            }
            of_products += [{**shared, "id": row.product_id}] if shared else []
        document = {**row.document, **given}
        connection.execute(update(variants).where(variants.c.id == row.id).values(document=document))
        note_changes(connection, product, _named(row.id, row.document), _named(row.id, document))
    if errors:
        raise BatchError(errors)
    apply_changes(connection, of_products)


def _named(variant_id: int, document: Mapping[str, Any]) -> dict[str, Any]:
    return {f"variants.{variant_id}.{name}": value for name, value in document.items()}
