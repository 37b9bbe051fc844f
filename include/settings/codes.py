"""Codes of Counterpoint in settings: categories, vendors, brands, stores."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from include.counterpoint.items import folded


def as_code(value: Any) -> str:
    """A code as the databases compare it; raises `ValueError` for what YAML did not read as a text."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} must be in quotes: without them YAML takes it for a number or yes/no")
    if not folded(value):
        raise ValueError("a code or name is expected, found nothing but blanks")
    return folded(value)


Code = Annotated[str, BeforeValidator(as_code)]
"""A code or name, as the databases compare it."""
