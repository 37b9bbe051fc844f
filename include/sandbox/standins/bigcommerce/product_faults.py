"""Fault orders that change what becomes of a PUT of products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from include.sandbox.standins.bigcommerce.errors import BigCommerceError
from include.sandbox.standins.context import context_of
from include.sandbox.standins.faults import Fault, FaultKind

# What a 207 leaves undone: the stock level and the address are written by other services than the product.
_WRITTEN_ELSEWHERE = ("inventory_level", "custom_url")

Change = Mapping[str, Any]


@dataclass(frozen=True)
class Orders:
    """What is to be written, and what is left undone by field: None where nobody is told so."""

    changes: list[dict[str, Any]]
    undone: dict[str, str] | None


def take_orders(request: Request, changes: Sequence[Change], prefixes: Sequence[str]) -> Orders:
    """Carry out the fault orders that are in force for these changes; `prefixes` name each in an error.

    Raises `BigCommerceError` 422 for an ordered refusal.
    """
    refused = _take(request, "refuse_product", changes)
    if refused is not None:
        raise BigCommerceError(422, "The product is not valid", _refusal(refused, changes, prefixes))
    selling = [change for change in changes if "total_sold" in change]
    keeps = _take(request, "keeps_total_sold", selling) if selling else None
    partial = _take(request, "partial_207", changes)
    kept: list[dict[str, Any]] = []
    undone: dict[str, str] = {}
    for change, prefix in zip(changes, prefixes, strict=True):
        dropped = {"total_sold"} if keeps and keeps.product in (None, change["id"]) else set()
        if partial is not None and partial.product == change["id"]:
            undone[f"{prefix}id"] = f"the product {partial.product} was not saved; send it again"
            continue
        if partial is not None and partial.product is None:
            left_out = [name for name in _WRITTEN_ELSEWHERE if name in change]
            undone |= {f"{prefix}{name}": f"{name} was not saved; send it again" for name in left_out}
            dropped |= set(left_out)
        kept.append({name: value for name, value in change.items() if name not in dropped})
    return Orders(kept, None if partial is None else undone)


def _refusal(order: Fault, changes: Sequence[Change], prefixes: Sequence[str]) -> dict[str, str]:
    index = [change["id"] for change in changes].index(order.product or 0)
    field = next((name for name in changes[index] if name != "id"), "id")
    return {f"{prefixes[index]}{field}": f"{field} of the product {order.product} is not valid"}


def _take(request: Request, kind: FaultKind, changes: Sequence[Change]) -> Fault | None:
    fault = context_of(request).faults.take(
        "bigcommerce", "PUT", request.url.path, {kind}, products=[change["id"] for change in changes]
    )
    if fault is not None:
        # The journal reads from here what was done to the request.
        request.state.fault = fault.kind
    return fault
