"""Requests to one BigCommerce store, within the quota that all the store's apps share."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import requests
from tenacity import RetryCallState

from include.errors import RateLimited
from retail_ops.hooks.vendor_answers import waiting_time
from retail_ops.hooks.vendor_failures import Call
from retail_ops.hooks.vendor_session import VendorSession

RESERVE = 5

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Quota:
    """The store's request quota, which all its apps share, as the last answer told it.

    `left` of `quota` requests remain until the refill `reset_seconds` after that answer.
    """

    quota: int
    left: int
    reset_seconds: float

    def __str__(self) -> str:
        return f"{self.left} of {self.quota} requests are left"

    def is_low(self, reserve: int) -> bool:
        """Whether only the reserve is left; at most half of a quota is kept as one."""
        return self.left <= min(reserve, self.quota // 2) < self.quota


class BigCommerceSession(VendorSession):
    """Requests to one store.

    `reserve` requests of each window are left to the store's other apps and tasks: a request that would take
    from them waits for the refill. A wait beyond the patience's `longest_wait` raises `RateLimited` instead.
    `clock` returns seconds.
    """

    vendor = "BigCommerce"
    hints: ClassVar[Mapping[int, str]] = {
        401: "the access token is wrong or was revoked",
        403: "the access token lacks the permission, or the store hash is another store's",
        507: "the plan's limit is reached",
    }

    def __init__(
        self,
        *args: Any,
        reserve: int = RESERVE,
        clock: Callable[[], float] = time.monotonic,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.quota: Quota | None = None
        self._reserve = reserve
        self._clock = clock
        self._free_at = clock()

    def note(self, response: requests.Response) -> None:
        """Keep the quota, and the moment from which the store takes requests again."""
        told = _quota(response.headers)
        self.quota = told or self.quota
        wait = 0.0
        if response.status_code == 429:
            wait = waiting_time(response.headers) or 0.0
        elif told and told.is_low(self._reserve):
            wait = told.reset_seconds
        self._free_at = self._clock() + wait

    def wait(self) -> float:
        """Seconds to wait before the next request."""
        return max(0.0, self._free_at - self._clock())

    def _attempt(
        self, call: Call, accept: Collection[int], options: Mapping[str, Any], *, stream: bool = False
    ) -> requests.Response:
        if wait := self.wait():
            left = f" ({self.quota})" if self.quota else ""
            if wait > self.patience.longest_wait:
                raise RateLimited(f"{call} was not sent: the store asks to wait {wait:.0f} s{left}", wait)
            log.info("BigCommerce: the next request waits %.1f s for the store's quota%s", wait, left)
            time.sleep(wait)
        return super()._attempt(call, accept, options, stream=stream)

    def _pause(self, state: RetryCallState) -> float:
        return min(super()._pause(state), self.patience.longest_wait)


def _quota(headers: Mapping[str, str]) -> Quota | None:
    try:
        return Quota(
            int(headers["X-Rate-Limit-Requests-Quota"]),
            int(headers["X-Rate-Limit-Requests-Left"]),
            int(headers["X-Rate-Limit-Time-Reset-Ms"]) / 1000,
        )
    except (KeyError, ValueError):
        return None
