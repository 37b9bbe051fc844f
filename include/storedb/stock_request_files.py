"""The file of stock requests that the old web form appends to: every row is taken in once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from include.changes import Reject
from include.counterpoint.items import folded
from include.errors import InvalidRequest
from include.files import StoragePath
from include.storedb.form_files import DATE, read_form_file
from include.storedb.mail_addresses import mail_address
from include.storedb.stock_requests import StockRequest, StockRequests
from include.storedb.typed import length, one_line, repaired_number

FILE = "stock_notification_log.csv"
COLUMNS = (DATE, "email", "item_no")
"""The heading of the file."""

LONGEST_ITEM = 40
"""Characters of an item number or binding id."""


def import_stock_requests(
    path: StoragePath, zone: ZoneInfo, requests: StockRequests
) -> tuple[int, tuple[Reject, ...]]:
    """Store the file's requests that are not stored yet; returns how many wait now, and rows set aside."""
    found = read_form_file(path, COLUMNS, zone, _request, _parts)
    rows = (replace(row.value, source_key=row.source_key) for row in found.rows)
    return requests.take_in(rows), found.rejects


def item_key(text: str) -> str:
    """An item number or binding id as it was typed, folded; raises `InvalidRequest` for what can be none."""
    key = folded(repaired_number(one_line(text)))
    if not key or length(key) > LONGEST_ITEM:
        raise InvalidRequest("the item number is " + ("too long" if key else "missing"))
    return key


def _request(texts: Mapping[str, str], received_at: datetime) -> StockRequest:
    item, email = item_key(texts["item_no"]), mail_address(one_line(texts["email"]))
    return StockRequest(item, email, received_at, "csv")


def _parts(request: StockRequest) -> Sequence[str]:
    return (request.email, request.item_key)
