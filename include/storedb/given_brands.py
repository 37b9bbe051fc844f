"""Which items have a brand only because our default gave it.

Counterpoint cannot tell the company's brand that staff chose for an item from the one that fills every gap.
So that a later pattern or a corrected description still reaches the items of the second kind, and never those
of the first, they are remembered here; and also the brand that a rule gave in the default's place, so that an
item whose run is taken back is still known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, Engine, delete, select

from include.database.dialects import insert_missing
from include.database.retries import with_retries
from include.database.values import in_parts
from include.storedb.runs import moment
from include.storedb.tables import GIVEN_BRAND

T = TypeVar("T")

Given = tuple[str, str]
"""An item's key (its number in capitals, without blanks) and a brand, folded likewise."""


class GivenBrands:
    """The brands that this house gave to items that had none, or none but our default."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def all(self) -> dict[Given, bool]:
        """Everything remembered: whether it was our default that gave the item the brand."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(GIVEN_BRAND))
            return {(row.item_key, row.brand): row.by_default for row in rows}

    def remember(self, given: Iterable[Given], *, by_default: bool) -> None:
        """These brands were given; what is remembered already stays as it is."""

        def work(connection: Connection, part: Sequence[Given]) -> None:
            common = {"by_default": by_default, "at": moment()}
            rows = [{"item_key": key, "brand": brand, **common} for key, brand in part]
            insert_missing(connection, GIVEN_BRAND, rows, "item_key", "brand")

        self._in_parts(sorted(set(given)), work)

    def forget(self, keys: Iterable[str]) -> None:
        """A person has decided on the brand of these items; keys that are not remembered are ignored."""

        def work(connection: Connection, part: Sequence[str]) -> None:
            connection.execute(delete(GIVEN_BRAND).where(GIVEN_BRAND.c.item_key.in_(part)))

        self._in_parts(sorted(set(keys)), work)

    def _in_parts(self, every: list[T], work: Callable[[Connection, Sequence[T]], None]) -> None:
        def transaction(part: Sequence[T]) -> None:
            with self.engine.begin() as connection:
                work(connection, part)

        for part in in_parts(every):
            with_retries(partial(transaction, part))
