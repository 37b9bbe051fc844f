"""What is wrong in the item file: for staff to mend."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePath

from include.counterpoint.items import Item, folded
from include.store_reports.figures import Figures
from include.store_reports.sections import Column, Row, Section, Table
from include.store_reports.settings import ItemCheckSettings

ITEMS, PHOTOS = "Item file", "Missing photos"
_ITEM = Column("Item")
_SKU = Column("SKU")
_STOCK = Column("In stock", "quantity")
_PLAIN = (_ITEM, _SKU, _STOCK)
_NO_STOCK = Decimal(0)


@dataclass(frozen=True, slots=True)
class _Checked:
    """An item with what the web shop says of it; `description` is the beginning of its web description."""

    item: Item
    variant: str
    description: str
    in_web_category: bool

    @property
    def stock(self) -> Decimal:
        return self.item.available or _NO_STOCK


def item_file(figures: Figures) -> Section:
    """Stock, categories, web descriptions, visibility and binding ids that cannot be right."""
    settings = figures.settings.items
    found = _looked_at(figures)
    goods = [one for one in found if folded(one.item.category) not in settings.leave_categories]
    active = [one for one in goods if one.item.is_active]
    negative = sorted((one for one in goods if one.stock < 0), key=lambda one: (one.stock, one.item.key))
    tables = [
        _table("Negative stock", "Negative stock", negative),
        _table(
            "Inactive with stock",
            "Inactive, with stock",
            _most_stock(one for one in goods if folded(one.item.status) == "V" and one.stock > 0),
        ),
        _table(
            "Not on the web",
            "Active with stock, not on the web",
            _most_stock(one for one in active if one.stock > 0 and not one.item.on_web),
        ),
        _table(
            "Not visible",
            "On the web with stock to sell, not visible",
            _most_stock(
                one for one in active if one.item.on_web and not one.item.is_visible and one.item.buffered > 0
            ),
        ),
        _table(
            "No web category",
            "Active, in no web category",
            _most_stock(one for one in active if not one.in_web_category),
        ),
        _table(
            "No category",
            "Active, without a category",
            _most_stock(one for one in active if not folded(one.item.category)),
        ),
        _table(
            "Web descriptions",
            f"Web description missing or under {settings.short_description} bytes",
            _most_stock(one for one in active if _lacks_description(one, settings)),
        ),
        _bindings(found, settings),
    ]
    return _summed_up(ITEMS, tables, figures.settings.mail_rows)


def photos(figures: Figures) -> Section:
    """Items and binding ids that the web shop sells without a photo."""
    if figures.photos is None:
        return Section(PHOTOS, notes=("The photo folder was not looked at.",))
    # `X.jpg` is a product's photo, `X^1.jpg` another of it.
    there = {PurePath(name).stem.partition("^")[0].strip().upper() for name in figures.photos()}
    settings = figures.settings.items
    goods = [one for one in _looked_at(figures) if folded(one.item.category) not in settings.leave_categories]
    for_sale = [one for one in goods if one.item.on_web and one.item.buffered > 0]
    items = _most_stock(one for one in for_sale if one.item.key not in there)
    bound: dict[str, int] = defaultdict(int)
    for one in goods:
        if one.item.on_web and folded(one.item.binding):
            bound[folded(one.item.binding)] += 1
    products: list[Row] = [[key, bound[key]] for key in sorted(bound) if key not in there]
    columns = (Column("Binding id"), Column("Items on the web", "count"))
    return _summed_up(
        PHOTOS,
        [
            _table("Items without photo", "Items with stock to sell on the web", items),
            Table("Products without photo", "Products of several items", columns, products),
        ],
        figures.settings.mail_rows,
    )


def _looked_at(figures: Figures) -> list[_Checked]:
    hidden, found = figures.settings.items.hidden_title, []
    for key, item in sorted(figures.items.items()):
        title, variant = figures.web_names.get(key, (hidden, ""))
        if title != hidden:
            description = figures.web_descriptions.get(key, "")
            found.append(_Checked(item, variant, description, key in figures.in_web_categories))
    return found


def _lacks_description(one: _Checked, settings: ItemCheckSettings) -> bool:
    item = one.item
    alone = item.is_parent or not folded(item.binding)
    # The description was cut off: blanks at its end may be followed by more.
    text = one.description if one.description.strip() else ""
    short = len(text.encode()) < settings.short_description
    return item.on_web and alone and item.buffered > 0 and short


def _bindings(found: Sequence[_Checked], settings: ItemCheckSettings) -> Table:
    members: dict[str, list[_Checked]] = defaultdict(list)
    for one in found:
        if folded(one.item.binding):
            members[folded(one.item.binding)].append(one)
    rows: list[Row] = [
        [binding, ", ".join(one.item.number.strip() for one in group), problem]
        for binding, group in sorted(members.items())
        for problem in _problems(binding, group, settings)
    ]
    columns = (Column("Binding id"), Column("Items"), Column("Problem"))
    return Table("Binding ids", "Binding ids", columns, rows)


def _problems(binding: str, group: Sequence[_Checked], settings: ItemCheckSettings) -> Iterator[str]:
    if not re.fullmatch(settings.binding_id, binding):
        yield "does not look like a binding id"
    parents = sum(one.item.is_parent for one in group)
    if parents == 0:
        yield "no item is its parent"
    elif parents > 1:
        yield f"{parents} items are its parent"
    names = [one.variant for one in group if one.variant]
    if len(names) < len(group):
        yield f"{len(group) - len(names)} items have no variant name"
    if twice := sorted({name for name in names if names.count(name) > 1}):
        yield f"the variant name {twice[0].title()} stands twice"


def _most_stock(found: Iterable[_Checked]) -> list[_Checked]:
    return sorted(found, key=lambda one: (-one.stock, one.item.key))


def _table(name: str, title: str, found: Iterable[_Checked]) -> Table:
    rows: list[Row] = [
        [
            (one.item.description or "").strip() or "(no description)",
            one.item.number.strip(),
            one.item.available,
        ]
        for one in found
    ]
    return Table(name, title, _PLAIN, rows)


def _summed_up(title: str, tables: Sequence[Table], mail_rows: int) -> Section:
    """The tables that have rows, each with their number, and what was found to be right."""
    wrong = [
        Table(one.name, f"{one.title}: {len(one.rows):,}", one.columns, one.rows, mail_rows=mail_rows)
        for one in tables
        if one.rows
    ]
    right = [f"{one.title[0].lower()}{one.title[1:]}" for one in tables if not one.rows]
    return Section(title, tuple(wrong), notes=(f"Nothing found: {'; '.join(right)}.",) if right else ())
