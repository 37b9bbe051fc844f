"""Requests to be told when an item is back in stock, and what became of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from include.database.retries import with_retries
from include.database.values import in_parts, storable
from include.storedb.runs import digest, moment
from include.storedb.tables import STOCK_REQUEST, WEB_PRODUCT

Source = Literal["form", "csv"]
Outcome = Literal["sent", "expired", "rejected", "withdrawn"]
Status = Literal["open", "duplicate", "sent", "expired", "rejected", "withdrawn"]

# Of two processes that store the same request at the same moment, the loser looks again.
_TRIES = 3


@dataclass(frozen=True, slots=True, repr=False)
class StockRequest:
    """One person's wish to hear of one item.

    `item_key` is an item number or binding id, folded; `verified` says that the web shop was known to sell
    it. `email` is as `mail_address` spells it, `phone` E.164, `created_at` UTC without a zone. A phone may
    only get a text with `text_consent`. `source_key` is the same whenever the same row of a file is stored
    again, and left empty for a form. `duplicate` is a row of a file whose address and item were open already.
    `id` is None until it is stored.
    """

    item_key: str
    email: str
    created_at: datetime
    source: Source = "form"
    source_key: str = ""
    name: str = ""
    phone: str | None = None
    text_consent: bool = False
    verified: bool = False
    status: Status = "open"
    coupon_code: str | None = None
    closed_at: datetime | None = None
    id: int | None = None

    def open_key(self) -> str:
        """The same for every request of one address for one item."""
        return digest(self.email, self.item_key)

    def __repr__(self) -> str:
        return f"StockRequest({self.id}, {self.item_key}, {self.status})"


_FIELDS = tuple(name for name in StockRequest.__dataclass_fields__ if name != "id")


class StockRequests:
    """The requests of the store database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def sells(self, item_key: str) -> bool | None:
        """Whether the web shop sells an item or binding id (folded); None while nobody has read the shop."""
        among = select(WEB_PRODUCT.c.item_key)

        def work() -> bool | None:
            with self.engine.connect() as connection:
                if connection.execute(among.where(WEB_PRODUCT.c.item_key == item_key)).first():
                    return True
                return False if connection.execute(among.limit(1)).first() else None

        return with_retries(work)

    def add(self, request: StockRequest) -> bool:
        """Store a request of a form; False when its address waits for its item already.

        A phone that comes with consent only now is added to the request that is open.
        """
        row = _row(request, request.source_key or uuid.uuid4().hex, "open")

        def work() -> bool:
            try:
                with self.engine.begin() as connection:
                    if not _open_keys(connection, [row["open_key"]]):
                        connection.execute(insert(STOCK_REQUEST), row)
                        return True
                    _add_phone(connection, row)
                    return False
            except IntegrityError:
                # Another process was faster, or the key is a file's row: the address waits already.
                if self._is_open(row["open_key"]):
                    return False
                raise

        return with_retries(work)

    def take_in(self, requests: Iterable[StockRequest]) -> int:
        """Store the rows of a file whose `source_key` is not there yet; returns how many are new and open.

        A row whose address waits for its item already is kept as `duplicate`, so that it does not come back
        when the other one is closed.
        """
        every, opened = list(requests), 0
        for part in in_parts(every):
            opened += with_retries(lambda part=part: self._take_in(part))  # type: ignore[misc]
        return opened

    def _take_in(self, requests: Sequence[StockRequest]) -> int:
        for tries_left in reversed(range(_TRIES)):
            try:
                with self.engine.begin() as connection:
                    rows = _missing(connection, requests)
                    if rows:
                        connection.execute(insert(STOCK_REQUEST), rows)
                    return sum(row["status"] == "open" for row in rows)
            except IntegrityError:
                # A form was faster with one of them.
                if len(requests) > 1:
                    break
                if not tries_left:
                    raise
        return sum(self._take_in([one]) for one in requests)

    def open(self) -> list[StockRequest]:
        """All requests that wait, in the order of their arrival; one for each address and item."""
        wanted = select(STOCK_REQUEST).where(STOCK_REQUEST.c.status == "open")
        return self._read(wanted.order_by(STOCK_REQUEST.c.created_at, STOCK_REQUEST.c.id))

    def by_id(self, ids: Iterable[int]) -> dict[int, StockRequest]:
        """The requests with these ids as they stand now."""
        found: list[StockRequest] = []
        for part in in_parts(sorted(set(ids))):
            found += self._read(select(STOCK_REQUEST).where(STOCK_REQUEST.c.id.in_(part)))
        return {request.id: request for request in found if request.id is not None}

    def keep_code(self, request_id: int, code: str) -> str | None:
        """Keep the code of an open request's coupon before the coupon is made.

        Returns the code that is kept: the first one stays. None when the request is closed.
        """
        this = (STOCK_REQUEST.c.id == request_id, STOCK_REQUEST.c.status == "open")
        keeping = update(STOCK_REQUEST).where(*this, STOCK_REQUEST.c.coupon_code.is_(None))
        kept = select(STOCK_REQUEST.c.coupon_code).where(*this)

        def work() -> str | None:
            with self.engine.begin() as connection:
                connection.execute(keeping.values(coupon_code=code))
                return connection.scalar(kept)

        return with_retries(work)

    def close(self, request_id: int, outcome: Outcome, coupon_code: str | None = None) -> bool:
        """Write down what became of an open request; one that is closed already stays as it is (False).

        From then on the same address may ask for the same item again.
        """
        condition = STOCK_REQUEST.c.id == request_id
        values = {"coupon_code": coupon_code} if coupon_code else {}
        return self._close(condition, outcome, values) == 1

    def withdraw(self, email: str) -> int:
        """Close all open requests of an address (as `mail_address` spells it); returns their number."""
        return self._close(STOCK_REQUEST.c.email == email, "withdrawn", {})

    def _close(self, condition: Any, outcome: Outcome, values: dict[str, Any]) -> int:
        closed = (
            update(STOCK_REQUEST)
            .where(condition, STOCK_REQUEST.c.status == "open")
            .values(status=outcome, closed_at=moment(), open_key=STOCK_REQUEST.c.source_key, **values)
        )

        def work() -> int:
            with self.engine.begin() as connection:
                return connection.execute(closed).rowcount

        return with_retries(work)

    def _is_open(self, open_key: str) -> bool:
        with self.engine.connect() as connection:
            return bool(_open_keys(connection, [open_key]))

    def _read(self, wanted: Any) -> list[StockRequest]:
        def work() -> list[StockRequest]:
            with self.engine.connect() as connection:
                return [_request(row) for row in connection.execute(wanted)]

        return with_retries(work)


def _open_keys(connection: Connection, keys: Sequence[str]) -> set[str]:
    wanted = select(STOCK_REQUEST.c.open_key).where(STOCK_REQUEST.c.open_key.in_(keys))
    return set(connection.scalars(wanted))


def _missing(connection: Connection, requests: Sequence[StockRequest]) -> list[dict[str, Any]]:
    """The rows that are not stored; those whose address and item are taken are duplicates."""
    sources = [request.source_key for request in requests]
    stored = select(STOCK_REQUEST.c.source_key).where(STOCK_REQUEST.c.source_key.in_(sources))
    known = set(connection.scalars(stored))
    taken = _open_keys(connection, [request.open_key() for request in requests])
    rows = []
    for request in requests:
        if request.source_key not in known:
            known.add(request.source_key)
            is_new = request.open_key() not in taken
            rows.append(_row(request, request.source_key, "open" if is_new else "duplicate"))
            taken.add(request.open_key())
    return rows


def _row(request: StockRequest, source_key: str, status: Status) -> dict[str, Any]:
    row = {name: getattr(request, name) for name in _FIELDS}
    open_key = request.open_key() if status == "open" else source_key
    own = {"source_key": source_key, "open_key": open_key, "status": status}
    return row | own | {"name": storable(request.name)}


def _add_phone(connection: Connection, row: dict[str, Any]) -> None:
    if row["phone"] and row["text_consent"]:
        has_none = (STOCK_REQUEST.c.open_key == row["open_key"], STOCK_REQUEST.c.phone.is_(None))
        connection.execute(
            update(STOCK_REQUEST).where(*has_none).values(phone=row["phone"], text_consent=True)
        )


def _request(row: Any) -> StockRequest:
    return StockRequest(id=row.id, **{name: getattr(row, name) for name in _FIELDS})
