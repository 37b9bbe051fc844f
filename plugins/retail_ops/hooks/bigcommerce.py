"""The web shop's API: session, authentication, quota and refusals."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import requests

from include.errors import InvalidRequest, RetailOpsError
from retail_ops.hooks.connection_fields import ConnectionFields
from retail_ops.hooks.vendor_hook import VendorHook
from retail_ops.hooks.vendor_session import Patience, VendorSession

_NO_FILTERS = {"page", "limit", "sort", "direction", "include_fields", "exclude_fields"}
# No query: what looks like a filter there would not be checked.
_PATH = re.compile(r"^/v[23](?:/[\w@%,-]+)+/?$")


@dataclass(frozen=True)
class Quota:
    """The store's request quota, which all its apps share, as the last answer told it.

    `left` of `quota` requests remain until the refill `reset_seconds` after that answer.
    """

    quota: int
    left: int
    reset_seconds: float


class BigCommerceSession(VendorSession):
    """Requests to one store."""

    vendor = "BigCommerce"
    hints: ClassVar[Mapping[int, str]] = {
        401: "the access token is wrong or was revoked",
        403: "the access token lacks the permission, or the store hash is another store's",
        507: "the plan's limit is reached",
    }

    def __init__(self, *args: Any, told: Callable[[Quota], None], **options: Any) -> None:
        super().__init__(*args, **options)
        self._told = told

    def note(self, response: requests.Response) -> None:
        """Keep the quota headers."""
        headers = response.headers
        try:
            quota = Quota(
                int(headers["X-Rate-Limit-Requests-Quota"]),
                int(headers["X-Rate-Limit-Requests-Left"]),
                int(headers["X-Rate-Limit-Time-Reset-Ms"]) / 1000,
            )
        except (KeyError, ValueError):
            return
        self._told(quota)


class BigCommerceHook(VendorHook[BigCommerceSession]):
    """The BigCommerce store of a connection, by default `bigcommerce`."""

    default_conn_name = "bigcommerce"
    conn_type = "bigcommerce"
    hook_name = "BigCommerce"
    quota: Quota | None = None

    def _open(self, patience: Patience) -> BigCommerceSession:
        labels = {"host": "API base URL", "password": "access token"}
        fields = ConnectionFields(self.get_connection(self.conn_id), labels)
        base, store_hash = fields.base_url("https://api.bigcommerce.com"), fields.required("store_hash")
        token = fields.required("password")
        if "/stores/" in f"{base}/":
            raise fields.wrong("host", "has a whole API path instead of the API's base in")
        if not store_hash.isalnum():
            raise fields.wrong("store_hash", "has more than letters and digits in")
        return BigCommerceSession(
            f"{base}/stores/{store_hash}",
            headers={"X-Auth-Token": token, "Accept": "application/json"},
            patience=replace(patience, read=fields.seconds("timeout_seconds", patience.read)),
            secrets=(token,),
            told=self._keep_quota,
        )

    def _keep_quota(self, quota: Quota) -> None:
        self.quota = quota

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        repeatable: bool | None = None,
    ) -> requests.Response:
        """Send a request to the store; `path` starts with `/v2/` or `/v3/`.

        Statuses 204 (an empty v2 list) and 207 (done in part) are answers, not errors. Raises the classes of
        `VendorSession`, and `InvalidRequest` for a DELETE that would empty a whole collection: such a path
        needs a filter, and every filter a value.
        """
        if not _PATH.match(path):
            raise InvalidRequest(f"BigCommerce: the path {path!r} is not /v2/... or /v3/... without a query")
        if method.upper() == "DELETE" and _deletes_everything(path, params):
            raise InvalidRequest(f"BigCommerce: DELETE {path} without a filter would delete everything there")
        return self.get_conn().request(method, path, params=params, json=json, repeatable=repeatable)

    def test_connection(self) -> tuple[bool, str]:
        """Ask for the shop's time, and for its name where the token may read it."""
        try:
            session = self._open(replace(self._patience, attempts=1))
            session.request("GET", "/v2/time")
        except RetailOpsError as error:
            return False, str(error)
        return True, f"BigCommerce accepts the access token for {self._describe_store(session)}{self._left()}"

    def _describe_store(self, session: BigCommerceSession) -> str:
        try:
            store = session.request("GET", "/v2/store").json()
        except (RetailOpsError, ValueError):
            return "the store (its name may not be read with it)"
        zone = (store.get("timezone") or {}).get("name")
        return f"{store.get('name')!r}" + (f", time zone {zone}" if zone else "")

    def _left(self) -> str:
        return f"; {self.quota.left} of {self.quota.quota} requests are left" if self.quota else ""


def _deletes_everything(path: str, params: Mapping[str, Any] | None) -> bool:
    if any(letter.isdigit() for letter in path.rstrip("/").rpartition("/")[2]):
        return False
    filters = [
        str(value).strip() if isinstance(value, str | int) else value
        for name, value in (params or {}).items()
        if value is not None and name not in _NO_FILTERS
    ]
    return not filters or not all(filters)
