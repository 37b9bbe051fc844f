"""What the page and the notebook show, read from the store database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import Engine

from include.growth.settings import GrowthSettings
from include.periods import month_of
from include.storedb.customer_months import CustomerMonths, SalesMonth
from include.storedb.growth_months import GrowthMonth, GrowthMonths

TITLES = {"counterpoint": "Counterpoint", "uploads": "Uploaded daily sales"}


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the growth budget, and what it brought; None when it had no sales at all."""

    growth: GrowthMonth
    sales: SalesMonth | None

    @property
    def month(self) -> date:
        """Its first day."""
        return self.growth.month

    @property
    def amount(self) -> Decimal:
        """All sales, walk-ins included."""
        return self.sales.amount if self.sales else Decimal(0)

    @property
    def customers(self) -> int:
        """Known customers, those whose sales add up to nothing included."""
        return self.sales.customers if self.sales else 0

    @property
    def label(self) -> str:
        """The month such as 2026-11, with a star while it is provisional."""
        return f"{self.month:%Y-%m}{'*' if self.growth.is_provisional else ''}"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a number of silent months makes of all finished months together."""

    silent_months: int
    new: int
    regained: int
    churned: int
    pool: int

    @property
    def back(self) -> float | None:
        """The share of the churned who came back; None when nobody churned."""
        return self.regained / self.churned if self.churned else None


@dataclass(frozen=True, slots=True)
class Shown:
    """The growth budget of one source as of a morning, the oldest month first."""

    source: str
    last_day: date
    months: tuple[Month, ...]
    rules: tuple[Rule, ...]

    @property
    def title(self) -> str:
        """What the source is called."""
        return TITLES[self.source]

    @property
    def counted(self) -> tuple[Month, ...]:
        """The months after the run-in: of those before it too little is known."""
        return tuple(one for one in self.months if not one.growth.is_run_in)


def read_page(engine: Engine, as_of: date, settings: GrowthSettings) -> list[Shown]:
    """All sources with sales, as of a morning.

    As of an earlier morning than the newest that is known, the months are shown that were over by then.
    """
    found = [_shown(engine, source, as_of, settings) for source in settings.sources]
    return [one for one in found if one is not None]


def newest_morning(engine: Engine, settings: GrowthSettings) -> date | None:
    """The morning after the last day that is known of any source; None without sales."""
    days = [
        month.last_day
        for source in settings.sources
        for month in CustomerMonths(engine).months(source).values()
    ]
    return max(days) + timedelta(days=1) if days else None


def _shown(engine: Engine, source: str, as_of: date, settings: GrowthSettings) -> Shown | None:
    known = CustomerMonths(engine).months(source)
    last_day = max((month.last_day for month in known.values()), default=None)
    rows = GrowthMonths(engine).months(source)
    if last_day is None:
        return None
    if last_day >= as_of:
        last_day = month_of(as_of) - timedelta(days=1)
        rows = [row for row in rows if row.month <= last_day]
    months = [Month(row, known.get(row.month)) for row in rows if row.silent_months == settings.silent_months]
    if not months:
        return None
    rules = [
        _rule(silent, [row for row in rows if row.silent_months == silent])
        for silent in settings.every_silent_months
    ]
    return Shown(source, last_day, tuple(months[-settings.shown_months :]), tuple(rules))


def _rule(silent: int, rows: Sequence[GrowthMonth]) -> Rule:
    finished = [row for row in rows if not row.is_provisional]
    sums = {name: sum(getattr(row, name) for row in finished) for name in ("new", "regained", "churned")}
    return Rule(silent, pool=finished[-1].pool if finished else 0, **sums)
