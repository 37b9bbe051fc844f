"""The shop's products as the API gives them, typed, and in a file that all rules of a run read."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from include.changes import Reject
from include.files import StoragePath, write_atomically
from include.web_shop.shop import Shop, WebProduct, WebVariant

FIELDS = tuple(name for name in WebProduct.__dataclass_fields__ if name not in ("id", "variants"))
"""What to ask the API for, beside the id and the list of variants."""

_FLAGS = {"true": True, "1": True, "false": False, "0": False, "": False}


@dataclass(frozen=True)
class ReadProducts:
    """Products by id, and those that could not be read."""

    products: dict[int, WebProduct]
    rejects: tuple[Reject, ...]


def as_products(rows: Iterable[Any]) -> ReadProducts:
    """Typed products; what has no value counts as 0, false or empty, and of two with one id the last counts.

    `related_products` stay as the shop shows them: [-1], by which it chooses them itself, is kept, so that an
    undo brings it back. A product with a value that has no sense is set aside.
    """
    products: dict[int, WebProduct] = {}
    rejects: list[Reject] = []
    for position, row in enumerate(rows, 1):
        try:
            product = _product(row)
        except ValueError as error:
            name = row.get("id") if isinstance(row, Mapping) else None
            reason = f"the web shop's data of this product cannot be read: {error}"
            rejects.append(Reject(f"product {name}" if name else f"{position}. product", reason))
        else:
            products[product.id] = product
    return ReadProducts(products, tuple(rejects))


def _product(row: Any) -> WebProduct:
    if not isinstance(row, Mapping):
        raise ValueError(f"found {row!r:.60} in the place of a product")
    related = _list(row, "related_products")
    return WebProduct(
        id=_id(row),
        name=_text(row, "name"),
        sku=_text(row, "sku"),
        total_sold=_whole(row.get("total_sold"), "total_sold"),
        sort_order=_whole(row.get("sort_order"), "sort_order"),
        is_featured=_flag(row, "is_featured"),
        is_visible=_flag(row, "is_visible"),
        availability=_text(row, "availability").strip().lower() or "available",
        related_products=tuple(_whole(number, "related_products") for number in related),
        variants=tuple(_variant(variant) for variant in _list(row, "variants")),
    )


def _variant(row: Any) -> WebVariant:
    if not isinstance(row, Mapping):
        raise ValueError(f"found {row!r:.60} in the place of a variant")
    return WebVariant(_id(row), _text(row, "sku"))


def _id(row: Mapping[str, Any]) -> int:
    found = _whole(row.get("id"), "id")
    if found < 1:
        raise ValueError(f"id is {row.get('id')!r:.60}, a number above 0 is expected")
    return found


def _whole(value: Any, name: str) -> int:
    if value is None or value == "":
        return 0
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            if int(value) == float(value):
                return int(value)
    raise ValueError(f"{name} is {value!r:.60}, a whole number is expected")


def _flag(row: Mapping[str, Any], name: str) -> bool:
    value = row.get(name)
    flag = _FLAGS.get("" if value is None else str(value).strip().lower())
    if flag is None:
        raise ValueError(f"{name} is {value!r:.60}, true or false is expected")
    return flag


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if value is not None and not isinstance(value, str | int):
        raise ValueError(f"{name} is {value!r:.60}, a text is expected")
    return "" if value is None else str(value)


def _list(row: Mapping[str, Any], name: str) -> list[Any]:
    value = row.get(name)
    if value is not None and not isinstance(value, list | tuple):
        raise ValueError(f"{name} is {value!r:.60}, a list is expected")
    return list(value or ())


def write_shop(shop: Shop, path: StoragePath) -> None:
    """Store a shop as gzipped JSON lines: the products' ids by item, then one line for each product."""
    content = io.BytesIO()
    with gzip.open(content, "wt", compresslevel=5, encoding="utf-8") as lines:
        lines.write(json.dumps(dict(shop.ids)) + "\n")
        lines.writelines(json.dumps(_to_line(product)) + "\n" for product in shop.products.values())
    write_atomically(path, content.getvalue())


def read_shop(path: StoragePath) -> Shop:
    """Read what `write_shop` stored."""
    with path.open("rb") as raw, gzip.open(raw, "rt", encoding="utf-8") as lines:
        ids = json.loads(next(lines))
        products = [_from_line(json.loads(line)) for line in lines]
    return Shop({product.id: product for product in products}, ids)


def _to_line(product: WebProduct) -> list[Any]:
    values = [getattr(product, name) for name in ("id", *FIELDS)]
    return [*values, [[variant.id, variant.sku] for variant in product.variants]]


def _from_line(line: list[Any]) -> WebProduct:
    *values, variants = line
    fields = dict(zip(("id", *FIELDS), values, strict=True))
    fields["related_products"] = tuple(fields["related_products"])
    return WebProduct(**fields, variants=tuple(WebVariant(*variant) for variant in variants))
