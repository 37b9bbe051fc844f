"""Carries out what `plan_notices` decided, one request after the other.

The order is what makes it safe: the coupon's code is kept, the coupon is made, the text is planned, the mail
is taken by the mail server, and only then the request is closed. Whatever is cut off in between is found by
the next try, which goes on from there: the code, the ledger and the texts are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from include.changes import Change, Result
from include.errors import OutcomeUnknown, VendorUnavailable
from include.privacy import masked
from include.reporting.delivery import Delivery
from include.reporting.settings import LONGEST_ADDRESS
from include.stock_notices.coupons import Coupon, Coupons, Elsewhere
from include.stock_notices.goods import Goods
from include.stock_notices.standing import Standing
from include.storedb.stock_requests import StockRequest, StockRequests

Mail = Callable[[StockRequest, Goods, Coupon | None], Delivery]
"""Writes and sends the mail of a request."""

PlanText = Callable[[StockRequest, Goods, Coupon | None], object]
"""Plans the text of a request, where there shall be one; called again it plans no other."""

MOST_LOST = 3
"""So many failures of a vendor in a row end the task."""

_MAY_HAVE = "it is not known whether its mail was taken, and it is not mailed again; ask the customer"


class Notices:
    """The requests of one task. `goods` are what the shop has now, `standings` how the mails stand, `again`
    says that a person wants mails once more of which nobody knows whether they came.
    """

    def __init__(
        self,
        requests: StockRequests,
        goods: Mapping[str, Goods],
        standings: Mapping[int, Standing],
        coupons: Coupons,
        mail: Mail,
        plan_text: PlanText,
        *,
        at_least: int = 1,
        again: bool = False,
    ) -> None:
        self._requests, self._goods, self._standings = requests, goods, standings
        self._coupons, self._mail, self._plan_text = coupons, mail, plan_text
        self._at_least, self._again, self._lost = at_least, again, 0

    def carry_out(self, changes: Sequence[Change]) -> Iterator[list[Result]]:
        """Settle the requests of a plan; yields one list of results for each change.

        Raises what every request would meet, and the third failure in a row of a vendor.
        """
        stored = self._requests.by_id(int(str(change.key)) for change in changes)
        for change in changes:
            yield [self._one(change, stored.get(int(str(change.key))))]

    def _one(self, change: Change, request: StockRequest | None) -> Result:
        if request is None or request.id is None:
            return Result(change, "conflicted", "the request is gone")
        if request.status != "open":
            if request.status == change.new:
                return Result(change, "applied", f"was {request.status} already")
            return Result(change, "conflicted", f"was {request.status} meanwhile")
        if change.new == "expired":
            return self._closed(change, request, "expired")
        standing = self._standings.get(request.id, "open")
        if standing == "sent":
            return self._closed(change, request, "sent")
        if standing == "refused":
            return self._rejected(change, request, "the mail server refused its address")
        if standing == "unknown" and not self._again:
            return Result(change, "failed", _MAY_HAVE)
        if len(request.email) > LONGEST_ADDRESS:
            return self._rejected(change, request, f"its address has more than {LONGEST_ADDRESS} characters")
        goods = self._goods.get(request.item_key)
        if goods is None or goods.available < self._at_least:
            return Result(
                change, "conflicted", f"{request.item_key} is sold out again; the request stays open"
            )
        return self._tell(change, request, goods)

    def _tell(self, change: Change, request: StockRequest, goods: Goods) -> Result:
        try:
            coupon = self._coupons.of(request)
        except Elsewhere as error:
            return Result(change, "skipped", str(error))
        except (VendorUnavailable, OutcomeUnknown) as error:
            self._lost += 1
            if self._lost == MOST_LOST:
                raise VendorUnavailable(f"coupons cannot be made: {masked(str(error))}") from None
            return Result(change, "failed", f"its coupon was not made: {masked(str(error))}", retry=True)
        self._plan_text(request, goods, coupon)
        delivery = self._mail(request, goods, coupon)
        words = masked(delivery.message)
        match delivery.outcome:
            case "sent" | "sent_before":
                self._lost = 0
                return self._closed(change, request, "sent")
            case "refused" | "refused_before":
                return self._rejected(change, request, f"the mail server refuses its address: {words}")
            case "unknown":
                return Result(change, "failed", f"{_MAY_HAVE} ({words})")
        self._lost += 1
        if self._lost == MOST_LOST:
            raise VendorUnavailable(f"mails are not taken: {words}")
        return Result(change, "failed", f"its mail was not taken yet: {words}", retry=True)

    def _rejected(self, change: Change, request: StockRequest, why: str) -> Result:
        assert request.id is not None  # noqa: S101
        self._requests.close(request.id, "rejected")
        return Result(change, "skipped", f"closed as rejected: {why}", set_aside=True)

    def _closed(self, change: Change, request: StockRequest, outcome: str) -> Result:
        assert request.id is not None  # noqa: S101
        if self._requests.close(request.id, "expired" if outcome == "expired" else "sent"):
            return Result(change, "applied")
        return Result(change, "conflicted", "was closed by somebody else at the same moment")
