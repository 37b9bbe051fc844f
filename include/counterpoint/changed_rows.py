"""Changes of single columns put together to rows that one statement can write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any, NamedTuple

from sqlalchemy import Column, Integer

from include.changes import Change
from include.counterpoint.column_values import Fit, fit_for, store_for
from include.counterpoint.tables import metadata
from include.errors import InvalidRequest

Key = tuple[Any, ...]


class ChangedRow(NamedTuple):
    """One row with the changes of its columns, in the order of their names."""

    key: Key
    changes: Sequence[Change]


class Group(NamedTuple):
    """Rows that one statement can write, in the order of their keys."""

    target: str
    fields: tuple[str, ...]
    rows: list[ChangedRow]


class Values(NamedTuple):
    """Old and new values of many rows as their columns hold them."""

    old: list[tuple[Any, ...]]
    new: list[tuple[Any, ...]]


def grouped(changes: Iterable[Change]) -> list[Group]:
    """Changes by row, and rows by table and columns.

    Raises `InvalidRequest` for an unknown table or column, a key that does not fit the table, a change of a
    key column, and a column that is changed twice.
    """
    by_target: dict[str, list[Change]] = {}
    for change in changes:
        by_target.setdefault(change.target, []).append(change)
    for target, own in by_target.items():
        _check_names(target, {change.field for change in own})
    keyed = [(target, zip(_keys(target, own), own, strict=True)) for target, own in by_target.items()]
    return [group for target, pairs in keyed for group in _by_fields(target, pairs)]


def _by_fields(target: str, pairs: Iterable[tuple[Key, Change]]) -> Iterator[Group]:
    rows: dict[Key, list[Change]] = {}
    for key, change in pairs:
        rows.setdefault(key, []).append(change)
    groups: dict[tuple[str, ...], list[ChangedRow]] = {}
    for key, own in rows.items():
        if len(own) > 1:
            own.sort(key=lambda change: change.field)
        fields = tuple([change.field for change in own])
        if len(own) > 1 and len(set(fields)) < len(own):
            raise InvalidRequest(f"{target} {own[0].key!r}: one of {fields} is to be changed twice")
        groups.setdefault(fields, []).append(ChangedRow(key, own))
    for fields, found in groups.items():
        found.sort(key=lambda row: row.key)
        yield Group(target, fields, found)


def values(group: Group, rows: Sequence[ChangedRow]) -> Values:
    """What the rows are to hold before and after; raises `ValueError` for what cannot be in their columns."""
    old, new = [], []
    for (fit, store), changes in zip(_ways(group), zip(*(row.changes for row in rows), strict=True), strict=True):
        old.append(fit([change.old for change in changes]))
        new.append(store([change.new for change in changes]))
    return Values(list(zip(*old, strict=True)), list(zip(*new, strict=True)))


def _ways(group: Group) -> list[tuple[Fit, Fit]]:
    columns = [metadata.tables[group.target].c[name] for name in group.fields]
    return [(fit_for(column), store_for(column)) for column in columns]


def _check_names(target: str, names: Iterable[str]) -> None:
    keys = {column.name for column in _key_columns(target)}
    for name in sorted(names):
        if name not in metadata.tables[target].c:
            raise InvalidRequest(f"{target} has no column {name!r} that is known here")
        if name in keys:
            raise InvalidRequest(f"{target}.{name} is part of the primary key and cannot be changed")


def _key_columns(target: str) -> list[Column[Any]]:
    table = metadata.tables.get(target)
    if table is None:
        raise InvalidRequest(f"{target!r} is no table of Counterpoint that is known here")
    if not table.primary_key.columns:
        raise InvalidRequest(f"{target} has no primary key to find its rows by")
    return list(table.primary_key.columns)


def _keys(target: str, changes: Sequence[Change]) -> Iterable[Key]:
    columns = _key_columns(target)
    parts = [change.key if isinstance(change.key, tuple) else (change.key,) for change in changes]
    for key in parts:
        if len(key) != len(columns):
            names = ", ".join(column.name for column in columns)
            raise InvalidRequest(f"{target} {key!r}: the key has {len(columns)} parts: {names}")
    ...
