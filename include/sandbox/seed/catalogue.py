"""What the store sells: items with names, prices, variants and popularity, as the other subjects see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from include.sandbox.seed.categories import CATEGORIES, Category
from include.sandbox.seed.randomness import Flags, Floats, Generator, Integers, Texts, objects, some
from include.sandbox.seed.words_goods import BRANDS_OF_CATEGORY

ITEMS_AT_SCALE_1 = 5_000
SHARE_DELETED = 0.006
SHARE_NEW = 0.008
_SHARE_BOUND_PRODUCTS = 0.16
_LAST_BINDING_NUMBER = 9_999
_FIXED_NUMBERS = {"45": "", "804": "", "00804": "", "HB": "Hanging Basket", "BOSTON": "Boston Fern"}
"""Old numbers that the store's rules name, and a word of the item that has each."""


@dataclass
class Item:
    """One item as it is invented, before any dirt."""

    category: int
    subcategory: str
    name: str
    botanical: str
    kind: str
    size: str
    brand_word: str | None
    cents: int
    binding: str | None = None
    is_parent: bool = False


@dataclass
class Catalogue:
    """All items in parallel arrays; prices in cents. Deleted items were sold but have no master record."""

    items: list[Item]
    numbers: Texts
    category: Integers
    category_code: Texts
    subcategory: Texts
    price: Integers
    wholesale_price: Integers
    cost: Integers
    popularity: Floats
    companion: Integers
    units: Floats
    active: Flags
    on_web: Flags
    tracked: Flags
    deleted: Flags
    new: Flags

    @property
    def kept(self) -> Integers:
        """Positions of the items that have a master record."""
        return np.flatnonzero(~self.deleted)


def _products(category: Category, number: int, rng: Generator) -> Iterator[tuple[tuple[str, str], str, int]]:
    """(name, kind, how many sizes) of products without repeating a name and kind until all were used."""
    combinations = len(category.goods) * len(category.kinds)
    while True:
        for position in rng.permutation(combinations).tolist():
            bound = number > 1 and rng.random() < _SHARE_BOUND_PRODUCTS
            sizes = int(rng.integers(2, min(5, len(category.sizes)) + 1)) if bound else 1
            yield (
                category.goods[position % len(category.goods)],
                category.kinds[position // len(category.goods)],
                sizes,
            )


def _charm_price(dollars: float) -> int:
    """Cents, ending as shops like it: below 20 dollars at .49 or .99, above at .95."""
    if dollars < 20:
        return max(99, round(dollars * 2) * 50 - 1)
    return round(dollars) * 100 - 5


def _invent(position: int, wanted: int, rng: Generator, first_binding: int) -> list[Item]:
    category = CATEGORIES[position]
    brands = BRANDS_OF_CATEGORY.get(category.code, ())
    made: list[Item] = []
    binding_number = first_binding
    for (name, botanical), kind, sizes in _products(category, wanted, rng):
        chosen = sorted(rng.choice(len(category.sizes), sizes, replace=False).tolist())
        base = category.low * (category.high / category.low) ** rng.beta(1.5, 3.0)
        brand_word = brands[int(rng.integers(len(brands)))] if brands and rng.random() < 0.45 else None
        binding = None
        if sizes > 1 and binding_number <= _LAST_BINDING_NUMBER and category.code != "SERVICES":
            binding = f"B{binding_number:04d}"
            binding_number += 1
        parent = chosen[0]
        subcategory = category.subcategories[int(rng.integers(len(category.subcategories)))]
        for size in chosen:
            dollars = base * 1.35 ** (size - (len(category.sizes) - 1) / 2)
            made.append(
                Item(
                    position, subcategory, name, botanical, kind, category.sizes[size], brand_word,
                    _charm_price(dollars), binding, binding is not None and size == parent,
                )
            )  # fmt: skip
        if len(made) >= wanted:
            return made
    return made


def _numbers(items: list[Item], current: Flags, rng: Generator) -> Texts:
    """Item numbers: mostly six digits, some with leading zeros or letters, and the store's odd old ones."""
    numbers = []
    form = rng.random(len(items)).tolist()
    for position, item in enumerate(items):
        if form[position] < 0.04:
            numbers.append(f"{position + 1:07d}")
        elif form[position] < 0.10:
            numbers.append(f"{CATEGORIES[item.category].code[:2]}{position + 1000}")
        else:
            numbers.append(str(200_000 + position))
    free = [position for position, item in enumerate(items) if current[position] and item.binding is None]
    candidates = some(rng, free, 1.0)
    for number, word in _FIXED_NUMBERS.items():
        fitting = [place for place in candidates if word in f"{items[place].name} {items[place].size}"]
        chosen = (fitting or candidates)[0]
        candidates.remove(chosen)
        numbers[chosen] = number
    return objects(numbers)


def _popularity(category: Integers, deleted: Flags, new: Flags, active: Flags, rng: Generator) -> Floats:
    """Relative demand: heavy-tailed inside a category, adding up to the category's share."""
    popularity = rng.lognormal(0.0, 1.5, len(category))
    popularity[~active] *= 0.25
    popularity[new] = 0.0
    popularity[np.flatnonzero(deleted)[:3]] = np.quantile(popularity, 0.999) if len(popularity) else 0.0
    for position, details in enumerate(CATEGORIES):
        members = category == position
        total = popularity[members].sum()
        if total > 0:
            popularity[members] *= details.demand / total
    return popularity


def _companions(category: Integers, popularity: Floats, rng: Generator) -> Integers:
    """For each item one that is often bought with it: soil, pots and feed go with plants."""
    goes_with = [p for p, c in enumerate(CATEGORIES) if c.code in {"SUPPLIES", "POTTERY", "HEALTH", "TOOLS"}]
    candidates = np.flatnonzero(np.isin(category, goes_with) & (popularity > 0))
    if not len(candidates):
        return np.arange(len(category))
    weights = popularity[candidates] / popularity[candidates].sum()
    return rng.choice(candidates, len(category), p=weights)


def _leaders(items: list[Item]) -> Integers:
    """For each item the position of its product's parent, or its own when it is sold alone."""
    leaders: list[int] = []
    for position, item in enumerate(items):
        leaders.append(leaders[-1] if item.binding and not item.is_parent else position)
    return np.array(leaders, dtype=np.int64)


def build(scale: float, rng: Generator) -> Catalogue:
    """The catalogue of a store that is `scale` times as large as the usual one."""
    kept = max(60, round(ITEMS_AT_SCALE_1 * scale))
    total = kept + max(4, round(SHARE_DELETED * kept))
    items: list[Item] = []
    binding = 1
    for position, category in enumerate(CATEGORIES):
        made = _invent(position, max(3, round(category.items * total * 1.02)), rng, binding)
        binding += len({item.binding for item in made if item.binding})
        items.extend(made)
    alone = [position for position, item in enumerate(items) if item.binding is None]
    for position in sorted(some(rng, alone, 0, len(items) - total), reverse=True):
        del items[position]
    size = len(items)

    alone = [position for position, item in enumerate(items) if item.binding is None]
    goods = [
        position
        for position in alone
        if CATEGORIES[items[position].category].code not in {"SERVICES", "WORKSHOP"}
    ]
    special = some(rng, goods, 0, (total - kept) + max(6, round(SHARE_NEW * kept)))
    deleted, new = np.zeros(size, bool), np.zeros(size, bool)
    deleted[special[: total - kept]] = True
    new[special[total - kept :]] = True
    category_positions = np.array([item.category for item in items], dtype=np.int64)
    codes = objects([CATEGORIES[item.category].code for item in items])
    active = (rng.random(size) >= 0.17) | new
    price = np.array([item.cents for item in items], dtype=np.int64)
    popularity = _popularity(category_positions, deleted, new, active, rng)
    bulk = np.array([item.size == "Yard" for item in items])
    offered = (rng.random(size) < 0.62)[_leaders(items)]
    return Catalogue(
        items=items,
        numbers=_numbers(items, active & ~deleted, rng),
        category=category_positions,
        category_code=codes,
        subcategory=objects([item.subcategory for item in items]),
        price=price,
        wholesale_price=np.round(price * rng.uniform(0.62, 0.78, size)).astype(np.int64),
        cost=np.round(price * rng.uniform(0.38, 0.58, size)).astype(np.int64),
        popularity=popularity,
        companion=_companions(category_positions, popularity, rng),
        units=np.array([CATEGORIES[item.category].units for item in items]),
        active=active,
        on_web=active & offered & (codes != "SERVICES"),
        tracked=~bulk & (codes != "SERVICES"),
        deleted=deleted,
        new=new,
    )
