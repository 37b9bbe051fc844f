"""What is wrong with a real item file: odd texts, missing values, broken variant groups."""

from __future__ import annotations

from typing import Any

from include.sandbox.seed.catalogue import Catalogue
from include.sandbox.seed.randomness import Generator, some

HARD_TEXTS = (
    'Rim Pot, Blue, 3" x 4"', 'Hosta "Patriot" 1 Gal', "Crépe Myrtle 'Ruby' 3 Gal", "Piñata Rose 2 Gal",
    "=1+1 Red Salvia", "+Bonus Soil 8 Qt", '@Home Fern 6"', "-50 Hardy Mums", "  Leading Blank Yew",
    "Trailing Blank Oak  ", 'Johnny\'s 12" x 14", heavy', "Tom & Jerry <b>Tomato</b>",
    "100% Wool_Mulch [bag]", "Back\\slash Trellis; cheap", "Peace Lily\tTabbed",
)  # fmt: skip
"""Long descriptions that break what is written carelessly: CSV, HTML, LIKE patterns, spreadsheets."""

_HIDDEN_TITLE = "EXCLUDE"


def _products(catalogue: Catalogue) -> dict[str, list[int]]:
    """Positions of the items of each binding id, parent first."""
    members: dict[str, list[int]] = {}
    for position, item in enumerate(catalogue.items):
        if item.binding:
            members.setdefault(item.binding, []).append(position)
    return members


def _texts(catalogue: Catalogue, rows: dict[str, list[Any]], rng: Generator) -> None:
    sellable = [p for p in catalogue.kept.tolist() if catalogue.active[p] and catalogue.on_web[p]]
    for number, position in enumerate(some(rng, sellable, 0.02, len(HARD_TEXTS))):
        text = HARD_TEXTS[number % len(HARD_TEXTS)]
        rows["LONG_DESCR"][position] = text
        rows["ADDL_DESCR_1"][position] = text
    kept = catalogue.kept
    for position in some(rng, kept, 0.004, 2):
        rows["LONG_DESCR"][position] = None
    for position in some(rng, kept, 0.004, 2):
        rows["ADDL_DESCR_1"][position] = _HIDDEN_TITLE
    twins = some(rng, kept, 0.004, 4)
    for one, other in zip(twins[::2], twins[1::2], strict=False):
        rows["ADDL_DESCR_1"][one] = rows["ADDL_DESCR_1"][other]


def _missing(catalogue: Catalogue, rows: dict[str, list[Any]], rng: Generator) -> None:
    goods = [p for p in catalogue.kept.tolist() if rows["ITEM_TYP"][p] == "I"]
    for column, share in (("CATEG_COD", 0.004), ("PRC_1", 0.004), ("REG_PRC", 0.006), ("LST_COST", 0.003)):
        for position in some(rng, goods, share, 2):
            rows[column][position] = None
    for position in some(rng, goods, 0.002, 1):
        rows["PRC_1"][position] = 0.0
    services = [p for p in catalogue.kept.tolist() if rows["ITEM_TYP"][p] == "N"]
    for position in some(rng, services, 0.3, 1):
        rows["CATEG_COD"][position] = "services"
    for position in some(rng, goods, 0.002, 1):
        rows["CATEG_COD"][position] = catalogue.category_code[position].lower()


def _bindings(catalogue: Catalogue, rows: dict[str, list[Any]], rng: Generator) -> None:
    """Variant groups with no parent, two parents, a malformed id, a repeated and a missing variant name."""
    products = _products(catalogue)
    chosen = some(rng, list(products), 0.1, 5)
    for number, binding in enumerate(chosen):
        parent, child = products[binding][0], products[binding][1]
        match number % 5:
            case 0:
                rows["IS_ADM_TKT"][parent] = "N"
            case 1:
                rows["IS_ADM_TKT"][child] = "Y"
            case 2:
                wrong = f"B{int(binding[1:])}" if number % 2 else binding.lower()
                rows["USR_PROF_ALPHA_16"][child] = wrong if wrong != binding else f"X{binding[1:]}"
            case 3:
                rows["USR_PROF_ALPHA_17"][child] = rows["USR_PROF_ALPHA_17"][parent]
            case _:
                rows["USR_PROF_ALPHA_17"][child] = None


def soil(catalogue: Catalogue, rows: dict[str, list[Any]], rng: Generator) -> None:
    """Spoil the columns of `IM_ITEM` in place. At least one specimen of each kind, more in a larger store."""
    _texts(catalogue, rows, rng)
    _missing(catalogue, rows, rng)
    _bindings(catalogue, rows, rng)
