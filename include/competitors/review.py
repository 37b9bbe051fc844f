"""The review list: a CSV in which staff decide which of our items a competitor's product is."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from include.changes import Reject
from include.competitors.goods import goods
from include.competitors.matching import Candidate
from include.competitors.reading import Offer
from include.counterpoint.items import folded
from include.csv_logs import CsvLog
from include.errors import InvalidRequest
from include.files import StoragePath
from include.spreadsheets import as_text
from include.storedb.runs import digest

COLUMNS = (
    "decision", "site", "their_name", "their_size", "our_item", "our_name", "our_size", "likeness",
    "found_on", "pair",
)  # fmt: skip
_YES, _NO = frozenset({"yes", "y"}), frozenset({"no", "n"})
_DECISION, _SITE, _NAME, _SIZE, _ITEM, _PAIR = 0, 1, 2, 3, 4, 9


@dataclass(frozen=True)
class Decisions:
    """What staff decided, by pair; `listed` has all pairs that are on the list.

    `by_hand` has the items of confirmed lines that staff wrote themselves, by line.
    """

    confirmed: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()
    by_hand: dict[str, str] = field(default_factory=dict)
    rejects: tuple[Reject, ...] = ()

    @property
    def undecided(self) -> int:
        """How many pairs wait for a decision."""
        return len(self.listed - self.confirmed - self.rejected)


def pair_of(site: str, product_key: str, item: str) -> str:
    """What stands for a product and an item; its letter keeps spreadsheets from making a number of it."""
    return "P" + digest(site, product_key, folded(item))[:11]


def read_decisions(path: StoragePath) -> Decisions:
    """The list as staff left it; a missing file is an empty list.

    A line that staff wrote themselves needs no `pair`. The last line about a pair counts. Lines whose
    decision is neither yes nor no nor empty are set aside. Raises `InvalidRequest` for a file that has
    another heading, as after saving it with another separator.
    """
    try:
        with path.open("rb") as file:
            lines = file.read().decode("utf-8-sig", "replace").splitlines()
    except FileNotFoundError:
        return Decisions()
    heading = tuple(cell.strip().casefold() for cell in next(csv.reader(lines[:1]), []))
    if heading[: len(COLUMNS)] != COLUMNS:
        raise InvalidRequest(
            f"{path.name} has the heading {','.join(heading)[:200]!r} instead of {','.join(COLUMNS)!r}: "
            "save it as CSV with commas and all its columns, in their order"
        )
    said: dict[str, str] = {}
    by_hand: dict[str, str] = {}
    rejects: list[Reject] = []
    for number, line in enumerate(lines[1:], 2):
        cells = [*(cell.strip() for cell in next(csv.reader([line]), [])), *[""] * len(COLUMNS)]
        if not any(cells):
            continue
        place, decision = f"{path.name}, line {number}", cells[_DECISION].casefold()
        if decision and decision not in _YES | _NO:
            rejects.append(Reject(place, f"the decision {decision!r} is neither yes nor no"))
            decision = ""
        if decision in _YES and not cells[_PAIR]:
            by_hand[place] = cells[_ITEM].removeprefix("'")
        said[_pair(cells)] = decision
    return Decisions(
        confirmed=frozenset(pair for pair, decision in said.items() if decision in _YES),
        rejected=frozenset(pair for pair, decision in said.items() if decision in _NO),
        listed=frozenset(said),
        by_hand=by_hand,
        rejects=tuple(rejects),
    )


def candidate_lines(
    found: Iterable[tuple[str, Offer, Candidate]], decisions: Decisions, day: date
) -> list[list[str]]:
    """Lines for candidates (each with its site's short name) that are not on the list yet."""
    lines = []
    for site, offer, candidate in found:
        pair = pair_of(site, offer.key, candidate.item.number)
        if pair not in decisions.listed:
            texts = (offer.name, offer.size, candidate.item.number)
            ours = (candidate.item.description, candidate.item.size)
            cells = ["", site, *map(as_text, (*texts, *ours)), f"{candidate.score:g}", day.isoformat(), pair]
            lines.append([" ".join(cell.split()) for cell in cells])
    return lines


def append_candidates(path: StoragePath, lines: Iterable[Sequence[str]]) -> int:
    """Add lines below what is there, which stays as it is to the byte; returns how many were added."""
    return CsvLog(path, COLUMNS, lambda cells: (_pair([*cells, *[""] * len(COLUMNS)]),)).add(lines)


def _key_of(cells: Sequence[str]) -> str:
    return goods(cells[_NAME].removeprefix("'"), cells[_SIZE].removeprefix("'")).key


def _pair(cells: Sequence[str]) -> str:
    return cells[_PAIR] or pair_of(cells[_SITE], _key_of(cells), cells[_ITEM].removeprefix("'"))
