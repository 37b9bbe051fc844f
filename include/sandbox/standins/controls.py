"""What a test or a person may ask of running stand-ins: faults, counters, things already there."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
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
from include.sandbox.standins.state import products, texts, writing
from include.sandbox.standins.twilio.fates import clear_fates, set_fate
from include.sandbox.standins.twilio.habits import Habits, set_habits
from include.sandbox.standins.twilio.message_store import finish_texts
from include.sandbox.standins.twilio.messages import opt_out
from include.sandbox.standins.twilio.progress import status_of
from include.sandbox.standins.twilio.replies import Reply, reply


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

    def reply(self, number: str, body: str, url: str | None = None, media: Sequence[str] = ()) -> Reply:
        """Let a customer answer a text; see `replies.reply`."""
        return reply(self.context.engine, number, body, url, media)

    def set_text_fate(self, number: str, code: int, *, late: bool = False) -> None:
        """Let texts to a number, or with `fates.EVERYBODY` to all, meet an error; see `fates.set_fate`."""
        set_fate(self.context.engine, number, code, late=late)

    def clear_text_fates(self, number: str | None = None) -> None:
        """Take back the set fate of a number, or all of them."""
        clear_fates(self.context.engine, number)

    def set_text_habits(
        self, *, seconds: float = 0.0, out_of_order: bool = False, twice: bool = False
    ) -> None:
        """How the texts to come and their callbacks behave, see `habits.Habits`; not given is usual."""
        set_habits(self.context.engine, Habits(seconds, out_of_order, twice))

    def finish_texts(self) -> int:
        """Let all texts that are under way arrive or fail now; see `message_store.finish_texts`."""
        return finish_texts(self.context.engine)

    def texts(self) -> list[dict[str, Any]]:
        """The texts of both directions as they are kept, oldest first, each with its `status` of now."""
        now = time.time()
        with self.context.engine.connect() as connection:
            rows = connection.execute(select(texts).order_by(texts.c.id)).mappings()
            return [{**row, "status": status_of(dict(row), now)} for row in rows]
