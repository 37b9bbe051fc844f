"""Which web product sold which item when the shop was last read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, Engine, delete, insert, select, update

from include.database.retries import with_retries
from include.database.values import in_parts
from include.storedb.runs import moment
from include.storedb.tables import WEB_PRODUCT

FoundBy = Literal["sku", "connector", "remembered"]

# SQL Server takes at most 2,100 values in one statement, and most drivers insert a list row by row there.
_KEYS = 2000
_ROWS = 400


@dataclass(frozen=True, slots=True)
class RememberedProduct:
    """The web product of an item or binding id (`item_key`, folded), and how it was found.

    `variant_id` is None for a binding id, which has the product as a whole, and where no variant is known.
    """

    item_key: str
    product_id: int
    variant_id: int | None
    found_by: FoundBy


class WebProducts:
    """The web products by item, as they were when the shop was last read."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def all(self) -> dict[str, RememberedProduct]:
        """Everything remembered, by item number or binding id."""
        with self.engine.connect() as connection:
            return _stored(connection)

    def remember(self, rows: Iterable[RememberedProduct]) -> None:
        """Make `rows` everything that is remembered: keys that are not among them are forgotten.

        The last of several rows with one key counts. No rows at all empty the memory: the caller makes sure
        that the shop was read.
        """
        wanted = {row.item_key: row for row in rows}

        def work() -> None:
            with self.engine.begin() as connection:
                _replace(connection, wanted)

        with_retries(work)


def _stored(connection: Connection) -> dict[str, RememberedProduct]:
    columns = [WEB_PRODUCT.c[name] for name in RememberedProduct.__dataclass_fields__]
    return {row.item_key: RememberedProduct(*row) for row in connection.execute(select(*columns))}


def _replace(connection: Connection, wanted: dict[str, RememberedProduct]) -> None:
    stored, now = _stored(connection), moment()
    outdated = [key for key, row in stored.items() if wanted.get(key) != row]
    for part in in_parts(outdated, _KEYS):
        chosen = WEB_PRODUCT.c.item_key.in_(part)
        connection.execute(delete(WEB_PRODUCT).where(chosen))
    connection.execute(update(WEB_PRODUCT).values(seen_at=now))
    missing = [row for key, row in wanted.items() if stored.get(key) != row]
    for rows in in_parts(missing, _ROWS):
        values = [(row.item_key, row.product_id, row.variant_id, row.found_by, now) for row in rows]
        connection.execute(insert(WEB_PRODUCT).values(values))
