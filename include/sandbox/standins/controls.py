"""What a test or a person may ask of running stand-ins: faults, counters, things already there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from include.sandbox.standins.bigcommerce.brands import load_brands
from include.sandbox.standins.bigcommerce.categories import load_categories
from include.sandbox.standins.bigcommerce.coupon_store import load_coupons
from include.sandbox.standins.bigcommerce.product_loading import load_products
from include.sandbox.standins.bigcommerce.product_store import apply_changes
from include.sandbox.standins.context import Context
from include.sandbox.standins.counterpoint_api.customers import load_customers
from include.sandbox.standins.faults import Fault, FaultKind, Vendor, fault_order
from include.sandbox.standins.journal import Counter, RecordedRequest
from include.sandbox.standins.state import products, writing
from include.sandbox.standins.twilio.messages import opt_out


class Controls(ABC):
    """The Python side of the sandbox's own endpoints."""

    @property
    @abstractmethod
    def context(self) -> Context:
        """What the stand-ins share."""

    def order_fault(
        self,
        vendor: Vendor,
        kind: FaultKind,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        count: int | None = None,
        match: str | None = None,
        method: str | None = None,
        seconds: float | None = None,
        product: int | None = None,
    ) -> Fault:
        """Order a vendor to misbehave for the next `count` requests; see `faults.FaultOrder` for the values.

        Raises `InvalidRequest` that names the field and the value.
        """
        given = {"status": status, "retry_after": retry_after, "count": count, "match": match}
        given |= {"method": method, "seconds": seconds, "product": product}
        values = {name: value for name, value in given.items() if value is not None}
        return self.context.faults.order(fault_order(vendor=vendor, kind=kind, **values))

    def faults(self) -> list[Fault]:
        """The orders in force, oldest first."""
        return self.context.faults.in_force()

    def clear_faults(self) -> None:
        """Cancel all orders."""
        self.context.faults.clear()

    def requests(
        self, vendor: Vendor | None = None, method: str | None = None, path: str | None = None
    ) -> list[RecordedRequest]:
        """The requests that fit, newest first; `path` is a part of the path."""
        return self.context.journal.requests(vendor, method, path)

    def counters(
        self, vendor: Vendor | None = None, method: str | None = None, path: str | None = None
    ) -> list[Counter]:
        """How often each endpoint was called; `path` is a part of the path."""
        return self.context.journal.counters(vendor, method, path)

    def count(self, vendor: Vendor, method: str | None = None, path: str | None = None) -> int:
        """How many requests that fit were answered with success, so without a digest login's first try."""
        return sum(counter.succeeded for counter in self.counters(vendor, method, path))

    def clear_requests(self) -> None:
        """Forget all requests, so that the counters begin at nothing."""
        self.context.journal.clear()

    def load_products(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Put products into the web shop; see `product_loading.load_products`."""
        return load_products(self.context.engine, rows)

    def products(self) -> list[dict[str, Any]]:
        """The web shop's products as they are, by id."""
        chosen = select(products.c.document).order_by(products.c.id)
        with self.context.engine.connect() as connection:
            return list(connection.scalars(chosen))

    def set_products(self, changes: Mapping[int, Mapping[str, Any]]) -> None:
        """Change fields of products by id, as a person does in the shop's own pages: no fault order is hit.

        The values are not checked. Raises `BigCommerceError` as `product_store.apply_changes` does.
        """
        with writing(self.context.engine) as connection:
            apply_changes(connection, [{**fields, "id": number} for number, fields in changes.items()])

    def load_coupons(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Put coupons into the web shop; see `coupon_store.load_coupons`."""
        return load_coupons(self.context.engine, rows)

    def load_brands(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Put brands into the web shop; see `brands.load_brands`."""
        return load_brands(self.context.engine, rows)

    def load_categories(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Put categories into the web shop; see `categories.load_categories`."""
        return load_categories(self.context.engine, rows)

    def load_customers(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Put customers into the Counterpoint API; see `customers.load_customers`."""
        return load_customers(self.context.engine, rows)

    def opt_out(self, number: str) -> None:
        """Answer STOP for a phone number in E.164 form."""
        opt_out(self.context.engine, number)
