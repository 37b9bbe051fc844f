"""Files of daily sales that staff upload: a CSV with a row for each sale, added up by day and customer."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from include.changes import Reject
from include.database.values import storable
from include.errors import InvalidRequest
from include.storedb.customer_days import LONGEST_CUSTOMER, Bought

MOST_BYTES = 64 * 1024 * 1024
DATE, TOTAL, CUSTOMER = "date", "total", "customer"
_LARGEST = Decimal(100_000_000)
_FOURTH = Decimal("0.0001")
_MONTH = re.compile(r"\d{4}-\d{2}")
_AMOUNT = re.compile(r"(-?)\$?(\d+|\d{1,3}(?:,\d{3})+)(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Upload:
    """What a file says: the sum of each day, what each customer bought on it, the number of its rows, and the
    rows that were set aside.
    """

    days: dict[date, Decimal]
    customers: dict[tuple[date, str], Bought]
    rows: int
    rejects: tuple[Reject, ...]


def read_upload(content: bytes, name: str, uploaded_on: date) -> Upload:
    """The sums of a file's days and customers. It needs the columns Date and Total.

    A sale without a customer, and every sale of a file without the column Customer, is one of the customer
    "", whom nobody knows. A row that cannot be used is set aside with its line and reason, and the other rows
    of its day count. Equal rows are separate sales, and negative totals are returns. Raises `InvalidRequest`
    for a file without these columns, and for one that is no CSV or too large.
    """
    rejects: list[Reject] = []
    days: dict[date, Decimal] = {}
    customers: dict[tuple[date, str], Bought] = {}
    rows = 0
    for line, day_text, amount_text, customer in _rows(content, name):
        rows += 1
        try:
            day, amount = _day(day_text, uploaded_on), _amount(amount_text)
            if abs(days.get(day, Decimal(0)) + amount) >= _LARGEST * 10:
                raise ValueError(f"the sum of {day} gets too large")
        except ValueError as error:
            rejects.append(Reject(f"{name} line {line}", str(error)))
            continue
        days[day] = days.get(day, Decimal(0)) + amount
        key = (day, _customer(customer))
        so_far = customers.get(key, Bought(Decimal(0), 0))
        customers[key] = Bought(so_far.amount + amount, so_far.sales + (amount >= 0))
    sums = {day: amount.quantize(_FOURTH) for day, amount in sorted(days.items())}
    bought = {key: Bought(one.amount.quantize(_FOURTH), one.sales) for key, one in sorted(customers.items())}
    return Upload(sums, bought, rows, tuple(rejects))


def _rows(content: bytes, name: str) -> Iterator[tuple[int, str, str, str]]:
    if len(content) > MOST_BYTES:
        raise InvalidRequest(f"{name} has {len(content):,} bytes; up to {MOST_BYTES:,} are read")
    text = io.StringIO(_text(content, name), newline="")
    # strict: a quote that nobody closes would take all rows after it for one.
    lines = csv.reader(text, delimiter=_delimiter(content), strict=True)
    begun = 1
    try:
        heading = [cell.strip().casefold() for cell in next(lines, [])]
        for wanted in (DATE, TOTAL):
            if heading.count(wanted) != 1:
                found = ", ".join(cell for cell in heading if cell)[:200] or "nothing"
                raise InvalidRequest(
                    f"{name}: one column {wanted.title()} is expected; the heading has {found}"
                )
        if heading.count(CUSTOMER) > 1:
            raise InvalidRequest(f"{name}: at most one column Customer is expected")
        used = [heading.index(column) for column in (DATE, TOTAL)]
        customer = heading.index(CUSTOMER) if CUSTOMER in heading else None
        begun = lines.line_num + 1
        for cells in lines:
            begun = lines.line_num + 1
            if any(cell.strip() for cell in cells):
                cells += [""] * (len(heading) - len(cells))
                day, total = (cells[place].strip() for place in used)
                yield lines.line_num, day, total, "" if customer is None else cells[customer].strip()
    except csv.Error as error:
        raise InvalidRequest(f"{name}: the row from line {begun} on is no CSV: {error}") from None


def _text(content: bytes, name: str) -> str:
    if b"\x00" in content:
        raise InvalidRequest(f"{name} is no text file; save it as CSV (UTF-8)")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _delimiter(content: bytes) -> str:
    heading = content.partition(b"\n")[0].decode("cp1252", errors="replace")
    return max(",;\t", key=heading.count)


def _day(text: str, uploaded_on: date) -> date:
    if not text:
        raise ValueError("the date is empty")
    if _MONTH.fullmatch(text):
        raise ValueError(f"{text} is a month, not a day")
    try:
        day = datetime.fromisoformat(text).date()
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no date such as 2026-11-20") from None
    if day > uploaded_on:
        raise ValueError(f"{day} lies after the day of the upload, {uploaded_on}")
    if day.year < 2000:
        raise ValueError(f"{day} lies before the year 2000")
    return day


def _amount(text: str) -> Decimal:
    if not text:
        raise ValueError("the total is empty")
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:40]!r} is no amount such as 1234.50")
    amount = Decimal(found[1] + found[2].replace(",", "") + (found[3] or ""))
    if abs(amount) >= _LARGEST:
        raise ValueError(f"{text[:40]} is too large for a sale")
    return amount


def _customer(text: str) -> str:
    """The customer as written; what is too long for the table is told apart by its SHA-256."""
    known = storable(text)
    return known if len(known) <= LONGEST_CUSTOMER else hashlib.sha256(known.encode()).hexdigest()
