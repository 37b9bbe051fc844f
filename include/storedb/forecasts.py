"""Forecasts, how they were made, and how they came true."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Table, delete, func, select

from include.database.retries import with_retries
from include.database.values import in_parts, storable
from include.storedb.daily_sales import keep_rows
from include.storedb.runs import RunContext, digest, moment
from include.storedb.tables import FORECAST, FORECAST_ACCURACY, FORECAST_CHOICE, TYPED

Key = tuple[str, str, str]
"""Source, level and code of a series."""


@dataclass(frozen=True, slots=True)
class ForecastDay:
    """What was expected of a day on the morning of `as_of`, in the shop's money."""

    as_of: date
    source: str
    level: str
    code: str
    store_day: date
    amount: Decimal
    low: Decimal
    high: Decimal
    baseline: Decimal

    @property
    def key(self) -> Key:
        """Its series."""
        return (self.source, self.level, self.code)


@dataclass(frozen=True, slots=True)
class ForecastChoice:
    """How a series was forecast on a morning; `errors` by method are those of the trial on past weeks."""

    as_of: date
    source: str
    level: str
    code: str
    name: str
    method: str
    reason: str
    origins: int
    errors: Mapping[str, float]
    input_hash: str

    @property
    def key(self) -> Key:
        """Its series."""
        return (self.source, self.level, self.code)


@dataclass(frozen=True, slots=True)
class ForecastScore:
    """How the forecast of a morning came true over `days` days, `inside` of them within the range."""

    as_of: date
    source: str
    level: str
    code: str
    method: str
    days: int
    inside: int
    sold: Decimal
    expected: Decimal
    abs_error: Decimal
    baseline_abs_error: Decimal

    @property
    def key(self) -> Key:
        """Its series."""
        return (self.source, self.level, self.code)


class Forecasts:
    """The tables `forecast`, `forecast_choice` and `forecast_accuracy`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def inputs(self, as_of: date) -> dict[Key, str]:
        """What the forecasts of a morning were made from, by series."""
        column = FORECAST_CHOICE.c
        wanted = select(column.source, column.level, column.code, column.input_hash)
        with self.engine.connect() as connection:
            rows = connection.execute(wanted.where(column.as_of == as_of)).all()
        return {(row[0], row[1], row[2]): row[3] for row in rows}

    def keep(self, choices: Iterable[ForecastChoice], days: Iterable[ForecastDay], run: RunContext) -> int:
        """Keep the forecasts of some series of a morning in place of what is there of them; returns how many
        rows that changed.
        """
        made = {_hash(choice): _row(choice) for choice in choices}
        expected = {_hash(day, day.store_day): _row(day) for day in days}

        def work() -> int:
            noted = {"made_at": moment(), **run.columns()}
            with self.engine.begin() as connection:
                changed = keep_rows(connection, FORECAST, "forecast_hash", expected, noted)
                for row in made.values():
                    changed += _drop_days(connection, row, expected)
                return changed + keep_rows(connection, FORECAST_CHOICE, "choice_hash", made, noted)

        return with_retries(work)

    def keep_only(self, as_of: date, keys: Iterable[Key]) -> int:
        """Remove the forecasts of a morning that are of other series; returns of how many series."""
        gone = set(self.inputs(as_of)) - set(keys)

        def work() -> None:
            with self.engine.begin() as connection:
                for table in (FORECAST, FORECAST_CHOICE, FORECAST_ACCURACY):
                    for key in gone:
                        connection.execute(delete(table).where(table.c.as_of == as_of, *_is(table, key)))

        with_retries(work)
        return len(gone)

    def newest(self) -> date | None:
        """The last morning with forecasts."""
        with self.engine.connect() as connection:
            return connection.scalar(select(func.max(FORECAST_CHOICE.c.as_of)))

    def lately(self, first: date, last: date) -> set[Key]:
        """The series that were forecast on the mornings from `first` to `last`."""
        column = FORECAST_CHOICE.c
        wanted = select(column.source, column.level, column.code).distinct()
        with self.engine.connect() as connection:
            rows = connection.execute(wanted.where(column.as_of >= first, column.as_of <= last)).all()
        return {(row[0], row[1], row[2]) for row in rows}

    def days(self, first: date, last: date) -> list[ForecastDay]:
        """The forecasts of the mornings from `first` to `last`, in order."""
        found = [ForecastDay(*row) for row in self._rows(FORECAST, ForecastDay, first, last)]
        return sorted(found, key=lambda day: (day.as_of, day.key, day.store_day))

    def choices(self, first: date, last: date) -> list[ForecastChoice]:
        """How the forecasts of these mornings were made."""
        rows = self._rows(FORECAST_CHOICE, ForecastChoice, first, last)
        fields = list(ForecastChoice.__dataclass_fields__)
        named = [dict(zip(fields, row, strict=True)) for row in rows]
        found = [ForecastChoice(**row | {"errors": json.loads(row["errors"])}) for row in named]
        return sorted(found, key=lambda choice: (choice.as_of, choice.key))

    def scores(self, first: date, last: date) -> list[ForecastScore]:
        """How the forecasts of these mornings came true."""
        found = [ForecastScore(*row) for row in self._rows(FORECAST_ACCURACY, ForecastScore, first, last)]
        return sorted(found, key=lambda score: (score.as_of, score.key))

    def keep_scores(self, scores: Iterable[ForecastScore], run: RunContext) -> int:
        """Keep scores, unless one over more days is there, as when an earlier day is run again; returns how
        many rows that changed.
        """
        wanted = {_hash(score): score for score in scores}

        def work() -> int:
            noted = {"scored_at": moment(), **run.columns()}
            column = FORECAST_ACCURACY.c
            with self.engine.begin() as connection:
                known: dict[str, int] = {}
                for part in in_parts(list(wanted)):
                    found = select(column.accuracy_hash, column.days).where(column.accuracy_hash.in_(part))
                    known |= {row[0]: row[1] for row in connection.execute(found)}
                rows = {key: _row(score) for key, score in wanted.items() if score.days >= known.get(key, 0)}
                return keep_rows(connection, FORECAST_ACCURACY, "accuracy_hash", rows, noted)

        return with_retries(work)

    def _rows(self, table: Table, shape: Any, first: date, last: date) -> list[tuple[Any, ...]]:
        columns = [table.c[name] for name in shape.__dataclass_fields__]
        chosen = select(*columns).where(table.c.as_of >= first, table.c.as_of <= last)
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(chosen)]


def _hash(row: ForecastDay | ForecastChoice | ForecastScore, day: date | None = None) -> str:
    return digest(row.as_of.isoformat(), *row.key, *([day.isoformat()] if day else []))


def _row(found: ForecastDay | ForecastChoice | ForecastScore) -> dict[str, Any]:
    row = {name: getattr(found, name) for name in found.__dataclass_fields__}
    if isinstance(found, ForecastChoice):
        row["errors"] = json.dumps(dict(found.errors), sort_keys=True)
        row["name"], row["reason"] = storable(found.name)[:TYPED], found.reason[:TYPED]
    return row


def _is(table: Table, key: Key) -> list[ColumnElement[bool]]:
    return [table.c.source == key[0], table.c.level == key[1], table.c.code == key[2]]


def _drop_days(connection: Connection, choice: Mapping[str, Any], wanted: Mapping[str, Any]) -> int:
    column = FORECAST.c
    key = (choice["source"], choice["level"], choice["code"])
    same = select(column.forecast_hash).where(column.as_of == choice["as_of"], *_is(FORECAST, key))
    gone = [found for found in connection.scalars(same) if found not in wanted]
    if gone:
        connection.execute(delete(FORECAST).where(column.forecast_hash.in_(gone)))
    return len(gone)
