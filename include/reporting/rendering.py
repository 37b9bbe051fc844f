"""Letters from the templates of `templates/mail`: the HTML and the plain text from the same data."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.errors import InvalidSettings
from include.reporting.letter import Attachment, Image, Letter
from include.settings import store_settings
from include.settings.loader import OVERRIDES

if TYPE_CHECKING:
    from jinja2 import Environment

SHIPPED = Path(__file__).resolve().parents[2] / "templates" / "mail"
NONE = "–"
"""What stands where there is no value."""

Number = int | float | Decimal


def compose(
    template: str,
    subject: str,
    data: Mapping[str, Any],
    images: Sequence[Image] = (),
    attachments: Sequence[Attachment] = (),
) -> Letter:
    """The letter of `<template>.html` and `<template>.txt`, which both get `data`, `subject`, `store` (its
    name) and `images` by name.

    A file of that name in `mail` below the folder that RETAIL_OPS_SETTINGS names goes before the shipped one.
    Raises `InvalidSettings` naming the template that cannot be used.
    """
    pictures = {image.name: image for image in images}
    known = {"subject": subject, "store": store_settings().name, "images": pictures, **data}
    html = _rendered(f"{template}.html", known)
    text = _rendered(f"{template}.txt", known)
    return Letter(subject, html, text, tuple(images), tuple(attachments))


def _rendered(name: str, data: Mapping[str, Any]) -> str:
    from jinja2 import TemplateError

    try:
        return _environment(_folders()).get_template(name).render(data)
    except TemplateError as error:
        raise InvalidSettings(f"the template {name} cannot be used: {error}") from None


def _folders() -> tuple[Path, ...]:
    own = os.environ.get(OVERRIDES)
    return (Path(own) / "mail", SHIPPED) if own else (SHIPPED,)


@lru_cache(maxsize=4)
def _environment(folders: tuple[Path, ...]) -> Environment:
    from jinja2 import FileSystemLoader, StrictUndefined, select_autoescape
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        loader=FileSystemLoader(folders),
        undefined=StrictUndefined,
        autoescape=select_autoescape(("html",), default=False),
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "money": money,
        "count": count,
        "percent": percent,
        "day": day,
        "columns": columns,
    }
    return environment


def money(value: Number | None) -> str:
    """Dollars and cents: $1,234.50."""
    if value is None:
        return NONE
    return f"-${-value:,.2f}" if value < 0 else f"${value:,.2f}"


def count(value: Number | None) -> str:
    """A whole number: 12,345."""
    return NONE if value is None else f"{value:,.0f}"


def percent(share: Number | None) -> str:
    """A share of 1 in percent: 12.5 %."""
    return NONE if share is None else f"{share * 100:.1f} %"


def day(value: date | None) -> str:
    """A day such as May 3, 2026, whatever the machine's language."""
    if value is None:
        return NONE
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return f"{months[value.month - 1]} {value.day}, {value.year}"


def columns(rows: Sequence[Sequence[str]], heading: Sequence[str], longest: int = 48) -> str:
    """A table of plain text: the first column to the left, the others, numbers, to the right.

    A row of one cell is a title of those below it.
    """
    cells = [[_cut(str(cell), longest) for cell in row] for row in (heading, *rows)]
    full = [row for row in cells if len(row) == len(heading)]
    widths = [max(map(_width, column)) for column in zip(*full, strict=True)]
    lines = [
        "  ".join(_padded(cell, widths[place], right=place > 0) for place, cell in enumerate(row)).rstrip()
        for row in cells
    ]
    return "\n".join([lines[0], "-" * (sum(widths) + 2 * (len(widths) - 1)), *lines[1:]])


def _cut(cell: str, longest: int) -> str:
    plain = " ".join(cell.split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"


def _width(cell: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in cell)


def _padded(cell: str, width: int, *, right: bool) -> str:
    blanks = " " * (width - _width(cell))
    return blanks + cell if right else cell + blanks
