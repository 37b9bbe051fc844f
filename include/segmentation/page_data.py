"""What the page and the notebook show, read from the store database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine

from include.storedb.customer_segments import Placed, Segmentation, Segmentations, SegmentFigures

NEW, GONE = "(new)", "(gone)"
TITLES = {"counterpoint": "Customers of the tills", "uploads": "Customers of uploaded daily sales"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A source's segmentation of a day with its segments and customers, and how many customers went from
    which segment of the one before to which of this one; no `moves` where there is none before.
    """

    made: Segmentation
    segments: tuple[SegmentFigures, ...]
    placed: tuple[Placed, ...]
    before: date | None
    moves: Counter[tuple[str, str]]

    @property
    def title(self) -> str:
        """What people call the source."""
        return TITLES.get(self.made.source, self.made.source)


def read_page(engine: Engine, as_of: date, sources: Sequence[str]) -> list[Shown]:
    """The segmentations of a day, in the order of the sources."""
    kept, shown = Segmentations(engine), []
    for source in sources:
        if (made := kept.of(source, as_of)) is None:
            continue
        placed = tuple(kept.placed(made))
        before = kept.before(source, as_of)
        earlier = kept.segment_of(before) if before else {}
        now = {one.customer: one.segment for one in placed}
        moves = Counter(
            (earlier.get(number, NEW), now.get(number, GONE)) for number in (now | earlier if earlier else ())
        )
        day = before.as_of if before and earlier else None
        shown.append(Shown(made, tuple(kept.segments(made)), placed, day, moves))
    return shown
