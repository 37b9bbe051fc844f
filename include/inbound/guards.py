"""What stands before every route: how often somebody may ask, and how long the database may take."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from include.errors import RetailOpsError

T = TypeVar("T")

# Twilio waits for 15 seconds, all its tries together.
DATABASE_SECONDS = 5.0

# One household has a whole network of this size.
_IPV6_HOUSEHOLD = 64

log = logging.getLogger(__name__)


def rate_limit(per_minute: int) -> Callable[[Request], Awaitable[None]]:
    """A dependency that answers 429 to an address that asks more often; each has a count of its own.

    Behind a proxy the address is the visitor's only where FORWARDED_ALLOW_IPS trusts that proxy.
    """
    limiter, most = FixedWindowRateLimiter(MemoryStorage()), RateLimitItemPerMinute(per_minute)

    async def check(request: Request) -> None:
        if not limiter.hit(most, _visitor(request.client.host if request.client else "")):
            raise HTTPException(429, "Too many requests; please wait a minute.", {"Retry-After": "60"})

    return check


def _visitor(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and not address.ipv4_mapped:
        return str(ipaddress.ip_network((address, _IPV6_HOUSEHOLD), strict=False))
    return host


async def from_database(work: Callable[[], T]) -> T:
    """What `work` returns; answers 503 when the database cannot say, so that the caller comes again."""
    try:
        return await asyncio.wait_for(asyncio.to_thread(work), DATABASE_SECONDS)
    except (SQLAlchemyError, RetailOpsError, TimeoutError) as error:
        # Not its words: they may quote the customer.
        log.error("the store database failed: %s", type(error).__name__)
        raise HTTPException(503, "We cannot take this right now; please try again.") from None
