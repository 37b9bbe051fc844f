"""The file in which the sandbox's old web form leaves requests to be told when an item is back."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

from include.files import write_atomically
from include.storedb.stock_request_files import COLUMNS, FILE

__all__ = ["FILE", "fill_stock_requests_file"]

# Hours before yesterday evening, who, and which item: the same wish twice, once in capitals, an address that
# is none, an item that a spreadsheet made a decimal of, an item that nobody knows, an empty one.
_REQUESTS = (
    (50, "rosalind.ohare@example.com", "{0}"),
    (47, "m.delacruz@example.com", "{1}"),
    (46, "Rosalind.OHare@Example.com ", "{0}"),
    (30, "annemarie@example.com", "{0}.0"),
    (29, "not an address", "{1}"),
    (12, "annemarie@example.com", "{1}"),
    (5, "tomas.berg@example.com", "NO-SUCH-ITEM"),
    (3, "tomas.berg@example.com", ""),
)


def fill_stock_requests_file(path: Path, today: date, items: Sequence[str]) -> int:
    """Write requests of a few people for the first two of `items`, unless the file is there.

    Returns how many lines were written; the last one is still being written.
    """
    if path.exists():
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    evening = datetime.combine(today, time(20)) - timedelta(days=1)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for hours, email, item in _REQUESTS:
        writer.writerow([f"{evening - timedelta(hours=hours):%Y-%m-%d %H:%M:%S}", email, item.format(*items)])
    out.write(f"{evening:%Y-%m-%d %H:%M:%S},half.a.li")
    write_atomically(path, out.getvalue().encode())
    return len(_REQUESTS)
