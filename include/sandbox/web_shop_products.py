"""The products of the sandbox web shop, as the connector would have made them of the item file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from include.counterpoint.items import Item, Read, as_items, folded, items
from include.counterpoint.items import products as by_web_key
from include.counterpoint.sales import as_sales, sales_by_item
from include.counterpoint.tables import EC_CATEG_ITEM, EC_ITEM_DESCR, IM_ITEM
from include.sandbox.seed.randomness import Generator, some
from include.settings import store_settings
from include.web_shop import related_items
from include.web_shop.mapping import connector_rows, map_products
from include.web_shop.settings import web_shop_settings
from include.web_shop.snapshot import as_products

Row = dict[str, Any]

_STALE = 0.1
_CHANGED, _BY_HAND = 0.2, 0.1
_NUMBER_LENGTH = 6
"""Shorter item numbers are named in the store's settings and are left without dirt."""


def product_rows(read: Read, until: date, rng: Generator) -> list[Row]:
    """One product for each item or binding id that the connector knows, and what is wrong in a real shop.

    A tenth has a total sold that is out of date; the rest is what the tickets say.
    """
    connector, goods = connector_rows(read), _Goods.of(read)
    members: dict[int, list[tuple[Item, int]]] = {}
    for number, (product, variant) in sorted(connector.variants.items()):
        if number in goods.items and variant is not None:
            members.setdefault(product, []).append((goods.items[number], variant))
    made = f"{until.isoformat()}T04:00:00+00:00"
    rows: list[Row] = []
    names: set[str] = set()
    for key, product in sorted(connector.products.items(), key=lambda pair: pair[1]):
        if product in members:
            row = goods.product(key, product, members[product])
            row["name"] = _unique(row["name"], key, names)
            rows.append({**row, "date_created": made, "date_modified": made})
    for row in some(rng, [row for row in rows if row["total_sold"]], _STALE):
        row["total_sold"] = row["total_sold"] * 9 // 10
    rows = _soiled(rows, rng)
    _relate(rows, read, until, rng)
    return rows


def _unique(name: str, key: str, names: set[str]) -> str:
    unique = f"{name} ({key})" if name.casefold() in names else name
    names.add(unique.casefold())
    return unique


@dataclass(frozen=True)
class _Goods:
    """Everything that Counterpoint tells: by item number, and `sold` by item number or binding id."""

    items: Mapping[str, Item]
    texts: Mapping[str, Any]
    descriptions: Mapping[str, str]
    categories: Mapping[str, list[int]]
    sold: Mapping[str, Decimal]

    @classmethod
    def of(cls, read: Read) -> _Goods:
        """Read it."""
        names = ("ITEM_NO", "ADDL_DESCR_1", "LONG_DESCR", "USR_PROF_ALPHA_17", "USR_IS_PREORDER")
        categories: dict[str, list[int]] = {}
        for row in read(select(EC_CATEG_ITEM.c.ITEM_NO, EC_CATEG_ITEM.c.CATEG_ID)):
            categories.setdefault(folded(row.ITEM_NO), []).append(int(row.CATEG_ID))
        texts = read(select(EC_ITEM_DESCR.c.ITEM_NO, EC_ITEM_DESCR.c.HTML_DESCR))
        found = as_items(read(items(store_settings().stock_locations)))
        sales = as_sales(read(sales_by_item()))
        sold = {
            key: sum((sales[item.key].quantity for item in group if item.key in sales), Decimal(0))
            for key, group in by_web_key(found).items()
        }
        return cls(
            {item.key: item for item in found},
            {folded(row.ITEM_NO): row for row in read(select(*(IM_ITEM.c[name] for name in names)))},
            {folded(row.ITEM_NO): row.HTML_DESCR or "" for row in texts},
            categories,
            sold,
        )

    def product(self, key: str, product: int, members: Sequence[tuple[Item, int]]) -> Row:
        """The product of an item number or a binding id; `members` are its items with their variants' ids."""
        group = [item for item, _ in members]
        head = next((item for item in group if item.is_parent), group[0])
        single = head.key == key
        title = self._title(head)
        sold = self.sold.get(key, Decimal(0))
        return {
            "id": product,
            "name": title if single else title.rpartition(" - ")[0] or title,
            # Half of the bound products have no SKU of their own.
            "sku": head.number if single else key if product % 2 else "",
            "description": self.descriptions.get(head.key, ""),
            "weight": 1,
            "price": head.price or 0,
            "categories": sorted({id_ for item in group for id_ in self.categories.get(item.key, ())}),
            "inventory_level": sum(item.buffered for item in group),
            "inventory_tracking": "product" if single else "variant",
            "is_visible": any(item.is_visible for item in group),
            "is_featured": any(folded(item.featured) == "Y" for item in group),
            "availability": "preorder" if self.texts[head.key].USR_IS_PREORDER == "Y" else "available",
            "sort_order": int(head.sort_order or 0),
            "total_sold": max(0, int(sold + Decimal("0.5"))),
            "variants": [{"id": members[0][1]}] if single else list(self._variants(product, members)),
        }

    def _title(self, item: Item) -> str:
        texts = self.texts[item.key]
        return (texts.ADDL_DESCR_1 or texts.LONG_DESCR or item.number).strip()

    def _variants(self, product: int, members: Sequence[tuple[Item, int]]) -> list[Row]:
        labels: set[str] = set()
        rows = []
        for item, variant in members:
            label = _unique(self.texts[item.key].USR_PROF_ALPHA_17 or item.number, item.number, labels)
            option = {"option_id": product, "option_display_name": "Size", "label": label}
            rows.append(
                {
                    "id": variant,
                    "sku": item.number,
                    "price": item.price,
                    "inventory_level": item.buffered,
                    "option_values": [option],
                }
            )
        return rows


def _soiled(rows: list[Row], rng: Generator) -> list[Row]:
    """The products after people have worked on them; at least one specimen of each kind."""
    for row in some(rng, rows, 0.01):
        row["is_visible"] = False
    single = [row for row in rows if "option_values" not in row["variants"][0]]
    usual = [row for row in single if len(row["sku"]) >= _NUMBER_LENGTH]
    next_id = max((row["id"] for row in rows), default=0) + 7
    deleted: list[int] = []
    added: list[Row] = []
    for number, row in enumerate(some(rng, usual, 0.01, 4)):
        match number % 4:
            case 0:
                deleted.append(row["id"])
            case 1:
                row["sku"] = f"{row['sku']}-OLD"
            case 2:
                row["id"], row["variants"] = next_id + number, []
            case _:
                copy = {"name": f"{row['name']} (copy)", "sku": f"{row['sku']} ", "is_visible": False}
                added.append({**row, "id": next_id + number, "total_sold": 0, "variants": [], **copy})
    return [row for row in rows if row["id"] not in deleted] + added


def _relate(rows: list[Row], read: Read, until: date, rng: Generator) -> None:
    """What is shown beside a product: as a run left it the night before `until`, with some exceptions.

    Staff have changed a few by hand, and for others the shop chooses by itself ([-1]).
    """
    found = as_items(read(items(store_settings().stock_locations)))
    mapped = map_products(as_products(rows).products, found, connector_rows(read), {})
    last_night = related_items.plan(
        read, until - timedelta(days=1), mapped.shop, web_shop_settings(), store_settings()
    )
    related = {change.key: change.new for change in last_night.changes}
    ids = [row["id"] for row in rows]
    for row, draw in zip(rows, rng.random(len(rows)).tolist(), strict=True):
        chosen = related.get(str(row["id"])) if draw > _CHANGED else None
        if draw < _BY_HAND:
            chosen = tuple(other for other in some(rng, ids, 0, 3) if other != row["id"])
        row["related_products"] = list(chosen) if isinstance(chosen, tuple) and chosen else [-1]
