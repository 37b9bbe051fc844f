"""How often one telephone may be texted, over all campaigns and over all customers who share the number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from include.messaging.quiet_hours import in_utc
from include.messaging.settings import CapSettings


@dataclass(frozen=True, slots=True)
class Wish:
    """A campaign that wants to text a number and has not yet. The smallest `priority` goes first."""

    campaign: str
    priority: int
    due: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a wish is granted; `reason` says why not."""

    wish: Wish
    granted: bool
    reason: str = ""


def has_room(moment: datetime, others: Iterable[datetime], cap: CapSettings) -> bool:
    """Whether a text at `moment` keeps the cap, given the number's `others`, earlier ones and promised ones.

    In no `cap.hours` are there more than `cap.texts`, wherever they begin. Exactly `cap.hours` later is free
    again. Moments carry their zone.
    """
    window = timedelta(hours=cap.hours)
    now = in_utc(moment)
    near = [other for other in map(in_utc, others) if abs(other - now) < window]
    times = sorted([*near, now])
    return all(last - first >= window for first, last in zip(times, times[cap.texts :], strict=False))


def decide(wishes: Iterable[Wish], sends: Iterable[datetime], cap: CapSettings) -> list[Decision]:
    """Which of the day's campaigns may text one number that had texts at the moments `sends`.

    They choose by priority, then by time: so a place is kept for one that is due later but matters more.
    Each campaign asks with all wishes of the day, its own included, and obeys its own decision; whoever asks
    gets the same answer. A text that was sent is no wish any more but one of the `sends`.
    """
    sent = list(sends)
    granted: list[Wish] = []
    decisions = []
    for wish in sorted(set(wishes), key=lambda wish: (wish.priority, in_utc(wish.due), wish.campaign)):
        kept = [other.due for other in granted]
        if has_room(wish.due, [*sent, *kept], cap):
            granted.append(wish)
            decisions.append(Decision(wish, granted=True))
        elif has_room(wish.due, sent, cap):
            names = ", ".join(other.campaign for other in granted)
            decisions.append(Decision(wish, granted=False, reason=f"gives way to {names}"))
        else:
            reason = f"the number has its {cap.texts} texts in {cap.hours} hours"
            decisions.append(Decision(wish, granted=False, reason=reason))
    return decisions
