"""The coupons as the stand-in keeps them."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import IntegrityError

from include.errors import InvalidRequest
from include.sandbox.standins.bigcommerce.coupon_fields import NOTHING, changed_coupon, rfc_2822
from include.sandbox.standins.bigcommerce.errors import BigCommerceError
from include.sandbox.standins.state import coupon_changes, coupons

Document = dict[str, Any]

_DUPLICATE = "The name and the code of a coupon must be unique"
# What the API shows of a coupon that belongs to a promotion.
_OF_A_PROMOTION: Document = {
    "amount": "0.0000",
    "min_purchase": "0.0000",
    "applies_to": NOTHING,
    "restricted_to": [],
    "shipping_methods": None,
}


def load_coupons(engine: Engine, rows: Iterable[Mapping[str, Any]]) -> int:
    """Put coupons into the web shop as if they had been there; returns how many.

    A row has at least `id, name, type, code` and, but for the type `promotion`, `amount` (a string); a coupon
    with the same id is replaced. Raises `InvalidRequest` for two coupons with the same name or code.
    """
    created = rfc_2822(datetime.now(UTC))
    documents = [
        {
            "min_purchase": "0.0000",
            "expires": "",
            "enabled": True,
            "applies_to": {"entity": "categories", "ids": [0]},
            "num_uses": 0,
            "max_uses": 0,
            "max_uses_per_customer": 0,
            "restricted_to": [],
            "shipping_methods": None,
            "date_created": created,
            **row,
            **(_OF_A_PROMOTION if row["type"] == "promotion" else {}),
        }
        for row in rows
    ]
    if not documents:
        return 0
    statement = sqlite_insert(coupons)
    values = [{"id": document["id"], **_columns(document)} for document in documents]
    replaced = {name: statement.excluded[name] for name in values[0] if name != "id"}
    try:
        with engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=replaced), values)
    except IntegrityError as error:
        raise InvalidRequest("two coupons have the same name or code (case is not told apart)") from error
    return len(documents)


def add_coupon(connection: Connection, document: Mapping[str, Any]) -> Document:
    """Keep a new coupon; raises 409 where its name or code is another coupon's."""
    try:
        made = connection.execute(insert(coupons).values(_columns(document)).returning(coupons.c.id))
    except IntegrityError:
        raise BigCommerceError(409, _DUPLICATE) from None
    kept = {"id": made.scalar_one(), **document}
    connection.execute(update(coupons).where(coupons.c.id == kept["id"]).values(document=kept))
    _note(connection, kept, None, kept)
    return kept


def change_coupon(connection: Connection, coupon_id: int, body: Any) -> Document:
    """Change a coupon; raises 404 where there is none, 400 for a wrong field, 409 as `add_coupon` does."""
    old = connection.scalar(select(coupons.c.document).where(coupons.c.id == coupon_id))
    if old is None:
        raise BigCommerceError(404)
    new = changed_coupon(old, body)
    try:
        connection.execute(update(coupons).where(coupons.c.id == coupon_id).values(_columns(new)))
    except IntegrityError:
        raise BigCommerceError(409, _DUPLICATE) from None
    if new != old:
        _note(connection, new, old, new)
    return new


def delete_coupons(connection: Connection, ids: Collection[int] | None) -> int:
    """Delete the coupons with these ids, or all for None; returns how many there were."""
    gone = delete(coupons).returning(coupons.c.document)
    if ids is not None:
        gone = gone.where(coupons.c.id.in_(ids))
    found = connection.scalars(gone).all()
    for document in found:
        _note(connection, document, document, None)
    return len(found)


def _columns(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "code_key": document["code"].casefold(),
        "name_key": document["name"].casefold(),
        "type": document["type"],
        "document": dict(document),
    }


def _note(
    connection: Connection, coupon: Mapping[str, Any], old: Document | None, new: Document | None
) -> None:
    row = {"at": time.time(), "coupon_id": coupon["id"], "code": coupon["code"], "name": coupon["name"]}
    connection.execute(insert(coupon_changes), [{**row, "old": old, "new": new}])
