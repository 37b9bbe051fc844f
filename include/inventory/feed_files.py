"""Availability feeds as files: CSV for the data tables of the web shop, JSON for everything newer."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Protocol

from include.files import replacing
from include.inventory.feed_items import FeedItem
from include.inventory.settings import FeedSettings, SegmentSettings
from include.spreadsheets import as_text


class _Writer(Protocol):
    def add(self, item: FeedItem) -> None: ...

    def end(self) -> None: ...


class CsvFeed:
    """Comma-separated, quoted where needed, UTF-8, one line for each item; columns are those of the store's
    pages.
    """

    def __init__(self, out: IO[str], segment: SegmentSettings, heading: bool) -> None:
        self.writer = csv.writer(out, lineterminator="\r\n")
        self.category = segment.show_category
        if heading:
            self.writer.writerow(
                ["item_no", "description", *(["category"] * self.category), "price", "available"]
            )

    def add(self, item: FeedItem) -> None:
        """Write one line."""
        category = [as_text(item.category)] * self.category
        self.writer.writerow(
            [as_text(item.number), as_text(item.description), *category, item.price, item.available]
        )

    def end(self) -> None:
        """A CSV needs no end."""


class JsonFeed:
    """An object with a list `data`, which data tables read as it is; prices are texts with two decimals."""

    def __init__(self, out: IO[str], segment: SegmentSettings) -> None:
        self.out = out
        self.category = segment.show_category
        self.separator = ""
        out.write('{"data": [')

    def add(self, item: FeedItem) -> None:
        """Write one element."""
        element = {"item_no": item.number, "description": item.description}
        element |= {"category": item.category} if self.category else {}
        element |= {"price": str(item.price), "available": item.available}  # type: ignore[dict-item]
        self.out.write(f"{self.separator}\n{json.dumps(element, ensure_ascii=False)}")
        self.separator = ","

    def end(self) -> None:
        """Close the list and the object."""
        self.out.write("\n]}\n")


def write_feed(
    items: Iterable[FeedItem], files: Sequence[Path], feeds: FeedSettings, segment: SegmentSettings
) -> int:
    """Write all formats of a feed in one pass over `items`, each file replaced as a whole; returns the item
    count.
    """
    count = 0
    with ExitStack() as stack:
        writers: list[_Writer] = []
        for file in files:
            part = stack.enter_context(replacing(file))
            out = stack.enter_context(part.open("w", encoding="utf-8", newline=""))
            writers.append(
                CsvFeed(out, segment, feeds.heading) if file.suffix == ".csv" else JsonFeed(out, segment)
            )
        for item in items:
            count += 1
            for writer in writers:
                writer.add(item)
        for writer in writers:
            writer.end()
    return count
