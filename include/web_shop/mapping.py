"""Which product of the web shop sells which item: what the shop itself shows comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from include.changes import Reject
from include.counterpoint.items import Item, Read, folded
from include.counterpoint.items import products as by_web_key
from include.counterpoint.tables import CPI_BC_PROD, CPI_BC_PRODUCTS
from include.storedb.web_products import FoundBy, RememberedProduct
from include.web_shop.mapping_problems import Search, problems
from include.web_shop.mapping_sources import ConnectorRows, Sources
from include.web_shop.shop import Shop, WebProduct

_TIERS: tuple[FoundBy, ...] = ("sku", "connector", "remembered")
_SKU, _CONNECTOR, _REMEMBERED = range(3)


@dataclass(frozen=True)
class MappedShop:
    """The shop with the product of each item, what to remember of it, and what staff should look at."""

    shop: Shop
    rows: tuple[RememberedProduct, ...]
    rejects: tuple[Reject, ...]


def connector_rows(read: Read) -> ConnectorRows:
    """What the connector knows; of several rows with one key (folded) the latest counts."""
    product, variant = CPI_BC_PRODUCTS.c, CPI_BC_PROD.c
    products = select(product.ITEM_NO.label("key"), product.CREATE_DATE.label("at"), product.PRODUCT_ID)
    variants = select(
        variant.SKU.label("key"), variant.LAST_MODIFIED.label("at"), variant.PRODUCT_ID, variant.VARIANT_ID
    )
    return ConnectorRows(
        {key: row.PRODUCT_ID for key, row in _latest(read(products)).items()},
        {key: (row.PRODUCT_ID, row.VARIANT_ID) for key, row in _latest(read(variants)).items()},
    )


def _latest(rows: Iterable[Any]) -> dict[str, Any]:
    ordered = sorted(rows, key=lambda row: (row.at is not None, row.at, row.PRODUCT_ID))
    return {folded(row.key): row for row in ordered}


def map_products(
    products: Mapping[int, WebProduct],
    items: Iterable[Item],
    connector: ConnectorRows,
    remembered: Mapping[str, RememberedProduct],
) -> MappedShop:
    """Find the product of each item number or binding id (`Item.web_key`); no product goes to two of them.

    A product or variant whose SKU is the item number comes first; for a binding id the product that carries
    most of its items, and then the one whose own SKU is the binding id. Else it is the product that the
    connector knows, else the one that was remembered, where these still exist. Among equals the connector's
    word, what was remembered, visibility and the lower id decide.
    """
    sources = Sources(products, connector, remembered)
    searches = {
        key: Search(
            key,
            tuple(group),
            sources.carriers(key, {item.key for item in group} - {""}),
            connector.products.get(key),
        )
        for key, group in sorted(by_web_key(items).items())
        if key
    }
    _assign(searches, sources)
    rows = {row.item_key: row for search in searches.values() for row in _rows(search, searches, sources)}
    ids = {key: search.product for key, search in searches.items() if search.product is not None}
    return MappedShop(Shop(products, ids), tuple(rows.values()), tuple(problems(products, searches, rows)))


def _assign(searches: Mapping[str, Search], sources: Sources) -> None:
    """Give each key its product: the strongest claims of all keys first, each product once."""
    owners: dict[int, str] = {}
    claims = [claim for search in searches.values() for claim in _claims(search, sources)]
    for tier, *_, product, key in sorted(claims):
        search = searches[key]
        if search.product is not None:
            continue
        owner = owners.setdefault(product, key)
        if owner == key:
            search.product, search.found_by = product, _TIERS[tier]
        elif tier == _SKU or search.on_web:
            search.lost[product] = owner


def _claims(search: Search, sources: Sources) -> Iterable[tuple[Any, ...]]:
    """The claims of one key as tuples that sort the strongest first and end with the product and the key."""
    products, variants = sources.products, sources.connector.variants
    last = sources.remembered.get(search.key)
    before = last.product_id if last else None

    def claim(tier: int, strength: int, product: int) -> tuple[Any, ...]:
        own = sources.has_sku(product, search.key)
        hidden = not products[product].is_visible
        weaker = (not own, product != search.named, product != before, hidden)
        return (tier, -strength, *weaker, product, search.key)

    for product, count in search.carriers.items():
        yield claim(_SKU, count, product)
    named = Counter(variants[item.key][0] for item in search.items if item.key in variants)
    if search.named is not None:
        named[search.named] += len(search.items)
    for product, count in named.items():
        if product in products:
            yield claim(_CONNECTOR, count, product)
    if before is not None and before in products:
        yield claim(_REMEMBERED, 0, before)


def _rows(search: Search, searches: Mapping[str, Search], sources: Sources) -> Iterable[RememberedProduct]:
    """What to remember of a key, and of each item with a variant that is bound to it."""
    if search.product is not None and search.found_by is not None:
        whole = RememberedProduct(search.key, search.product, None, search.found_by)
        yield whole if search.is_bound else replace(whole, variant_id=_only_variant(whole, sources))
    for number in sorted({item.key for item in search.items}):
        if number and number not in searches and (row := sources.variant(number, search.product)):
            yield row


def _only_variant(whole: RememberedProduct, sources: Sources) -> int | None:
    row = sources.variant(whole.item_key, whole.product_id)
    if row is not None and row.product_id == whole.product_id:
        return row.variant_id
    variants = sources.products[whole.product_id].variants
    return variants[0].id if len(variants) == 1 else None
