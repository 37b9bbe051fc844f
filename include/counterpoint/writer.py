"""The guarded bulk writer: the one way in which automations change Counterpoint's tables.

A change is made only where the row still holds its `old` value, so that nothing that somebody has entered
since the plan was made is lost, and carrying out a plan twice makes nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from include.changes import Change, Result, Status
from include.counterpoint.changed_rows import Group, grouped
from include.database.bulk_update import DONE, Found, refuses_the_data, write_guarded
from include.database.retries import with_retries
from include.errors import InvalidRequest
from include.privacy import masked

MAINTAINED = "LST_MAINT_DT"
PERSONAL = frozenset({"AR_CUST", "AR_SHIP_ADRS", "SY_USR"})
# What one statement may carry: MariaDB takes 16 MB unless set otherwise, and some characters need four bytes.
MOST_CHARACTERS = 2_000_000
SHOWN_CHARACTERS = 80


def write_changes(
    engine: Engine, changes: Sequence[Change], maintained: datetime, *, rows_per_statement: int = 2000
) -> Iterator[list[Result]]:
    """Carry out changes of Counterpoint's tables; yields one `Result` for each, batch by batch.

    `Change.target` is a table, `key` its primary key, `field` one of its columns. All changes of a row are
    made together or not at all. `maintained` (store time, without a zone) goes into `LST_MAINT_DT` of the
    rows that are written, by which the web shop's connector sees them. A batch is one UPDATE of up to
    `rows_per_statement` rows in a transaction of its own: SQL Server locks the whole table from about 5,000
    locks on. A row that holds its new values already counts as applied and is left alone; one that holds
    others than the old ones, or is gone, is `conflicted`. What the database cannot or will not store is
    `failed`, and the rows around it are written.

    Raises `InvalidRequest` before anything is written for an unknown table or column, a key that does not fit
    the table and a field that is changed twice; `Deadlock` and `VendorUnavailable` for a batch that met them
    in every try.
    """
    if rows_per_statement < 1:
        raise InvalidRequest(f"rows_per_statement is {rows_per_statement}; at least 1 is needed")
    if maintained.tzinfo is not None:
        raise InvalidRequest(f"maintained is {maintained}; the store's own time without a zone is needed")
    return _write(engine, grouped(changes), maintained, rows_per_statement)


class _Batch(NamedTuple):
    """Rows for one statement. Those whose old and new values are equal are only looked at."""

    group: Group
    rows: list[tuple[Any, ...]]
    needs_writing: bool

    def halves(self) -> Iterator[_Batch]:
        half, count = len(self.rows) // 2, len(self.rows)
        for start, stop in ((0, half), (half, count)):
            yield _Batch(self.group.part(start, stop), self.rows[start:stop], self.needs_writing)


def _write(engine: Engine, groups: list[Group], maintained: datetime, size: int) -> Iterator[list[Result]]:
    for group in groups:
        for part in _parts(group, size):
            unfit, batches = _ready(part)
            if unfit:
                yield unfit
            for batch in batches:
                yield from _carry_out(engine, batch, maintained)


def _parts(group: Group, size: int) -> Iterator[Group]:
    """The group in parts of up to `size` rows and, where columns hold long texts, `MOST_CHARACTERS`."""
    count = len(group.keys)
    if group.widest * size <= MOST_CHARACTERS:
        yield from (group.part(start, start + size) for start in range(0, count, size))
        return
    start = characters = 0
    for place in range(count):
        values = [value for change in group.changes_of(place) for value in (change.old, change.new)]
        own = sum(len(value) for value in values if isinstance(value, str))
        if place > start and (place - start == size or characters + own > MOST_CHARACTERS):
            yield group.part(start, place)
            start, characters = place, 0
        characters += own
    yield group.part(start, count)


def _ready(group: Group) -> tuple[list[Result], list[_Batch]]:
    """What cannot be stored, with the reason, and the rest as its columns hold it."""
    unfit: list[Result] = []
    try:
        values = group.values()
    except ValueError:
        fit = []
        for place in range(len(group.keys)):
            try:
                group.part(place, place + 1).values()
            except ValueError as error:
                unfit += [Result(change, "failed", str(error)) for change in group.changes_of(place)]
            else:
                fit.append(place)
        group = group.only(fit)
        values = group.values()
    if all(values.differ):
        batches = [_Batch(group, values.rows, needs_writing=True)]
    else:
        batches = []
        for needed in (True, False):
            places = [place for place, differs in enumerate(values.differ) if differs is needed]
            batches.append(_Batch(group.only(places), [values.rows[place] for place in places], needed))
    return unfit, [batch for batch in batches if batch.rows]


def _carry_out(engine: Engine, batch: _Batch, maintained: datetime) -> Iterator[list[Result]]:
    group = batch.group
    stamped = MAINTAINED in group.table.c and MAINTAINED not in group.fields
    stamps = {MAINTAINED: maintained} if stamped else {}

    def work() -> list[Found | None]:
        with engine.begin() as connection:
            return write_guarded(
                connection, group.table, group.fields, batch.rows, stamps, write=batch.needs_writing
            )

    try:
        found = with_retries(work)
    except DBAPIError as error:
        if not refuses_the_data(error):
            raise
        refusal = _refusal(group, error)
    else:
        yield _results(group, found)
        return
    if len(batch.rows) == 1:
        yield [Result(change, "failed", refusal) for change in group.changes]
        return
    for half in batch.halves():
        yield from _carry_out(engine, half, maintained)


def _results(group: Group, found: Sequence[Found | None]) -> list[Result]:
    if all(now is DONE for now in found):
        return [Result(change, "applied") for change in group.changes]
    results: list[Result] = []
    for place, now in enumerate(found):
        status: Status = "applied" if now is DONE else "conflicted"
        message = "" if now is DONE else _conflict(group, now)
        results += [Result(change, status, message) for change in group.changes_of(place)]
    return results


def _conflict(group: Group, now: Found | None) -> str:
    if now is None:
        return "the row is gone"
    if not now.changed:
        return "the database kept the old value: the new one has a character or a length that it cannot store"
    if group.table.name in PERSONAL:
        return f"changed meanwhile: {', '.join(name for name, _ in now.changed)}"
    return ", ".join(f"{name} now holds {_shown(value)}" for name, value in now.changed)


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    words = repr(value) if isinstance(value, str) else str(value)
    return words if len(words) <= SHOWN_CHARACTERS else f"{words[:SHOWN_CHARACTERS]}..."


def _refusal(group: Group, error: DBAPIError) -> str:
    if group.table.name in PERSONAL:
        return "the database refuses the new values"
    return f"the database refuses the new values: {masked(str(error.orig))}"
