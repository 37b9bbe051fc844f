"""What is remembered of outages, on every engine."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from include.database.engines import engine_for
from include.storedb.connectivity import Outages
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext
from tests.databases import KINDS, fresh_database

AT = datetime(2026, 11, 20, 15, 0, 0, 250000)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module", params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path_factory.mktemp("connectivity")) as url:
        upgrade(url)
        yield engine_for(url)


def run(number: int = 1) -> RunContext:
    return RunContext("connectivity_watch", f"run {number}", "internet")


def test_tries_are_counted_from_run_to_run_until_one_succeeds(engine: Engine) -> None:
    outages = Outages(engine)
    assert outages.failed("counted", AT, "first", run(1)).tries == 1
    outage = outages.failed("counted", AT + MINUTE, "größer — 🌱", run(2))
    assert (outage.tries, outage.began_at, outage.last_at) == (2, AT, AT + MINUTE)
    assert outage.message == "größer — 🌱"
    assert outages.recovered("counted", AT + 2 * MINUTE) is None, "it was never confirmed"
    assert outages.failed("counted", AT + 3 * MINUTE, "again", run(3)).tries == 1


def test_a_task_that_is_tried_again_counts_once_where_runs_are_counted(engine: Engine) -> None:
    outages = Outages(engine)
    for number, tries in ((1, 1), (1, 1), (2, 2), (2, 2)):
        assert outages.failed("runs", AT, "no", run(number), once_per_run=True).tries == tries


def test_an_outage_is_confirmed_acted_on_ended_and_told_of_once(engine: Engine) -> None:
    outages = Outages(engine)
    outage = outages.failed("once", AT, "no", run())
    assert [outages.confirm(outage, AT), outages.confirm(outage, AT)] == [True, False]
    assert [outages.claim_action(outage, AT), outages.claim_action(outage, AT)] == [True, False]
    assert outages.untold("once") == []
    ended = outages.recovered("once", AT + MINUTE)
    assert ended is not None and ended.ended_at == AT + MINUTE
    assert outages.recovered("once", AT + MINUTE) is None
    assert outages.untold("once") == [ended]
    assert [outages.told(ended, AT), outages.told(ended, AT)] == [True, False]
    assert outages.untold("once") == []
    following = outages.failed("once", AT + 5 * MINUTE, "again", run())
    assert outages.confirm(following, AT + 5 * MINUTE)
    assert [o.id for o in outages.confirmed("once", AT + 3 * MINUTE)] == [following.id]


def test_of_those_who_act_at_the_same_moment_one_does(engine: Engine) -> None:
    outages = Outages(engine)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: outages.failed("race", AT, "no", run()), range(4)))
        assert len({outage.id for outage in found}) == 1
        assert max(outage.tries for outage in found) == 4
        claims = list(pool.map(lambda _: outages.claim_action(found[0], AT), range(4)))
    assert sorted(claims) == [False, False, False, True]


def test_what_is_not_watched_any_more_is_forgotten(engine: Engine) -> None:
    outages = Outages(engine)
    for subject in ("connection old", "connection kept", "internet"):
        outages.failed(subject, AT, "no", run())
    outages.forget_except("connection ", ["connection kept"])
    assert outages.current("connection old") is None
    assert outages.current("connection kept") is not None
    assert outages.current("internet") is not None
