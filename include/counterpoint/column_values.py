"""What a column of Counterpoint can hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Integer, Numeric, String

Fit = Callable[[Sequence[Any]], list[Any]]


@lru_cache(maxsize=1024)
def fit_for(column: Column[Any]) -> Fit:
    """A function that gives many values as the column compares them: numbers rounded half up to its decimals,
    days as their midnight, None as it is.

    It raises `ValueError` when one of them can never be in such a column; the words name the column and
    repeat nothing of the value.
    """
    kind, name = column.type, column.name
    if isinstance(kind, String):
        return _texts(name)
    if isinstance(kind, Numeric):
        return _decimals(name, kind.precision or 18, kind.scale or 0)
    if isinstance(kind, Integer):
        return _each(_integer(name, 64 if isinstance(kind, BigInteger) else 32))
    return _each(_moment(name) if isinstance(kind, DateTime) else _day(name))


@lru_cache(maxsize=1024)
def store_for(column: Column[Any]) -> Fit:
    """As `fit_for`, for values that are to be stored: none too long, none missing where one is required."""
    fit, name, nullable = fit_for(column), column.name, column.nullable
    most = column.type.length if isinstance(column.type, String) else None

    def stored(values: Sequence[Any]) -> list[Any]:
        found = fit(values)
        if not nullable and any(value is None for value in found):
            raise ValueError(f"{name} needs a value")
        longest = max((len(value) for value in found if value is not None), default=0) if most else 0
        if most and longest > most:
            raise ValueError(f"{name} takes {most} characters, not {longest}")
        return found

    return stored


def _each(fit: Callable[[Any], Any]) -> Fit:
    return lambda values: [None if value is None else fit(value) for value in values]


def _texts(name: str) -> Fit:
    def texts(values: Sequence[Any]) -> list[str | None]:
        given = [value for value in values if value is not None]
        for value in given:
            if not isinstance(value, str):
                raise ValueError(f"{name} takes text, not {type(value).__name__}")
        together = "".join(given)
        if "\x00" in together:
            raise ValueError(f"{name} takes no zero bytes")
        try:
            together.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{name} takes no halves of characters") from None
        return list(values)

    return texts


def _number(name: str, value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} takes numbers, not {type(value).__name__}")
    # The shortest decimal that a binary fraction stands for, not the long one that it is.
    return Decimal(repr(value))


def _decimals(name: str, digits: int, scale: int) -> Fit:
    unit, limit = Decimal(1).scaleb(-scale), Decimal(10) ** (digits - scale)

    def decimals(values: Sequence[Any]) -> list[Decimal | None]:
        numbers = [None if value is None else _number(name, value) for value in values]
        try:
            found = [None if number is None else number.quantize(unit, ROUND_HALF_UP) for number in numbers]
            if all(-limit < number < limit for number in found if number is not None):
                return found
        except InvalidOperation:
            pass
        raise ValueError(f"{name} takes numbers of {digits - scale} digits before the point")

    return decimals


def _integer(name: str, bits: int) -> Callable[[Any], int]:
    limit = 2 ** (bits - 1)

    def integer(value: Any) -> int:
        number = _number(name, value)
        if not number.is_finite() or number != number.to_integral_value() or not -limit <= number < limit:
            raise ValueError(f"{name} takes whole numbers of {bits} bits")
        return int(number)

    return integer


def _moment(name: str) -> Callable[[Any], datetime]:
    day = _day(name)

    def moment(value: Any) -> datetime:
        if not isinstance(value, datetime):
            return datetime.combine(day(value), time())
        if value.tzinfo is not None:
            raise ValueError(f"{name} takes the store's own time, without a zone")
        return value

    return moment


def _day(name: str) -> Callable[[Any], date]:
    def day(value: Any) -> date:
        if isinstance(value, datetime) and value.time() == time() and value.tzinfo is None:
            return value.date()
        if isinstance(value, datetime) or not isinstance(value, date):
            raise ValueError(f"{name} takes days, not {type(value).__name__}")
        return value

    return day
