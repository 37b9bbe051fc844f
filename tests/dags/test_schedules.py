"""Schedules across the nights in which the clocks change."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pendulum
import pytest
from airflow.serialization.encoders import coerce_to_core_timetable
from airflow.timetables.base import TimeRestriction

from scripts.dag_docs import load_dags

STORE = ZoneInfo("America/New_York")


def runs(timetable: Any, first: pendulum.DateTime, last: pendulum.DateTime) -> list[datetime]:
    """The moments at which a timetable starts runs, from `first` up to `last`, both in UTC."""
    core = coerce_to_core_timetable(timetable)
    found: list[datetime] = []
    interval = None
    restriction = TimeRestriction(earliest=first, latest=last, catchup=True)
    while info := core.next_dagrun_info(last_automated_data_interval=interval, restriction=restriction):
        found.append(info.run_after)
        interval = info.data_interval
    return found


@pytest.mark.parametrize(
    ("change", "count", "next_day"),
    [(pendulum.date(2026, 11, 1), 25, 24), (pendulum.date(2027, 3, 14), 23, 24)],
    ids=["autumn", "spring"],
)
def test_every_hour_has_one_run_also_when_the_clocks_change(
    change: pendulum.Date, count: int, next_day: int
) -> None:
    timetable = load_dags()["hourly_inventory"].schedule
    midnight = pendulum.datetime(change.year, change.month, change.day, tz=STORE.key)
    hourly = runs(timetable, midnight.in_timezone("UTC"), midnight.add(days=2, hours=-1).in_timezone("UTC"))
    per_day = Counter(moment.astimezone(STORE).date() for moment in hourly)
    assert (per_day[change], per_day[change.add(days=1)]) == (count, next_day)
    gaps = {(later - earlier).total_seconds() for earlier, later in pairwise(hourly)}
    assert gaps == {timedelta(hours=1).total_seconds()}


def test_every_dag_runs_on_the_store_s_clock() -> None:
    for dag_id, dag in load_dags().items():
        zone = getattr(dag.schedule, "timezone", None)
        if zone is not None:
            assert str(getattr(zone, "name", zone)) == STORE.key, dag_id


@pytest.mark.parametrize(
    ("dag_id", "hours"),
    [
        ("nightly_bigcommerce_sync", [2]),
        ("product_upkeep", list(range(6, 21, 2))),
        ("customer_upkeep", [21]),
        ("offsite_backups", [22]),
        ("sms_first_time_1_thanks", [18]),
        ("stock_notifications", [11]),
    ],
)
@pytest.mark.parametrize(
    "day", [pendulum.date(2026, 11, 1), pendulum.date(2027, 3, 14), pendulum.date(2028, 2, 29)], ids=str
)
def test_each_local_time_comes_once_a_day_also_when_the_clocks_change(
    dag_id: str, hours: list[int], day: pendulum.Date
) -> None:
    timetable = load_dags()[dag_id].schedule
    midnight = pendulum.datetime(day.year, day.month, day.day, tz=STORE.key)
    found = runs(timetable, midnight.in_timezone("UTC"), midnight.add(days=1).in_timezone("UTC"))
    local = [moment.astimezone(STORE) for moment in found]
    assert {moment.date() for moment in local} == {day}
    # In the night of 14 March there is no 02:00: the run is at 03:00, which is the same moment.
    skipped = {2: 3} if day == pendulum.date(2027, 3, 14) else {}
    assert [moment.hour for moment in local] == [skipped.get(hour, hour) for hour in hours]
