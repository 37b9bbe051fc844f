"""Text in the cells of files that people open with a spreadsheet."""

from __future__ import annotations

# A spreadsheet takes a cell that starts with one of these for a formula and runs it.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def as_text(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula: a leading apostrophe makes it text."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
