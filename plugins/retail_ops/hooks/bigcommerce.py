"""The web shop's API: its products and coupons, and the guard around every request."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import requests

from include.errors import (
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    RetailOpsError,
    VendorRefusal,
    VendorUnavailable,
)
from retail_ops.hooks.bigcommerce_fields import field_params
from retail_ops.hooks.bigcommerce_lists import PER_PAGE, array_of, body_of, rows_of, rows_v2, rows_v3
from retail_ops.hooks.bigcommerce_products import (
    PRODUCTS,
    ProductOutcome,
    checked_products,
    update_in_batches,
)
from retail_ops.hooks.bigcommerce_session import RESERVE, BigCommerceSession, Quota
from retail_ops.hooks.connection_fields import ConnectionFields
from retail_ops.hooks.vendor_hook import VendorHook
from retail_ops.hooks.vendor_session import Patience

COUPONS = "/v2/coupons"

# How the shop says that a name or code is another coupon's.
_TAKEN = (409, 422)

_NO_FILTERS = {"page", "limit", "sort", "direction", "include_fields", "exclude_fields"}
# No query: what looks like a filter there would not be checked.
_PATH = re.compile(r"^/v[23](?:/[\w@%,-]+)+/?$")


class BigCommerceHook(VendorHook[BigCommerceSession]):
    """The BigCommerce store of a connection, by default `bigcommerce`.

    Every method raises the classes of `VendorSession`.
    """

    default_conn_name = "bigcommerce"
    conn_type = "bigcommerce"
    hook_name = "BigCommerce"

    @property
    def quota(self) -> Quota | None:
        """The store's quota as the last answer told it; None before the first one."""
        return self._made.quota if self._made else None

    def products(
        self, fields: Collection[str], *, variants: bool = False, ids: Collection[int] | None = None
    ) -> Iterator[dict[str, Any]]:
        """The shop's products with their `id` and these fields, by id; with `variants` that list as well.

        `ids` chooses products; those that the shop does not have are absent.
        """
        wanted = {"id", *fields}
        params = field_params(fields)
        if variants:
            wanted.add("variants")
            params["include"] = "variants"
        for chosen in [{}] if ids is None else _in_groups(ids):
            for row in rows_v3(self._get, PRODUCTS, {**params, **chosen}):
                yield {name: value for name, value in row.items() if name in wanted}

    def update_products(self, products: Iterable[Mapping[str, Any]]) -> Iterator[list[ProductOutcome]]:
        """Set fields of products, each of them a mapping with `id` and the fields to set.

        Gives the outcomes of one batch after the other; a batch leaves when its outcomes are asked for. One
        bad product does not keep the others from being changed. See `update_in_batches` for what is raised,
        `checked_products` for the `InvalidRequest` that is raised before anything is sent.
        """
        return update_in_batches(self._put_products, checked_products(products))

    def coupons(self) -> Iterator[dict[str, Any]]:
        """All coupons, by id, without those that belong to a promotion: their data are no coupon's."""
        for row in rows_v2(self._get, COUPONS, {"exclude_type": "promotion"}):
            # A list made for deleting must not depend on a filter that the shop may pass over.
            if row.get("type") != "promotion":
                yield row

    def coupon(self, coupon_id: int) -> dict[str, Any] | None:
        """One coupon; None when the shop does not have it."""
        answer = self._get(COUPONS, {"id": coupon_id})
        return next((row for row in array_of(answer, COUPONS) if row["id"] == coupon_id), None)

    def coupon_by_code(self, code: str) -> dict[str, Any] | None:
        """The coupon with this code; None when the shop does not have it. Case is not told apart."""
        rows = array_of(self._get(COUPONS, {"code": code}), COUPONS)
        return next((row for row in rows if str(row.get("code")).casefold() == code.casefold()), None)

    def create_coupon(self, coupon: Mapping[str, Any]) -> dict[str, Any]:
        """Make a coupon of these fields once, however often it is called: its code tells it apart.

        A coupon of its code that is there already, or that was made although no answer came, is returned as
        the shop has it. Raises `VendorRefusal` (409, 422) where only its name is another's, `OutcomeUnknown`
        where no answer came and the shop does not show it: it may still be on its way.
        """
        code = coupon.get("code")
        if not isinstance(code, str) or not code.strip():
            raise InvalidRequest("BigCommerce: a coupon needs a code")
        try:
            answer = self.request("POST", COUPONS, json=dict(coupon))
            return rows_of([body_of(answer, COUPONS)], COUPONS)[0]
        except VendorUnavailable as error:
            if isinstance(error, RateLimited):
                raise
            failure: RetailOpsError = error
        except (OutcomeUnknown, VendorRefusal) as error:
            if isinstance(error, VendorRefusal) and error.status not in _TAKEN:
                raise
            failure = error
        found = self.coupon_by_code(code)
        if found is None:
            raise failure
        return found

    def delete_coupon(self, coupon_id: int) -> bool:
        """Delete one coupon; False when it was gone already.

        False is also the answer when an earlier attempt of this call deleted it and its answer was lost.
        """
        if not isinstance(coupon_id, int) or isinstance(coupon_id, bool) or coupon_id < 1:
            raise InvalidRequest(f"BigCommerce: {coupon_id!r} is no coupon's id")
        try:
            self.request("DELETE", f"{COUPONS}/{coupon_id}")
        except NotFound:
            return False
        return True

    def _get(self, path: str, params: Mapping[str, Any]) -> requests.Response:
        return self.request("GET", path, params=params)

    def _put_products(self, products: list[dict[str, Any]]) -> requests.Response:
        return self.request("PUT", PRODUCTS, json=products)

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
            reserve=_reserve(fields),
        )

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
            session = self._open(replace(self._patience, attempts=1, longest_wait=0))
            session.request("GET", "/v2/time")
        except RetailOpsError as error:
            return False, str(error)
        left = f"; {session.quota}" if session.quota else ""
        return True, f"BigCommerce accepts the access token for {self._describe_store(session)}{left}"

    def _describe_store(self, session: BigCommerceSession) -> str:
        try:
            store = session.request("GET", "/v2/store").json()
        except (RetailOpsError, ValueError):
            return "the store (its name could not be read)"
        zone = (store.get("timezone") or {}).get("name")
        return f"{store.get('name')!r}" + (f", time zone {zone}" if zone else "")


def _reserve(fields: ConnectionFields) -> int:
    value = fields.text("reserve")
    if value is None:
        return RESERVE
    if not value.isdecimal():
        raise fields.wrong("reserve", f"has {value!r} instead of a whole number of requests in")
    return int(value)


def _in_groups(ids: Collection[int]) -> Iterator[dict[str, str]]:
    """Filters for these products, each of them for one page, which is up to 3 kB of address."""
    chosen = sorted(set(ids))
    for start in range(0, len(chosen), PER_PAGE):
        yield {"id:in": ",".join(map(str, chosen[start : start + PER_PAGE]))}


def _deletes_everything(path: str, params: Mapping[str, Any] | None) -> bool:
    if any(letter.isdigit() for letter in path.rstrip("/").rpartition("/")[2]):
        return False
    filters = [
        str(value).strip() if isinstance(value, str | int) else value
        for name, value in (params or {}).items()
        if value is not None and name not in _NO_FILTERS
    ]
    return not filters or not all(filters)
