"""The products as the stand-in keeps them."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, bindparam, insert, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import IntegrityError

from include.errors import InvalidRequest
from include.sandbox.standins.bigcommerce.errors import BigCommerceError
from include.sandbox.standins.bigcommerce.product_fields import (
    calculated_price,
    product_document,
    timestamp,
)
from include.sandbox.standins.state import product_updates
from include.sandbox.standins.state import products as products_table


def load_products(engine: Engine, rows: Iterable[Mapping[str, Any]]) -> int:
    """Put products into the web shop as if they had been there; returns how many.

    A row has the fields of the Catalog API, at least `id` and `name`; a product with the same id is replaced.
    Raises `InvalidRequest` for a field that products do not have or a value that it may not hold, and for two
    products with the same name or SKU.
    """
    try:
        documents = [product_document(row) for row in rows]
    except ValidationError as error:
        raise InvalidRequest(f"product refused: {error}") from error
    if not documents:
        return 0
    statement = sqlite_insert(products_table)
    columns = ("sku_key", "name_key", "document")
    statement = statement.on_conflict_do_update(
        index_elements=["id"], set_={name: statement.excluded[name] for name in columns}
    )
    try:
        with engine.begin() as connection:
            connection.execute(statement, [_row(document) for document in documents])
    except IntegrityError as error:
        raise InvalidRequest("two products have the same name or SKU (case is not told apart)") from error
    return len(documents)


def apply_changes(
    engine: Engine, changes: Sequence[Mapping[str, Any]], left_out: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Write a checked batch and return the products as they are then, in the batch's order.

    The fields in `left_out` are not written. Raises `BigCommerceError`: 404 when a product does not exist,
    409 when a name or SKU would be there twice; then nothing is written.
    """
    ids = [change["id"] for change in changes]
    try:
        with engine.begin() as connection:
            chosen = select(products_table.c.id, products_table.c.document).where(
                products_table.c.id.in_(ids)
            )
            old = {row.id: row.document for row in connection.execute(chosen)}
            missing = sorted(set(ids) - set(old))
            if missing:
                raise BigCommerceError(404, f"The product {missing[0]} was not found")
            documents = [_changed(old[change["id"]], change, left_out) for change in changes]
            _save(connection, documents)
            _note_updates(connection, old, documents)
    except IntegrityError:
        raise BigCommerceError(
            409,
            "The product name or SKU is a duplicate",
            {"name": "name and sku must be unique, whatever their case"},
        ) from None
    return documents


def _changed(old: Mapping[str, Any], change: Mapping[str, Any], left_out: Collection[str]) -> dict[str, Any]:
    document = {
        **old,
        **{name: value for name, value in change.items() if name not in left_out},
        "date_modified": timestamp(),
    }
    document["calculated_price"] = calculated_price(document)
    return document


def _save(connection: Connection, documents: Sequence[Mapping[str, Any]]) -> None:
    statement = (
        update(products_table)
        .where(products_table.c.id == bindparam("product_id"))
        .values({name: bindparam(name) for name in ("sku_key", "name_key", "document")})
    )
    rows = [_row(document) for document in documents]
    connection.execute(statement, [{**row, "product_id": row.pop("id")} for row in rows])


def _note_updates(
    connection: Connection, old: Mapping[int, Mapping[str, Any]], documents: Sequence[Mapping[str, Any]]
) -> None:
    now = time.time()
    rows = [
        {
            "at": now,
            "product_id": document["id"],
            "sku": document["sku"],
            "name": document["name"],
            "field": name,
            "old": old[document["id"]].get(name),
            "new": value,
        }
        for document in documents
        for name, value in document.items()
        if name not in ("date_modified", "calculated_price") and old[document["id"]].get(name) != value
    ]
    if rows:
        connection.execute(insert(product_updates), rows)


def _row(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": document["id"],
        # Several products may have no SKU, but no two the same one.
        "sku_key": document["sku"].casefold() or None,
        "name_key": document["name"].casefold(),
        "document": dict(document),
    }
