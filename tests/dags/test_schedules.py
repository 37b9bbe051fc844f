"""Schedules across the nights in which the clocks change."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
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


@pytest.fixture(scope="module")
def hourly() -> list[datetime]:
    timetable = load_dags()["hourly_inventory"].schedule
    return runs(timetable, pendulum.datetime(2026, 10, 31), pendulum.datetime(2027, 3, 16))


@pytest.mark.parametrize(
    ("day", "count"),
    [(date(2026, 11, 1), 25), (date(2026, 11, 2), 24), (date(2027, 3, 14), 23), (date(2027, 3, 15), 24)],
)
def test_every_hour_of_the_day_has_one_run_also_when_the_clocks_change(
    hourly: list[datetime], day: date, count: int
) -> None:
    per_day = Counter(moment.astimezone(STORE).date() for moment in hourly)
    assert per_day[day] == count


def test_there_is_no_hole_and_no_double(hourly: list[datetime]) -> None:
    gaps = {later - earlier for earlier, later in pairwise(hourly)}
    assert gaps == {timedelta(hours=1)}


def test_every_dag_runs_on_the_store_s_clock() -> None:
    for dag_id, dag in load_dags().items():
        zone = getattr(dag.schedule, "timezone", None)
        if zone is not None:
            assert str(getattr(zone, "name", zone)) == STORE.key, dag_id
