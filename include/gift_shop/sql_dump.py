"""Rows of a database dump: PostgreSQL's COPY blocks, and INSERT statements of any database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from include.errors import InvalidRequest
from include.gift_shop.columns import COLUMNS, known_columns

_COPY = re.compile(r"^COPY\s+\S+\s*(?:\((?P<columns>[^)]*)\))?\s+FROM\s+stdin", re.IGNORECASE)
_INSERT = re.compile(
    r"^\s*INSERT\s+INTO\s+[^\s(]+\s*(?:\((?P<columns>[^)]*)\))?\s*VALUES\s*", re.IGNORECASE | re.DOTALL
)
_VALUE = re.compile(
    r"\s*(?:(?P<null>NULL)|N?'(?P<text>(?:[^']|'')*)'|(?P<number>-?[0-9.]+(?:[eE][-+]?\d+)?))"
    r"(?:::[a-z ]+)?\s*(?P<end>[,)])",
    re.IGNORECASE,
)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def dumped_rows(path: Path) -> Iterator[list[str | None]]:
    """The rows of the dump's data, with the values of `COLUMNS`.

    Raises `InvalidRequest` naming the line that cannot be understood, and for a dump without data.
    """
    found = False
    with path.open(encoding="utf-8-sig", errors="strict", newline="\n") as file:
        lines = enumerate(file, 1)
        for number, line in lines:
            if copy := _COPY.match(line):
                found = True
                yield from _copied(lines, _order(copy["columns"], path, number), path)
            elif _INSERT.match(line) or line.lstrip().upper().startswith("INSERT INTO"):
                found = True
                yield from _inserted(_whole(line, lines), path, number)
    if not found:
        raise InvalidRequest(f"{path.name}: there is neither a COPY block nor an INSERT in the dump")


def _order(columns: str | None, path: Path, number: int) -> list[int]:
    """Where the values of `COLUMNS` stand in a row."""
    if columns is None:
        return list(range(len(COLUMNS)))
    names = [name.strip().strip('"`[]') for name in columns.split(",")]
    known = known_columns(names, f"{path.name}, line {number}")
    positions = {name: position for position, name in known.items()}
    return [positions[name] for name in COLUMNS]


def _copied(lines: Iterator[tuple[int, str]], order: list[int], path: Path) -> Iterator[list[str | None]]:
    for number, line in lines:
        cells = line.rstrip("\r\n").split("\t")
        if cells == ["\\."]:
            return
        if len(cells) <= max(order):
            raise InvalidRequest(f"{path.name}, line {number}: {len(cells)} values, too few for its columns")
        yield [None if cells[at] == "\\N" else _unescaped(cells[at]) for at in order]
    raise InvalidRequest(f"{path.name}: the dump ends in the middle of its data")


def _unescaped(cell: str) -> str:
    if "\\" not in cell:
        return cell
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), cell)


def _whole(line: str, lines: Iterator[tuple[int, str]]) -> str:
    """The statement up to its semicolon, over several lines where texts or values go on."""
    parts, quotes = [line], line.count("'")
    while quotes % 2 or not parts[-1].rstrip().endswith(";"):
        _, more = next(lines, (0, ""))
        if not more:
            break
        parts.append(more)
        quotes += more.count("'")
    return "".join(parts)


def _inserted(statement: str, path: Path, number: int) -> Iterator[list[str | None]]:
    head = _INSERT.match(statement)
    where = f"{path.name}, line {number}"
    if head is None:
        raise InvalidRequest(f"{where}: this INSERT cannot be understood: {statement[:80]!r}")
    order = _order(head["columns"], path, number)
    at = head.end()
    while at < len(statement) and statement[at] == "(":
        values: list[str | None] = []
        at += 1
        while True:
            value = _VALUE.match(statement, at)
            if value is None:
                raise InvalidRequest(f"{where}: no value at {statement[at : at + 40]!r}")
            text = value["text"]
            values.append(
                None if value["null"] else value["number"] if text is None else text.replace("''", "'")
            )
            at = value.end()
            if value["end"] == ")":
                break
        if len(values) <= max(order):
            raise InvalidRequest(f"{where}: {len(values)} values, too few for its columns")
        yield [values[position] for position in order]
        while at < len(statement) and statement[at] in ", \r\n\t":
            at += 1
