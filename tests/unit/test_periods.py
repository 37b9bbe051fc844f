"""The days that the rules look at: leap years, the turn of the year, both clock changes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.periods import (
    Period,
    a_year_before,
    last_days,
    since_start_of_last_year,
    this_time_last_year,
    up_to,
)


@pytest.mark.parametrize(
    ("day", "before"),
    [
        (date(2026, 11, 20), date(2025, 11, 20)),
        (date(2028, 2, 29), date(2027, 2, 28)),
        (date(2025, 2, 28), date(2024, 2, 28)),
        (date(2025, 3, 1), date(2024, 3, 1)),
        (date(2026, 1, 1), date(2025, 1, 1)),
    ],
)
def test_the_same_day_of_the_year_before(day: date, before: date) -> None:
    assert a_year_before(day) == before


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        pytest.param(date(2026, 5, 1), date(2025, 5, 1), date(2025, 6, 15), id="spring"),
        pytest.param(
            date(2026, 11, 20), date(2025, 11, 20), date(2026, 1, 4), id="over the turn of the year"
        ),
        pytest.param(
            date(2025, 1, 20), date(2024, 1, 20), date(2024, 3, 5), id="over last year's 29 February"
        ),
        pytest.param(date(2028, 2, 29), date(2027, 2, 28), date(2027, 4, 14), id="on 29 February"),
        pytest.param(date(2028, 3, 1), date(2027, 3, 1), date(2027, 4, 15), id="the day after"),
    ],
)
def test_this_time_last_year_is_the_same_day_and_45_days_further(day: date, first: date, last: date) -> None:
    assert this_time_last_year(day, 45) == Period(first, last)


@given(st.dates(date(2000, 1, 1), date(2100, 12, 31)))
def test_the_window_never_jumps_by_more_than_a_leap_day(day: date) -> None:
    one, other = this_time_last_year(day, 45), this_time_last_year(day + timedelta(days=1), 45)
    assert timedelta(0) <= other.first - one.first <= timedelta(days=2)
    assert one.last - one.first == timedelta(days=45)


@pytest.mark.parametrize(
    ("day", "first"),
    [
        (date(2026, 11, 20), date(2025, 1, 1)),
        (date(2026, 1, 1), date(2025, 1, 1)),
        (date(2025, 12, 31), date(2024, 1, 1)),
    ],
)
def test_since_the_start_of_last_year(day: date, first: date) -> None:
    assert since_start_of_last_year(day) == Period(first, day)


def test_past_days_leave_out_today_and_days_up_to_today_have_it() -> None:
    assert last_days(date(2024, 3, 2), 14) == Period(date(2024, 2, 17), date(2024, 3, 1))
    assert up_to(date(2024, 3, 2), 14) == Period(date(2024, 2, 17), date(2024, 3, 2))
    assert up_to(date(2024, 3, 2), 0) == Period(date(2024, 3, 2), date(2024, 3, 2))
    assert last_days(date(2024, 3, 2), 14).end == date(2024, 3, 2)


def test_a_period_reads_as_people_write_it() -> None:
    assert str(this_time_last_year(date(2026, 11, 20), 45)) == "2025-11-20 to 2026-01-04"


NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"


@pytest.mark.parametrize(
    ("moment", "zone", "clock", "day"),
    [
        pytest.param("2026-03-08T07:00Z", NEW_YORK, "03:00", date(2026, 3, 8), id="02:00 is skipped"),
        pytest.param("2026-03-08T06:59Z", NEW_YORK, "01:59", date(2026, 3, 8), id="the minute before"),
        pytest.param(
            "2026-11-01T05:30Z", NEW_YORK, "01:30", date(2026, 11, 1), id="01:30 for the first time"
        ),
        pytest.param("2026-11-01T06:30Z", NEW_YORK, "01:30", date(2026, 11, 1), id="01:30 again"),
        pytest.param("2026-11-01T07:00Z", NEW_YORK, "02:00", date(2026, 11, 1), id="02:00 after that"),
        pytest.param("2026-11-21T02:00Z", NEW_YORK, "21:00", date(2026, 11, 20), id="an evening"),
        pytest.param(
            "2026-03-29T01:00Z", BERLIN, "03:00", date(2026, 3, 29), id="02:00 is skipped in Europe"
        ),
        pytest.param(
            "2026-10-25T00:00Z", BERLIN, "02:00", date(2026, 10, 25), id="the first 02:00 in Europe"
        ),
        pytest.param("2026-10-25T01:00Z", BERLIN, "02:00", date(2026, 10, 25), id="the second 02:00"),
        pytest.param("2026-10-24T22:30Z", BERLIN, "00:30", date(2026, 10, 25), id="a day ahead of UTC"),
    ],
)
def test_a_run_of_any_night_belongs_to_the_stores_day(moment: str, zone: str, clock: str, day: date) -> None:
    when = datetime.fromisoformat(moment).astimezone(ZoneInfo(zone))
    assert f"{when:%H:%M}" == clock
    assert when.date() == day
    assert this_time_last_year(when.date(), 45).first == day.replace(year=day.year - 1)
    assert last_days(when.date(), 1) == Period(day - timedelta(days=1), day - timedelta(days=1))
