"""Competitors' prices beside ours, as data: what is compared, what moved, what could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from include.competitors.history import Move
from include.competitors.matching import Candidate, Matcher, OurItem
from include.competitors.prices import Price
from include.competitors.reading import Offer
from include.competitors.review import Decisions, pair_of

CONFIRMED, VERY_SURE = "confirmed", "very sure"
_SHARE = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class SiteList:
    """A site's list of the day; `read_on` is None when there never was one, `failed` when tonight's could not
    be read. `since` is the day that `moves` are counted from, None for a first list.
    """

    key: str
    name: str
    compare_with: str
    offers: tuple[Offer, ...] = ()
    read_on: date | None = None
    since: date | None = None
    moves: tuple[Move, ...] = ()
    failed: bool = False


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One of our items beside a competitor's product.

    `theirs` and `ours` are dollars for what the item is (None where that cannot be said; `note` says why);
    `difference` is ours less theirs, `share` that part of theirs: above 0 we are dearer.
    """

    site: str
    their_name: str
    their_size: str
    their_price: str
    theirs: Decimal | None
    item: str
    our_name: str
    our_size: str
    ours: Decimal | None
    difference: Decimal | None
    share: Decimal | None
    basis: str
    moved: str
    note: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The whole comparison of a day."""

    day: date
    sites: tuple[SiteList, ...]
    rows: tuple[ComparedRow, ...]
    undecided: int = 0
    unmatched: int = 0

    @property
    def has_news(self) -> bool:
        """Whether somebody should look: a first list, a price that moved, a site that could not be read."""
        return any(site.failed or site.moves or site.since is None for site in self.sites)

    @property
    def dearer(self) -> int:
        """How many of our items cost more than theirs."""
        return sum(row.share is not None and row.share > 0 for row in self.rows)

    @property
    def cheaper(self) -> int:
        """How many of our items cost less than theirs."""
        return sum(row.share is not None and row.share < 0 for row in self.rows)


def compare(
    day: date, sites: Sequence[SiteList], items: Sequence[OurItem], matcher: Matcher, decisions: Decisions
) -> tuple[Comparison, list[tuple[str, Offer, Candidate]]]:
    """Compare what is confirmed or very sure; the pairs returned beside it want a person's decision."""
    rows: list[ComparedRow] = []
    asked: list[tuple[str, Offer, Candidate]] = []
    unmatched = 0
    for site in sites:
        moved = {move.key: move for move in site.moves}
        for offer in site.offers:
            confirmed = _confirmed(site.key, offer, items, decisions)
            found = [
                candidate
                for candidate in matcher.candidates(offer)
                if pair_of(site.key, offer.key, candidate.item.number) not in decisions.rejected
            ]
            sure = [] if confirmed else [candidate.item for candidate in found if candidate.sure]
            if not confirmed and not sure:
                asked += [(site.key, offer, candidate) for candidate in found]
                unmatched += 1
            for item in confirmed or sure:
                basis = CONFIRMED if confirmed else VERY_SURE
                rows.append(_row(site, offer, item, basis, moved.get(offer.key)))
    rows.sort(key=lambda row: (row.share is None, -(row.share or 0), row.site, row.their_name, row.item))
    return Comparison(day, tuple(sites), tuple(rows), decisions.undecided, unmatched), asked


def _confirmed(site: str, offer: Offer, items: Iterable[OurItem], decisions: Decisions) -> list[OurItem]:
    if not decisions.confirmed:
        return []
    return [item for item in items if pair_of(site, offer.key, item.number) in decisions.confirmed]


def _row(site: SiteList, offer: Offer, item: OurItem, basis: str, move: Move | None) -> ComparedRow:
    ours = item.wholesale if site.compare_with == "wholesale" else item.retail
    theirs, note = _theirs(offer)
    if theirs is not None and not ours:
        note = f"we have no {site.compare_with} price"
    difference = share = None
    if theirs and ours:
        difference = (ours - theirs).quantize(Decimal("0.01"))
        share = ((ours - theirs) / theirs).quantize(_SHARE)
    return ComparedRow(
        site=site.name,
        their_name=offer.name,
        their_size=offer.size,
        their_price=offer.price.text,
        theirs=theirs,
        item=item.number,
        our_name=item.description,
        our_size=item.size,
        ours=ours or None,
        difference=difference,
        share=share,
        basis=basis,
        moved=move.kind if move else "",
        note=note,
    )


def _theirs(offer: Offer) -> tuple[Decimal | None, str]:
    """Their price for one of what our item is, and what is to be said about it."""
    price = offer.price
    if price.reason is not None:
        return None, price.reason
    if price.currency != "USD":
        return None, f"in {price.currency}"
    if _is_whole_pack(price, offer.goods.size):
        return price.low, ""
    if price.each is None:
        return None, f"sold by the {price.unit}"
    if price.high is None:
        return price.each, "from"
    return price.each, "the lowest of a range" if price.is_range else ""


def _is_whole_pack(price: Price, size: str) -> bool:
    """Whether the price is for the pack that the size speaks of, so that it must not be divided."""
    return price.unit == "pack" and (price.quantity == 1 or size == f"{price.quantity} pack")
