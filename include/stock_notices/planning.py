"""Which requests can be answered now, and which have waited too long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from include.changes import Change, Plan, Reject
from include.stock_notices.goods import Goods
from include.stock_notices.settings import StockNoticeSettings
from include.stock_notices.standing import Standing
from include.storedb.stock_requests import StockRequest

TARGET = "stock_request"
"""Target of the changes: the key is a request's id, the field `status`, the new value `sent` or `expired`."""


def plan_notices(
    requests: Sequence[StockRequest],
    goods: Mapping[str, Goods],
    standings: Mapping[int, Standing],
    settings: StockNoticeSettings,
    when: datetime,
    *,
    again: bool = False,
) -> Plan:
    """A change for each open request whose item is back, or that has waited too long.

    `when` has a zone. A request whose mail may have been taken is set aside, unless `again` says that a
    person wants it mailed once more. So is one for an item that Counterpoint does not know: it may be
    made yet.
    """
    changes: list[Change] = []
    rejects: list[Reject] = []
    too_old = when.astimezone(UTC).replace(tzinfo=None) - timedelta(days=settings.keep_days)
    for request in requests:
        key, item = str(request.id), goods.get(request.item_key)
        standing = standings.get(request.id or 0, "open")
        if standing == "unknown" and not again:
            reason = "it is not known whether its mail was taken; ask the customer, and see the DAG's notes"
            rejects.append(Reject(f"request {key}", reason))
        elif standing == "open" and request.created_at < too_old:
            reason = f"has waited more than {settings.keep_days} days"
            changes.append(Change(TARGET, key, "status", "open", "expired", reason))
        elif standing != "open":
            changes.append(Change(TARGET, key, "status", "open", "sent", "an earlier run mailed it"))
        elif item is None:
            reason = f"there is no item {request.item_key}"
            rejects.append(Reject(f"request {key}", reason))
        elif item.available >= settings.at_least:
            reason = f"{item.available} of {request.item_key} are in stock"
            changes.append(Change(TARGET, key, "status", "open", "sent", reason))
    return Plan(tuple(changes), len(requests), tuple(rejects))
