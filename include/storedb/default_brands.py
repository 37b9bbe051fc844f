"""Which items have a brand only because our default gave it.

Counterpoint cannot tell the company's brand that staff chose for an item from the one that fills every gap.
So that a later pattern or a corrected description still reaches the items of the second kind, and never those
of the first, they are remembered here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from sqlalchemy import Connection, Engine, delete, select, update

from include.database.dialects import insert_missing
from include.database.retries import with_retries
from include.storedb.runs import moment
from include.storedb.tables import DEFAULT_BRAND

# SQL Server takes at most 2,100 values in one statement.
_KEYS = 1000


class DefaultBrands:
    """The memory of default brands, by item key (the number in capitals, without blanks)."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def all(self) -> dict[str, str]:
        """The brand that our default gave, by item key."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(DEFAULT_BRAND.c.item_key, DEFAULT_BRAND.c.brand))
            return {row.item_key: row.brand for row in rows}

    def remember(self, keys: Iterable[str], brand: str) -> None:
        """Our default gave these items `brand`; one that was remembered with another has this one now."""

        def work(connection: Connection, part: list[str]) -> None:
            row = {"brand": brand, "at": moment()}
            other = DEFAULT_BRAND.c.item_key.in_(part) & (DEFAULT_BRAND.c.brand != brand)
            connection.execute(update(DEFAULT_BRAND).where(other).values(row))
            insert_missing(connection, DEFAULT_BRAND, [{"item_key": key, **row} for key in part], "item_key")

        self._in_parts(keys, work)

    def forget(self, keys: Iterable[str]) -> None:
        """These items have another brand now; keys that are not remembered are ignored."""

        def work(connection: Connection, part: list[str]) -> None:
            connection.execute(delete(DEFAULT_BRAND).where(DEFAULT_BRAND.c.item_key.in_(part)))

        self._in_parts(keys, work)

    def _in_parts(self, keys: Iterable[str], work: Callable[[Connection, list[str]], None]) -> None:
        every = sorted(set(keys))

        def transaction(part: list[str]) -> None:
            with self.engine.begin() as connection:
                work(connection, part)

        for start in range(0, len(every), _KEYS):
            with_retries(partial(transaction, every[start : start + _KEYS]))
