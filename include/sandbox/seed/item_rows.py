"""The rows of the items: master data, prices and code tables."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from include.sandbox.seed.catalogue import Catalogue, Item
from include.sandbox.seed.categories import CATEGORIES
from include.sandbox.seed.randomness import Generator, cents_to_dollars, pick, some
from include.sandbox.seed.words_goods import BRANDS, VENDORS

Columns = dict[str, list[Any]]

_HEIGHTS = ("6 in", "1 ft", "2-3 ft", "4-6 ft", "10-15 ft", "20-30 ft")
_SUN = ("Full Sun", "Part Sun", "Shade", "Full Sun to Part Shade")
_BLOOM = ("Spring", "Early Summer", "Summer", "Late Summer", "Fall")
_COLOURS = ("Pink", "White", "Blue", "Red", "Yellow", "Purple", "Orange", "Green")
_ZONES = ("3-8", "4-9", "5-8", "5-9", "6-9", "10-11")
_RATES = ("Slow", "Medium", "Fast")
_SOILS = ("Well drained", "Moist", "Any", "Sandy, dry")


def moments(rng: Generator, until: date, longest_ago: int, size: int) -> list[datetime]:
    """`size` moments of working hours between `longest_ago` days before `until` and the day before it."""
    days = rng.integers(1, longest_ago + 1, size).tolist()
    seconds = rng.integers(8 * 3600, 18 * 3600, size).tolist()
    midnight = datetime.combine(until, time())
    return [
        midnight - timedelta(days=ago) + timedelta(seconds=s) for ago, s in zip(days, seconds, strict=True)
    ]


def _long_description(item: Item, shout: bool) -> str:
    words = [item.brand_word, item.kind, item.name] if item.brand_word else [item.kind, item.name]
    text = f"{' '.join(words)} {item.size}"
    if len(text) > 50:
        text = f"{item.kind} {item.name} {item.size}"[:50].rstrip()
    return text.upper() if shout else text


def _flags(rng: Generator, share: float, size: int) -> list[str]:
    return ["Y" if hit else "N" for hit in (rng.random(size) < share).tolist()]


def _yes(values: list[bool]) -> list[str]:
    return ["Y" if value else "N" for value in values]


def _sort_order(rng: Generator, size: int) -> list[str | None]:
    ranks = rng.integers(-size, 1, size).tolist()
    kinds = rng.random(size).tolist()
    return [
        None if kind < 0.15 else "0" if kind < 0.3 else str(rank)
        for kind, rank in zip(kinds, ranks, strict=True)
    ]


def _plant_columns(catalogue: Catalogue, rng: Generator) -> Columns:
    size = len(catalogue.items)
    plant = [CATEGORIES[item.category].is_plant for item in catalogue.items]

    def only_plants(values: list[Any]) -> list[Any]:
        return [value if is_plant else None for value, is_plant in zip(values, plant, strict=True)]

    return {
        "PROF_ALPHA_1": only_plants([item.botanical for item in catalogue.items]),
        "PROF_ALPHA_2": only_plants(pick(rng, _ZONES, size)),
        "PROF_ALPHA_3": only_plants([CATEGORIES[item.category].title for item in catalogue.items]),
        "PROF_ALPHA_4": only_plants(pick(rng, ("Annual", "Perennial", "Woody"), size)),
        "PROF_ALPHA_5": only_plants(pick(rng, _HEIGHTS, size)),
        "USR_PROF_ALPHA_6": only_plants(pick(rng, _HEIGHTS, size)),
        "USR_PROF_ALPHA_7": only_plants(pick(rng, _SUN, size)),
        "USR_PROF_ALPHA_8": only_plants(pick(rng, _BLOOM, size)),
        "USR_PROF_ALPHA_9": only_plants(pick(rng, _COLOURS, size)),
        "USR_PROF_ALPHA_10": only_plants(pick(rng, ("Yes", "No", None), size)),
        "USR_PROF_ALPHA_11": only_plants(pick(rng, _RATES, size)),
        "USR_PROF_ALPHA_12": only_plants(pick(rng, ("Yes", "No", None), size)),
        "USR_PROF_ALPHA_13": only_plants(pick(rng, _SOILS, size)),
        "USR_PROF_ALPHA_14": pick(rng, (*_COLOURS, None, None), size),
        "USR_PROF_ALPHA_15": [item.size for item in catalogue.items],
    }


def _brand_and_vendor(catalogue: Catalogue, rng: Generator) -> Columns:
    size = len(catalogue.items)
    code_of_word = {word: code for code, word in BRANDS}
    brand = [code_of_word.get(item.brand_word or "", BRANDS[0][0]) for item in catalogue.items]
    vendor = pick(rng, VENDORS, size)
    for position, item in enumerate(catalogue.items):
        if item.brand_word:
            vendor[position] = brand[position]
        elif CATEGORIES[item.category].code == "EVERGREEN" and position % 3 == 0:
            vendor[position] = "EVERGREEN"
    unset = (rng.random(size) < 0.12).tolist()
    return {
        "PROF_COD_1": [None if blank else code for code, blank in zip(brand, unset, strict=True)],
        "ITEM_VEND_NO": vendor,
        "VEND_ITEM_NO": [
            f"{name[:3]}-{number}" for name, number in zip(vendor, catalogue.numbers, strict=True)
        ],
    }


def master_rows(catalogue: Catalogue, until: date, rng: Generator) -> Columns:
    """The columns of `IM_ITEM` for every item of the catalogue, deleted ones included, before dirt."""
    items, size = catalogue.items, len(catalogue.items)
    shout = (rng.random(size) < 0.2).tolist()
    long_names = [_long_description(item, loud) for item, loud in zip(items, shout, strict=True)]
    titles = [f"{item.kind} {item.name} - {item.size}" for item in items]
    no_title = (rng.random(size) < 0.05).tolist()
    changed = moments(rng, until, 700, size)
    buffers = [
        None if draw < 0.08 else 5 if draw < 0.8 else int(draw * 20) % 4 for draw in rng.random(size).tolist()
    ]
    return {
        "ITEM_NO": catalogue.numbers.tolist(),
        "DESCR": [f"{item.name} {item.size} {item.kind}".upper()[:30].rstrip() for item in items],
        "LONG_DESCR": long_names,
        "ADDL_DESCR_1": [None if blank else title for title, blank in zip(titles, no_title, strict=True)],
        "ADDL_DESCR_2": titles,
        "STAT": ["A" if active else "V" for active in catalogue.active.tolist()],
        "ITEM_TYP": ["N" if code == "SERVICES" else "I" for code in catalogue.category_code],
        "CATEG_COD": catalogue.category_code.tolist(),
        "SUBCAT_COD": catalogue.subcategory.tolist(),
        **_brand_and_vendor(catalogue, rng),
        "PROF_NO_1": buffers,
        "PRC_1": cents_to_dollars(catalogue.price),
        "REG_PRC": cents_to_dollars(catalogue.wholesale_price),
        "LST_COST": cents_to_dollars(catalogue.cost),
        "IS_ECOMM_ITEM": _yes(catalogue.on_web.tolist()),
        "USR_CPC_IS_ENABLED": _yes((catalogue.on_web & (rng.random(size) < 0.95)).tolist()),
        "USR_ALWAYS_ONLINE": _flags(rng, 0.02, size),
        "USR_IN_STORE_ONLY": _flags(rng, 0.03, size),
        "IS_FOOD_STMP_ITEM": _flags(rng, 0.10, size),
        "IS_ADM_TKT": _yes([item.is_parent for item in items]),
        "ECOMM_NEW": _flags(rng, 0.004, size),
        "TRK_INV": _yes(catalogue.tracked.tolist()),
        "USR_PROF_ALPHA_16": [item.binding for item in items],
        "USR_PROF_ALPHA_17": [item.size if item.binding else None for item in items],
        "USR_PROF_ALPHA_19": [None] * size,
        "USR_PROF_ALPHA_20": pick(rng, (None, None, "Usually ships in 3 days"), size),
        "USR_PROF_ALPHA_21": [
            f"Buy {title} online or in the shop." if n % 2 else None for n, title in enumerate(titles)
        ],
        "USR_PROF_ALPHA_22": [f"{item.kind} {item.name}" if n % 3 else None for n, item in enumerate(items)],
        "USR_PROF_ALPHA_26": [item.botanical.lower() for item in items],
        "USR_PROF_ALPHA_27": _sort_order(rng, size),
        **_plant_columns(catalogue, rng),
        "IS_ON_SALE": ["N"] * size,
        "IS_BACK_IN_STOCK": _flags(rng, 0.003, size),
        "USR_IS_PREORDER": ["N"] * size,
        "USR_PREORDER_REL_DT": [None] * size,
        "PROMOTE_DT_EXP": [None] * size,
        "LST_MAINT_DT": changed,
        "RS_UTC_DT": [moment + timedelta(hours=5) for moment in changed],
    }


def add_offers(catalogue: Catalogue, rows: Columns, until: date, rng: Generator) -> Columns:
    """Put items on sale, on pre-order and in promotion, and return the columns of `IM_PRC`.

    A few items get no price row. Sale prices are in `PRC_2` only; the item carries the badge.
    """
    kept = catalogue.kept
    midnight = datetime.combine(until, time())
    for position in some(rng, kept, 0.003):
        rows["USR_IS_PREORDER"][position] = "Y"
        rows["USR_PREORDER_REL_DT"][position] = midnight + timedelta(days=int(rng.integers(5, 60)))
        rows["USR_PROF_ALPHA_19"][position] = "Ships in spring"
    for position in some(rng, kept, 0.004):
        rows["PROMOTE_DT_EXP"][position] = midnight + timedelta(days=int(rng.integers(-10, 30)))
    sale: dict[int, float] = {}
    rows["SALE_DESCR"] = [None] * len(catalogue.items)
    for position in some(rng, kept, 0.06):
        percent = int(rng.integers(1, 7)) * 10
        sale[position] = round(int(catalogue.price[position]) * (100 - percent) / 100) / 100
        rows["IS_ON_SALE"][position] = "Y"
        rows["SALE_DESCR"][position] = f"{percent}% off"
    without = set(some(rng, kept, 0.008, 2))
    priced = [position for position in kept.tolist() if position not in without]
    return {
        "ITEM_NO": [rows["ITEM_NO"][position] for position in priced],
        "LOC_ID": ["*"] * len(priced),
        "PRC_1": [rows["PRC_1"][position] for position in priced],
        "PRC_2": [sale.get(position) for position in priced],
        "REG_PRC": [rows["REG_PRC"][position] for position in priced],
        "LST_MAINT_DT": [rows["LST_MAINT_DT"][position] for position in priced],
    }
