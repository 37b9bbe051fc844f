"""BigCommerce's error forms: an object in version 3, an array of objects in version 2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.sandbox.standins.answers import Answer, json_answer
from include.sandbox.standins.context import Context
from include.sandbox.standins.faults import Fault

_TYPE = "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes"

_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "You don't have the required scope to access the endpoint",
    404: "The requested resource was not found",
    405: "Method Not Allowed",
    429: "You have made too many requests. Try again after the time that the headers name",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class BigCommerceError(Exception):
    """An error answer; `errors` is by field. Version 2 tells the first of them as its message."""

    def __init__(
        self,
        status: int,
        title: str | None = None,
        errors: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.title = title or title_of(status)
        self.errors = dict(errors or {})
        super().__init__(self.title)


class BatchError(BigCommerceError):
    """An error answer to a batch of variants, which has a form of its own; `errors` is by index and field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(422, "The variant batch is not valid", errors)


def title_of(status: int) -> str:
    """What BigCommerce calls a status."""
    return _TITLES.get(status, f"Error {status}")


def error_body(resource: str, error: BigCommerceError, instance: str | None = None) -> Any:
    """The body of an error answer; `resource` is the path from the version on: `v3/catalog/products`."""
    # A 429 comes from the gate before both versions.
    if resource.startswith("v2") and error.status != 429:
        message = next(iter(error.errors.values()), error.title)
        return [{"status": error.status, "message": message}]
    body: dict[str, Any] = {"status": error.status, "title": error.title, "type": _TYPE}
    if isinstance(error, BatchError):
        return {"batch_errors": [{**body, "errors": error.errors}]}
    if error.status == 422 and resource.startswith("v3/catalog/trees"):
        return {"errors": {**body, "errors": error.errors}, "meta": {}}
    if error.status in (409, 422):
        body = {"code": error.status, **body, "errors": error.errors}
    elif error.status == 413:
        body["errors"] = {}
    elif error.status == 404 and instance:
        body["instance"] = instance
    return body


def partial_errors(errors: Mapping[str, str]) -> dict[str, Any]:
    """The `errors` part of a 207 answer: what of the request was not carried out."""
    return {
        "status": 207,
        "title": "The product was saved, but not all of its data",
        "type": _TYPE,
        "errors": dict(errors),
    }


def fault_answer(fault: Fault, context: Context) -> Answer:
    """An ordered error status.

    A 429 with a waiting time comes with the headers of an exhausted quota; a 429 without one comes without
    headers, which is how BigCommerce says that the platform, not the store, is overloaded.
    """
    status = fault.status or 503
    headers = context.quota.headers(reset_seconds=fault.retry_after)
    if status == 429 and fault.retry_after is None:
        headers = {}
    if fault.retry_after is not None:
        headers["X-Retry-After"] = str(max(1, round(fault.retry_after)))
    return json_answer(status, error_body("v3", BigCommerceError(status)), headers)
