"""Reads transaction files in parts, whatever their format; memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.errors import InvalidRequest
from include.gift_shop.columns import COLUMNS, PART, known_columns
from include.gift_shop.sql_dump import dumped_rows

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa  # type: ignore[import-untyped]

ENDINGS = (".csv", ".csv.gz", ".xlsx", ".parquet", ".sql")
"""The formats that are known, by the ends of the files' names."""

ROWS_AT_ONCE = 200_000


def is_delivery(name: str) -> bool:
    """Whether a file's name is that of a transaction file."""
    return not name.startswith((".", "~")) and name.lower().endswith(ENDINGS)


def parts_of(path: Path) -> list[str]:
    """The names of the deliveries within a file; one without a name where it is not divided.

    Raises `InvalidRequest` for a file that cannot be read.
    """
    if path.name.lower().endswith(".xlsx"):
        with _Workbook(path) as book:
            return list(book.sheetnames)
    if path.name.lower().endswith(".parquet"):
        found: dict[str, None] = {}
        with _said_clearly(path):
            for table in _parquet(path, [PART]):
                found |= dict.fromkeys(table.column(0).unique().to_pylist() if table.num_columns else [])
        return [str(name) for name in found] or [""]
    found = {}
    for frame in frames(path):
        found |= dict.fromkeys(frame[PART].unique() if PART in frame else [])
        if not found:
            break
    return [str(name) for name in found] or [""]


def frames(path: Path, part: str = "") -> Iterator[pd.DataFrame]:
    """The file's rows, or those of one of its parts, as frames with the columns `COLUMNS`.

    The index counts the file's rows from 1 (in a workbook, the worksheet's). Values are as delivered: text,
    or typed where the format has types. Raises `InvalidRequest` for a file that cannot be read.
    """
    import pandas as pd

    row = 1
    for frame in _all_frames(path, part):
        frame = frame.set_axis(pd.RangeIndex(row, row + len(frame)), axis=0)
        row += len(frame)
        if part and PART in frame:
            frame = frame[frame[PART].astype(str) == part]
        if len(frame):
            yield frame


def _all_frames(path: Path, part: str) -> Iterator[pd.DataFrame]:
    name = path.name.lower()
    with _said_clearly(path):
        if name.endswith(".parquet"):
            for table in _parquet(path, None):
                known = known_columns(table.column_names, path.name)
                yield table.select(list(known)).rename_columns(list(known.values())).to_pandas()
        elif name.endswith((".csv", ".csv.gz")):
            yield from _csv(path)
        elif name.endswith(".xlsx"):
            with _Workbook(path) as book:
                for sheet in [part] if part else book.sheetnames:
                    yield from _sheet(book[sheet].iter_rows(values_only=True), f"{path.name}, {sheet}")
        else:
            yield from _in_frames(dumped_rows(path), list(COLUMNS))


@contextmanager
def _said_clearly(path: Path) -> Iterator[None]:
    """What the libraries say about a broken file, as `InvalidRequest` with the file's name."""
    try:
        yield
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise InvalidRequest(f"{path.name} cannot be read: {error}") from error


def _parquet(path: Path, columns: list[str] | None) -> Iterator[pa.Table]:
    import pyarrow as pa
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        wanted = None if columns is None else [one for one in columns if one in file.schema_arrow.names]
        for batch in file.iter_batches(ROWS_AT_ONCE, columns=wanted):
            yield pa.Table.from_batches([batch])


def _csv(path: Path) -> Iterator[pd.DataFrame]:
    import pandas as pd

    encoding = _encoding(path)
    with pd.read_csv(
        path,
        dtype=str,
        keep_default_na=False,
        na_values=[""],
        chunksize=ROWS_AT_ONCE,
        encoding=encoding,
        on_bad_lines="error",
    ) as reader:
        for frame in reader:
            known = known_columns(list(frame.columns), path.name)
            chosen = frame.iloc[:, list(known)]
            chosen = chosen.set_axis(list(known.values()), axis=1)
            yield chosen


def _encoding(path: Path) -> str:
    """UTF-8, or Windows' own of the published files, whose pound signs are no UTF-8."""
    import codecs
    import gzip

    decoder = codecs.getincrementaldecoder("utf-8")()
    opening: Any = gzip.open if path.name.lower().endswith(".gz") else Path.open
    try:
        with opening(path, "rb") as file:
            while block := file.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


class _Workbook:
    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Any:
        from zipfile import BadZipFile

        from openpyxl import load_workbook
        from openpyxl.utils.exceptions import InvalidFileException

        try:
            self._book = load_workbook(self._path, read_only=True, data_only=True)
        except (BadZipFile, InvalidFileException, KeyError, OSError) as error:
            raise InvalidRequest(f"{self._path.name} cannot be read: {error}") from error
        return self._book

    def __exit__(self, *_error: object) -> None:
        self._book.close()


def _sheet(rows: Iterator[tuple[Any, ...]], where: str) -> Iterator[pd.DataFrame]:
    headings = next(rows, None)
    if headings is None:
        return
    known = known_columns(headings, where)
    picked = ([row[position] for position in known] for row in rows if any(cell is not None for cell in row))
    yield from _in_frames(picked, list(known.values()))


def _in_frames(rows: Iterator[list[Any]], columns: list[str]) -> Iterator[pd.DataFrame]:
    import pandas as pd

    while chunk := list(islice(rows, ROWS_AT_ONCE)):
        yield pd.DataFrame(chunk, columns=columns, dtype=object)
