"""The guarded bulk writer: the one way in which automations change Counterpoint's tables.

A change is made only where the row still holds its `old` value, so that nothing that somebody has entered
since the plan was made is lost, and carrying out a plan twice makes nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from include.changes import Change, Result, Status
from include.counterpoint.changed_rows import ChangedRow, Group, grouped, values
from include.counterpoint.tables import metadata
from include.database.bulk_update import Found, refuses_the_data, write_guarded
from include.database.retries import with_retries
from include.errors import InvalidRequest
from include.privacy import masked

MAINTAINED = "LST_MAINT_DT"
PERSONAL = frozenset({"AR_CUST", "AR_SHIP_ADRS", "SY_USR"})
# What one statement may carry: MariaDB takes 16 MB unless set otherwise, and some characters need four bytes.
MOST_CHARACTERS = 2_000_000
SHOWN_CHARACTERS = 80

ReadyRow = tuple[ChangedRow, tuple[Any, ...]]
"""With its cells: key, old values, new values."""


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


def _write(engine: Engine, groups: list[Group], maintained: datetime, size: int) -> Iterator[list[Result]]:
    for group in groups:
        for rows in _batches(group.rows, size):
            unfit, writing, looking = _sorted_out(group, rows)
            if unfit:
                yield unfit
            if writing:
                yield from _carry_out(engine, group, writing, maintained, write=True)
            if looking:
                yield from _carry_out(engine, group, looking, maintained, write=False)


def _batches(rows: Sequence[ChangedRow], size: int) -> Iterator[list[ChangedRow]]:
    batch: list[ChangedRow] = []
    characters = 0
    for row in rows:
        own = sum(
            len(value)
            for change in row.changes
            for value in (change.old, change.new)
            if isinstance(value, str)
        )
        if batch and (len(batch) == size or characters + own > MOST_CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append(row)
        characters += own
    if batch:
        yield batch


def _sorted_out(
    group: Group, rows: Sequence[ChangedRow]
) -> tuple[list[Result], list[ReadyRow], list[ReadyRow]]:
    """What cannot be stored, what is to be written, and what needs no writing, since old and new are equal."""
    unfit: list[Result] = []
    writing: list[ReadyRow] = []
    looking: list[ReadyRow] = []
    for row in rows:
        try:
            old, new = values(group, row)
        except ValueError as error:
            unfit += _same_for_all(row, "failed", str(error))
        else:
            (looking if old == new else writing).append((row, row.key + old + new))
    return unfit, writing, looking


def _carry_out(
    engine: Engine, group: Group, rows: Sequence[ReadyRow], maintained: datetime, *, write: bool
) -> Iterator[list[Result]]:
    table = metadata.tables[group.target]
    stamped = MAINTAINED in table.c and MAINTAINED not in group.fields
    stamps = {MAINTAINED: maintained} if stamped else {}
    cells = [cells for _, cells in rows]

    def work() -> list[Found | None]:
        with engine.begin() as connection:
            return write_guarded(connection, table, group.fields, cells, stamps, write=write)

    try:
        found = with_retries(work)
    except DBAPIError as error:
        if not refuses_the_data(error):
            raise
        refusal = _refusal(group, error)
    else:
        pairs = zip(rows, found, strict=True)
        yield [result for (row, _), now in pairs for result in _results(group, row, now)]
        return
    if len(rows) == 1:
        yield _same_for_all(rows[0][0], "failed", refusal)
        return
    half = len(rows) // 2
    for part in (rows[:half], rows[half:]):
        yield from _carry_out(engine, group, part, maintained, write=write)


def _results(group: Group, row: ChangedRow, now: Found | None) -> list[Result]:
    if now is None:
        return _same_for_all(row, "conflicted", "the row is gone")
    if now.done:
        return [Result(change, "applied") for change in row.changes]
    if not now.changed:
        words = "the database kept the old value; it may lack a character of the new one"
    elif group.target in PERSONAL:
        words = f"changed meanwhile: {', '.join(name for name, _ in now.changed)}"
    else:
        words = ", ".join(f"{name} now holds {_shown(value)}" for name, value in now.changed)
    return _same_for_all(row, "conflicted", words)


def _same_for_all(row: ChangedRow, status: Status, message: str = "") -> list[Result]:
    return [Result(change, status, message) for change in row.changes]


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    words = repr(value) if isinstance(value, str) else str(value)
    return words if len(words) <= SHOWN_CHARACTERS else f"{words[:SHOWN_CHARACTERS]}..."


def _refusal(group: Group, error: DBAPIError) -> str:
    if group.target in PERSONAL:
        return "the database refuses the new values"
    return f"the database refuses the new values: {masked(str(error.orig))}"
