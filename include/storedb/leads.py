"""Requests for a landscape design: who left one, and which customer each became."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Engine, select, update

from include.database.dialects import insert_missing
from include.database.retries import with_retries
from include.database.values import in_parts, storable
from include.storedb.runs import moment
from include.storedb.tables import LEAD, MESSAGE

Source = Literal["form", "csv"]
LeadStatus = Literal["new", "matched", "created", "rejected"]


@dataclass(frozen=True, slots=True)
class Lead:
    """One request as it was typed; an empty text is a field left out.

    `received_at` is UTC without a zone. `source_key` (up to 64 characters) is the same whenever the same
    request is stored again. `id` is None until it is stored. `status`: `matched` means that the customer
    `cust_no` was known already, `rejected` that nobody can become a customer by it, as `message` says.
    """

    received_at: datetime
    source: Source
    source_key: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    interested_in: tuple[str, ...] = ()
    timeline: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    zip_code: str = ""
    comments: str = ""
    status: LeadStatus = "new"
    cust_no: str | None = None
    message: str = ""
    processed_at: datetime | None = None
    id: int | None = None


_FIELDS = tuple(name for name in Lead.__dataclass_fields__ if name != "id")


class Leads:
    """The leads of the store database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def add(self, leads: Iterable[Lead]) -> int:
        """Store the leads whose `source_key` is not there yet, and return their number."""
        rows = {lead.source_key: _row(lead) for lead in leads}
        added = 0
        for part in in_parts(list(rows.values())):
            added += with_retries(lambda part=part: self._insert(part))  # type: ignore[misc]
        return added

    def _insert(self, rows: Sequence[dict[str, Any]]) -> int:
        with self.engine.begin() as connection:
            among = LEAD.c.source_key.in_([row["source_key"] for row in rows])
            known = set(connection.scalars(select(LEAD.c.source_key).where(among)))
            missing = [row for row in rows if row["source_key"] not in known]
            insert_missing(connection, LEAD, missing, "source_key")
            return len(missing)

    def known(self, source_keys: Sequence[str]) -> set[str]:
        """Those of the keys under which a lead is stored."""
        among = select(LEAD.c.source_key).where(LEAD.c.source_key.in_(source_keys))
        with self.engine.connect() as connection:
            return set(connection.scalars(among))

    def new(self) -> list[Lead]:
        """All leads that nothing became of yet, in the order of their arrival."""
        wanted = select(LEAD).where(LEAD.c.status == "new")
        with self.engine.connect() as connection:
            return [_lead(row) for row in connection.execute(wanted.order_by(LEAD.c.received_at, LEAD.c.id))]

    def by_id(self, ids: Iterable[int]) -> dict[int, Lead]:
        """The leads with these ids as they stand now."""
        every = sorted(set(ids))
        found: dict[int, Lead] = {}
        with self.engine.connect() as connection:
            for part in in_parts(every):
                among = LEAD.c.id.in_(part)
                found |= {row.id: _lead(row) for row in connection.execute(select(LEAD).where(among))}
        return found

    def settle(
        self, lead_id: int, status: LeadStatus, *, cust_no: str | None = None, message: str = ""
    ) -> None:
        """Write down what became of a new lead; one that is settled already stays as it is."""
        settled = (
            update(LEAD)
            .where(LEAD.c.id == lead_id, LEAD.c.status == "new")
            .values(status=status, cust_no=cust_no, message=_words(message), processed_at=moment())
        )

        def work() -> None:
            with self.engine.begin() as connection:
                connection.execute(settled)

        with_retries(work)


def _row(lead: Lead) -> dict[str, Any]:
    row = {name: getattr(lead, name) for name in _FIELDS}
    return row | {"interested_in": json.dumps(lead.interested_in, ensure_ascii=False)}


def _lead(row: Any) -> Lead:
    values = {name: getattr(row, name) for name in _FIELDS}
    return Lead(id=row.id, **values | {"interested_in": tuple(json.loads(row.interested_in))})


def _words(text: str) -> str:
    """What every database takes: no zero bytes, no halves of characters."""
    return storable(text)[:MESSAGE]
