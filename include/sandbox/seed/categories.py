"""The merchandise categories of a garden center: shares of items and demand, prices, season, words."""

from __future__ import annotations

from dataclasses import dataclass

from include.sandbox.seed import words_goods as words


@dataclass(frozen=True)
class Category:
    """One merchandise category.

    `items` and `demand` are shares (of items, of ticket lines before season); `low` and `high` bound retail
    prices in dollars; `season` is the relative demand of the months January to December; `units` is how
    many of an item a retail customer takes on average beyond the first.
    """

    code: str
    title: str
    items: float
    demand: float
    low: float
    high: float
    units: float
    season: tuple[float, ...]
    subcategories: tuple[str, ...]
    goods: tuple[tuple[str, str], ...]
    kinds: tuple[str, ...]
    sizes: tuple[str, ...]
    wholesale: bool = False
    is_plant: bool = False


_SPRING = (0.1, 0.2, 0.7, 1.7, 2.6, 1.9, 1.1, 0.8, 0.8, 0.6, 0.2, 0.1)
_SUMMER = (0.1, 0.1, 0.3, 0.9, 2.0, 2.4, 1.9, 1.4, 1.1, 0.6, 0.2, 0.1)
_TWO_PEAKS = (0.1, 0.2, 0.7, 1.8, 2.0, 1.3, 0.8, 0.7, 1.2, 1.4, 0.6, 0.3)
_STEADY = (0.9, 0.9, 1.0, 1.1, 1.2, 1.0, 0.9, 0.9, 0.9, 0.9, 1.0, 1.3)
_GIFTS = (0.5, 0.7, 0.7, 0.9, 1.2, 0.9, 0.7, 0.7, 0.8, 0.9, 1.3, 2.7)
_AUTUMN = (0.1, 0.1, 0.2, 0.4, 0.3, 0.1, 0.1, 0.7, 3.2, 3.9, 1.6, 0.4)
_WINTER = (0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1, 0.5, 3.6, 7.6)
_EARLY = (1.2, 2.2, 2.9, 2.4, 1.4, 0.6, 0.3, 0.2, 0.2, 0.2, 0.2, 0.4)
_VISITS = (0.0, 0.1, 0.6, 1.4, 1.8, 1.5, 1.2, 1.1, 1.4, 1.6, 0.9, 0.4)

_POTS = words.POT_SIZES
_PLUGS = words.PLUG_SIZES

CATEGORIES: tuple[Category, ...] = (
    Category("ANNUAL", "Annuals", 0.11, 0.19, 3.49, 29.95, 2.2, _SPRING, ("SUN", "SHADE", "BASKET"),
             words.ANNUALS, words.FLOWER_KINDS, _PLUGS, wholesale=True, is_plant=True),
    Category("BULB", "Bulbs", 0.03, 0.03, 5.95, 24.95, 0.6, _AUTUMN,
             ("SPRING", "SUMMER"), words.BULBS, words.FLOWER_KINDS, ("10 Pack", "25 Pack", "50 Pack")),
    Category("CHRISTMAS", "Christmas Shop", 0.06, 0.11, 4.95, 149.95, 0.5, _WINTER,
             ("LIGHTS", "ORNAMENT", "FRESH"), words.CHRISTMAS, words.DECOR_KINDS,
             ("Small", "Medium", "Large", '12"', '24"')),
    Category("DECIDUOUS", "Deciduous Shrubs", 0.07, 0.04, 24.95, 129.95, 0.3, _TWO_PEAKS,
             ("HEDGE", "ACCENT"), words.DECIDUOUS, words.SHRUB_KINDS, _POTS, wholesale=True, is_plant=True),
    Category("DECOR", "Garden Decor", 0.07, 0.04, 9.95, 249.95, 0.1, _GIFTS, ("STATUE", "WIND", "WALL"),
             words.DECOR, words.DECOR_KINDS, ("Small", "Medium", "Large", '8"', '16"')),
    Category("EDIBLES", "Herbs, Fruit and Vegetables", 0.06, 0.10, 2.99, 49.95, 2.0, _SPRING,
             ("HERB", "VEG", "FRUIT"), words.EDIBLES, words.EDIBLE_KINDS,
             _PLUGS, wholesale=True, is_plant=True),
    Category("EVERGREEN", "Evergreens", 0.07, 0.04, 29.95, 199.95, 0.4, _TWO_PEAKS,
             ("HEDGE", "DWARF", "SCREEN"), words.EVERGREENS, words.SHRUB_KINDS,
             _POTS, wholesale=True, is_plant=True),
    Category("FLOWERING", "Flowering Shrubs", 0.07, 0.06, 24.95, 109.95, 0.3, _SPRING,
             ("SPRING", "SUMMER"), words.FLOWERING, words.FLOWER_KINDS, _POTS, wholesale=True, is_plant=True),
    Category("GRASSES", "Ornamental Grasses", 0.03, 0.02, 14.95, 59.95, 0.7, _SUMMER,
             ("TALL", "LOW"), words.GRASSES, words.SHRUB_KINDS, _POTS, wholesale=True, is_plant=True),
    Category("GROUND", "Ground Covers", 0.03, 0.02, 6.95, 39.95, 2.0, _SPRING, ("SUN", "SHADE"),
             words.GROUND_COVERS, words.FLOWER_KINDS, _PLUGS, wholesale=True, is_plant=True),
    Category("HEALTH", "Plant Health", 0.04, 0.05, 7.95, 64.95, 0.2, _SUMMER, ("FEED", "PEST", "WEED"),
             words.HEALTH, words.HEALTH_KINDS, ("1 Pt", "1 Qt", "1 Gal", "4 Lb", "18 Lb")),
    Category("HOUSE", "House Plants", 0.07, 0.08, 5.95, 129.95, 0.3, _STEADY,
             ("FOLIAGE", "BLOOM", "SUCCULENT"), words.HOUSE_PLANTS, words.SHRUB_KINDS,
             ('2"', '4"', '6"', '10"', '14"'), is_plant=True),
    Category("PERENNIAL", "Perennials", 0.12, 0.10, 9.95, 44.95, 1.2, _SUMMER, ("SUN", "SHADE", "NATIVE"),
             words.PERENNIALS, words.FLOWER_KINDS, ("1 Qt", "1 Gal", "2 Gal"), wholesale=True, is_plant=True),
    Category("POTTERY", "Pottery", 0.06, 0.04, 5.95, 299.95, 0.3, _SPRING, ("GLAZED", "CLAY", "SAUCER"),
             words.POTTERY, words.GLAZES, ('4"', '6"', '8"', '12"', '16"', '22"')),
    Category("SEEDS", "Seeds", 0.04, 0.04, 1.99, 8.95, 2.4, _EARLY,
             ("FLOWER", "VEG", "HERB"), words.SEEDS, words.EDIBLE_KINDS, ("Packet", "1 Oz", "4 Oz")),
    Category("SERVICES", "Services", 0.01, 0.012, 35.0, 450.0, 0.0, _VISITS,
             ("DELIVERY", "ONSITE"), words.SERVICES, words.SERVICE_KINDS, ("Zone 1", "Zone 2", "Zone 3")),
    Category("SUPPLIES", "Soil and Supplies", 0.04, 0.08, 4.95, 89.95, 1.2, _SPRING,
             ("SOIL", "MULCH", "STAKES"), words.SUPPLIES, words.SUPPLY_KINDS,
             ("8 Qt", "1 Cu Ft", "2 Cu Ft", "Yard"), wholesale=True),
    Category("TOOLS", "Tools", 0.05, 0.03, 7.95, 119.95, 0.1, _GIFTS,
             ("HAND", "LONG", "WATER"), words.TOOLS, words.TOOL_KINDS, ('6"', '18"', '36"', "50 Ft")),
    Category("TREES", "Trees", 0.05, 0.02, 79.95, 599.95, 0.1, _TWO_PEAKS,
             ("SHADE", "FRUIT", "ORNAMENT"), words.TREES, words.SHRUB_KINDS,
             ("7 Gal", "15 Gal", "25 Gal", '2" Cal'), wholesale=True, is_plant=True),
    Category("WORKSHOP", "Workshops", 0.01, 0.01, 25.0, 95.0, 0.5, _GIFTS,
             ("ADULT", "KIDS"), words.WORKSHOPS, words.WORKSHOP_KINDS, ("Morning", "Afternoon", "Evening")),
)  # fmt: skip
