"""CSV files that staff read and that grow line by line, each line once, however often a task is retried."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence

from include.files import StoragePath, write_atomically

Identity = Callable[[Sequence[str]], tuple[str, ...]]


class CsvLog:
    """One file with a heading; `identity` says by which of its cells a line is the same as another.

    Lines that are there stay as they are, whoever wrote them. The file is replaced as a whole; two tasks must
    not write the same one at the same time.
    """

    def __init__(self, path: StoragePath, heading: Sequence[str], identity: Identity = tuple) -> None:
        self._path, self._heading, self._identity = path, heading, identity
        self._content = _content(path)
        lines = self._content.decode("utf-8-sig", "replace").splitlines()
        # Line by line, so that a stray quote of somebody's spreadsheet does not hide the lines below it.
        self._known = {identity(next(csv.reader([line]), [])) for line in lines}

    def add(self, rows: Iterable[Sequence[str]]) -> int:
        """Add the lines that the file lacks, and return their number. Cells have no line breaks."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        if not self._content:
            writer.writerow(self._heading)
        elif not self._content.endswith(b"\n"):
            out.write("\r\n")
        added = 0
        for cells in rows:
            identity = self._identity(cells)
            if identity not in self._known:
                self._known.add(identity)
                writer.writerow(cells)
                added += 1
        if added:
            content = self._content + out.getvalue().encode("utf-8", "replace")
            write_atomically(self._path, content)
            self._content = content
        return added


def _content(path: StoragePath) -> bytes:
    try:
        with path.open("rb") as file:
            content: bytes = file.read()
    except FileNotFoundError:
        return b""
    return content
