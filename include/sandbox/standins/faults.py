"""Orders to misbehave: what a vendor's bad day looks like, asked for by a test or by a person.

An order is for one vendor and is used up by as many requests as its count says. Orders given earlier come
first.

| kind | what the client sees | is the request carried out? |
| --- | --- | --- |
| `status` | the status (HTTP) or reply code (mail) of the order in the vendor's own error form | no |
| `timeout_after_accepting` | nothing, until it gives up | yes |
| `drop_connection` | the connection is cut | no |
| `error_after_accepting` | Twilio, Counterpoint API: an error status for what was created | yes |
| `slow` | the right answer, late | yes |
| `partial_207` | BigCommerce: saved without stock level and address, or without one `product` | in part |
| `refuse_product` | BigCommerce: 422 to every PUT, batch or single, that has the `product` in it | no |
| `keeps_total_sold` | BigCommerce: success, as if `total_sold` were read-only | but for that field |
| `truncate_upload` | WebDAV: success, as from a proxy that cuts, but half of the file is stored | in part |
| `refuse_move` | WebDAV: 501 to MOVE, as from a server that knows no MOVE | no |
| `refuse_recipient` | mail: the reply code of the order to one recipient, before the mail is sent | no |
| `drop_before_data` | mail: the connection is cut when a recipient is named, before the mail is sent | no |
| `refuse_login` | the competitor's site: the login form again, as for a wrong password | no |
| `no_table` | the competitor's site: a page without its price list | no |
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import Engine, delete, func, insert, literal, or_, select, update

from include.errors import InvalidRequest
from include.sandbox.standins.state import faults as faults_table

Vendor = Literal["bigcommerce", "counterpoint_api", "twilio", "webdav", "smtp", "competitor"]
FaultKind = Literal[
    "status",
    "timeout_after_accepting",
    "drop_connection",
    "slow",
    "error_after_accepting",
    "partial_207",
    "refuse_product",
    "keeps_total_sold",
    "truncate_upload",
    "refuse_move",
    "refuse_recipient",
    "drop_before_data",
    "refuse_login",
    "no_table",
]

CONNECTION_KINDS: frozenset[FaultKind] = frozenset(
    {"status", "timeout_after_accepting", "drop_connection", "slow"}
)
_VENDORS_OF_KIND: dict[str, tuple[Vendor, ...]] = {
    "error_after_accepting": ("twilio", "counterpoint_api"),
    "partial_207": ("bigcommerce",),
    "refuse_product": ("bigcommerce",),
    "keeps_total_sold": ("bigcommerce",),
    "truncate_upload": ("webdav",),
    "refuse_move": ("webdav",),
    "refuse_recipient": ("smtp",),
    "drop_before_data": ("smtp",),
    "refuse_login": ("competitor",),
    "no_table": ("competitor",),
}
_KINDS_OF_PRODUCTS = frozenset({"partial_207", "refuse_product", "keeps_total_sold"})
# What the shop is like, not what happens once: such an order stays until it is cancelled.
_LASTING = 1_000_000
_DEFAULT_COUNTS = {"refuse_product": _LASTING, "keeps_total_sold": _LASTING}
_DEFAULT_SECONDS = {"slow": 1.0, "timeout_after_accepting": 120.0}


class FaultOrder(BaseModel):
    """One order.

    `status` is an HTTP status (a reply code for mail; default 503, mail 451, a recipient 550, after
    accepting 500), `retry_after` is in seconds, `count` the number of requests that it is for (default 1;
    `refuse_product` and `keeps_total_sold` stay in force until they are cancelled). `match` is a part of
    the path (of the recipients, for mail) and `method` the HTTP method that a request must have to be
    hit. `seconds` is the delay of `slow` (default 1) and the longest wait of `timeout_after_accepting`
    (default 120; it ends as soon as the client hangs up). `product` is the id of a BigCommerce product:
    only requests that write it are hit.
    """

    model_config = ConfigDict(extra="forbid")

    vendor: Vendor
    kind: FaultKind
    status: Annotated[int, Field(ge=400, le=599)] | None = None
    retry_after: Annotated[float, Field(ge=0)] | None = None
    # Not given: as many as is usual for the kind.
    count: Annotated[int, Field(ge=1)] = 0
    match: str | None = None
    method: str | None = None
    seconds: Annotated[float, Field(gt=0, le=3600)] | None = None
    product: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        owners = _VENDORS_OF_KIND.get(self.kind, (self.vendor,))
        if self.vendor not in owners:
            raise ValueError(
                f"kind {self.kind!r} is for {' and '.join(owners)} only, not for {self.vendor!r}"
            )
        if self.kind == "refuse_product" and self.product is None:
            raise ValueError("kind 'refuse_product' needs a product")
        if self.product is not None and self.kind not in _KINDS_OF_PRODUCTS:
            raise ValueError(f"kind {self.kind!r} takes no product")
        if self.kind == "status" and self.status is None:
            self.status = 451 if self.vendor == "smtp" else 503
        if self.kind == "refuse_recipient" and self.status is None:
            self.status = 550
        if self.kind == "error_after_accepting" and self.status is None:
            self.status = 500
        self.count = self.count or _DEFAULT_COUNTS.get(self.kind, 1)
        if self.seconds is None:
            self.seconds = _DEFAULT_SECONDS.get(self.kind)
        if self.method is not None:
            self.method = self.method.upper()
        return self


class Fault(FaultOrder):
    """An order in force: `remaining` of its `count` requests are still to be hit."""

    id: int
    remaining: int


class FaultOrders:
    """The orders in force."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # Most requests meet no order, and need not wait for the right to write to learn that. There is one
        # such object for a database: the count of orders given says whether the look is still true.
        self._given = 0
        self._none_after: int | None = None

    def order(self, order: FaultOrder) -> Fault:
        """Put an order in force."""
        values = order.model_dump(exclude={"count"}) | {"ordered": order.count, "remaining": order.count}
        with self._engine.begin() as connection:
            row = connection.execute(insert(faults_table).values(values).returning(faults_table.c.id))
            number = row.scalar_one()
        self._given += 1
        return Fault(**order.model_dump(), id=number, remaining=order.count)

    def in_force(self) -> list[Fault]:
        """The orders that still wait for requests, oldest first."""
        chosen = select(faults_table).where(faults_table.c.remaining > 0).order_by(faults_table.c.id)
        with self._engine.connect() as connection:
            return [_fault(dict(row)) for row in connection.execute(chosen).mappings()]

    def clear(self) -> None:
        """Cancel all orders."""
        with self._engine.begin() as connection:
            connection.execute(delete(faults_table))

    def take(
        self,
        vendor: Vendor,
        method: str,
        path: str,
        kinds: Collection[FaultKind],
        products: Collection[int] = (),
    ) -> Fault | None:
        """Use up one request of the oldest order that fits, and return that order; None when none fits.

        `products` are the ids of the products that the request writes.
        """
        if self._none_in_force():
            return None
        oldest = (
            select(faults_table.c.id)
            .where(
                faults_table.c.vendor == vendor,
                faults_table.c.kind.in_(sorted(kinds)),
                faults_table.c.remaining > 0,
                or_(faults_table.c.method.is_(None), faults_table.c.method == method),
                or_(faults_table.c.match.is_(None), func.instr(literal(path), faults_table.c.match) > 0),
                or_(faults_table.c.product.is_(None), faults_table.c.product.in_(products)),
            )
            .order_by(faults_table.c.id)
            .limit(1)
            .scalar_subquery()
        )
        # One statement: several requests may arrive at once, and an order is for an exact number of them.
        taken = (
            update(faults_table)
            .where(faults_table.c.id == oldest)
            .values(remaining=faults_table.c.remaining - 1)
            .returning(*faults_table.c)
        )
        with self._engine.begin() as connection:
            row = connection.execute(taken).mappings().one_or_none()
        return None if row is None else _fault(dict(row))

    def _none_in_force(self) -> bool:
        given = self._given
        if self._none_after != given:
            waiting = select(faults_table.c.id).where(faults_table.c.remaining > 0).limit(1)
            with self._engine.connect() as connection:
                if connection.scalar(waiting) is not None:
                    return False
            self._none_after = given
        return True


def fault_order(**values: object) -> FaultOrder:
    """Check an order's values; raises `InvalidRequest` that names the field and the value."""
    try:
        return FaultOrder.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'order'}: {problem['msg']} "
            f"(got {problem['input']!r})"
            for problem in error.errors()
        )
        raise InvalidRequest(f"fault order refused: {problems}") from error


def _fault(row: dict[str, object]) -> Fault:
    row["count"] = row.pop("ordered")
    return Fault.model_validate(row)
