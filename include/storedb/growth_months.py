"""The growth budget by month, as the newest run knows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, delete, select

from include.database.retries import with_retries
from include.database.values import in_parts
from include.storedb.daily_sales import keep_rows
from include.storedb.runs import RunContext, digest, moment
from include.storedb.tables import GROWTH_MONTH

_MONTH = GROWTH_MONTH.c


@dataclass(frozen=True, slots=True)
class GrowthMonth:
    """A month of the growth budget: see the table `growth_month`."""

    source: str
    month: date
    silent_months: int
    customers: int
    new: int
    regained: int
    churned: int
    net: int
    pool: int
    is_run_in: bool
    is_provisional: bool


class GrowthMonths:
    """The table `growth_month`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def keep_only(self, source: str, months: Iterable[GrowthMonth], run: RunContext) -> int:
        """Make the rows of a source these; returns how many rows that changed."""
        wanted = {
            digest(one.source, one.month.isoformat(), str(one.silent_months)): {
                name: getattr(one, name) for name in GrowthMonth.__dataclass_fields__
            }
            for one in months
        }

        def work() -> int:
            noted = {"counted_at": moment(), **run.columns()}
            with self.engine.begin() as connection:
                there = set(connection.scalars(select(_MONTH.growth_hash).where(_MONTH.source == source)))
                for part in in_parts(sorted(there - set(wanted))):
                    connection.execute(delete(GROWTH_MONTH).where(_MONTH.growth_hash.in_(part)))
                changed = keep_rows(connection, GROWTH_MONTH, "growth_hash", wanted, noted)
                return changed + len(there - set(wanted))

        return with_retries(work)

    def months(self, source: str) -> list[GrowthMonth]:
        """All rows of a source, by silent months and month."""
        columns = [_MONTH[name] for name in GrowthMonth.__dataclass_fields__]
        wanted = select(*columns).where(_MONTH.source == source).order_by(_MONTH.silent_months, _MONTH.month)
        with self.engine.connect() as connection:
            return [GrowthMonth(*row) for row in connection.execute(wanted)]
