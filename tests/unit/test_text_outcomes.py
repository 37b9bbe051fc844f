"""How texts ended, what they cost, and what was taken from whom, on every engine of the store database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, insert, select

from include.changes import Change, Result
from include.database.engines import engine_for
from include.messaging.events import StatusUpdate
from include.messaging.feedback import Feedback
from include.messaging.feedback_settings import FeedbackSettings
from include.messaging.lost_reports import Message, look, spans
from include.messaging.settings import StrikeSettings
from include.storedb.audit import Audit
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext
from include.storedb.suppression import Suppressions
from include.storedb.tables import TEXT_EVENT, TEXT_MESSAGE
from include.storedb.taken_values import TakenValues
from include.storedb.text_events import TextEvent, TextEvents
from include.storedb.text_outcomes import TextOutcomes
from tests.databases import KINDS, fresh_database

AT = datetime(2026, 11, 20, 17, 30, 0, 123456)
HOUR = timedelta(hours=1)
ANN = "+15182345601"
SETTINGS = FeedbackSettings()


@pytest.fixture(params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path) as url:
        upgrade(url)
        yield engine_for(url)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    with fresh_database("sqlite", tmp_path) as url:
        upgrade(url)
        yield engine_for(url)


def fill(engine: Engine, *texts: dict[str, Any]) -> None:
    """Texts of Ann's; what is not said is that of one that was sent."""
    usual = {
        "campaign": "sms_a",
        "anchor": "2026-11-19",
        "cust_no": "1",
        "phone": ANN,
        "body": "Hi!",
        "segments": 1,
        "cost": Decimal("0.0113"),
        "status": "sent",
        "reason": "",
        "error_code": None,
        "price": None,
        "planned_at": AT,
        "sent_at": AT,
        "status_at": AT,
        "dag_id": "sms",
        "run_id": "evening",
        "task_id": "send",
        "map_index": -1,
    }
    made = [
        {**usual, "sid": f"SM{number}", "text_hash": f"{number:064}", **given}
        for number, given in enumerate(texts)
    ]
    with engine.begin() as connection:
        connection.execute(insert(TEXT_MESSAGE), made)


def stored(engine: Engine) -> dict[str, Any]:
    with engine.connect() as connection:
        return {row.sid: row for row in connection.execute(select(TEXT_MESSAGE))}


def report(sid: str, status: str = "delivered", at: datetime = AT, code: int | None = None) -> TextEvent:
    return TextEvent("status", sid, ANN, at, status, code)


def test_ends_are_written_once_and_never_taken_back(engine: Engine) -> None:
    outcomes = TextOutcomes(engine)
    fill(engine, *({} for _ in range(1100)), {"status": "unknown"}, {"status": "delivered"})
    updates = [
        StatusUpdate(f"SM{number}", "delivered", None, AT + timedelta(seconds=number)) for number in range(5)
    ]
    updates += [StatusUpdate(f"SM{number}", "undelivered", 30006, AT) for number in range(5, 1100)]
    updates += [StatusUpdate("SM1100", "sent", None, AT), StatusUpdate("SM1101", "failed", 30008, AT)]
    assert outcomes.write(updates) == 1101
    assert outcomes.write(updates) == 0
    assert (
        outcomes.write([StatusUpdate("SM4", "failed", 30008, AT), StatusUpdate("SM9", "sent", None, AT)]) == 0
    )
    rows = stored(engine)
    assert [rows[f"SM{n}"].status_at - AT for n in (0, 3, 7)] == [timedelta(seconds=n) for n in (0, 3, 0)]
    assert [(rows[sid].status, rows[sid].error_code) for sid in ("SM4", "SM1099", "SM1100", "SM1101")] == [
        ("delivered", None),
        ("undelivered", 30006),
        ("sent", None),
        ("delivered", None),
    ]
    assert rows["SM4"].run_id == "evening", "the run that sent it is the run that reports on it"
    assert outcomes.statuses(["SM4", "SM5", "SM-strange"]) == {"SM4": "delivered", "SM5": "undelivered"}


def test_prices_are_written_once(engine: Engine) -> None:
    outcomes = TextOutcomes(engine)
    fill(engine, {}, {}, {"price": Decimal("0.0300")})
    prices = {"SM0": Decimal("0.00790"), "SM1": Decimal(0), "SM2": Decimal(1), "SM-strange": Decimal(1)}
    assert [outcomes.write_prices(prices), outcomes.write_prices(prices)] == [2, 0]
    rows = stored(engine)
    assert [rows[f"SM{n}"].price for n in range(3)] == [Decimal("0.0079"), Decimal(0), Decimal("0.0300")]


def test_only_texts_without_an_end_or_a_price_want_news(engine: Engine) -> None:
    known: list[dict[str, Any]] = [
        {"sent_at": AT - 2 * HOUR},
        {"sent_at": AT - 3 * HOUR, "status": "delivered"},
        {"sent_at": AT - 3 * HOUR, "status": "delivered", "price": Decimal(0)},
        {"sent_at": AT - 3 * HOUR, "status": "failed"},
        {"sent_at": AT - 3 * HOUR, "status": "unknown", "sid": None},
        {"sent_at": AT - 100 * HOUR},
        {"sent_at": AT},
        {"sent_at": None, "status": "set_aside", "sid": None},
    ]
    fill(engine, *known)
    found = TextOutcomes(engine).wanting(AT - 72 * HOUR, AT - HOUR)
    assert list(found) == [AT - 3 * HOUR, AT - 2 * HOUR]


def test_refusals_become_events_once(engine: Engine) -> None:
    refused = {"status": "refused", "sid": None, "sent_at": None}
    fill(
        engine,
        refused | {"error_code": 21614},
        refused | {"error_code": 21612},
        refused | {"error_code": 21614, "status_at": AT - 100 * HOUR},
        refused,
    )

    def nobody(_first: datetime, _last: datetime) -> Iterator[Message]:
        raise AssertionError("nothing needs to be asked")

    assert look(engine, nobody, SETTINGS, AT) == Counter(refused=1)
    assert +look(engine, nobody, SETTINGS, AT) == Counter()
    (event,) = TextEvents(engine).unprocessed()
    assert (event.phone, event.status, event.error_code, event.received_at) == (ANN, "failed", 21614, AT)


def test_a_report_from_the_list_is_the_same_event_as_the_callback(engine: Engine) -> None:
    fill(engine, {"sent_at": AT - 2 * HOUR}, {"sent_at": AT - 2 * HOUR})
    events = TextEvents(engine)
    events.add(report("SM0"))
    events.done([events.unprocessed()[0].id or 0])
    asked: list[tuple[datetime, datetime]] = []

    def listed(first: datetime, last: datetime) -> Iterator[Message]:
        asked.append((first, last))
        yield Message(report("SM0"), Decimal("0.0079"))
        yield Message(report("SM1", "sent"))
        yield Message(report("SM-strange", "undelivered", code=30006), Decimal(1))

    assert look(engine, listed, SETTINGS, AT) == Counter(listed=3, ended=1, priced=1)
    assert [first < AT - 2 * HOUR < AT < last for first, last in asked] == [True]
    # The callback had come before the text's number was known; the row has its end all the same.
    assert [row.status for _, row in sorted(stored(engine).items())] == ["delivered", "sent"]
    assert events.unprocessed() == []


def test_a_reply_that_comes_late_undoes_nothing_newer(store: Engine) -> None:
    fill(store, {"sent_at": AT - 2 * HOUR})
    events, suppressed = TextEvents(store), Suppressions(store)
    bob, cy = "+15182345602", "+15182345603"

    def reply(phone: str, meaning: Any, at: datetime) -> TextEvent:
        return TextEvent("reply", f"SM{phone}{meaning}", phone, at, body=meaning, meaning=meaning)

    events.add(reply(ANN, "stop", AT - HOUR))
    events.add(reply(bob, "start", AT - HOUR))
    lost = [reply(ANN, "start", AT - 2 * HOUR), reply(bob, "stop", AT - 2 * HOUR), reply(cy, "stop", AT)]
    found = look(store, lambda _first, _last: map(Message, [*lost, *lost]), SETTINGS, AT)
    assert found["replies"] == 3
    assert suppressed.active([ANN, bob, cy]) == {ANN: "opted_out", cy: "opted_out"}
    assert [event.meaning for event in events.unprocessed()] == ["stop", "start", "other", "other", "stop"]


def test_spans_join_what_lies_close_together() -> None:
    moments = [AT - 60 * HOUR, AT - 55 * HOUR, AT - 30 * HOUR, AT - 2 * HOUR]
    found = spans(moments, AT)
    assert len(found) == 3
    for moment in moments:
        assert any(first < moment < last for first, last in found)
    assert found[-1][1] < AT + HOUR
    assert spans([], AT) == []


def test_who_was_let_back_since_stays_so(engine: Engine) -> None:
    events, suppressed = TextEvents(engine), Suppressions(engine)
    feedback = Feedback(engine, StrikeSettings(), ZoneInfo("America/New_York"))
    blocked = report("SM1", "failed", AT, 21610)
    events.add_reports([blocked, blocked])
    (found,) = feedback.concerning()
    assert [feedback.suppress([found]), feedback.suppress([found])] == [1, 0]
    events.add(TextEvent("reply", "SM2", ANN, AT + HOUR, body="START", meaning="start"))
    assert feedback.suppress([found]) == 0
    assert suppressed.active([ANN]) == {}
    events.add_reports([replace(blocked, sid="SM3", received_at=AT + 2 * HOUR)])
    assert feedback.suppress(feedback.concerning()) == 1
    assert suppressed.active([ANN]) == {ANN: "opted_out"}


def test_many_reports_in_one_run(store: Engine) -> None:
    """Those that nothing follows from are done; what waits for a customer does not hold up the others."""
    count = 20_000
    rows = [
        {
            "event_hash": f"{number:064}",
            "kind": "status",
            "sid": f"SM{number}",
            "phone": f"+1518{2345000 + number % 300 + 300 * (number < 5000)}",
            "status": "undelivered" if number < 5000 else "delivered",
            "error_code": 30006 if number < 5000 else None,
            "received_at": AT,
        }
        for number in range(count)
    ]
    with store.begin() as connection:
        connection.execute(insert(TEXT_EVENT), rows)
    fill(store, *({} for _ in range(count)))
    feedback = Feedback(store, StrikeSettings(), ZoneInfo("America/New_York"))
    changed, suppressed, done = feedback.follow(AT + 2 * HOUR, HOUR)
    assert (changed, done) == (count, count - 5000)
    assert suppressed == 300
    assert feedback.follow(AT + 2 * HOUR, HOUR) == (0, 0, 0)


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        ([], False),
        (["answered STOP"], True),
        (["Twilio 21610: the customer answered STOP"], True),
        (["answered STOP", "answered START"], False),
        (["answered STOP", "undo: answered STOP"], False),
        (["answered STOP", "answered START", "answered STOP"], True),
        (["a person's wish"], False),
    ],
)
def test_what_was_taken_and_not_given_back(engine: Engine, reasons: list[str], expected: bool) -> None:
    from include.messaging.events import STOP_REASONS

    for number, reason in enumerate(reasons):
        audit = Audit(engine, RunContext("text_feedback", f"run {number}", "apply"))
        old, new = ("Y", "N") if number % 2 == 0 else ("N", "Y")
        change = Change("AR_CUST", "7", "OPT", old, new, reason)
        audit.begin([change])
        audit.finish([Result(change, "applied")])
    last = Audit(engine, RunContext("text_feedback", "failed", "apply"))
    for key, field in (("7", "OPT"), ("8", "OPT"), ("7", "OTHER")):
        change = Change(
            "AR_CUST", key, field, "Y", "N", "answered STOP" if field != "OPT" else "answered START"
        )
        last.begin([change])
        last.finish([Result(change, "conflicted")])
    taken = TakenValues(engine, "AR_CUST", "OPT", STOP_REASONS)
    assert ("7" in taken, "8" in taken, "9" in taken) == (expected, False, False)
