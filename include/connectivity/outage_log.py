"""The log of outages that staff read: a line when one begins, a line when it is over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from include.csv_logs import CsvLog
from include.files import StoragePath
from include.spreadsheets import as_text
from include.storedb.connectivity import Outage

HEADING = ("Date", "Event", "Outage began", "Minutes", "Details")


def write_outages(path: StoragePath, outages: Iterable[Outage], zone: ZoneInfo) -> int:
    """Add the lines that the log lacks, in store time; returns their number."""
    return CsvLog(path, HEADING, lambda cells: (cells[1], cells[2]) if len(cells) > 2 else tuple(cells)).add(
        line for outage in outages for line in _lines(outage, zone)
    )


def _lines(outage: Outage, zone: ZoneInfo) -> list[tuple[str, str, str, str, str]]:
    began = _local(outage.began_at, zone)
    lines = [(began, "began", began, "", as_text(outage.message))]
    if outage.ended_at:
        lines.append((_local(outage.ended_at, zone), "ended", began, str(minutes(outage)), ""))
    return lines


def minutes(outage: Outage) -> int:
    """How long an outage lasted, in whole minutes, from its first failed try to the first that succeeded."""
    ended = outage.ended_at or outage.last_at
    return max(1, round((ended - outage.began_at).total_seconds() / 60))


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.replace(tzinfo=UTC).astimezone(zone):%Y-%m-%d %H:%M:%S}"
