"""Takes over the customers of months that changed, and counts the growth budget from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import Engine

from include.counterpoint.customer_sales import CustomerSum
from include.counterpoint.items import folded
from include.growth.accounting import growth_by_month
from include.growth.settings import GrowthSettings
from include.growth.sources import Sales
from include.periods import Period, month_of, same_days_of_month_before, whole_month
from include.storedb.customer_months import CustomerMonths, InMonth, SalesMonth
from include.storedb.growth_months import GrowthMonth, GrowthMonths
from include.storedb.runs import RunContext, digest

EARLIEST = date(1990, 1, 1)
"""No sale of a shop's books is older; a typing error may be."""


@dataclass(frozen=True, slots=True)
class Stale:
    """What there is to do: the days to look at, and the months whose sales are others than those read, with
    what stands for them now.
    """

    period: Period
    months: dict[date, str]


def stale_months(
    sales: Sales, known: dict[date, SalesMonth], as_of: date, settings: GrowthSettings, *, again: bool = False
) -> Stale | None:
    """The months to read for a run of the morning of `as_of`; all of them with `again`. None when the source
    knows of no day.

    A run of an earlier day than the newest looks at months that were over by then, and reads them whole: of
    the month that was running then, more is known already.
    """
    last = sales.last_day(as_of)
    if last is None:
        return None
    if last < max((month.last_day for month in known.values()), default=last):
        last = month_of(as_of) - timedelta(days=1)
    first = settings.first_month or EARLIEST
    if last < first:
        return None
    period = Period(first, last)
    marks = sales.marks(period)
    # What was sold before the first month that counts, or is gone, is taken back.
    for month in known:
        if month <= last:
            marks.setdefault(month, "")
    marks.setdefault(month_of(last), "")
    made_from = [",".join(sorted(settings.set_aside)), ",".join(settings.stores)]
    wanted = {month: digest(marks[month], str(month >= first), *made_from) for month in sorted(marks)}
    found = {
        month: mark
        for month, mark in wanted.items()
        if again
        or month not in known
        or (known[month].mark, known[month].last_day) != (mark, _last_day(month, last))
    }
    return Stale(period, found)


def take_over(
    sales: Sales, stale: Stale, settings: GrowthSettings, months: CustomerMonths, run: RunContext
) -> int:
    """Read the stale months, the oldest first, each whole; returns how many customers' months differ."""
    changed = 0
    for month, mark in stale.months.items():
        last = _last_day(month, stale.period.last)
        amount, customers = Decimal(0), dict[str, InMonth]()
        if month >= stale.period.first:
            amount, customers = _known(sales.customers(Period(month, last)), settings)
        before_amount: Decimal | None = None
        before_customers: int | None = None
        if last < whole_month(month).last:
            before_amount, before = _known(sales.customers(same_days_of_month_before(last)), settings)
            before_customers = len(before)
        row = SalesMonth(
            sales.source, month, last, amount, len(customers), before_amount, before_customers, mark
        )
        # Whose sales add up to nothing did not come.
        came = {name: one for name, one in customers.items() if one.amount}
        changed += months.keep(row, came, run)
    return changed


def count_growth(engine: Engine, source: str, settings: GrowthSettings, run: RunContext) -> int:
    """Count what is not counted yet, and make the rows of the growth budget; returns how many changed."""
    months = CustomerMonths(engine)
    months.count(source, run)
    return GrowthMonths(engine).keep_only(source, growth_rows(engine, source, settings), run)


def growth_rows(engine: Engine, source: str, settings: GrowthSettings) -> list[GrowthMonth]:
    """The growth budget of all months for each number of silent months of the settings."""
    months = CustomerMonths(engine)
    known, returns = months.months(source), months.returns(source)
    if not known:
        return []
    last_day = max(month.last_day for month in known.values())
    return [
        GrowthMonth(
            source=source,
            month=found.month,
            silent_months=silent,
            **{name: getattr(found, name) for name in ("customers", "new", "regained", "churned", "net")},
            pool=found.pool,
            is_run_in=found.run_in,
            is_provisional=whole_month(found.month).last > last_day,
        )
        for silent in settings.every_silent_months
        for found in growth_by_month(returns, last_day, silent)
    ]


def _last_day(month: date, last: date) -> date:
    return min(whole_month(month).last, last)


def _known(sums: Iterable[CustomerSum], settings: GrowthSettings) -> tuple[Decimal, dict[str, InMonth]]:
    """The sum of all sales, and the customers who are one person each."""
    amount, found = Decimal(0), dict[str, InMonth]()
    for one in sums:
        amount += one.amount
        if folded(one.customer) not in settings.set_aside:
            found[one.customer] = InMonth(one.amount, one.days)
    return amount, found
