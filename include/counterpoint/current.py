"""What the places of changes hold now: the look before a run is taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Engine, and_, or_, select

from include.changes import Change, Value
from include.counterpoint.tables import metadata
from include.database.retries import with_retries
from include.database.values import in_parts

# A row may have several key columns, and SQL Server takes at most 2,100 values in one statement.
_ROWS = 500

Key = str | tuple[str, ...]


def current_values(engine: Engine, changes: Sequence[Change]) -> dict[tuple[str, Key, str], Value]:
    """The present value of each change's place (table, key, column); a row that is gone has none."""
    found: dict[tuple[str, Key, str], Value] = {}
    for target in sorted({change.target for change in changes}):
        own = [change for change in changes if change.target == target]
        fields = sorted({change.field for change in own})
        keys = list(dict.fromkeys(change.key for change in own))
        for part in in_parts(keys, _ROWS):
            found |= _read(engine, target, fields, part)
    return found


def _read(
    engine: Engine, target: str, fields: Sequence[str], keys: Sequence[Key]
) -> Mapping[tuple[str, Key, str], Value]:
    table = metadata.tables[target]
    parts = list(table.primary_key.columns)
    rows_of = {_parts(key): key for key in keys}
    chosen: ColumnElement[bool]
    if len(parts) == 1:
        chosen = parts[0].in_([key[0] for key in rows_of])
    else:
        chosen = or_(*(and_(*(p == v for p, v in zip(parts, key, strict=True))) for key in rows_of))
    query = select(*parts, *(table.c[name] for name in fields)).where(chosen)

    def work() -> Mapping[tuple[str, Key, str], Value]:
        with engine.connect() as connection:
            rows = list(connection.execute(query))
        return {
            (target, rows_of[key], name): value
            for row in rows
            if (key := tuple(str(part) for part in row[: len(parts)])) in rows_of
            for name, value in zip(fields, row[len(parts) :], strict=True)
        }

    return with_retries(work)


def _parts(key: Key) -> tuple[str, ...]:
    return (key,) if isinstance(key, str) else tuple(str(part) for part in key)
