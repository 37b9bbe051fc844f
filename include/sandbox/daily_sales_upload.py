"""Files of daily sales that the sandbox's staff uploaded: a farm stand keeps its own book."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

from include.files import write_atomically

FOLDER = "uploads/daily_sales"
WEEKS = 30
_HEADING = ("", "Date", "Customer", "Total")
# Monday to Sunday; the stand is closed on Tuesdays.
_VISITORS = (9, 0, 8, 10, 13, 22, 18)
_CUSTOMERS = 60


def fill_daily_sales(folder: Path, today: date, random_seed: int = 7) -> int:
    """Write what was uploaded up to yesterday evening, unless files are there; returns how many files.

    One file holds the weeks before; then there is one for each day, a day was uploaded again with a sale that
    had been forgotten, and one has rows that cannot be used.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.glob("*.csv")):
        return 0
    random = Random(random_seed)
    days = [today - timedelta(days=back) for back in range(WEEKS * 7, 0, -1)]
    sales = {day: list(_sales(day, random)) for day in days}
    before, last = days[:-7], days[-7:]
    _write(folder / f"until_{before[-1]}.csv", before[-1], (row for day in before for row in sales[day]))
    for day in last:
        if sales[day]:
            _write(folder / f"{day}.csv", day, sales[day])
    corrected = next(day for day in last if sales[day])
    forgotten = (f"{corrected} 00:00:00", "c-forgotten", "48.00")
    _write(folder / f"{corrected} corrected.csv", last[-1], [*sales[corrected], forgotten])
    dirty = [("2020-01", "c-01", "12.00"), (f"{last[0]} 00:00:00", "c-02", "twelve"), ("", "c-03", "5.00")]
    _write(folder / "old_book.csv", last[0], dirty)
    return len(list(folder.glob("*.csv")))


def _sales(day: date, random: Random) -> Iterable[tuple[str, str, str]]:
    usual = _VISITORS[day.weekday()]
    season = 1 + 0.3 * math.sin(2 * math.pi * day.timetuple().tm_yday / 365)
    for _ in range(round(random.gauss(usual * season, math.sqrt(usual))) if usual else 0):
        yield (
            f"{day} 00:00:00",
            _customer(random.randrange(_CUSTOMERS), day),
            f"{random.lognormvariate(2.6, 0.6):.2f}",
        )


def _customer(number: int, day: date) -> str:
    """Some come all the time, some for a month, and some once."""
    if number < _CUSTOMERS // 4:
        return f"c-{number:02}"
    return f"c-{number}-{day:%m}" if number < _CUSTOMERS * 2 // 3 else f"c-{number}-{day:%m%d}"


def _write(path: Path, day: date, rows: Iterable[tuple[str, str, str]]) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_HEADING)
    writer.writerows([number, *row] for number, row in enumerate(rows))
    write_atomically(path, out.getvalue().encode())
    evening = datetime.combine(day, time(23), UTC).timestamp()
    os.utime(path, (evening, evening))
