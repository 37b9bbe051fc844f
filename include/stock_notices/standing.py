"""What the ledger says of the mail that answers a request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from sqlalchemy import Engine, select

from include.database.retries import with_retries
from include.database.values import in_parts
from include.reporting.delivery import KIND, NOT_SENT
from include.storedb.ledger import Entry
from include.storedb.stock_requests import StockRequest
from include.storedb.tables import LEDGER

CAMPAIGN = "stock_notification"
"""What mails, coupons and texts of the requests are called in the ledger."""

Standing = Literal["open", "sent", "refused", "unknown"]


def mail_entry(request: StockRequest) -> Entry:
    """The mail that answers a request."""
    return Entry(KIND, CAMPAIGN, request.email, f"request {request.id}")


def mail_standings(engine: Engine, requests: Iterable[StockRequest]) -> dict[int, Standing]:
    """How the mails of the requests stand, by the requests' ids.

    `open`: none was taken by the mail server, and one may be sent. `unknown`: one may have been taken.
    """
    hashes = {mail_entry(request).hash(): request.id for request in requests if request.id is not None}
    found: dict[int, Standing] = dict.fromkeys(hashes.values(), "open")

    def read(part: Iterable[str]) -> list[tuple[str, str, str | None]]:
        columns = (LEDGER.c.entry_hash, LEDGER.c.status, LEDGER.c.detail)
        with engine.connect() as connection:
            return [
                tuple(row)
                for row in connection.execute(select(*columns).where(LEDGER.c.entry_hash.in_(part)))
            ]

    for part in in_parts(list(hashes)):
        for key, status, detail in with_retries(lambda part=part: read(part)):  # type: ignore[misc]
            found[hashes[key]] = _standing(status, detail or "")
    return found


def _standing(status: str, detail: str) -> Standing:
    if status == "sent":
        return "sent"
    if status == "refused":
        return "refused"
    return "open" if status == "unknown" and detail.startswith(NOT_SENT) else "unknown"
