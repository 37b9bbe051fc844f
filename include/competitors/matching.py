"""Which of our items a competitor's product is: by likeness of the names, for the same size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select

from include.competitors.goods import Goods, goods
from include.competitors.reading import Offer
from include.competitors.settings import MatchSettings
from include.counterpoint.items import folded
from include.counterpoint.tables import IM_ITEM

Read = Callable[[Select[Any]], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class OurItem:
    """One of our items: prices in dollars, and the goods that its names speak of."""

    number: str
    description: str
    size: str
    retail: Decimal | None
    wholesale: Decimal | None
    goods: tuple[Goods, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item that a product may be; `score` is from 0 to 100, `sure` when nobody needs to decide."""

    item: OurItem
    score: float
    sure: bool


def our_items(read: Read) -> list[OurItem]:
    """The active items by number, with every name that they have: titles leave brands out, which competitors
    do not have.
    """
    c = IM_ITEM.c
    columns = (c.ITEM_NO, c.DESCR, c.LONG_DESCR, c.ADDL_DESCR_1, c.PROF_ALPHA_1, c.USR_PROF_ALPHA_15)
    rows = read(select(*columns, c.PRC_1, c.REG_PRC, c.STAT))
    active = [row for row in rows if folded(row.STAT) == "A"]
    return sorted((_our_item(row) for row in active), key=lambda item: item.number)


def _our_item(row: Any) -> OurItem:
    size = row.USR_PROF_ALPHA_15 or ""
    names = [name for name in (row.LONG_DESCR, row.ADDL_DESCR_1) if name and name != "EXCLUDE"]
    found = dict.fromkeys(goods(name, size) for name in names or [row.DESCR or ""])
    return OurItem(
        number=row.ITEM_NO.strip(),
        description=(row.LONG_DESCR or row.DESCR or "").strip(),
        size=size.strip(),
        retail=row.PRC_1,
        wholesale=row.REG_PRC,
        goods=tuple(found),
    )


class Matcher:
    """Finds candidates among our items."""

    def __init__(self, items: Iterable[OurItem], settings: MatchSettings) -> None:
        self._settings = settings
        self._by_size: dict[str, tuple[list[OurItem], list[str]]] = {}
        for item in items:
            for one in item.goods:
                owners, words = self._by_size.setdefault(one.size, ([], []))
                owners.append(item)
                words.append(one.words)

    def candidates(self, offer: Offer) -> list[Candidate]:
        """The likeliest items of the same size, best first; none for a product without a size.

        The order of the words does not count. The best is sure when it is as alike as the settings want, and
        no other item is.
        """
        from rapidfuzz import fuzz, process

        owners, words = self._by_size.get(offer.goods.size, ([], []))
        if not offer.goods.size or not offer.goods.words:
            return []
        scores: dict[str, tuple[float, OurItem]] = {}
        found = process.extract(
            offer.goods.words,
            words,
            scorer=fuzz.token_sort_ratio,
            score_cutoff=self._settings.candidate,
            limit=None,
        )
        for _, score, index in found:
            item = owners[index]
            if item.number not in scores or scores[item.number][0] < score:
                scores[item.number] = (score, item)
        best = sorted(scores.values(), key=lambda pair: (-pair[0], pair[1].number))
        sure = [item.number for score, item in best if score >= self._settings.sure]
        return [
            Candidate(item, round(score, 1), sure == [item.number])
            for score, item in best[: self._settings.candidates_for_each]
        ]
