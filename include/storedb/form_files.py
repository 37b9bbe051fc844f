"""The files that old web forms append to: every row is taken in once, while the file is being written."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from include.changes import Reject
from include.errors import InvalidRequest
from include.files import StoragePath
from include.storedb.runs import digest

T = TypeVar("T")

DATE = "date"
"""The first column of every such file: when the form was sent, in the store's time."""

_FORMATS = (
    "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y",
    "%m/%d/%y %I:%M %p", "%m/%d/%y %H:%M", "%m/%d/%y",
)  # fmt: skip
_FIRST_YEAR = 2000
_UNCLOSED = "unexpected end of data"
# How a line looks that begins a row, for finding the way again behind one whose quotes do not close.
_BEGINNING = re.compile(r'"?\d{1,4}[-/]\d{1,2}[-/]\d{1,4}[^,"\r\n]{0,30}"?,')


@dataclass(frozen=True)
class FormRow(Generic[T]):
    """What a row of the file says, and a key that stays the same however often the file is stored again."""

    value: T
    source_key: str


@dataclass(frozen=True)
class FormFile(Generic[T]):
    """The rows of a file, and those that are none, with line and reason."""

    rows: tuple[FormRow[T], ...] = ()
    rejects: tuple[Reject, ...] = ()


def read_form_file(
    path: StoragePath,
    columns: Sequence[str],
    zone: ZoneInfo,
    read: Callable[[Mapping[str, str], datetime], T],
    parts: Callable[[T], Sequence[str]],
) -> FormFile[T]:
    """All complete rows of the file; a last line without its end is still being written, and left out.

    - `columns`: those that the file must have, `date` first. - `read` makes a value of the texts by column
    and the moment (UTC, no zone), or raises `InvalidRequest`, which sets the row aside. - `parts` names what
    makes two values of one minute the same, spelt so that a spreadsheet's notation does not matter; rows that
    are alike even so are told apart by which of them comes first.

    The dates of the file are in the store's `zone`. A missing file is an empty one. Raises `InvalidRequest`
    for a file that has other columns.
    """
    try:
        with path.open("rb") as file:
            content: bytes = file.read()
    except FileNotFoundError:
        return FormFile()
    lines = list(io.StringIO(content.decode("utf-8-sig", "surrogateescape"), newline=""))
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines.pop()
    names, first = _heading(path.name, lines, columns)
    rows: list[FormRow[T]] = []
    rejects: list[Reject] = []
    seen: Counter[str] = Counter()
    for row in _rows(lines, first, len(names)):
        try:
            texts = _texts(dict(zip(names, row.cells, strict=False)), row.problem)
            if texts:
                received = _received(texts[DATE].strip(), zone)
                value = read(texts, received)
                key = digest(f"{received:%Y-%m-%d %H:%M}", *parts(value))
                seen[key] += 1
                rows.append(FormRow(value, digest(key, str(seen[key]))))
        except InvalidRequest as error:
            rejects.append(Reject(f"{path.name}, line {row.line}", str(error)))
    return FormFile(tuple(rows), tuple(rejects))


class _Row(NamedTuple):
    """A row that begins in this line (from 1 on), and why it is none."""

    line: int
    cells: list[str]
    problem: str = ""


def _heading(file: str, lines: Sequence[str], columns: Sequence[str]) -> tuple[Sequence[str], int]:
    """The names of the columns, and how many lines the heading takes; files without one have the usual."""
    head = next((row for row in _rows(lines, 0, None) if any(row.cells) or row.problem), None)
    if head is None:
        return columns, len(lines)
    names = [name.strip().casefold() for name in head.cells]
    missing = [name for name in columns if name not in names]
    if not missing:
        return names, head.line
    if len(names) == len(columns) and _BEGINNING.match(lines[head.line - 1]):
        return columns, 0
    raise InvalidRequest(f"{file} lacks the columns {', '.join(missing)} in its first line; is it UTF-8?")


def _rows(lines: Sequence[str], start: int, width: int | None) -> Iterator[_Row]:
    """Rows from the line at position `start` on, broken ones included; an unclosed last one is left out."""
    while start < len(lines):
        reader = csv.reader((lines[n] for n in range(start, len(lines))), strict=True)
        cells, problem = [], ""
        try:
            cells = next(reader)
        except csv.Error as error:
            problem = f"it cannot be read: {error}"
        end = start + reader.line_num
        if not problem and width and len(cells) != width and any(cells) and any(cells[width:] or [True]):
            problem = (
                f"it has {len(cells)} columns instead of {width}; is a comma or quotation mark not quoted?"
            )
        if problem:
            again = next((n for n in range(start + 1, end) if _BEGINNING.match(lines[n])), None)
            if again is None and end == len(lines) and _UNCLOSED in problem:
                return
            end = again or end
        yield _Row(start + 1, cells, problem)
        start = end


def _texts(values: Mapping[str, str], problem: str) -> dict[str, str]:
    """The texts by column; empty for a row of nothing."""
    if problem:
        raise InvalidRequest(problem)
    texts = {name: _decoded(name, cell) for name, cell in values.items()}
    return texts if any(text.strip() for text in texts.values()) else {}


def _decoded(name: str, cell: str) -> str:
    """A cell of UTF-8, or of the Windows code page in which a spreadsheet has stored the file again."""
    try:
        cell.encode()
    except UnicodeEncodeError:
        try:
            return cell.encode("utf-8", "surrogateescape").decode("cp1252")
        except UnicodeDecodeError:
            raise InvalidRequest(f"{name} is not UTF-8") from None
    return cell


def _received(text: str, zone: ZoneInfo) -> datetime:
    found: datetime | None = None
    with suppress(ValueError):
        found = datetime.fromisoformat(text)
    for form in _FORMATS if found is None else ():
        with suppress(ValueError):
            found = datetime.strptime(text, form).replace(tzinfo=zone)
            break
    if found is None or not _FIRST_YEAR <= found.year < _FIRST_YEAR + 100:
        raise InvalidRequest("date cannot be read as a date")
    local = found if found.tzinfo else found.replace(tzinfo=zone)
    return local.astimezone(UTC).replace(tzinfo=None)
