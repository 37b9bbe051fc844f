"""Whether customers who were texted did something more often than those held out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

_Z = 1.959964
"""Standard deviations within which 95 % of a normal distribution lie."""

Verdict = Literal["too few to say", "no clear difference", "more", "less"]


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `of` customers."""

    hits: int
    of: int

    @property
    def rate(self) -> float | None:
        """Between 0 and 1; None of nobody."""
        return self.hits / self.of if self.of else None

    @property
    def span(self) -> tuple[float, float]:
        """Where the rate behind it lies, with 95 % confidence (Wilson's score interval)."""
        if not self.of:
            return 0.0, 1.0
        n, p = self.of, self.hits / self.of
        middle = p + _Z**2 / (2 * n)
        half = _Z * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
        scale = 1 + _Z**2 / n
        return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


@dataclass(frozen=True, slots=True)
class Difference:
    """How much larger the texted customers' rate is, with its 95 % confidence interval."""

    rate: float
    low: float
    high: float


def difference(texted: Share, held_out: Share) -> Difference | None:
    """Newcombe's interval from the Wilson intervals of both rates, which holds for small and one-sided
    numbers, too; None where one of the groups is empty.

    (R. G. Newcombe, "Interval estimation for the difference between independent proportions", 1998, method
    10.)
    """
    if texted.rate is None or held_out.rate is None:
        return None
    (low_1, high_1), (low_2, high_2) = texted.span, held_out.span
    rate = texted.rate - held_out.rate
    low = rate - math.hypot(texted.rate - low_1, high_2 - held_out.rate)
    high = rate + math.hypot(high_1 - texted.rate, held_out.rate - low_2)
    return Difference(rate, max(-1.0, low), min(1.0, high))


def verdict(texted: Share, held_out: Share, smallest: int) -> Verdict:
    """What the difference says, with groups of at least `smallest` customers."""
    found = difference(texted, held_out)
    if found is None or min(texted.of, held_out.of) < smallest:
        return "too few to say"
    if found.low > 0:
        return "more"
    return "less" if found.high < 0 else "no clear difference"
