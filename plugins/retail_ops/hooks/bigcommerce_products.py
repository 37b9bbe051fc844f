"""Changing the web shop's products: ten in a request, and one bad product never loses nine good ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import requests

from include.errors import InvalidRequest, NotFound, RetailOpsError, VendorRefusal, VendorUnavailable
from retail_ops.hooks.bigcommerce_saved import Saved

PRODUCTS = "/v3/catalog/products"
BATCH = 10

Product = dict[str, Any]
Put = Callable[[list[Product]], requests.Response]

# What may be the fault of one product of a batch.
_ABOUT_A_PRODUCT = {400, 409, 413, 422}
_MOST_LOST = 3


@dataclass(frozen=True, slots=True)
class ProductOutcome:
    """What became of the changes of one product.

    `failed`: nothing was taken, `message` says why, `retry` that it may pass by itself. `gone`: the shop has
    no such product. `not_taken` are fields that the shop answered success for and kept at another value.
    """

    product_id: int
    status: Literal["applied", "failed", "gone"]
    message: str = ""
    retry: bool = False
    not_taken: tuple[str, ...] = ()


def checked_products(products: Iterable[Mapping[str, Any]]) -> list[Product]:
    """The products as they can be sent; raises `InvalidRequest` that names the product.

    Each needs an `id`, may come once, and holds what JSON can say (and Decimal).
    """
    checked: dict[int, Product] = {}
    for product in products:
        body = {
            name: float(value) if isinstance(value, Decimal) else value for name, value in product.items()
        }
        number = body.get("id")
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise InvalidRequest(f"BigCommerce: a product to change has the id {number!r}")
        if number in checked:
            raise InvalidRequest(
                f"BigCommerce: the product {number} is to be changed twice; merge its fields"
            )
        try:
            json.dumps(body, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise InvalidRequest(f"BigCommerce: the product {number} cannot be sent: {error}") from None
        checked[number] = body
    return list(checked.values())


def update_in_batches(put: Put, products: Sequence[Product]) -> Iterator[list[ProductOutcome]]:
    """Send checked products; each batch leaves when its outcomes are asked for.

    A batch that cannot be delivered has failed and may be tried again later; the third in a row raises its
    `VendorUnavailable` or `RateLimited`. What is no fault of a product (`BadCredentials`, a refusal of the
    request as such) is raised as soon as the outcomes known by then have been given.
    """
    lost = 0
    for start in range(0, len(products), BATCH):
        batch = products[start : start + BATCH]
        delivery = _Delivery(put)
        try:
            delivery.send(list(batch))
            lost = 0
        except VendorUnavailable as error:
            lost = 0 if delivery.outcomes else lost + 1
            if lost == _MOST_LOST:
                raise
            delivery.set_aside(batch, error)
        except RetailOpsError:
            if delivery.outcomes:
                yield delivery.of(batch)
            raise
        yield delivery.of(batch)


class _Delivery:
    """The way of one batch to the shop, in as few requests as its bad products allow."""

    def __init__(self, put: Put) -> None:
        self._put = put
        self.outcomes: dict[int, ProductOutcome] = {}

    def of(self, batch: Sequence[Product]) -> list[ProductOutcome]:
        """The outcomes that are known, in the batch's order."""
        return [self.outcomes[product["id"]] for product in batch if product["id"] in self.outcomes]

    def set_aside(self, batch: Sequence[Product], error: RetailOpsError) -> None:
        """Note the products without an outcome as failed for a passing reason."""
        for product in batch:
            outcome = ProductOutcome(product["id"], "failed", str(error), retry=True)
            self.outcomes.setdefault(product["id"], outcome)

    def send(self, products: list[Product]) -> None:
        """Send products in one request, and in smaller ones where it is refused or done in part."""
        try:
            answer = self._put(products)
        except NotFound as error:
            self._refused(products, ProductOutcome(products[0]["id"], "gone", str(error)))
        except VendorRefusal as error:
            if error.status not in _ABOUT_A_PRODUCT:
                raise
            self._refused(products, ProductOutcome(products[0]["id"], "failed", str(error)), error.field)
        else:
            self._answered(products, Saved(answer, PRODUCTS))

    def _refused(self, products: list[Product], outcome: ProductOutcome, field: str | None = None) -> None:
        if len(products) == 1:
            self.outcomes[outcome.product_id] = outcome
            return
        # The field of a batch's product is named by its place: "3.sort_order".
        place = (field or "").partition(".")[0]
        bad = int(place) if place.isdecimal() and int(place) < len(products) else None
        if bad is None:
            half = len(products) // 2
            self.send(products[:half])
            self.send(products[half:])
        else:
            self.send(products[:bad] + products[bad + 1 :])
            self.send([products[bad]])

    def _answered(self, products: list[Product], saved: Saved) -> None:
        unclear: list[Product] = []
        for place, product in enumerate(products):
            not_taken = saved.not_taken(place, product)
            if len(products) > 1 and (not_taken is None or (not_taken and saved.in_part)):
                unclear.append(product)
            else:
                self.outcomes[product["id"]] = _judged(product, not_taken, saved)
        for product in unclear:
            self.send([product])


def _judged(product: Product, not_taken: tuple[str, ...] | None, saved: Saved) -> ProductOutcome:
    if not_taken is None:
        return ProductOutcome(product["id"], "failed", f"{saved} without this product{saved.words()}")
    if not not_taken:
        return ProductOutcome(product["id"], "applied")
    message = f"{saved} and did not take {', '.join(not_taken)}{saved.words()}"
    nothing = len(not_taken) == len(product) - 1
    return ProductOutcome(product["id"], "failed" if nothing else "applied", message, not_taken=not_taken)
