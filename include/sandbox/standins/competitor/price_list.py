"""What the competitor sells, and for how much on a day: much of it is sold by our store, too."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, select

from include.sandbox.standins.state import products

PAGE = 18
_SHARED = 44
# Some products of the web shop have lost their price.
_USUAL = 24.95
_WEB_NAME = re.compile(
    r"(?P<name>[A-Za-zÀ-ÿ ]+) - (?P<size>\d[\d.]*\"|\d+ (?:Gal|Qt|Pack)|Small|Medium|Large)$"
)
_OWN = (
    ("Baptisia 'Starlite Prairieblues'", "#1", 1450), ("Baptisia 'Starlite Prairieblues'", "#3", 2695),
    ("Carex pensylvanica", "1 qt.", 625), ("Amsonia hubrichtii", "#1", 1195),
    ("Amsonia hubrichtii", "#2", 1850), ("Itea virginica 'Henry\'s Garnet'", "#3", 2475),
    ("Clethra alnifolia 'Hummingbird'", "#3", 2395), ("Nyssa sylvatica", "#15", 14900),
    ("Cercis canadensis 'Ace of Hearts'", "#7", 8950),
)  # fmt: skip
_SECTIONS = ("ANNUALS & VEGETABLES", "PERENNIALS", "SHRUBS", "EVERYTHING ELSE")


@dataclass(frozen=True)
class Line:
    """One product on a day: its name and size as the site writes them, and the price as HTML."""

    section: str
    name: str
    size: str
    available: str
    price: str


def lines(engine: Engine, day: date) -> list[Line]:
    """The list of a day, in the site's order; the same day always has the same list."""
    goods = [*_shared(engine), *_OWN]
    made = []
    for number, (name, size, cents) in enumerate(goods):
        if _chance(number, "gone", day.toordinal() // 4) < 0.04:
            continue
        section = _SECTIONS[min(number * len(_SECTIONS) // len(goods), len(_SECTIONS) - 1)]
        sold_out = _chance(number, "sold out", (day.toordinal() + number) // 3) < 0.06
        # Each product's price moves on days of its own, about every fifth.
        step = int(_chance(number, "price", (day.toordinal() + number) // 5) * 5) - 2
        asked = max(49, round(cents * (1 + 0.05 * step)))
        stock = "0" if sold_out else str(10 + int(_chance(number, "stock", day.toordinal()) * 240))
        made.append(Line(section, name, size, stock, _price(number, asked, sold_out)))
    return made


def pages(all_lines: Sequence[Line]) -> int:
    """How many pages a list has."""
    return max(1, -(-len(all_lines) // PAGE))


def _shared(engine: Engine) -> Iterator[tuple[str, str, int]]:
    """Goods that the sandbox's web shop has, too, under names of the competitor's."""
    query = select(products.c.document).order_by(products.c.id)
    with engine.connect() as connection:
        documents = list(connection.scalars(query))
    found = [
        (match["name"].strip(), match["size"], round(float(document.get("price") or _USUAL) * 70))
        for document in documents
        if (match := _WEB_NAME.match(str(document.get("name") or "")))
    ]
    every = max(1, len(found) // _SHARED)
    for number, (name, size, cents) in enumerate(found[::every][:_SHARED]):
        yield (*_as_they_write(number, name, size), cents)


def _as_they_write(number: int, name: str, size: str) -> tuple[str, str]:
    first, _, rest = name.rpartition(" ")
    gallons = re.fullmatch(r"(\d+) Gal", size)
    inches = size.replace('"', " in.")
    match number % 6:
        case 0:
            return f"{rest} '{first}'" if first else rest, f"#{gallons[1]}" if gallons else inches
        case 1:
            return f"{rest} {first}".strip().upper(), inches.upper().replace("PACK", "PK")
        case 2:
            return name, size
        case 3:
            return f"{name}s", size
        case 4:
            return f"{name}, premium", inches
        case _:
            return f"{name} {inches}", ""


def _price(number: int, cents: int, sold_out: bool) -> str:
    dollars = f"{cents / 100:,.2f}"
    if sold_out:
        return "<em>Sold out</em>"
    match number % 11:
        case 1:
            return f"${dollars}/ea"
        case 2:
            return f"3 for ${cents * 2.8 / 100:,.2f}"
        case 3:
            return f"{cents * 15 / 100:,.2f} / flat of 18"
        case 4:
            return f"${dollars} - ${cents * 1.2 / 100:,.2f}"
        case 5:
            return "call"
        case 6:
            return f"<del>${cents * 1.25 / 100:,.2f}</del> <b>${dollars}</b>"
        case 7:
            return f'<img src="/competitor/pictures/price.svg" alt="${dollars}" width="60" height="14">'
        case 8:
            return '<img src="/competitor/pictures/price.svg" width="60" height="14">'
        case 9:
            return f"$&nbsp;{dollars}"
        case _:
            return f"${dollars}"


def _chance(number: int, what: str, period: int) -> float:
    """A number from 0 to below 1 that stays the same for a product and period."""
    mixed = hashlib.sha256(f"{number} {what} {period}".encode()).digest()
    return int.from_bytes(mixed[:6], "big") / 2**48
