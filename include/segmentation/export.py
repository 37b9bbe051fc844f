"""All customers with their segments as CSV, for campaigns and calls."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from include.segmentation.page_data import Shown
from include.spreadsheets import as_text

HEADING = ("source", "customer", "segment", "recency", "frequency", "monetary", "score", "action")


def segments_csv(shown: Iterable[Shown]) -> bytes:
    """A row for each customer; no names and no numbers to call."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADING)
    for one in shown:
        actions = {segment.name: segment.action for segment in one.segments}
        for found in one.placed:
            writer.writerow((
                one.made.source, as_text(found.customer), found.segment, found.recency, found.frequency,
                f"{found.monetary:.2f}", found.score, as_text(actions[found.segment]),
            ))  # fmt: skip
    return out.getvalue().encode()
