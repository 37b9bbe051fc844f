"""What may speak against a text at the moment at which it would go out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from include.messaging.frequency import has_room
from include.messaging.phones import Phone, read_phone
from include.messaging.planning import suppressed as suppressed_because
from include.messaging.quiet_hours import validity_seconds, zones_for
from include.messaging.settings import CapSettings, HoursSettings
from include.storedb.runs import moment
from include.storedb.text_rows import Text


@dataclass(frozen=True, slots=True)
class Rules:
    """What may speak against a text; `clock` answers the moment, with a zone, by which it is night."""

    hours: HoursSettings
    cap: CapSettings
    store_zone: ZoneInfo
    clock: Callable[[], datetime]

    def cap_begins(self) -> datetime:
        """Since when texts count against the cap (UTC, no zone)."""
        return moment() - timedelta(hours=self.cap.hours)

    def objection(self, suppressed: str | None, sends: Iterable[datetime]) -> str:
        """Why a phone gets no text now; empty when nothing speaks against it. `sends` are UTC, no zone."""
        if suppressed:
            return suppressed_because(suppressed)
        if not has_room(datetime.now(UTC), (send.replace(tzinfo=UTC) for send in sends), self.cap):
            return f"the number has its {self.cap.texts} texts in {self.cap.hours} hours"
        return ""

    def validity(self, text: Text) -> int | None:
        """For how many seconds a text may be on its way; None when it is night for it."""
        phone = read_phone(text.phone)
        zones = phone.zones if isinstance(phone, Phone) else ()
        return validity_seconds(self.clock(), zones_for(zones, self.store_zone, self.hours), self.hours)
