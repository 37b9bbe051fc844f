"""What was changed in the web shop, read as the page shows it: products and coupons with fields in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Integer, cast, func, select

from include.sandbox.standins.outbox.wording import product_ids, value
from include.sandbox.standins.state import coupon_changes, product_updates

_SECONDS_PER_MINUTE = 60
_PART_OF_A_PRODUCT = re.compile(r"(variant|image)s\.(\d+)(?:\.(.+))?")
# What tells one coupon that came or went from another; nobody reads all of its fields.
_OF_A_COUPON = ("type", "amount", "expires", "num_uses")


@dataclass(frozen=True)
class FieldChange:
    """One field in words: what was added has no `old`, what is gone no `new`, and some labels say it all."""

    label: str
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True)
class ProductUpdate:
    """What was changed of one product within one minute: one request writes a row for each field, and others
    follow it to change the product's variants. `at`, in seconds since the epoch, is the last of it.
    """

    at: float
    product_id: int
    sku: str
    name: str
    changes: list[FieldChange]


@dataclass(frozen=True)
class CouponChange:
    """A coupon that was created, changed or deleted; of a changed one, the fields that are different."""

    at: float
    code: str
    name: str
    what: Literal["created", "changed", "deleted"]
    changes: list[FieldChange]


def read_product_updates(connection: Connection, most: int) -> list[ProductUpdate]:
    """The newest updates, newest first, each of them whole."""
    updates: dict[tuple[int, int], list[Any]] = {}
    first_minute = 0
    newest = select(product_updates).order_by(product_updates.c.id.desc())
    with connection.execute(newest) as rows:
        for row in rows.mappings():
            minute = int(row["at"] // _SECONDS_PER_MINUTE)
            update = (row["product_id"], minute)
            if update in updates:
                updates[update].append(row)
            elif len(updates) < most:
                updates[update] = [row]
                first_minute = minute
            elif minute < first_minute:
                break
    return [_product_update(found[::-1]) for found in updates.values()]


def count_product_updates(connection: Connection) -> int:
    """How many updates there are."""
    minute = cast(product_updates.c.at / _SECONDS_PER_MINUTE, Integer)
    updates = select(product_updates.c.product_id, minute).distinct().subquery()
    return connection.scalar(select(func.count()).select_from(updates)) or 0


def count_products(connection: Connection) -> int:
    """How many products were changed."""
    return connection.scalar(select(func.count(product_updates.c.product_id.distinct()))) or 0


def read_coupon_changes(connection: Connection, most: int) -> list[CouponChange]:
    """The newest changes of coupons, newest first."""
    chosen = select(coupon_changes).order_by(coupon_changes.c.id.desc()).limit(most)
    return [_coupon_change(row) for row in connection.execute(chosen).mappings()]


def _product_update(rows: list[Any]) -> ProductUpdate:
    last = rows[-1]
    changes = [_field_change(row["field"], row["old"], row["new"]) for row in rows]
    return ProductUpdate(last["at"], last["product_id"], last["sku"], last["name"], changes)


def _coupon_change(row: Any) -> CouponChange:
    old, new = row["old"], row["new"]
    if old and new:
        names = [name for name in new if old.get(name) != new[name]]
        changes = [FieldChange(_words(name), value(old.get(name)), value(new[name])) for name in names]
        return CouponChange(row["at"], row["code"], row["name"], "changed", changes)
    known = old or new
    shown = [(_words(name), value(known[name])) for name in _OF_A_COUPON if known.get(name)]
    if old:
        gone = [FieldChange(name, old=words) for name, words in shown]
        return CouponChange(row["at"], row["code"], row["name"], "deleted", gone)
    made = [FieldChange(name, new=words) for name, words in shown]
    return CouponChange(row["at"], row["code"], row["name"], "created", made)


def _field_change(field: str, old: Any, new: Any) -> FieldChange:
    if field == "deleted":
        return FieldChange("deleted from the shop")
    if field == "related_products":
        return FieldChange(_words(field), product_ids(old), product_ids(new))
    part = _PART_OF_A_PRODUCT.fullmatch(field)
    if not part:
        return FieldChange(_words(field), value(old), value(new))
    kind, number, name = part.groups()
    if name:
        return FieldChange(f"{kind} {number}, {_words(name)}", value(old), value(new))
    if old is None:
        return FieldChange(f"{kind} {number} added", new=value(new))
    if new is None:
        return FieldChange(f"{kind} {number} deleted", old=value(old))
    return FieldChange(f"{kind} {number}", value(old), value(new))


def _words(field: str) -> str:
    return field.replace("_", " ")
