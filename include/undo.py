"""Taking back what a run has changed, as far as nobody has changed it since."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from include.changes import Change, Plan, Reject, Value, inverse

Place = tuple[str, str | tuple[str, ...], str]
"""Target, key and field of a change."""

NOT_MADE = frozenset({"skipped", "conflicted"})


def place_of(change: Change) -> Place:
    """Where a change belongs."""
    return change.target, change.key, change.field


def made_by(audited: Iterable[tuple[Change, str]]) -> list[Change]:
    """What a run did to each place, the latest first: from the value before it to the value after it.

    Changes that the run had not heard the outcome of (pending, failed) may have been made: they count, and
    the present value decides.
    """
    made: dict[Place, Change] = {}
    for change, outcome in audited:
        if outcome in NOT_MADE:
            continue
        place = place_of(change)
        first = made.pop(place, None)
        # Where somebody else had a hand in between, only the later change is the run's to take back.
        joined = first is not None and (_same(first.new, change.old) or _same(first.old, change.old))
        made[place] = replace(change, old=first.old) if first and joined else change
    return [change for change in reversed(made.values()) if change.old != change.new]


def plan_undo(
    audited: Iterable[tuple[Change, str]],
    targets: Collection[str],
    current: Callable[[Sequence[Change]], Mapping[Place, Value]],
) -> Plan:
    """The inverse of a run's changes.

    `current` reads the present values of the places of some changes; what is not there any more has no entry.
    A place that holds something else than the run left there was changed since: it is set aside and stays.
    So is a change to anything but `targets`, which cannot be taken back.
    """
    changes, rejects = [], []
    made = made_by(audited)
    reversible = [change for change in made if change.target in targets]
    now = current(reversible)
    for change in made:
        place, name = place_of(change), f"{change.target} {change.key} {change.field}"
        if change.target not in targets:
            rejects.append(Reject(name, "cannot be taken back by a run"))
        elif place not in now:
            rejects.append(Reject(name, "is not there any more"))
        elif _same(now[place], change.new):
            changes.append(inverse(change))
        elif not _same(now[place], change.old):
            rejects.append(Reject(name, "was changed since, and stays"))
    return Plan(tuple(changes), len(made), tuple(rejects))


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return set(one) == set(other)
    return one == other
