"""Nobody's telephone rings at night: over zones, over both clock changes, at the edges of the day."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.messaging.phones import Phone, read_phone
from include.messaging.quiet_hours import (
    LONGEST_VALIDITY,
    latest_send,
    may_send,
    next_allowed,
    validity_seconds,
    zones_for,
)
from include.messaging.settings import HoursSettings

steady = settings(derandomize=True, deadline=None, database=None)

NEW_YORK, CHICAGO, DENVER = (
    ZoneInfo("America/New_York"),
    ZoneInfo("America/Chicago"),
    ZoneInfo("America/Denver"),
)
LOS_ANGELES, HONOLULU, GUAM = (
    ZoneInfo("America/Los_Angeles"),
    ZoneInfo("Pacific/Honolulu"),
    ZoneInfo("Pacific/Guam"),
)
HOURS = HoursSettings()


def at(clock: str, day: str = "2026-07-01", zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("clock", "zones", "allowed"),
    [
        ("07:59:59", [NEW_YORK], False),
        ("08:00", [NEW_YORK], True),
        ("20:45", [NEW_YORK], True),
        ("20:45:01", [NEW_YORK], False),
        ("21:00", [NEW_YORK], False),
        ("00:00", [NEW_YORK], False),
        ("08:00", [NEW_YORK, CHICAGO], False),
        ("09:00", [NEW_YORK, CHICAGO], True),
        ("10:59", [LOS_ANGELES], False),
        ("11:00", [LOS_ANGELES, NEW_YORK], True),
        ("21:30", [LOS_ANGELES], True),
        ("21:30", [LOS_ANGELES, NEW_YORK], False),
        ("13:59", [NEW_YORK, HONOLULU], False),
        ("14:00", [NEW_YORK, HONOLULU], True),
    ],
)
def test_every_zone_has_to_be_awake(clock: str, zones: list[ZoneInfo], allowed: bool) -> None:
    assert may_send(at(clock), zones, HOURS) is allowed


def test_a_store_may_set_shorter_hours() -> None:
    short = HoursSettings(start=time(10), end=time(18), last_minutes=30)
    assert [may_send(at(clock), [NEW_YORK], short) for clock in ("09:59", "10:00", "17:30", "17:31")] == [
        False,
        True,
        True,
        False,
    ]


def test_a_number_is_asked_about_in_its_own_zone_and_in_the_stores() -> None:
    californian = read_phone("213-555-0142")
    assert isinstance(californian, Phone)
    assert zones_for(californian.zones, NEW_YORK, HOURS) == (NEW_YORK, LOS_ANGELES)
    assert zones_for([NEW_YORK], NEW_YORK, HOURS) == (NEW_YORK,)
    assert zones_for((), NEW_YORK, HOURS) == (NEW_YORK,)
    assert zones_for(californian.zones, NEW_YORK, HoursSettings(store_zone_only=True)) == (NEW_YORK,)


@pytest.mark.parametrize(
    ("moment", "zones", "expected"),
    [
        (at("03:00"), [NEW_YORK], at("08:00")),
        (at("12:34:56"), [NEW_YORK], at("12:34:56")),
        (at("20:50"), [NEW_YORK], at("08:00", "2026-07-02")),
        (at("23:59"), [NEW_YORK], at("08:00", "2026-07-02")),
        (at("20:50", "2026-12-31"), [NEW_YORK], at("08:00", "2027-01-01")),
        (at("08:00"), [NEW_YORK, LOS_ANGELES], at("11:00")),
        (at("20:50"), [NEW_YORK, LOS_ANGELES], at("11:00", "2026-07-02")),
        (at("22:00"), [LOS_ANGELES], at("22:00")),
        (at("12:00"), [NEW_YORK, GUAM], at("18:00")),
        # The night in which the clocks go forward is an hour shorter, the other an hour longer.
        (at("22:00", "2026-03-07"), [NEW_YORK], datetime(2026, 3, 8, 12, tzinfo=UTC)),
        (at("22:00", "2026-10-31"), [NEW_YORK], datetime(2026, 11, 1, 13, tzinfo=UTC)),
        # Arizona keeps its clocks.
        (at("06:00", "2026-03-09"), [ZoneInfo("America/Phoenix")], datetime(2026, 3, 9, 15, tzinfo=UTC)),
    ],
)
def test_the_next_allowed_moment(moment: datetime, zones: list[ZoneInfo], expected: datetime) -> None:
    assert next_allowed(moment, zones, HOURS) == expected


def test_zones_that_are_never_awake_together() -> None:
    narrow = HoursSettings(start=time(9), end=time(11))
    assert next_allowed(at("10:00"), [NEW_YORK, GUAM], narrow) is None


@pytest.mark.parametrize(
    ("moment", "zones", "expected"),
    [
        (at("20:45"), [NEW_YORK], 14 * 60),
        (at("20:00"), [NEW_YORK], 59 * 60),
        (at("20:00:00.900"), [NEW_YORK], 59 * 60 - 1),
        (at("08:00"), [NEW_YORK], LONGEST_VALIDITY),
        (at("11:00"), [NEW_YORK], 36_000 - 60),
        (at("11:00"), [NEW_YORK, LOS_ANGELES], 36_000 - 60),
        (at("20:00"), [LOS_ANGELES], 4 * 3600 - 60),
        (at("20:50"), [NEW_YORK], None),
        (at("03:00"), [NEW_YORK], None),
    ],
)
def test_a_text_expires_before_the_quiet_hours(
    moment: datetime, zones: list[ZoneInfo], expected: int | None
) -> None:
    assert validity_seconds(moment, zones, HOURS) == expected


def test_the_latest_moment_is_that_of_the_zone_that_goes_to_bed_first() -> None:
    assert latest_send(at("12:00"), [LOS_ANGELES, CHICAGO], HOURS) == at("21:45")
    assert latest_send(at("07:00"), [NEW_YORK], HOURS) is None


def test_a_moment_without_a_zone_is_an_error() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        may_send(datetime(2026, 7, 1, 12), [NEW_YORK], HOURS)


def test_no_zone_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="the store's"):
        next_allowed(at("12:00"), (), HOURS)


some_moment = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))
dst_night = st.sampled_from([at("00:00", "2026-03-08"), at("00:00", "2026-11-01")]).flatmap(
    lambda night: st.integers(-86_400, 86_400).map(lambda s: night.astimezone(UTC) + timedelta(seconds=s))
)
some_zones = st.lists(
    st.sampled_from([NEW_YORK, CHICAGO, DENVER, LOS_ANGELES, HONOLULU, ZoneInfo("America/Phoenix"), GUAM]),
    min_size=1,
    max_size=3,
)


@steady
@given(some_moment | dst_night, some_zones)
def test_the_next_allowed_moment_is_allowed_and_none_before_it_is(
    moment: datetime, zones: list[ZoneInfo]
) -> None:
    found = next_allowed(moment, zones, HOURS)
    if found is None:
        assert not any(may_send(moment + timedelta(minutes=15 * n), zones, HOURS) for n in range(4 * 24))
        return
    assert found >= moment
    assert may_send(found, zones, HOURS)
    if found > moment:
        minutes = int((found - moment) / timedelta(minutes=7))
        assert not any(may_send(moment + timedelta(minutes=7 * n), zones, HOURS) for n in range(minutes))
        assert not may_send(found - timedelta(microseconds=1), zones, HOURS)


@steady
@given(some_moment | dst_night, some_zones)
def test_whatever_is_sent_arrives_by_day_wherever_its_owner_is(
    moment: datetime, zones: list[ZoneInfo]
) -> None:
    seconds = validity_seconds(moment, zones, HOURS)
    assert (seconds is None) == (not may_send(moment, zones, HOURS))
    if seconds is None:
        return
    assert 1 <= seconds <= LONGEST_VALIDITY
    for arrival in (moment, moment + timedelta(seconds=seconds)):
        for zone in zones:
            local = arrival.astimezone(zone)
            assert time(8) <= local.time() < time(21)
            assert local.date() == moment.astimezone(zone).date()
