"""Which brand an item without one gets: by its vendor, by its description, else the company's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from include.catalog.upkeep_settings import BrandSettings, UpkeepSettings, whole_words
from include.changes import Change, Plan, Reject
from include.counterpoint.items import Item, Read, as_items, folded, items
from include.counterpoint.tables import IM_ITEM, IM_ITEM_PROF_COD
from include.settings import StoreSettings
from include.storedb.given_brands import Given, GivenBrands

BY_DEFAULT = "no vendor and no pattern names a brand: the company's own"
"""The reason of changes that `remember_given` remembers."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """One entry of the settings: `place` is where it stands, `reason` what it says of an item."""

    place: str
    brand: str
    reason: str
    fits: Callable[[Item], bool]


def plan_brands(
    read: Read, settings: UpkeepSettings, store: StoreSettings, given: Mapping[Given, bool]
) -> Plan:
    """Give items a brand; `given` are the brands by item key that we gave, and whether by default."""
    found = as_items(read(items(store.stock_locations)))
    codes = {folded(row.PROF_COD): row.PROF_COD for row in read(select(IM_ITEM_PROF_COD.c.PROF_COD))}
    return branded(found, codes, given, settings.brands)


def branded(
    found: Iterable[Item], codes: Mapping[str, str], given: Mapping[Given, bool], settings: BrandSettings
) -> Plan:
    """The brand of each item that has none, or that has no other than our default gave it.

    The latter are looked at on every run, so that a pattern that was added or a description that was
    corrected later still applies; a company brand that a person set stays, unless the settings say to review
    it. `codes` are Counterpoint's brands as they are stored, by their folded codes. An entry of the settings
    whose brand is not among them is a reject, and the items that it fits are left as they are until the code
    exists: another entry would give them a wrong brand for good.
    """
    every = list(found)
    rules = list(_rules(settings))
    rejects = [
        Reject(rule.place, f"there is no brand {rule.brand} in Counterpoint (IM_ITEM_PROF_COD)")
        for rule in rules
        if rule.brand not in codes
    ]
    changes = []
    for item in every:
        if not _is_open(item, given, settings):
            continue
        rule = next(rule for rule in rules if rule.fits(item))
        if rule.brand in codes and folded(item.brand) != rule.brand:
            new = codes[rule.brand]
            changes.append(Change("IM_ITEM", item.number, "PROF_COD_1", item.brand, new, rule.reason))
    return Plan(tuple(changes), len(every), tuple(rejects))


def _is_open(item: Item, given: Mapping[Given, bool], settings: BrandSettings) -> bool:
    brand = folded(item.brand)
    if not brand or given.get((item.key, brand)):
        return True
    return settings.review_company_items and brand == settings.company


def _rules(settings: BrandSettings) -> Iterator[_Rule]:
    for number, brand in settings.vendors.items():
        yield _Rule(f"brands.vendors.{number}", brand, f"its vendor is {number}", _by_vendor(number))
    for position, entry in enumerate(settings.patterns):
        place = f"brands.patterns.{position} ({entry.pattern})"
        reason = f"its description names {entry.pattern}"
        yield _Rule(place, entry.brand, reason, _by_description(entry.pattern))
    yield _Rule("brands.company", settings.company, BY_DEFAULT, _any_item)


def _by_vendor(number: str) -> Callable[[Item], bool]:
    return lambda item: folded(item.vendor) == number


def _by_description(pattern: str) -> Callable[[Item], bool]:
    words = whole_words(pattern)
    return lambda item: words.search(" ".join((item.description or "").split())) is not None


def _any_item(_item: Item) -> bool:
    return True


def remember_given(changes: Iterable[Change], memory: GivenBrands) -> None:
    """Remember which items get our default, and what others get in its place; before a plan is written.

    A task that dies in between thus leaves no company brand behind that looks as if a person had set it. What
    is remembered and not written does no harm, since it counts only while the item has that very brand.
    """
    given: dict[bool, list[tuple[str, str]]] = {True: [], False: []}
    for change in changes:
        if change.field == "PROF_COD_1":
            place = (folded(str(change.key)), folded(str(change.new)))
            given[change.reason == BY_DEFAULT].append(place)
    known = {key for key, _ in memory.all()}
    memory.remember(given[True], by_default=True)
    memory.remember([place for place in given[False] if place[0] in known], by_default=False)


def forget_decided(read: Read, memory: GivenBrands) -> None:
    """Forget items that have another brand by now than we gave them; after a plan is written.

    An item without a brand, or gone from the item file, tells nothing about a person's choice.
    """
    given = memory.all()
    rows = read(select(IM_ITEM.c.ITEM_NO, IM_ITEM.c.PROF_COD_1))
    brands = {folded(row.ITEM_NO): folded(row.PROF_COD_1) for row in rows}
    memory.forget(key for key, _ in given if brands.get(key) and (key, brands[key]) not in given)
