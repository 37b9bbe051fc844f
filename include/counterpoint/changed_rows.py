"""Changes of single columns put together to rows that one statement can write.

A row is known by its key: the value of the key's column, or a tuple where it has several. There may be
100,000 of them, so no object is kept for each.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Column, Integer, String, Table

from include.changes import Change
from include.counterpoint.column_values import fit_for, store_for
from include.counterpoint.tables import metadata
from include.errors import InvalidRequest

Key = Any


class Group(NamedTuple):
    """Rows that one statement can write: their keys in order, and the changes of the first row, the second
    and so on, each in the order of `fields`.
    """

    table: Table
    fields: tuple[str, ...]
    keys: list[Key]
    changes: list[Change]

    def part(self, start: int, stop: int) -> Group:
        """The rows from place `start` to before `stop`."""
        width = len(self.fields)
        return self._replace(keys=self.keys[start:stop], changes=self.changes[start * width : stop * width])

    def only(self, places: Iterable[int]) -> Group:
        """The rows at some places."""
        chosen = list(places)
        own = [change for place in chosen for change in self.changes_of(place)]
        return self._replace(keys=[self.keys[place] for place in chosen], changes=own)

    def changes_of(self, place: int) -> list[Change]:
        """The changes of the row at a place."""
        width = len(self.fields)
        return self.changes[place * width : (place + 1) * width]

    def values(self) -> Values:
        """The rows as their columns hold them; raises `ValueError` for what cannot be in a column."""
        width, old, new = len(self.fields), [], []
        for place, name in enumerate(self.fields):
            own, column = self.changes[place::width], self.table.c[name]
            old.append(fit_for(column)([change.old for change in own]))
            new.append(store_for(column)([change.new for change in own]))
        parts = [self.keys] if len(self.table.primary_key.columns) == 1 else zip(*self.keys, strict=True)
        differ = [a != b for a, b in zip(zip(*old, strict=True), zip(*new, strict=True), strict=True)]
        return Values(list(zip(*parts, *old, *new, strict=True)), differ)

    @property
    def widest(self) -> float:
        """How many characters of text a row may carry."""
        kinds = [self.table.c[name].type for name in self.fields]
        return sum(2 * (kind.length or math.inf) for kind in kinds if isinstance(kind, String))


class Values(NamedTuple):
    """For each row its key parts, old values and new values, and whether old and new values differ."""

    rows: list[tuple[Any, ...]]
    differ: list[bool]


def grouped(changes: Iterable[Change]) -> list[Group]:
    """Changes by row, and rows by table and columns.

    Raises `InvalidRequest` for an unknown table or column, a key that does not fit the table, a change of a
    key column, and a column that is changed twice.
    """
    by_target: dict[str, list[Change]] = {}
    for change in changes:
        by_target.setdefault(change.target, []).append(change)
    found: list[Group] = []
    for target, own in by_target.items():
        table = _table(target)
        _check_names(table, {change.field for change in own})
        found += _by_fields(table, own)
    return found


def _by_fields(table: Table, changes: Sequence[Change]) -> Iterable[Group]:
    keys = _keys(table, [change.key for change in changes])
    order = sorted(range(len(changes)), key=lambda place: changes[place].field)
    order.sort(key=keys.__getitem__)
    groups: dict[tuple[str, ...], Group] = {}
    for key, places in groupby(order, keys.__getitem__):
        own = [changes[place] for place in places]
        fields = tuple([change.field for change in own])
        if len(set(fields)) < len(own):
            raise InvalidRequest(f"{table.name} {key!r}: one of {', '.join(fields)} is to be changed twice")
        group = groups.get(fields)
        if group is None:
            group = groups[fields] = Group(table, fields, [], [])
        group.keys.append(key)
        group.changes.extend(own)
    return groups.values()


def _table(target: str) -> Table:
    table = metadata.tables.get(target)
    if table is None:
        raise InvalidRequest(f"{target!r} is no table of Counterpoint that is known here")
    if not table.primary_key.columns:
        raise InvalidRequest(f"{target} has no primary key to find its rows by")
    return table


def _check_names(table: Table, names: Iterable[str]) -> None:
    for name in sorted(names):
        if name not in table.c:
            raise InvalidRequest(f"{table.name} has no column {name!r} that is known here")
        if table.c[name].primary_key:
            raise InvalidRequest(f"{table.name}.{name} is part of the primary key and cannot be changed")


def _keys(table: Table, given: Sequence[str | tuple[str, ...]]) -> list[Key]:
    columns = list(table.primary_key.columns)
    keys = [key if isinstance(key, tuple) else (key,) for key in given]
    for key in keys:
        if len(key) != len(columns):
            names = ", ".join(column.name for column in columns)
            raise InvalidRequest(f"{table.name} {key!r}: a key has {len(columns)} parts: {names}")
    try:
        return _fitted_keys(columns, keys)
    except ValueError as error:
        raise InvalidRequest(f"{table.name} {_first_unfit(columns, keys)!r}: {error}") from None


def _fitted_keys(columns: Sequence[Column[Any]], keys: Sequence[tuple[Any, ...]]) -> list[Key]:
    pairs = zip(columns, zip(*keys, strict=True), strict=True)
    parts = [_fitted_parts(column, values) for column, values in pairs]
    return parts[0] if len(parts) == 1 else list(zip(*parts, strict=True))


def _fitted_parts(column: Column[Any], values: Sequence[Any]) -> list[Any]:
    if None in values:
        raise ValueError(f"{column.name} is missing")
    if isinstance(column.type, Integer):
        values = [int(v) if isinstance(v, str) and re.fullmatch("-?[0-9]{1,19}", v) else v for v in values]
    return fit_for(column)(values)


def _first_unfit(columns: Sequence[Column[Any]], keys: Sequence[tuple[Any, ...]]) -> Key:
    for key in keys:
        try:
            _fitted_keys(columns, [key])
        except ValueError:
            return key
    return None
