"""The items that people wait for, as Counterpoint has them at this moment."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from include.counterpoint.items import Item, Read, as_items, folded, folded_in_sql, items
from include.counterpoint.tables import AR_CUST, EC_ITEM_DESCR, IM_ITEM
from include.database.values import in_parts

_HIDDEN = "EXCLUDE"
_END_OF_WORD = re.compile(r"\s+\S*$")


@dataclass(frozen=True, slots=True)
class Goods:
    """What one item number or binding id (`key`, folded) stands for.

    `available` is in whole units, buffers taken off, and 0 when none is sold any more. `photo_names` are the
    names that photos of it may have, the likeliest first; `description` is plain text.
    """

    key: str
    title: str
    available: int
    photo_names: tuple[str, ...]
    description: str = ""


def goods_of(read: Read, keys: Collection[str], locations: Collection[str]) -> dict[str, Goods]:
    """The goods of these keys (folded); those that Counterpoint does not know are absent.

    An item number goes before a binding id of the same name. Of a binding id all active items count together.
    """
    wanted = sorted(set(keys))
    found: dict[str, Item] = {}
    for part in in_parts(wanted, 500):
        number, binding = folded_in_sql(IM_ITEM.c.ITEM_NO), folded_in_sql(IM_ITEM.c.USR_PROF_ALPHA_16)
        rows = read(items(locations, or_(number.in_(part), binding.in_(part))))
        found |= {item.key: item for item in as_items(rows)}
    bound: dict[str, list[Item]] = {}
    for item in found.values():
        bound.setdefault(folded(item.binding), []).append(item)
    members = {
        key: [found[key]] if key in found else bound.get(key, [])
        for key in wanted
        if key in found or key in bound
    }
    leading = {key: _leading(some) for key, some in members.items()}
    texts = _texts(read, {item.number for item in leading.values()})
    return {key: _goods(key, leading[key], some, texts) for key, some in members.items()}


def first_names(read: Read, emails: Collection[str]) -> dict[str, str]:
    """The first names of customers by their first mail address (in small letters), as the till has them.

    An address that customers of several first names share has none.
    """
    names: dict[str, set[str]] = {}
    for part in in_parts(sorted({email.upper() for email in emails}), 500):
        address = folded_in_sql(AR_CUST.c.EMAIL_ADRS_1)
        for row in read(select(AR_CUST.c.FST_NAM, AR_CUST.c.EMAIL_ADRS_1).where(address.in_(part))):
            if folded(row.FST_NAM):
                key = folded(row.EMAIL_ADRS_1).lower()
                names.setdefault(key, set()).add(" ".join(row.FST_NAM.split()).upper())
    return {email: next(iter(found)) for email, found in names.items() if len(found) == 1}


def _leading(some: Sequence[Item]) -> Item:
    return next((item for item in some if item.is_parent), some[0])


def _goods(key: str, leading: Item, some: Iterable[Item], texts: Mapping[str, tuple[str, str]]) -> Goods:
    members = list(some)
    title, description = texts.get(leading.key, ("", ""))
    shown = title if title and folded(title) != _HIDDEN else " ".join((leading.description or "").split())
    names = [leading.number, leading.binding, key, *(item.number for item in members)]
    return Goods(
        key,
        shown or leading.number.strip(),
        sum(item.buffered for item in members if item.is_active),
        tuple(dict.fromkeys(name.strip() for name in names if name and folded(name))),
        description,
    )


def _texts(read: Read, numbers: Collection[str]) -> dict[str, tuple[str, str]]:
    """Web title and description by item number (folded)."""
    found: dict[str, tuple[str, str]] = {}
    for part in in_parts(sorted(map(folded, numbers)), 500):
        number = folded_in_sql(IM_ITEM.c.ITEM_NO)
        rows: Sequence[Any] = read(
            select(IM_ITEM.c.ITEM_NO, IM_ITEM.c.ADDL_DESCR_1, EC_ITEM_DESCR.c.HTML_DESCR)
            .outerjoin(EC_ITEM_DESCR, folded_in_sql(EC_ITEM_DESCR.c.ITEM_NO) == number)
            .where(number.in_(part))
        )
        for row in rows:
            title = " ".join((row.ADDL_DESCR_1 or "").split())
            found[folded(row.ITEM_NO)] = (title, plain_text(row.HTML_DESCR or ""))
    return found


def plain_text(html: str) -> str:
    """What a page's HTML says, in one line; scripts and styles say nothing."""
    from bs4 import BeautifulSoup

    page = BeautifulSoup(html, "lxml")
    for part in page(["script", "style", "template"]):
        part.decompose()
    return " ".join(page.get_text(" ").split())


def shortened(text: str, longest: int) -> str:
    """`text`, cut at the end of a word where it has more than `longest` characters."""
    if len(text) <= longest:
        return text
    return f"{_END_OF_WORD.sub('', text[:longest]).rstrip(',;:- ')}…"
