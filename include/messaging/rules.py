"""What may speak against a text at the moment at which it would go out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from include.messaging.frequency import has_room
from include.messaging.phones import Phone, read_phone
from include.messaging.planning import suppressed as suppressed_because
from include.messaging.quiet_hours import next_allowed, validity_seconds, zones_for
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
        return validity_seconds(self.clock(), self._zones(text.phone), self.hours)

    def next_allowed(self, phones: Iterable[str]) -> datetime | None:
        """The first moment (UTC) from now on at which one of the phones may be texted; None if never."""
        zones = {self._zones(phone) for phone in phones}
        moments = (next_allowed(self.clock(), some, self.hours) for some in zones)
        return min((moment for moment in moments if moment), default=None)

    def _zones(self, text_phone: str) -> tuple[ZoneInfo, ...]:
        phone = read_phone(text_phone)
        zones = phone.zones if isinstance(phone, Phone) else ()
        return zones_for(zones, self.store_zone, self.hours)
