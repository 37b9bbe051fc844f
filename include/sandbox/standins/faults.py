"""Orders to misbehave: what a vendor's bad day looks like, asked for by a test or by a person.

An order is for one vendor and is used up by as many requests as its count says. Orders given earlier come
first.

| kind | what the client sees | is the request carried out? |
| --- | --- | --- |
| `status` | the status (HTTP) or reply code (mail) of the order in the vendor's own error form | no |
| `timeout_after_accepting` | nothing, until it gives up | yes |
| `drop_connection` | the connection is cut | no |
| `slow` | the right answer, late | yes |
| `partial_207` | BigCommerce: the products were saved, stock level and address were not | in part |
| `truncate_upload` | WebDAV: success, as from a proxy that cuts, but half of the file is stored | in part |
| `refuse_move` | WebDAV: 501 to MOVE, as from a server that knows no MOVE | no |
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import Engine, delete, func, insert, literal, or_, select, update

from include.errors import InvalidRequest
from include.sandbox.standins.state import faults as faults_table

Vendor = Literal["bigcommerce", "counterpoint_api", "twilio", "webdav", "smtp"]
FaultKind = Literal[
    "status",
    "timeout_after_accepting",
    "drop_connection",
    "slow",
    "partial_207",
    "truncate_upload",
    "refuse_move",
]

CONNECTION_KINDS: frozenset[FaultKind] = frozenset(
    {"status", "timeout_after_accepting", "drop_connection", "slow"}
)
_KINDS_OF_ONE_VENDOR: dict[str, Vendor] = {
    "partial_207": "bigcommerce",
    "truncate_upload": "webdav",
    "refuse_move": "webdav",
}
_DEFAULT_SECONDS = {"slow": 1.0, "timeout_after_accepting": 120.0}


class FaultOrder(BaseModel):
    """One order.

    `status` is an HTTP status (a reply code for mail; default 503, mail 451), `retry_after` is in seconds,
    `count` the number of requests that it is for. `match` is a part of the path (of the recipients, for mail)
    and `method` the HTTP method that a request must have to be hit. `seconds` is the delay of `slow` (default
    1) and the longest wait of `timeout_after_accepting` (default 120; it ends as soon as the client hangs
    up).
    """

    model_config = ConfigDict(extra="forbid")

    vendor: Vendor
    kind: FaultKind
    status: Annotated[int, Field(ge=400, le=599)] | None = None
    retry_after: Annotated[float, Field(ge=0)] | None = None
    count: Annotated[int, Field(ge=1)] = 1
    match: str | None = None
    method: str | None = None
    seconds: Annotated[float, Field(gt=0, le=3600)] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        owner = _KINDS_OF_ONE_VENDOR.get(self.kind, self.vendor)
        if owner != self.vendor:
            raise ValueError(f"kind {self.kind!r} is for {owner!r} only, not for {self.vendor!r}")
        if self.kind == "status" and self.status is None:
            self.status = 451 if self.vendor == "smtp" else 503
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

    def order(self, order: FaultOrder) -> Fault:
        """Put an order in force."""
        values = order.model_dump(exclude={"count"}) | {"ordered": order.count, "remaining": order.count}
        with self._engine.begin() as connection:
            row = connection.execute(insert(faults_table).values(values).returning(faults_table.c.id))
            return Fault(**order.model_dump(), id=row.scalar_one(), remaining=order.count)

    def in_force(self) -> list[Fault]:
        """The orders that still wait for requests, oldest first."""
        chosen = select(faults_table).where(faults_table.c.remaining > 0).order_by(faults_table.c.id)
        with self._engine.connect() as connection:
            return [_fault(dict(row)) for row in connection.execute(chosen).mappings()]

    def clear(self) -> None:
        """Cancel all orders."""
        with self._engine.begin() as connection:
            connection.execute(delete(faults_table))

    def take(self, vendor: Vendor, method: str, path: str, kinds: Collection[FaultKind]) -> Fault | None:
        """Use up one request of the oldest order that fits, and return that order; None when none fits."""
        oldest = (
            select(faults_table.c.id)
            .where(
                faults_table.c.vendor == vendor,
                faults_table.c.kind.in_(sorted(kinds)),
                faults_table.c.remaining > 0,
                or_(faults_table.c.method.is_(None), faults_table.c.method == method),
                or_(faults_table.c.match.is_(None), func.instr(literal(path), faults_table.c.match) > 0),
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
