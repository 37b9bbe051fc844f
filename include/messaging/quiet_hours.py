"""When a text may be sent, so that nobody's telephone rings at night.

US law allows marketing texts from 8:00 to 21:00 of the recipient's local time (47 CFR 64.1200(c)(1)). An
area code says where a number was given out, not where its owner is; so the hours have to suit the area code's
zones and the store's, near which its customers live.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from include.messaging.settings import HoursSettings

LONGEST_VALIDITY = 36_000
"""Seconds, Twilio's maximum for a message's ValidityPeriod."""

# The period runs from when Twilio takes the request, which may be a while after we looked at the clock.
_ON_THE_WAY = timedelta(seconds=60)

# Zones of which no hour suits all are found out within this time.
_LONGEST_WAIT = timedelta(days=3)


def zones_for(phone: Iterable[ZoneInfo], store: ZoneInfo, hours: HoursSettings) -> tuple[ZoneInfo, ...]:
    """Zones whose hours have to suit: the store's and, without `store_zone_only`, the number's."""
    return (store,) if hours.store_zone_only else tuple(dict.fromkeys((store, *phone)))


def may_send(moment: datetime, zones: Collection[ZoneInfo], hours: HoursSettings) -> bool:
    """Whether a text may be handed to Twilio at `moment`, which carries a zone."""
    return latest_send(moment, zones, hours) is not None


def next_allowed(moment: datetime, zones: Collection[ZoneInfo], hours: HoursSettings) -> datetime | None:
    """The first moment from `moment` on (UTC) at which a text may be sent; None where no hour suits all."""
    moment = in_utc(moment)
    limit = moment + _LONGEST_WAIT
    while moment <= limit:
        later = max(_next_in(zone, moment, hours) for zone in _some(zones))
        if later == moment:
            return moment
        moment = later
    return None


def latest_send(moment: datetime, zones: Collection[ZoneInfo], hours: HoursSettings) -> datetime | None:
    """Until when a text that may be sent at `moment` may still be (UTC): `last_minutes` before quiet begins.

    None when it may not be sent at `moment`.
    """
    moment = in_utc(moment)
    windows = [_window(zone, moment, hours) for zone in _some(zones)]
    last = min(last for _, last in windows)
    return last if max(opens for opens, _ in windows) <= moment <= last else None


def validity_seconds(moment: datetime, zones: Collection[ZoneInfo], hours: HoursSettings) -> int | None:
    """Twilio's ValidityPeriod for a text sent at `moment`, so that its queue does not reach into the night.

    None when it may not be sent at `moment`. What the network holds back for a telephone that is switched off
    is beyond anybody's reach.
    """
    last = latest_send(moment, zones, hours)
    if last is None:
        return None
    quiet = last + timedelta(minutes=hours.last_minutes)
    return min(LONGEST_VALIDITY, int((quiet - _ON_THE_WAY - in_utc(moment)).total_seconds()))


def in_utc(moment: datetime) -> datetime:
    """`moment` in UTC, where differences are true over DST nights. Raises `ValueError` without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"the moment {moment} has no time zone")
    return moment.astimezone(UTC)


def _window(zone: ZoneInfo, moment: datetime, hours: HoursSettings) -> tuple[datetime, datetime]:
    """First and last moment of the zone's day at which a text may be sent."""
    day = moment.astimezone(zone).date()
    opens, closes = (datetime.combine(day, time, zone).astimezone(UTC) for time in (hours.start, hours.end))
    return opens, closes - timedelta(minutes=hours.last_minutes)


def _next_in(zone: ZoneInfo, moment: datetime, hours: HoursSettings) -> datetime:
    opens, last = _window(zone, moment, hours)
    if moment <= last:
        return max(opens, moment)
    tomorrow = moment.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, hours.start, zone).astimezone(UTC)


def _some(zones: Collection[ZoneInfo]) -> Collection[ZoneInfo]:
    if not zones:
        raise ValueError("at least one time zone is needed, the store's")
    return zones
