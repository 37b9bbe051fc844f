"""Which database errors pass by themselves, and how often to try again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from include.errors import BadCredentials, Deadlock, VendorUnavailable

T = TypeVar("T")

# SQL Server 1205 deadlock victim, 1222 lock time-out; MySQL 1213 deadlock, 1205 lock wait time-out; the rest
# are SQLSTATEs.
_LOCK_NUMBERS = {1205, 1213, 1222}
_LOCK_STATES = {"40001", "40P01", "55P03"}
_LOST_NUMBERS = {2006, 2013, 2055, 20003, 20004, 20006, 20047}
_UNREACHABLE = {2002, 2003, 2005, 20002, 20009}
# MySQL 1044, 1045, 1698; SQL Server 18452, 18456.
_REFUSED_NUMBERS = {1044, 1045, 1698, 18452, 18456}
_REFUSED_STATES = {"28000", "28P01"}


def _numbers(error: BaseException) -> set[int]:
    first = error.args[0] if error.args else None
    if isinstance(first, tuple) and first:
        first = first[0]
    found = {first, getattr(error, "errno", None), getattr(error, "number", None)}
    return {number for number in found if isinstance(number, int)}


def classify(error: DBAPIError) -> Exception:
    """Our own error for a refused login (`BadCredentials`: servers lock accounts that keep trying) and for
    what may pass (`Deadlock`, `VendorUnavailable`), else the error itself.
    """
    cause = error.orig if error.orig is not None else error
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    numbers, text = _numbers(cause), str(cause).lower()
    if numbers & _REFUSED_NUMBERS or state in _REFUSED_STATES or "password authentication failed" in text:
        return BadCredentials(f"the database refuses the login: {cause}")
    if numbers & _LOCK_NUMBERS or state in _LOCK_STATES or "database is locked" in text:
        return Deadlock(f"the database is busy with other transactions: {cause}")
    if error.connection_invalidated or numbers & _LOST_NUMBERS or "server closed the connection" in text:
        return VendorUnavailable(f"the database dropped the connection: {cause}")
    if numbers & _UNREACHABLE or "could not connect" in text or "connection refused" in text:
        return VendorUnavailable(f"the database does not answer: {cause}")
    return error


@contextmanager
def classified() -> Iterator[None]:
    """Raise what a block's database error means (see `classify`)."""
    try:
        yield
    except DBAPIError as error:
        meaning = classify(error)
        if meaning is error:
            raise
        raise meaning from error


def with_retries(work: Callable[[], T], *, attempts: int = 4, longest_wait: float = 8.0) -> T:
    """Run a whole transaction again after a deadlock or a dropped connection.

    `work` must open its own transaction, so that nothing of a failed try remains. Waits grow at random up to
    `longest_wait` seconds. After `attempts` tries the last `Deadlock` or `VendorUnavailable` is raised.
    """

    def one_try() -> T:
        with classified():
            return work()

    retrying = Retrying(
        retry=retry_if_exception_type((Deadlock, VendorUnavailable)),
        reraise=True,
        stop=stop_after_attempt(attempts),
        wait=wait_random_exponential(multiplier=0.2, max=longest_wait),
    )
    return retrying(one_try)
