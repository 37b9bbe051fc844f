"""Customers divided into segments: clusters, their names, scores, and what is recommended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from include.segmentation.clusters import Choice, Trial, choose, k_means, try_counts
from include.segmentation.customers import Customer, Sorted
from include.segmentation.features import scaled, values
from include.segmentation.naming import lost_big_spenders, names_of, rule_text
from include.segmentation.scores import scores
from include.segmentation.settings import SegmentationSettings
from include.settings.customer_segments import BIG_SPENDERS, NOT_DIVIDED, SEGMENT_NAMES, SegmentName
from include.storedb.customer_segments import Placed, Segmentation, SegmentFigures

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CENT = Decimal("0.01")
_SIXTH = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Division:
    """The segment and the RFM score of each customer, in their order, and how this was decided."""

    customers: tuple[Customer, ...]
    segments: tuple[SegmentName, ...]
    scores: tuple[str, ...]
    rules: dict[SegmentName, str]
    trials: tuple[Trial, ...]
    choice: Choice


def divide(customers: Sequence[Customer], settings: SegmentationSettings, before: int | None) -> Division:
    """Put each customer into exactly one segment.

    The same for the same customers, settings and `before`, the number of clusters of the last run. Fewer than
    `fewest` customers are not divided.
    """
    import numpy as np

    ordered = tuple(sorted(customers, key=lambda one: one.number))
    rows = values(ordered)
    found: list[SegmentName] = [NOT_DIVIDED] * len(ordered)
    if len(ordered) < settings.clusters.fewest:
        choice = Choice(1, f"fewer than {settings.clusters.fewest} customers are not divided")
        return _division(ordered, found, rows, settings, (), choice)
    usual = np.median(rows, axis=0)
    big = lost_big_spenders(rows, usual, settings.names)
    others = np.flatnonzero(~big)
    compared = scaled(rows[others], settings.features)

    def named(drawn: NDArray[np.int_], labels: NDArray[np.int_]) -> bool:
        names = names_of(rows[others[drawn]], labels, usual, settings.names)
        is_each_alone = len(set(names.values()) - {BIG_SPENDERS}) == len(names)
        return is_each_alone and int(np.bincount(labels).min()) >= settings.clusters.smallest

    trials = try_counts(compared, settings.clusters, named)
    choice = choose(trials, settings.clusters, before)
    for place in np.flatnonzero(big):
        found[place] = BIG_SPENDERS
    if choice.count > 1:
        model = k_means(compared, choice.count, settings.clusters.starts, settings.clusters.seed)
        names = names_of(rows[others], model.labels_, usual, settings.names)
        for place, label in zip(others, model.labels_, strict=True):
            found[place] = names[int(label)]
    return _division(ordered, found, rows, settings, trials, choice)


def _division(
    customers: tuple[Customer, ...],
    found: Sequence[SegmentName],
    rows: NDArray[np.float64],
    settings: SegmentationSettings,
    trials: Sequence[Trial],
    choice: Choice,
) -> Division:
    import numpy as np

    usual = np.median(rows, axis=0) if len(rows) else np.zeros(rows.shape[1])
    rules = {name: rule_text(name, usual, settings.names) for name in SEGMENT_NAMES if name in found}
    return Division(customers, tuple(found), tuple(scores(rows)), rules, tuple(trials), choice)


def segment_figures(division: Division, settings: SegmentationSettings) -> list[SegmentFigures]:
    """Each segment that has customers, the most valuable name first, with what is recommended."""
    made = []
    for name, rule in division.rules.items():
        pairs = zip(division.customers, division.segments, strict=True)
        some = [customer for customer, segment in pairs if segment == name]
        amount = sum((one.monetary for one in some), Decimal(0))
        visits = sum(one.frequency for one in some)
        action, count = settings.actions[name], len(some)
        usual = max(amount, Decimal(0)) / visits if visits else Decimal(0)
        earned = usual * (_exact(settings.margin) - _exact(action.discount))
        each = _exact(action.response) * earned - _exact(action.cost)
        made.append(
            SegmentFigures(
                name=name,
                rule_text=rule,
                customers=count,
                recency=_mean(sum(one.recency for one in some), count),
                frequency=_mean(visits, count),
                monetary=_mean(amount, count),
                amount=amount,
                action=action.do,
                expected_value=(count * each).quantize(_CENT),
            )
        )
    return made


def placed(division: Division) -> list[Placed]:
    """Each customer with its segment, for the table."""
    return [
        Placed(one.number, segment, one.recency, one.frequency, one.monetary, score)
        for one, segment, score in zip(division.customers, division.segments, division.scores, strict=True)
    ]


def segmentation(source: str, as_of: date, found: Sorted, division: Division, made_from: str) -> Segmentation:
    """How the division was made, for the table."""
    taken = next((one for one in division.trials if one.count == division.choice.count), None)
    return Segmentation(
        source=source,
        as_of=as_of,
        customers=len(division.customers),
        set_aside=len(found.apart),
        clusters=division.choice.count,
        silhouette=_exact(taken.silhouette).quantize(_SIXTH) if taken else None,
        stability=_exact(taken.stability).quantize(_SIXTH) if taken else None,
        details={
            "reason": division.choice.reason,
            "trials": [asdict(trial) for trial in division.trials],
            "apart": [
                {"customer": one.number, "days": one.days, "amount": str(one.amount), "reason": one.reason}
                for one in sorted(found.apart, key=lambda one: (-abs(one.amount), one.number))[:MOST_APART]
            ],
        },
        input_hash=made_from,
    )


MOST_APART = 50
"""Of so many of those who were set aside, those with the most sales, the page tells."""


def input_hash(found: Sorted, as_of: date, settings: SegmentationSettings, before: int | None) -> str:
    """What stands for all that a division is made from."""
    known = hashlib.sha256(json.dumps([settings.model_dump(mode="json"), as_of.isoformat(), before]).encode())
    for one in found.customers:
        known.update(f"\x1e{one.number}\x1f{one.recency}\x1f{one.frequency}\x1f{one.monetary}".encode())
    for other in found.apart:
        known.update(f"\x1d{other.number}\x1f{other.days}\x1f{other.amount}\x1f{other.reason}".encode())
    return known.hexdigest()


def _exact(number: float) -> Decimal:
    return Decimal(str(number))


def _mean(total: Decimal | int, count: int) -> Decimal:
    return (Decimal(total) / count).quantize(Decimal("0.0001"))
