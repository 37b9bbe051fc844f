"""How the page words numbers, times and sizes: template filters."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from include.sandbox.standins.faults import Fault, FaultOrder

_US_NUMBER = re.compile(r"\+1(\d{3})(\d{3})(\d{4})")

_VENDOR_NAMES = {
    "bigcommerce": "BigCommerce",
    "counterpoint_api": "Counterpoint API",
    "twilio": "Twilio",
    "webdav": "WebDAV",
    "smtp": "Mail server",
    "competitor": "Competitor",
}
_FAULT_NAMES = {
    "status": "answers with an error",
    "timeout_after_accepting": "accepts, then never answers",
    "drop_connection": "drops the connection",
    "slow": "answers slowly",
    "error_after_accepting": "accepts, then answers with an error",
    "partial_207": "saves only a part (207)",
    "truncate_upload": "stores only half of the file",
    "refuse_move": "refuses to move files",
    "refuse_login": "refuses the login",
    "no_table": "shows no price list",
    "refuse_product": "refuses one product",
    "keeps_total_sold": "keeps its own sales figures",
}
_LONGEST_VALUE = 120
_SHOWN_IDS = 5


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
        "still_to_come": still_to_come,
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
    """A field's value: text as it is, nothing as a dash, everything else as JSON; what is long is cut."""
    if content is None or content == "":
        return "—"
    if isinstance(content, bool):
        return "yes" if content else "no"
    words = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return words if len(words) <= _LONGEST_VALUE else words[: _LONGEST_VALUE - 3] + "…"


def product_ids(ids: Any) -> str:
    """How many products a list names, and the first of them. The shop chooses by itself where it is [-1]."""
    if not isinstance(ids, list) or not ids:
        return "—"
    if ids == [-1]:
        return "chosen by the shop"
    first = ", ".join(map(str, ids[:_SHOWN_IDS]))
    more = ", …" if len(ids) > _SHOWN_IDS else ""
    return f"{len(ids):,} product{'s' if len(ids) > 1 else ''} ({first}{more})"


def still_to_come(fault: Fault) -> str:
    """How many requests an order is still for, or that it is in force until somebody cancels it."""
    usual = FaultOrder(vendor=fault.vendor, kind=fault.kind, product=fault.product).count
    if fault.count == usual > 1:
        return "until cancelled"
    return f"{fault.remaining:,} of {fault.count:,} still to come"


def status_class(status: int | None) -> str:
    """How a status is to be coloured: good, notice or bad."""
    if status is None or status >= 500:
        return "bad"
    return "good" if status < 400 else "notice"
