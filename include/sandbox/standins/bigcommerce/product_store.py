"""The products as the stand-in keeps them: found, changed and deleted."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, true, update
from sqlalchemy.exc import IntegrityError

from include.sandbox.standins.bigcommerce.errors import BigCommerceError
from include.sandbox.standins.bigcommerce.filters import seconds
from include.sandbox.standins.bigcommerce.product_fields import calculated_price, timestamp
from include.sandbox.standins.state import brands, categories, images, product_updates, products, variants

Document = dict[str, Any]

_CONFLICT = "The product is in conflict with another product or names something that is not there"
_NOT_NOTED = ("date_modified", "calculated_price")


def product_row(document: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the table; raises `ValueError` when `date_modified` is no time."""
    return {
        "id": document["id"],
        # Several products may have no SKU, but no two the same one.
        "sku_key": document["sku"].casefold() or None,
        "name_key": document["name"].casefold(),
        "total_sold": document["total_sold"],
        "is_visible": document["is_visible"],
        "is_featured": document["is_featured"],
        "modified": seconds(document["date_modified"]),
        "document": dict(document),
    }


def find_products(connection: Connection, ids: Collection[int]) -> list[Document]:
    """The products with these ids, in their order; raises 404 for the first that does not exist."""
    chosen = select(products.c.id, products.c.document).where(products.c.id.in_(ids))
    found = {row.id: row.document for row in connection.execute(chosen)}
    for product_id in ids:
        if product_id not in found:
            raise BigCommerceError(404, f"The product {product_id} was not found")
    return [found[product_id] for product_id in ids]


def apply_changes(connection: Connection, changes: Sequence[Mapping[str, Any]]) -> list[Document]:
    """Write checked changes (`id` and fields) and return the products as they are then, in the same order.

    Raises `BigCommerceError`: 404 when a product does not exist, 409 when a name or SKU would be there twice
    and for a brand or category that does not exist; the caller's transaction is then to be rolled back.
    """
    old = find_products(connection, [change["id"] for change in changes])
    documents = [_changed(before, change) for before, change in zip(old, changes, strict=True)]
    errors = _missing_parts(connection, old, documents)
    if errors:
        raise BigCommerceError(409, _CONFLICT, errors)
    if not documents:
        return documents
    rows = [product_row(document) for document in documents]
    statement = (
        update(products)
        .where(products.c.id == bindparam("product_id"))
        .values({name: bindparam(name) for name in rows[0] if name != "id"})
    )
    duplicate = BigCommerceError(409, _CONFLICT, {"name": "name and sku must be unique, whatever their case"})
    try:
        connection.execute(statement, [{**row, "product_id": row.pop("id")} for row in rows])
    except IntegrityError:
        raise duplicate from None
    if has_shared_sku(connection, [document["id"] for document in documents]):
        raise duplicate
    for before, after in zip(old, documents, strict=True):
        note_changes(connection, after, before, after)
    return documents


def delete_products(connection: Connection, ids: Collection[int]) -> None:
    """Delete products with all that belongs to them; ids that do not exist are passed over."""
    chosen = select(products.c.document).where(products.c.id.in_(ids)).order_by(products.c.id)
    for document in connection.scalars(chosen).all():
        note_changes(connection, document, {"deleted": False}, {"deleted": True})
    for table in (variants, images):
        connection.execute(delete(table).where(table.c.product_id.in_(ids)))
    connection.execute(delete(products).where(products.c.id.in_(ids)))


def has_shared_sku(connection: Connection, ids: Collection[int] | None = None) -> bool:
    """Whether a product (of those with `ids`) has the SKU of another product's variant."""
    same = and_(variants.c.sku_key == products.c.sku_key, variants.c.product_id != products.c.id)
    chosen = select(products.c.id).join(variants, same)
    chosen = chosen.where(true() if ids is None else products.c.id.in_(ids))
    return connection.scalar(chosen.limit(1)) is not None


def note_changes(
    connection: Connection, product: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]
) -> None:
    """Write down each field that is different in `new`: the outbox shows it as this product's update."""
    now = time.time()
    rows = [
        {
            "at": now,
            "product_id": product["id"],
            "sku": product["sku"],
            "name": product["name"],
            "field": name,
            "old": old.get(name),
            "new": value,
        }
        for name, value in new.items()
        if name not in _NOT_NOTED and old.get(name) != value
    ]
    if rows:
        connection.execute(insert(product_updates), rows)


def _changed(old: Document, change: Mapping[str, Any]) -> Document:
    document = {**old, **change, "date_modified": timestamp()}
    document["calculated_price"] = calculated_price(document)
    return document


def _missing_parts(
    connection: Connection, old: Sequence[Document], documents: Sequence[Document]
) -> dict[str, str]:
    """The brands and categories that a change newly names and the shop does not have."""
    pairs = list(zip(old, documents, strict=True))
    wanted_brands = {new["brand_id"] for before, new in pairs if new["brand_id"] != before["brand_id"]} - {0}
    wanted_categories = {
        id_ for before, new in pairs for id_ in set(new["categories"]) - set(before["categories"])
    }
    errors = {}
    for name, table, wanted in (
        ("brand_id", brands, wanted_brands),
        ("categories", categories, wanted_categories),
    ):
        missing = wanted - set(connection.scalars(select(table.c.id).where(table.c.id.in_(wanted))))
        if missing:
            errors[name] = f"{min(missing)} does not exist"
    return errors
