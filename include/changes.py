"""Plans: what an automation wants to change, as data.

A rule returns a `Plan`; applying it gives one `Result` for each change. Both are plain data, so that a plan
can be shown (dry run), limited (`Budget`), stored between two tasks, audited and undone (`inverse`).
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Literal, Protocol

from include.errors import BudgetExceeded

Value = str | int | float | bool | Decimal | date | datetime | tuple[int, ...] | None
Status = Literal["applied", "skipped", "conflicted", "failed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one thing, from `old` to `new`.

    `target` is the table or system ("IM_ITEM", "webdav"), `key` the row's key or the file's path (a tuple
    where the table's key has several columns). `old` is the guard: what has another value by the time of
    applying is not touched.
    """

    target: str
    key: str | tuple[str, ...]
    field: str
    old: Value
    new: Value
    reason: str


@dataclass(frozen=True, slots=True)
class Reject:
    """Something set aside, with the reason in words a store's staff understand."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes that one rule wants.

    `considered` is the number of things that it looked at. `basis` is the number of rows that it drew its
    decisions from, where those are others (last year's sales, for the items that it ranks by them).
    """

    changes: tuple[Change, ...] = ()
    considered: int = 0
    rejects: tuple[Reject, ...] = ()
    basis: int | None = None

    def part(self, start: int, stop: int) -> Plan:
        """Changes from position `start` to before `stop`; the rest as it is."""
        return replace(self, changes=self.changes[start:stop])


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one change; `message` says why where it was not applied.

    `retry` marks a failure that may pass by itself, such as a server that did not answer; `set_aside` a
    change whose outcome is that a bad thing was put aside for a person to look at.
    """

    change: Change
    status: Status
    message: str = ""
    retry: bool = False
    set_aside: bool = False


@dataclass(frozen=True)
class Summary:
    """The few numbers that a task leaves behind (`seconds` is wall time)."""

    planned: int = 0
    applied: int = 0
    skipped: int = 0
    conflicted: int = 0
    failed: int = 0
    rejected: int = 0
    seconds: float = 0.0
    details: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, as it goes to XCom."""
        return asdict(self)

    def __str__(self) -> str:
        counts = ", ".join(
            f"{name} {count}"
            for name, count in self.as_dict().items()
            if name not in ("seconds", "details") and (count or name == "planned")
        )
        return f"{counts} in {self.seconds:.1f} s"


def summarize(results: Sequence[Result], seconds: float, details: dict[str, Any]) -> Summary:
    """Count results by status; `seconds` is wall time, `details` goes into the summary as it is."""
    counts = Counter(result.status for result in results)
    return Summary(
        planned=counts.total(),
        applied=counts["applied"],
        skipped=counts["skipped"],
        conflicted=counts["conflicted"],
        failed=counts["failed"],
        rejected=sum(result.set_aside for result in results),
        seconds=round(seconds, 3),
        details=details,
    )


@dataclass(frozen=True, slots=True)
class Budget:
    """How much one run may change.

    `max_share` (0 to 1) is a share of what the plan considered and does not apply to plans of up to `always`
    changes; `max_changes` is absolute; `min_considered` refuses a plan made from less than so many rows (its
    `basis`, or the things that it considered), which is what an empty or broken query looks like.
    """

    max_share: float = 1.0
    max_changes: int | None = None
    min_considered: int = 0
    always: int = 20

    def check(self, plan: Plan) -> None:
        """Raise `BudgetExceeded`, with both numbers in its message, when the plan wants more than allowed."""
        wanted = len(plan.changes)
        self.check_source(plan)
        if self.max_changes is not None and wanted > self.max_changes:
            raise BudgetExceeded(
                f"{wanted} changes are planned, at most {self.max_changes} are allowed in one run. "
                "Nothing was changed."
            )
        if wanted > self.always and wanted > self.max_share * plan.considered:
            raise BudgetExceeded(
                f"{wanted} of {plan.considered} would change, the budget allows {self.max_share:.0%}. "
                "Nothing was changed; look at the plan and run again with a higher budget if it is right."
            )

    def check_source(self, plan: Plan) -> None:
        """Raise `BudgetExceeded` when the plan was made from too little."""
        rows = min(plan.considered, plan.considered if plan.basis is None else plan.basis)
        if rows < self.min_considered:
            raise BudgetExceeded(
                f"the plan was made from {rows} rows, {self.min_considered} or more are expected: "
                "is the source empty or its connection pointing elsewhere? Nothing was changed."
            )


def inverse(change: Change) -> Change:
    """The change that takes `change` back."""
    return replace(change, old=change.new, new=change.old, reason=f"undo: {change.reason}")


class _Openable(Protocol):
    def open(self, mode: str, /) -> IO[Any]: ...


_TAGGED: dict[str, Any] = {
    "$decimal": Decimal,
    "$datetime": datetime.fromisoformat,
    "$date": date.fromisoformat,
    "$ids": tuple,
}


def encode(value: Value) -> Any:
    """A value as JSON-ready data that `decode` brings back with its type."""
    match value:
        case Decimal():
            return {"$decimal": str(value)}
        case datetime():
            return {"$datetime": value.isoformat()}
        case date():
            return {"$date": value.isoformat()}
        case tuple():
            return {"$ids": list(value)}
        case _:
            return value


def decode(value: Any) -> Value:
    """The inverse of `encode`."""
    if isinstance(value, dict):
        ((tag, text),) = value.items()
        return _TAGGED[tag](text)
    return value


def _to_row(change: Change) -> list[Any]:
    return [change.target, change.key, change.field, encode(change.old), encode(change.new), change.reason]


def _from_row(row: Sequence[Any]) -> Change:
    target, key, field_name, old, new, reason = row
    return Change(
        target, tuple(key) if isinstance(key, list) else key, field_name, decode(old), decode(new), reason
    )


def write_plan(plan: Plan, path: _Openable) -> None:
    """Store a plan as gzipped JSON lines: a header, then one line for each change."""
    with path.open("wb") as raw, gzip.open(raw, "wt", encoding="utf-8") as lines:
        rejects = [[r.key, r.reason] for r in plan.rejects]
        head = {"considered": plan.considered, "basis": plan.basis, "rejects": rejects}
        lines.write(json.dumps(head) + "\n")
        lines.writelines(json.dumps(_to_row(change)) + "\n" for change in plan.changes)


def read_plan(path: _Openable) -> Plan:
    """Read what `write_plan` stored."""
    with path.open("rb") as raw, gzip.open(raw, "rt", encoding="utf-8") as lines:
        head = json.loads(next(lines))
        changes = tuple(_from_row(json.loads(line)) for line in lines)
    rejects = tuple(Reject(key, reason) for key, reason in head["rejects"])
    return Plan(changes, head["considered"], rejects, head["basis"])
