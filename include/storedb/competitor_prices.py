"""What competitors asked for their products, day by day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, select, update

from include.database.dialects import insert_missing
from include.database.retries import with_retries
from include.database.values import in_parts
from include.storedb.runs import RunContext, digest, moment
from include.storedb.tables import COMPETITOR_PRICE

_COLUMNS = COMPETITOR_PRICE.c
# SQL Server takes at most 2,100 values in one statement.
_KEYS, _ROWS = 1000, 80


@dataclass(frozen=True, slots=True)
class PriceOnDay:
    """What a site asked for a product on a day; amounts as in `include.competitors.prices.Price`."""

    site: str
    product_key: str
    store_day: date
    name: str
    size: str
    available: str
    price_text: str
    low: Decimal | None
    high: Decimal | None
    price_each: Decimal | None
    regular: Decimal | None
    quantity: int
    unit: str
    currency: str
    reason: str | None

    @property
    def offer_hash(self) -> str:
        """What stands for site, product and day."""
        return digest(self.site, self.product_key, self.store_day.isoformat())


class CompetitorPrices:
    """The price history of all sites."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def keep(self, site: str, day: date, prices: Iterable[PriceOnDay], run: RunContext) -> int:
        """Make `prices` all that is known of a site's day; returns how many rows that changed.

        A second reading of a day replaces what differs, adds what is new and removes what is not listed any
        more; rows that say the same stay as they are.
        """
        wanted = {price.offer_hash: price for price in prices}

        def work() -> int:
            with self.engine.begin() as connection:
                return _keep(connection, site, day, wanted, run)

        return with_retries(work)

    def on(self, site: str, day: date) -> list[PriceOnDay]:
        """A site's prices of one day, by name and size."""
        chosen = select(*_fields()).where(_COLUMNS.site == site, _COLUMNS.store_day == day)
        with self.engine.connect() as connection:
            found = [PriceOnDay(*row) for row in connection.execute(chosen)]
        return sorted(found, key=lambda price: (price.name.casefold(), price.size))

    def last_day_before(self, site: str, day: date) -> date | None:
        """The last day before `day` on which the site was read."""
        earlier = select(func.max(_COLUMNS.store_day)).where(_COLUMNS.site == site, _COLUMNS.store_day < day)
        with self.engine.connect() as connection:
            return connection.scalar(earlier)


def _fields() -> list[Any]:
    return [_COLUMNS[name] for name in PriceOnDay.__dataclass_fields__]


def _keep(
    connection: Connection, site: str, day: date, wanted: dict[str, PriceOnDay], run: RunContext
) -> int:
    same_day = (_COLUMNS.site == site, _COLUMNS.store_day == day)
    there = select(_COLUMNS.offer_hash, *_fields()).where(*same_day)
    stored = {row[0]: PriceOnDay(*row[1:]) for row in connection.execute(there)}
    gone = [key for key in stored if key not in wanted]
    new = [key for key in wanted if key not in stored]
    other = [key for key, price in stored.items() if key in wanted and wanted[key] != price]
    noted = {"read_at": moment(), **run.columns()}
    for part in in_parts(gone, _KEYS):
        connection.execute(delete(COMPETITOR_PRICE).where(_COLUMNS.offer_hash.in_(part)))
    for key in other:
        values = asdict(wanted[key]) | noted
        connection.execute(update(COMPETITOR_PRICE).where(_COLUMNS.offer_hash == key).values(values))
    for rows in in_parts(new, _ROWS):
        values_of = [{"offer_hash": key, **asdict(wanted[key]), **noted} for key in rows]
        insert_missing(connection, COMPETITOR_PRICE, values_of, "offer_hash")
    return len(gone) + len(other) + len(new)
