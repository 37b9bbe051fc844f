"""The customers that the stand-in holds, and the same customers in the simulated store's database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Integer, cast, delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from include.sandbox.standins import credentials
from include.sandbox.standins.context import Context
from include.sandbox.standins.counterpoint_api.errors import CounterpointError
from include.sandbox.standins.counterpoint_api.fields import (
    FIRST_NUMBER,
    REQUIRED,
    as_moment,
    checked,
    derived,
    template,
    utc_now,
)
from include.sandbox.standins.counterpoint_api.store import highest_number, read_stored, store, write_stored
from include.sandbox.standins.state import customers, settings, writing

_COUNTER = "customer_number"
_LISTS = ("AR_CUST_NOTE", "AR_SHIP_ADRS", "AR_CUST_CARDS")


class Customers:
    """Reads and writes customers. What the store's database has of one counts before what is kept here."""

    def __init__(self, context: Context) -> None:
        self._engine = context.engine
        self._store = store(context.state_dir)

    def read(self, number: str) -> dict[str, Any]:
        """A customer as the API shows it; raises `CounterpointError` 404 when there is none."""
        with self._engine.connect() as connection:
            return self._read(connection, number)

    def create(self, values: Mapping[str, Any], workgroup: str | None) -> str:
        """Create a customer and return its number.

        Raises `CounterpointError` for missing names, values that do not fit and a number that is taken. The
        same person asked for twice becomes two customers.
        """
        if any(not str(values.get(name) or "").strip() for name in REQUIRED):
            message = f"{' and '.join(REQUIRED)} are required"
            raise CounterpointError(400, "ERROR_MISSING_REQUIRED_DATA", message)
        document = {**template(workgroup), **checked(values)}
        with writing(self._engine) as connection:
            number = str(document.pop("CUST_NO", None) or "") or self._next_number(connection)
            if self._found(connection, number) is not None:
                raise CounterpointError(500, "ERROR_UNKNOWN", "An unknown error occurred")
            self._write(connection, number, {}, document, values)
        return number

    def change(self, number: str, values: Mapping[str, Any]) -> None:
        """Change the fields in `values`; raises `CounterpointError` as `read` and `create` do."""
        changes = checked(values)
        changes.pop("CUST_NO", None)
        if any(name in changes and not str(changes[name] or "").strip() for name in REQUIRED):
            raise CounterpointError(400, "ERROR_MISSING_REQUIRED_DATA", "A name cannot be empty")
        with writing(self._engine) as connection:
            self._write(connection, number, self._read(connection, number), changes, values)

    def _read(self, connection: Connection, number: str) -> dict[str, Any]:
        document = self._found(connection, number)
        if document is None:
            raise CounterpointError(404, "ERROR_RECORD_NOT_FOUND", f"Customer {number} was not found")
        return document

    def _found(self, connection: Connection, number: str) -> dict[str, Any] | None:
        own = connection.scalar(select(customers.c.document).where(customers.c.number == number))
        stored = read_stored(self._store, number) if self._store else None
        if own is None and stored is None:
            return None
        return {**{name: [] for name in _LISTS}, **(own or {}), **(stored or {})}

    def _write(
        self,
        connection: Connection,
        number: str,
        before: Mapping[str, Any],
        changes: Mapping[str, Any],
        asked: Mapping[str, Any],
    ) -> None:
        now = utc_now()
        document = {"CUST_NO": number, **before, **changes}
        # The till's own clock is the store's; only RS_UTC_DT is in UTC, and it is what the lists filter on.
        made = {**derived(document), "RS_UTC_DT": as_moment(now)}
        lists = {name: [*before.get(name, []), *_rows(number, name, asked.get(name))] for name in _LISTS}
        document = {name: value for name, value in {**document, **made}.items() if value is not None}
        row = {"number": number, "modified": made["RS_UTC_DT"], "document": {**document, **lists}}
        connection.execute(delete(customers).where(customers.c.number == number))
        connection.execute(insert(customers), [row])
        if self._store is not None:
            try:
                write_stored(self._store, number, {**changes, **made})
            except SQLAlchemyError as error:
                raise CounterpointError(500, "ERROR_UNKNOWN", type(error).__name__) from error

    def _next_number(self, connection: Connection) -> str:
        last = connection.scalar(select(settings.c.value).where(settings.c.name == _COUNTER)) or 0
        digits = customers.c.number.op("NOT GLOB")("*[^0-9]*")
        own = connection.scalar(select(func.max(cast(customers.c.number, Integer))).where(digits)) or 0
        stored = highest_number(self._store) if self._store else 0
        number = max(FIRST_NUMBER, last + 1, own + 1, stored + 1)
        connection.execute(delete(settings).where(settings.c.name == _COUNTER))
        connection.execute(insert(settings).values(name=_COUNTER, value=number))
        return str(number)


def _rows(number: str, name: str, rows: Any) -> list[dict[str, Any]]:
    """The rows of a list in a request, as they are shown."""
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    if name != "AR_CUST_NOTE":
        return [{"CUST_NO": number, **row} for row in found]
    return [
        {
            "CUST_NO": number,
            "NOTE_ID": row.get("Note_ID") or row.get("NOTE_ID") or "",
            "NOTE_DAT": as_moment(utc_now()),
            "USR_ID": credentials.COUNTERPOINT_USER,
            "NOTE_TXT": row.get("NOTE_TXT") or "",
        }
        for row in found
    ]
