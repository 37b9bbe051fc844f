"""The simulated store's own database, where it lies beside what the stand-ins keep.

So the automations, which read customers from the database, find those that they created through the API. Only
a database that the sandbox filled is touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, ColumnElement, Engine, Integer, cast, func, insert, select, update

from include.counterpoint.tables import AR_CUST
from include.database.engines import engine_for
from include.sandbox.seed.signature import is_seeded
from include.sandbox.standins.counterpoint_api.fields import as_moment, read_moment

STORE_FILE = "counterpoint.db"


def store(state_dir: Path) -> Engine | None:
    """The store's database; None where there is none in `state_dir`, or one that the sandbox did not fill."""
    url = URL.create("sqlite", database=str(state_dir / STORE_FILE))
    return None if is_seeded(url.render_as_string(hide_password=False)) is None else engine_for(url)


def highest_number(engine: Engine) -> int:
    """The highest customer number that is one; 0 when there is none."""
    digits = AR_CUST.c.CUST_NO.op("NOT GLOB")("*[^0-9]*")
    with engine.connect() as connection:
        return connection.scalar(select(func.max(cast(AR_CUST.c.CUST_NO, Integer))).where(digits)) or 0


def read_stored(engine: Engine, number: str) -> dict[str, Any] | None:
    """A customer's columns in the API's form; None when the store has no such customer."""
    with engine.connect() as connection:
        row = connection.execute(select(AR_CUST).where(_is(number))).mappings().one_or_none()
    if row is None:
        return None
    return {name: _shown(value) for name, value in row.items() if value is not None}


def write_stored(engine: Engine, number: str, values: Mapping[str, Any]) -> None:
    """Put a customer's columns into the store; one that it does not have yet is added."""
    columns = {name: _kept(name, value) for name, value in values.items() if name in AR_CUST.c}
    with engine.begin() as connection:
        changed = connection.execute(update(AR_CUST).where(_is(number)).values(columns))
        if not changed.rowcount:
            connection.execute(insert(AR_CUST).values({**columns, "CUST_NO": number}))


def _is(number: str) -> ColumnElement[bool]:
    column = AR_CUST.c["CUST_NO"]
    return column == number


def _shown(value: Any) -> Any:
    if isinstance(value, datetime):
        return as_moment(value)
    return value if isinstance(value, str | int | float) else float(value)


def _kept(name: str, value: Any) -> Any:
    if value is not None and AR_CUST.c[name].type.python_type is datetime:
        return read_moment(str(value))
    return value
