"""The growth budget's rule, from how long ago the customers of each month had come before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from include.periods import month_after, month_of, months_apart

Returns = Mapping[tuple[date, int], int]
"""How many customers came in a month whose visit before was so many months earlier; 0 is the first visit."""


@dataclass(frozen=True, slots=True)
class Growth:
    """A month's customers and what became of others, by a number of silent months.

    `pool` are the customers who came within the last `silent_months` months, this one included: it changes
    from month to month by `net`. A month of the `run_in` comes too early for somebody to have been lost and
    regained.
    """

    month: date
    customers: int
    new: int
    regained: int
    churned: int
    pool: int
    run_in: bool

    @property
    def net(self) -> int:
        """By how many customers the pool grew."""
        return self.new + self.regained - self.churned


def growth_by_month(returns: Returns, last_day: date, silent_months: int) -> list[Growth]:
    """Each month from the first in which customers came to that of `last_day`.

    Churned in a month are those who came `silent_months` months earlier and not since; regained are those who
    had been away longer than that; new are those who had never come. The first month's customers are the
    opening pool, and not new.
    """
    came: dict[date, int] = {}
    regained: dict[date, int] = {}
    for (month, gap), customers in returns.items():
        came[month] = came.get(month, 0) + customers
        if gap > silent_months:
            regained[month] = regained.get(month, 0) + customers
    first = min((month for month, customers in came.items() if customers), default=None)
    if first is None:
        return []

    def not_back(month: date, within: int) -> int:
        """Customers of a month who did not come in the `within` months after it."""
        back = sum(returns.get((month_after(month, gap), gap), 0) for gap in range(1, within + 1))
        return came.get(month, 0) - back

    found = []
    for place in range(months_apart(first, month_of(last_day)) + 1):
        month = month_after(first, place)
        found.append(
            Growth(
                month=month,
                customers=came.get(month, 0),
                new=returns.get((month, 0), 0) if place else 0,
                regained=regained.get(month, 0),
                churned=not_back(month_after(month, -silent_months), silent_months),
                pool=sum(not_back(month_after(month, -ago), ago) for ago in range(silent_months)),
                run_in=place <= silent_months,
            )
        )
    return found
