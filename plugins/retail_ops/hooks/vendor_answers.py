"""What a vendor's refusal says, in words that may stand in a log: reason, field, code and waiting time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

_LONGEST_REASON = 400


@dataclass(frozen=True)
class Reason:
    """A vendor's own words for a refusal."""

    text: str = ""
    field: str | None = None
    code: str | int | None = None


def reason_of(response: requests.Response) -> Reason:
    """The vendor's reason in an answer's body; empty when the body is a page for people or says nothing."""
    kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    try:
        body = response.json()
    except ValueError:
        readable = kind in {"text/plain", "plain/text"}
        return Reason(" ".join(response.text.split())[:_LONGEST_REASON] if readable else "")
    found = _reason(body)
    return Reason(found.text[:_LONGEST_REASON], found.field, found.code)


def _reason(body: Any) -> Reason:
    if isinstance(body, list):
        reasons = [_reason(part) for part in body[:3]]
        first = next((reason for reason in reasons if reason.text), Reason())
        return Reason("; ".join(r.text for r in reasons if r.text), first.field, first.code)
    if not isinstance(body, Mapping):
        return Reason(str(body) if isinstance(body, str) else "")
    title = _first(body, "detail", "title", "message", "Message")
    code = _first(body, "code", "ErrorCode")
    if code is not None and not isinstance(code, int):
        code = str(code)
    details = _details(body.get("errors")) or _details(body.get("batch_errors"))
    texts = [str(part) for part in (title, details.text if details else None) if part]
    if (isinstance(code, str) and code != "SUCCESS") or (isinstance(code, int) and code >= 1000):
        texts.insert(0, str(code))
    return Reason(": ".join(texts), details.field if details else None, code)


def _details(errors: Any) -> Reason | None:
    if isinstance(errors, list):
        return _reason(errors) if errors else None
    if not isinstance(errors, Mapping) or not errors:
        return None
    parts = [f"{field}: {_plain(problem)}" for field, problem in list(errors.items())[:5]]
    return Reason("; ".join(parts), str(next(iter(errors))))


def _plain(problem: Any) -> str:
    if isinstance(problem, str | int | float):
        return str(problem)
    return _reason(problem).text


def _first(body: Mapping[str, Any], *names: str) -> Any:
    return next(
        (body[name] for name in names if isinstance(body.get(name), str | int) and body[name] != ""), None
    )


def waiting_time(headers: Mapping[str, str]) -> float | None:
    """Seconds that the vendor asks us to wait: the longest that any of its headers names; None without one.

    `Retry-After` holds seconds or a date, BigCommerce's `X-Retry-After` seconds and its
    `X-Rate-Limit-Time-Reset-Ms` milliseconds; it wants the longer of the two honoured.
    """
    waits = [
        _number(headers.get("Retry-After"), 1.0),
        _until(headers.get("Retry-After"), headers.get("Date")),
        _number(headers.get("X-Retry-After"), 1.0),
        _number(headers.get("X-Rate-Limit-Time-Reset-Ms"), 0.001),
    ]
    return max((wait for wait in waits if wait is not None), default=None)


def _number(value: str | None, unit: float) -> float | None:
    try:
        seconds = float(value) * unit if value else None
    except ValueError:
        return None
    return max(0.0, seconds) if seconds is not None and math.isfinite(seconds) else None


def _until(value: str | None, sent: str | None) -> float | None:
    moment, now = http_date(value), http_date(sent) or datetime.now(UTC)
    return max(0.0, (moment - now).total_seconds()) if moment else None


def http_date(value: str | None) -> datetime | None:
    """A date of an HTTP header or a WebDAV property, in UTC; None when it is missing or unreadable."""
    try:
        moment = parsedate_to_datetime(value) if value else None
    except ValueError:
        return None
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
