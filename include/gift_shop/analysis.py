"""Everything that is worked out from the invoices for one day, and its tables in the warehouse."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, delete, func, insert, select

from include.errors import InvalidRequest
from include.gift_shop import metrics, rfm
from include.gift_shop.bulk import insert_rows
from include.gift_shop.deliveries import PUBLISHED
from include.gift_shop.next_purchase import Outlook, outlook
from include.gift_shop.settings import GiftShopSettings
from include.gift_shop.tables import (
    ANALYSIS,
    COUNTRY_SALES,
    INVOICE,
    INVOICE_AMOUNTS,
    LOAD,
    MONTH,
    NEXT_PURCHASE,
    RFM,
)

if TYPE_CHECKING:
    import pandas as pd

ALL, USUAL = "all", "usual"


@dataclass
class Analysis:
    """The figures as of one day; `segments` are the scored customers, `history` those of earlier days."""

    as_of: date
    months: pd.DataFrame
    countries: pd.DataFrame
    amounts: dict[str, metrics.Amounts]
    invoice_amounts: pd.Series
    segments: pd.DataFrame
    history: dict[date, pd.DataFrame] = field(default_factory=dict)
    outlook: Outlook | None = None

    def ranked(self) -> pd.DataFrame:
        """Customers with probability, expected_mils and segment, the most valuable first; none without an
        outlook.
        """
        if self.outlook is None:
            return self.segments.iloc[:0].assign(probability=0.0, expected_mils=0)
        found = self.outlook.customers.assign(segment=self.segments["segment"])
        return found.sort_values("expected_mils", ascending=False, kind="stable")


def day_to_count_to(engine: Engine, settings: GiftShopSettings, wanted: str | None) -> date | None:
    """The day to which recency is counted: as asked for, as set, or the day after the last sale.

    None when there are no sales. Raises `InvalidRequest` for a day before the first sale.
    """
    with engine.connect() as connection:
        first, last = connection.execute(
            select(func.min(INVOICE.c.sold_on), func.max(INVOICE.c.sold_on))
        ).one()
    if first is None:
        return None
    setting = settings.rfm.reference
    given = date.fromisoformat(wanted) if wanted else setting if isinstance(setting, date) else None
    as_of: date = given or last + timedelta(days=1)
    if as_of <= first:
        raise InvalidRequest(f"{as_of}: nothing was sold before that day; the first sale was on {first}")
    return as_of


def analyse(invoices: pd.DataFrame, as_of: date, settings: GiftShopSettings) -> Analysis:
    """Work everything out from the invoices before `as_of`.

    `history` has the segments at the ends of the months before.
    """
    import pandas as pd

    known = invoices[invoices["sold_at"] < pd.Timestamp(as_of)]
    continents = {str(country): settings.continent(str(country)) for country in known["country"].unique()}
    amounts = metrics.positive_amounts(known)
    usual = metrics.usual(amounts, settings.usual_invoices_percentile)
    distributions = {
        name: metrics.distribution(some) for name, some in ((ALL, amounts), (USUAL, usual)) if len(some)
    }

    def segments(day: date) -> pd.DataFrame:
        return rfm.scored(rfm.buyers(known, day, settings.rfm.days), settings.rfm.ties)

    first = known["sold_at"].min()
    past = {
        day: segments(day)
        for day in rfm.month_ends(as_of, settings.rfm.month_ends)
        if pd.notna(first) and first < pd.Timestamp(day)
    }
    return Analysis(
        as_of,
        metrics.monthly(known),
        metrics.by_country(known, continents),
        distributions,
        usual,
        segments(as_of),
        past,
        outlook(known, as_of),
    )


def basis(engine: Engine, settings: GiftShopSettings) -> str:
    """From what an analysis is made, as 64 hexadecimal digits: the published loads and the settings."""
    published = select(func.count(), func.max(LOAD.c.load_no)).where(LOAD.c.state == PUBLISHED)
    with engine.connect() as connection:
        loads = tuple(connection.execute(published).one())
    return hashlib.sha256(f"{loads} {settings.model_dump_json()}".encode()).hexdigest()


def is_done(engine: Engine, as_of: date, made_from: str) -> bool:
    """Whether the analysis as of that day was made from the same."""
    known = select(ANALYSIS.c.basis).where(ANALYSIS.c.as_of == as_of)
    with engine.connect() as connection:
        return connection.scalar(known) == made_from


def keep(engine: Engine, analysis: Analysis, made_from: str, run_id: str) -> list[date]:
    """Write the figures in one transaction; returns the days whose segments were written.

    Segments of the day replace those of an earlier run for it. Segments of earlier days are only added where
    there are none: what a day's run said stays.
    """
    with engine.begin() as connection:
        there = set(connection.scalars(select(ANALYSIS.c.as_of)))
        written = [day for day in analysis.history if day not in there] + [analysis.as_of]
        for table in (ANALYSIS, RFM):
            connection.execute(delete(table).where(table.c.as_of.in_(written)))
        for day in written:
            segments = analysis.history.get(day, analysis.segments)
            row = {"as_of": day, "basis": made_from, "run_id": run_id, "customers": len(segments)}
            connection.execute(insert(ANALYSIS), row)
            insert_rows(connection, RFM, segments.reset_index().assign(as_of=day))
        _replace(connection, MONTH, _records(analysis.months))
        _replace(connection, COUNTRY_SALES, _records(analysis.countries))
        ranked = analysis.ranked().rename_axis("customer_id")
        chosen = ranked[["segment", "probability", "expected_mils"]].assign(as_of=analysis.as_of)
        _replace(connection, NEXT_PURCHASE, _records(chosen))
        _replace(
            connection,
            INVOICE_AMOUNTS,
            [{"invoices": name, **asdict(one)} for name, one in analysis.amounts.items()],
        )
    return written


def segment_history(engine: Engine, until: date) -> dict[date, pd.Series]:
    """The segments by customer of each day up to `until` that was analysed, oldest first."""
    import pandas as pd

    query = select(RFM.c.as_of, RFM.c.customer_id, RFM.c.segment).where(RFM.c.as_of <= until)
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(RFM.c.as_of, RFM.c.customer_id)).all()
    found: dict[date, dict[int, str]] = {}
    for day, customer, segment in rows:
        found.setdefault(day, {})[customer] = segment
    return {day: pd.Series(segments) for day, segments in found.items()}


def _replace(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    connection.execute(delete(table))
    if rows:
        connection.execute(insert(table), rows)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    flat = frame.reset_index()
    rows = flat.astype(object).where(flat.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]
