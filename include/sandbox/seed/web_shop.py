"""What the web shop's tables hold: categories, descriptions, and the product ids of the connector."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from include.sandbox.seed.catalogue import Catalogue
from include.sandbox.seed.categories import CATEGORIES
from include.sandbox.seed.item_rows import Columns, moments
from include.sandbox.seed.randomness import Generator, some

_FEATURED = ("New Arrivals", "Gifts", "Deer Resistant", "Native Plants", "Pollinator Garden", "Clearance")
_FIRST_CATEGORY_ID = 1001
_FIRST_PRODUCT_ID = 5000
_FIRST_VARIANT_ID = 70_000


def categories() -> tuple[Columns, dict[tuple[str, str], str], list[str]]:
    """The columns of `EC_CATEG`, the id of each (category, sub-category), the ids of featured ones."""
    names = [
        (f"{category.title} - {subcategory.title()}", (category.code, subcategory))
        for category in CATEGORIES
        if category.code != "SERVICES"
        for subcategory in category.subcategories
    ]
    ids = [str(_FIRST_CATEGORY_ID + position) for position in range(len(names) + len(_FEATURED))]
    titles = [title for title, _ in names] + list(_FEATURED)
    rows: Columns = {
        "CATEG_ID": ids,
        "DESCR": titles,
        "DISP_SEQ_NO": [10 * (position + 1) for position in range(len(ids))],
        "HTML_DESCR": [
            f"<p>{title} for your garden.</p>" if n % 3 else None for n, title in enumerate(titles)
        ],
        "IMG_FILE": [f"category_{number}.jpg" if n % 2 else None for n, number in enumerate(ids)],
    }
    return rows, {name: ids[position] for position, (_, name) in enumerate(names)}, ids[len(names) :]


def category_items(
    catalogue: Catalogue, ids: dict[tuple[str, str], str], featured: list[str], until: date, rng: Generator
) -> Columns:
    """The columns of `EC_CATEG_ITEM`: most items in one category, some in several, some in none."""
    items: list[str] = []
    shown_in: list[str] = []
    draws = rng.random(len(catalogue.items)).tolist()
    extra = rng.integers(0, len(featured), (len(catalogue.items), 2)).tolist()
    for position in catalogue.kept.tolist():
        own = ids.get((catalogue.category_code[position], catalogue.subcategory[position]))
        if own is None or draws[position] < 0.05:
            continue
        chosen = {own}
        if draws[position] > 0.86:
            chosen.add(featured[extra[position][0]])
        if draws[position] > 0.95:
            chosen.add(featured[extra[position][1]])
        items.extend([catalogue.numbers[position]] * len(chosen))
        shown_in.extend(sorted(chosen))
    return {
        "ITEM_NO": items,
        "CATEG_ID": shown_in,
        "ENTRY_SEQ_NO": rng.integers(1, 1000, len(items)).tolist(),
        "LST_MAINT_DT": moments(rng, until, 400, len(items)),
        "LST_MAINT_USR_ID": ["MGR"] * len(items),
    }


def descriptions(catalogue: Catalogue, until: date, rng: Generator) -> Columns:
    """The columns of `EC_ITEM_DESCR`: some items have none, some an empty or very short text."""
    draws = rng.random(len(catalogue.items)).tolist()
    described = [position for position in catalogue.kept.tolist() if draws[position] > 0.08]
    texts: list[str | None] = []
    for position in described:
        item, draw = catalogue.items[position], draws[position]
        if draw < 0.10:
            texts.append(None)
        elif draw < 0.15:
            texts.append(f"<p>{item.name}</p>")
        else:
            texts.append(
                f"<p><strong>{item.kind} {item.name}</strong> ({item.botanical}) &ndash; {item.size}.</p>"
                f"<p>A favorite of our staff, grown and chosen for gardens like yours. "
                f"Ask us about care &amp; planting.</p>"
            )
    return {
        "ITEM_NO": [catalogue.numbers[position] for position in described],
        "HTML_DESCR": texts,
        "LST_MAINT_DT": moments(rng, until, 400, len(described)),
        "LST_MAINT_USR_ID": ["MGR"] * len(described),
    }


def connector_rows(
    catalogue: Catalogue, rows: dict[str, list[Any]], until: date, rng: Generator
) -> tuple[Columns, Columns]:
    """The columns of `CPI_BC_PRODUCTS` and `CPI_BC_PROD`.

    One product per binding id or single web item, one variant per item. Some web items have no product yet,
    and some products were recreated: they have an older row with an id that the shop does not know any
    more.
    """
    on_web = [position for position in catalogue.kept.tolist() if catalogue.on_web[position]]
    missing = set(some(rng, on_web, 0.01, 2))
    keys: dict[str, int] = {}
    variants: list[tuple[str, int, int]] = []
    for position in on_web:
        if position in missing:
            continue
        number = rows["ITEM_NO"][position]
        product = keys.setdefault(
            catalogue.items[position].binding or number, _FIRST_PRODUCT_ID + 7 * len(keys)
        )
        variants.append((number, product, _FIRST_VARIANT_ID + len(variants)))
    created = moments(rng, until, 700, len(keys))
    products = [(key, product, moment) for (key, product), moment in zip(keys.items(), created, strict=True)]
    for position in some(rng, range(len(products)), 0.01, 2):
        key, product, moment = products[position]
        products.append((key, product - 3, moment - timedelta(days=90)))
    modified: list[datetime] = moments(rng, until, 60, len(variants))
    return {
        "ITEM_NO": [key for key, _, _ in products],
        "PRODUCT_ID": [product for _, product, _ in products],
        "WEB_ID": ["1"] * len(products),
        "CREATE_DATE": [moment for _, _, moment in products],
    }, {
        "SKU": [number for number, _, _ in variants],
        "PRODUCT_ID": [product for _, product, _ in variants],
        "VARIANT_ID": [variant for _, _, variant in variants],
        "WEB_ID": ["1"] * len(variants),
        "LAST_MODIFIED": modified,
    }
