"""Two deliveries of the sandbox's gift shop: overlapping CSV files in both published spellings, with dirt."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from include.files import write_atomically

FOLDER = "deliveries/lgs"
FILES = ("online_retail_part_1.csv", "online_retail_part_2.csv")
_NEWER = ("Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country")
_OLDER = (
    "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country",
)  # fmt: skip
_GOODS = (
    ("85123A", "WHITE HANGING HEART T-LIGHT HOLDER", 2.55), ("22423", "REGENCY CAKESTAND 3 TIER", 12.75),
    ("84879", "ASSORTED COLOUR BIRD ORNAMENT", 1.69), ("20725", "LUNCH BAG RED RETROSPOT", 1.65),
    ("47566", "PARTY BUNTING", 4.95), ("21212", "PACK OF 72 RETROSPOT CAKE CASES", 0.55),
    ("22720", "SET OF 3 CAKE TINS PANTRY DESIGN", 4.95), ("23084", "RABBIT NIGHT LIGHT", 2.08),
    ("22197", "SMALL POPCORN HOLDER, 4\"", 0.85), ("85099B", "JUMBO BAG RED RETROSPOT", 1.95),
    ("PADS", "PADS TO MATCH ALL CUSHIONS", 0.001), ("POST", "POSTAGE", 18.0),
)  # fmt: skip
_COUNTRIES = ("United Kingdom",) * 17 + ("EIRE", "Germany", "France", "Australia", "RSA", "USA")
_FIRST, _DAYS, _OVERLAP = datetime(2009, 12, 1, 8), 420, (200, 214)  # noqa: DTZ001
_PER_DAY = 5
Row = tuple[str, str, str, str, datetime, str, str, str]


def fill_gift_shop_deliveries(store_files: Path) -> int:
    """Write the two files below the store's files, unless they are there; returns how many were written."""
    folder = store_files / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    rows = list(_rows())
    days = [(row[4] - _FIRST).days for row in rows]
    first = [row for row, day in zip(rows, days, strict=True) if day < _OVERLAP[1]]
    second = [row for row, day in zip(rows, days, strict=True) if day >= _OVERLAP[0]]
    written = 0
    for name, heading, some, form in (
        (FILES[0], _NEWER, [*first, *_dirt()], "%Y-%m-%d %H:%M:%S"),
        (FILES[1], _OLDER, second, "%m/%d/%Y %H:%M"),
    ):
        if not (folder / name).exists():
            write_atomically(folder / name, _as_csv(heading, some, form))
            written += 1
    return written


def _rows() -> Iterator[Row]:
    dice = random.Random(2009)
    people = [(str(12346 + 7 * n), dice.choice(_COUNTRIES), dice.random() ** 3) for n in range(160)]
    number = 489434
    for day in range(_DAYS):
        moment = _FIRST + timedelta(days=day)
        if moment.weekday() == 5:
            continue
        season = 2 if moment.month in (10, 11) else 1
        for _ in range(dice.randint(_PER_DAY // 2, _PER_DAY * season)):
            customer, country, _weight = dice.choices(people, [0.02 + p[2] for p in people])[0]
            known = dice.random() > 0.1
            at = (moment + timedelta(minutes=dice.randint(0, 540))).replace(second=0)
            kept = [
                _line(dice, number, at, customer if known else "", country) for _ in range(dice.randint(1, 8))
            ]
            if dice.random() < 0.1:
                kept.append(kept[-1])
            yield from kept
            number += 1
            if dice.random() < 0.08:
                code, name, quantity, price = kept[0][1], kept[0][2], kept[0][3], kept[0][5]
                later = at + timedelta(minutes=30)
                yield (f"C{number}", code, name, f"-{quantity}", later, price, kept[0][6], country)
                number += 1
    yield (f"A{number}", "B", "Adjust bad debt", "1", moment, "-53.06", "", "United Kingdom")


def _line(dice: random.Random, number: int, at: datetime, customer: str, country: str) -> Row:
    code, name, price = dice.choice(_GOODS)
    quantity = dice.choice((1, 2, 3, 6, 12, 12, 24, 48))
    return (str(number), code, name, str(quantity), at, f"{price:g}", customer, country)


def _dirt() -> list[Row]:
    """Lines that cannot be used: no number, half a piece, a price in words, a date that is none."""
    at = _FIRST + timedelta(days=3)
    return [
        ("", "22423", "REGENCY CAKESTAND 3 TIER", "1", at, "12.75", "", "United Kingdom"),
        ("999001", "22423", "REGENCY CAKESTAND 3 TIER", "0.5", at, "12.75", "12346", "United Kingdom"),
        ("999002", "20725", "LUNCH BAG RED RETROSPOT", "10", at, "ask", "12346", "United Kingdom"),
        ("999003", "", "thrown away", "-4", at, "0", "", "United Kingdom"),
    ]


def _as_csv(heading: tuple[str, ...], rows: list[Row], form: str) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(heading)
    for row in rows:
        writer.writerow([f"{cell:{form}}" if isinstance(cell, datetime) else cell for cell in row])
    return out.getvalue().encode()
