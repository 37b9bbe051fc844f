"""What fits into one statement, and into a column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

MOST_VALUES = 1000
"""Values for one statement that every database takes: SQL Server stops at 2,100."""


def in_parts(values: Sequence[T], size: int = MOST_VALUES) -> Iterator[Sequence[T]]:
    """The values in order, in parts of up to `size`."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def storable(text: str) -> str:
    """What every database takes: no zero bytes, no halves of characters."""
    return text.replace("\x00", " ").encode(errors="replace").decode()
