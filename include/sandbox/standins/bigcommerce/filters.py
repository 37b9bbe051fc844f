"""What a list may be asked for: filters, fields and the values in them. What is not known is refused."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Select

from include.sandbox.standins.bigcommerce.errors import BigCommerceError

Filters = Mapping[str, Callable[[str], ColumnElement[bool]]]

_INVALID = "The request is not valid"
_YES_OR_NO = {"1": True, "true": True, "0": False, "false": False}


def apply_filters(chosen: Select[Any], filters: Filters, parameters: Mapping[str, str]) -> Select[Any]:
    """Filter by all `parameters`; raises 422 for one that is not in `filters`."""
    for name, value in parameters.items():
        # Passing over a filter would answer with rows that nobody asked for.
        if name not in filters:
            raise BigCommerceError(
                422, "The sandbox does not know this parameter", {name: f"{name} is not simulated"}
            )
        chosen = chosen.where(filters[name](value))
    return chosen


def number_filters(name: str, column: Column[int], least: int = 1) -> Filters:
    """`name` and its forms `:in`, `:not_in`, `:min`, `:max`, `:greater` and `:less`; numbers from `least`."""

    def one(form: str, compare: Callable[[int], ColumnElement[bool]]) -> Filters:
        return {name + form: lambda value: compare(number(value, name + form, least))}

    return {
        **one("", column.__eq__),
        **one(":min", column.__ge__),
        **one(":max", column.__le__),
        **one(":greater", column.__gt__),
        **one(":less", column.__lt__),
        f"{name}:in": lambda value: column.in_(numbers(value, f"{name}:in", least)),
        f"{name}:not_in": lambda value: column.not_in(numbers(value, f"{name}:not_in", least)),
    }


def number(value: str, name: str, least: int = 1) -> int:
    """A parameter's value as a number of `least` or more; raises 422 that names the parameter."""
    try:
        found = int(value)
    except ValueError:
        found = least - 1
    if found < least:
        raise BigCommerceError(
            422, _INVALID, {name: f"{name} must be a number of at least {least}, not {value!r}"}
        )
    return found


def numbers(value: str, name: str, least: int = 1) -> list[int]:
    """A comma list of numbers; raises 422 that names the parameter."""
    return [number(part, name, least) for part in value.split(",")]


def yes_or_no(value: str, name: str) -> bool:
    """1, 0, true or false; raises 422 that names the parameter."""
    if value not in _YES_OR_NO:
        raise BigCommerceError(422, _INVALID, {name: f"{name} must be 1 or 0, not {value!r}"})
    return _YES_OR_NO[value]


def moment(value: str, name: str) -> float:
    """An ISO 8601 time in seconds since the epoch; raises 422 that names the parameter.

    A date without a time gets the time of day of the request, as the documentation of `date_modified:min`
    says; a time without an offset is UTC.
    """
    try:
        if len(value) == len("2025-01-15"):
            return datetime.combine(date.fromisoformat(value), datetime.now(UTC).timetz()).timestamp()
        return seconds(value)
    except ValueError:
        raise BigCommerceError(422, _INVALID, {name: f"{name} must be a date, not {value!r}"}) from None


def seconds(value: str) -> float:
    """An ISO 8601 time, UTC where it has no offset, in seconds since the epoch; raises `ValueError`."""
    found = datetime.fromisoformat(value)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def wanted_fields(
    parameters: dict[str, str], fields: Collection[str], includable: Collection[str] | None = None
) -> frozenset[str]:
    """Take `include_fields` and `exclude_fields` out of the parameters: which of `fields` are to be shown.

    The id is always shown. `includable` are the fields that `include_fields` takes, where it does not take
    all; `exclude_fields` takes each. Raises 422 for other fields.
    """
    included = comma_list(parameters.pop("include_fields", ""))
    excluded = comma_list(parameters.pop("exclude_fields", ""))
    wrong = {
        "include_fields": included - set(fields if includable is None else includable),
        "exclude_fields": excluded - set(fields),
    }
    errors = {
        name: f"{name} does not take {', '.join(sorted(unknown))}"
        for name, unknown in wrong.items()
        if unknown
    }
    if errors:
        raise BigCommerceError(422, _INVALID, errors)
    return (included or frozenset(fields)) - excluded | {"id"}


def comma_list(value: str) -> frozenset[str]:
    """The names in a comma list."""
    return frozenset(name.strip() for name in value.split(",") if name.strip())
