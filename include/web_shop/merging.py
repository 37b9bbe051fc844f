"""What several rules want of the web shop's products, as one change per product."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from include.changes import Change, Result, Status

_STATUSES: dict[str, Status] = {"applied": "applied", "failed": "failed", "gone": "conflicted"}


class Outcome(Protocol):
    """What became of one product of a batch; see the web shop's hook."""

    @property
    def status(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def retry(self) -> bool: ...
    @property
    def not_taken(self) -> tuple[str, ...]: ...


def by_product(changes: Iterable[Change]) -> dict[int, list[Change]]:
    """The changes of each product."""
    found: dict[int, list[Change]] = {}
    for change in changes:
        found.setdefault(int(str(change.key)), []).append(change)
    return found


def merged(changes: Mapping[int, Sequence[Change]]) -> Iterator[dict[str, Any]]:
    """One body per product, as the Catalog API takes it."""
    for product_id, wanted in changes.items():
        yield {"id": product_id, **{change.field: _as_json(change.new) for change in wanted}}


def _as_json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def results(outcome: Outcome, changes: Sequence[Change]) -> list[Result]:
    """What became of each change of a product; a product that left the shop meanwhile is a conflict."""
    return [_result(outcome, change) for change in changes]


def _result(outcome: Outcome, change: Change) -> Result:
    if change.field in outcome.not_taken:
        return Result(change, "failed", f"the web shop answered success and kept its own {change.field}")
    return Result(change, _STATUSES[outcome.status], outcome.message, retry=outcome.retry)
