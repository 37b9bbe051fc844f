"""What a missing answer means: the request never left, may have been carried out, or broke on the way."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field

import requests
import urllib3.exceptions

from include.errors import InvalidRequest, OutcomeUnknown, RetailOpsError, VendorUnavailable

# What urllib3 raises before the first byte of a request leaves.
_BEFORE_SENDING = (
    requests.exceptions.ConnectTimeout,
    requests.exceptions.ProxyError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ProxyError,
)
_HANDSHAKE = ("WRONG_VERSION_NUMBER", "HANDSHAKE", "UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION")


@dataclass(frozen=True)
class Call:
    """A request as messages name it: without query, body and headers, which hold secrets and personal data.

    `target` is the path as it is sent, `path` the same as it is shown.
    """

    vendor: str
    method: str
    path: str
    repeatable: bool
    target: str = field(repr=False, default="")

    def __str__(self) -> str:
        return f"{self.vendor}: {self.method} {self.path}"


def failure_of(call: Call, error: Exception) -> RetailOpsError:
    """Our error for what `requests` or `urllib3` raised.

    Its text is made anew, because theirs contains the whole address with its query.
    """
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return InvalidRequest(
            f"{call} was not sent: the server's certificate is not trusted; if the server signs its own, "
            "name the certificate's file in the connection"
        )
    if isinstance(error, ValueError | requests.exceptions.InvalidJSONError):
        return InvalidRequest(
            f"{call} could not be sent ({type(error).__name__}): the address, a credential or the data holds "
            "something that HTTP does not allow"
        )
    detail = _detail(causes)
    if any(isinstance(cause, _BEFORE_SENDING) or _in_handshake(cause) for cause in causes):
        return VendorUnavailable(f"{call}: no connection to the server{detail}")
    late = any(
        isinstance(cause, TimeoutError | requests.exceptions.Timeout | urllib3.exceptions.TimeoutError)
        for cause in causes
    )
    event = "the time-out passed without an answer" if late else f"the connection broke{detail}"
    if call.repeatable:
        return VendorUnavailable(f"{call}: {event}")
    return OutcomeUnknown(f"{call}: {event}; it may have been carried out")


def _causes(error: object) -> Iterator[BaseException]:
    if not isinstance(error, BaseException):
        return
    yield error
    for inner in (*error.args, getattr(error, "reason", None)):
        yield from _causes(inner)


def _in_handshake(cause: BaseException) -> bool:
    if not isinstance(cause, ssl.SSLError):
        return False
    return any(word in (cause.reason or str(cause)).upper() for word in _HANDSHAKE)


def _detail(causes: list[BaseException]) -> str:
    for cause in causes:
        if isinstance(cause, urllib3.exceptions.NameResolutionError):
            return " (its name is unknown)"
        if isinstance(cause, OSError) and cause.strerror:
            return f" ({cause.strerror})"
    timed_out = any(isinstance(cause, urllib3.exceptions.ConnectTimeoutError) for cause in causes)
    refused = any("refused" in str(cause).lower() for cause in causes)
    return (
        " (it does not answer)" if timed_out and not refused else " (connection refused)" if refused else ""
    )
