"""How the page words numbers, times and sizes: template filters."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

_US_NUMBER = re.compile(r"\+1(\d{3})(\d{3})(\d{4})")

_VENDOR_NAMES = {
    "bigcommerce": "BigCommerce",
    "counterpoint_api": "Counterpoint API",
    "twilio": "Twilio",
    "webdav": "WebDAV",
    "smtp": "Mail server",
}
_FAULT_NAMES = {
    "status": "answers with an error",
    "timeout_after_accepting": "accepts, then never answers",
    "drop_connection": "drops the connection",
    "slow": "answers slowly",
    "partial_207": "saves only a part (207)",
    "truncate_upload": "stores only half of the file",
    "refuse_move": "refuses to move files",
}


def filters(time_zone: ZoneInfo, now: Callable[[], datetime]) -> dict[str, Callable[[Any], Any]]:
    """The template filters for a store in `time_zone`; `now` returns an aware time."""

    def when(seconds: float) -> str:
        moment = datetime.fromtimestamp(seconds, time_zone)
        today = now().astimezone(time_zone).date()
        clock = f"{moment.hour % 12 or 12}:{moment:%M} {'AM' if moment.hour < 12 else 'PM'}"
        days = (today - moment.date()).days
        if days == 0:
            return f"Today, {clock}"
        if days == 1:
            return f"Yesterday, {clock}"
        year = "" if moment.year == today.year else f" {moment.year}"
        return f"{moment:%b} {moment.day}{year}, {clock}"

    def machine_time(seconds: float) -> str:
        return datetime.fromtimestamp(seconds, time_zone).isoformat(timespec="seconds")

    return {
        "when": when,
        "machine_time": machine_time,
        "size": size,
        "phone": phone,
        "value": value,
        "vendor_name": lambda name: _VENDOR_NAMES.get(name, name),
        "fault_name": lambda name: _FAULT_NAMES.get(name, name),
        "status_class": status_class,
        "count": lambda number: f"{number:,}",
    }


def size(number_of_bytes: int) -> str:
    """Bytes as a person says them: 1.8 MB."""
    number = float(number_of_bytes)
    if number < 1000:
        return f"{number_of_bytes} B"
    for unit in ("kB", "MB", "GB"):
        number /= 1000
        if number < 1000:
            return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"
    return f"{number / 1000:.1f} TB"


def phone(number: str) -> str:
    """A North American number as people write it; any other as it is."""
    match = _US_NUMBER.fullmatch(number)
    return f"({match[1]}) {match[2]}-{match[3]}" if match else number


def value(content: Any) -> str:
    """A field's value: text as it is, nothing as a dash, everything else as JSON."""
    if content is None or content == "":
        return "—"
    if isinstance(content, bool):
        return "yes" if content else "no"
    if isinstance(content, str):
        return content if len(content) <= 120 else content[:117] + "…"
    return json.dumps(content, ensure_ascii=False)


def status_class(status: int | None) -> str:
    """How a status is to be coloured: good, notice or bad."""
    if status is None or status >= 500:
        return "bad"
    return "good" if status < 400 else "notice"
