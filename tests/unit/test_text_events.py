"""Events are kept once however often Twilio delivers them, and a STOP holds from that moment."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

from include.database.engines import engine_for
from include.storedb.migrate import upgrade
from include.storedb.suppression import Suppressions
from include.storedb.tables import SUPPRESSION, TEXT_EVENT
from include.storedb.text_events import TextEvent, TextEvents
from tests.databases import KINDS, fresh_database

AT = datetime(2026, 11, 20, 23, 30)
ANN, BOB = "+15182345601", "+15182345602"
REPLY = TextEvent("reply", "SM1", ANN, AT, body="ok", meaning="other")
STATUS = TextEvent("status", "SM9", BOB, AT, status="sent")


@pytest.fixture(params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path) as url:
        upgrade(url)
        yield engine_for(url)


def suppressions(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(select(SUPPRESSION).order_by(SUPPRESSION.c.phone)))


def test_an_event_comes_back_as_it_was_stored(engine: Engine) -> None:
    events = TextEvents(engine)
    long = replace(
        REPLY,
        body="Grüße 🌷 \x00'; DROP TABLE lead; -- \ud83d " + "x" * 1600,
        media=("https://api.example/1", "https://api.example/2"),
    )
    failed = replace(STATUS, status="undelivered", error_code=30006)
    assert events.add(long)
    assert events.add(failed)
    first, second = events.unprocessed()
    assert first.body == "Grüße 🌷  '; DROP TABLE lead; -- ? " + "x" * 1600
    assert (first.media, first.meaning, first.phone, first.received_at) == (long.media, "other", ANN, AT)
    assert replace(second, id=None) == failed


def test_the_same_event_is_stored_once(engine: Engine) -> None:
    events = TextEvents(engine)
    later = AT + timedelta(seconds=9)
    assert [events.add(one) for one in (STATUS, replace(STATUS, received_at=later))] == [True, False]
    assert events.add(replace(STATUS, status="delivered"))
    assert [events.add(one) for one in (REPLY, replace(REPLY, body="changed", meaning="stop"))] == [
        True,
        False,
    ]
    assert events.add(replace(REPLY, sid=STATUS.sid)), "a reply is no status, whatever its number"
    assert len(events.unprocessed()) == 4
    assert suppressions(engine) == []


def test_what_arrives_twice_at_once_is_stored_once(engine: Engine) -> None:
    stops = [replace(REPLY, sid=f"SM{number % 4}", meaning="stop") for number in range(16)]
    with ThreadPoolExecutor(8) as threads:
        stored = list(threads.map(TextEvents(engine).add, stops))
    assert sorted(stored) == [False] * 12 + [True] * 4
    assert len(TextEvents(engine).unprocessed()) == 4
    assert [(row.phone, row.reason, row.cleared_at) for row in suppressions(engine)] == [
        (ANN, "opted_out", None)
    ]


def test_work_is_done_oldest_first_and_once(engine: Engine) -> None:
    events = TextEvents(engine)
    with engine.begin() as connection:
        rows = [
            {
                "event_hash": f"{number:064}",
                "kind": "status",
                "sid": f"SM{number}",
                "phone": ANN,
                "status": "sent",
                "received_at": AT,
            }
            for number in range(2500)
        ]
        connection.execute(insert(TEXT_EVENT), rows)
    first = events.unprocessed(1200)
    assert [event.sid for event in first[:2]] == ["SM0", "SM1"]
    ids = [event.id or 0 for event in first]
    assert events.done(ids) == 1200
    assert events.done(ids) == 0
    assert events.unprocessed(1)[0].sid == "SM1200"
    assert len(events.unprocessed()) == 1300
    assert events.done([]) == 0


def test_the_history_of_some_phones(engine: Engine) -> None:
    events = TextEvents(engine)
    old = replace(STATUS, sid="SM0", received_at=AT - timedelta(days=100))
    for event in (old, STATUS, replace(STATUS, status="delivered"), REPLY):
        events.add(event)
    events.done([events.unprocessed()[1].id or 0])
    found = events.of_phones([BOB, "+15182345699"], AT - timedelta(days=90))
    assert [(event.sid, event.status) for event in found] == [("SM9", "sent"), ("SM9", "delivered")]
    assert events.of_phones([], AT) == []


def test_stop_and_start(engine: Engine) -> None:
    events, suppressed = TextEvents(engine), Suppressions(engine)
    stop, later = replace(REPLY, body="STOP", meaning="stop"), AT + timedelta(hours=1)
    events.add(stop)
    (row,) = suppressions(engine)
    assert (row.phone, row.reason, row.source, row.at, row.cleared_at) == (
        ANN,
        "opted_out",
        "reply",
        AT,
        None,
    )
    assert "STOP" not in row.detail

    events.add(replace(REPLY, sid="SM2", meaning="start", received_at=later))
    assert suppressed.active([ANN]) == {}
    assert suppressions(engine)[0].cleared_at == later
    assert not events.add(stop), "Twilio delivers the old STOP again"
    assert suppressed.active([ANN]) == {}

    events.add(replace(stop, sid="SM3", received_at=later))
    assert suppressed.active([ANN]) == {ANN: "opted_out"}
    events.add(replace(REPLY, sid="SM4", phone=BOB, meaning="start"))
    events.add(replace(REPLY, sid="SM5", meaning="help"))
    assert suppressed.active([ANN, BOB]) == {ANN: "opted_out"}


def test_a_stop_goes_before_any_other_reason(engine: Engine) -> None:
    events, suppressed = TextEvents(engine), Suppressions(engine)
    suppressed.add(ANN, "unreachable", "twilio")
    events.add(replace(REPLY, meaning="stop"))
    assert suppressed.active([ANN]) == {ANN: "opted_out"}
    suppressed.add(BOB, "landline", "twilio")
    events.add(replace(REPLY, sid="SM2", phone=BOB, meaning="start"))
    assert suppressed.active([BOB]) == {}, "a phone that writes takes texts"


def test_an_event_shows_neither_phone_nor_words() -> None:
    shown = repr(replace(REPLY, body="my name is Ann"))
    assert ANN not in shown
    assert "Ann" not in shown
