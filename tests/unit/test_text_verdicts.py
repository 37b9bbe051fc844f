"""What Twilio's reports and customers' replies change: texts, phones and customers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, Select, insert

from include.changes import Plan
from include.counterpoint.tables import AR_CUST, metadata
from include.database.engines import engine_for
from include.messaging.customer_changes import plan_customers
from include.messaging.events import StatusUpdate, Verdict, Wish, status_updates, verdicts
from include.messaging.settings import StrikeSettings
from include.storedb.text_events import Meaning, TextEvent
from tests.databases import KINDS, fresh_database

AT = datetime(2026, 11, 20, 23, 30)
ZONE = ZoneInfo("America/New_York")
ANN, BOB = "+15182345601", "+15182345602"
STRIKES = StrikeSettings(unreachable=3, invalid=2)


def status(
    name: str,
    code: int | None = None,
    *,
    sid: str = "SM1",
    phone: str = ANN,
    minutes: float = 0,
    number: int | None = None,
) -> TextEvent:
    at = AT + timedelta(minutes=minutes)
    return TextEvent("status", sid, phone, at, status=name, error_code=code, id=number)


def reply(meaning: Meaning, minutes: float = 0, phone: str = ANN) -> TextEvent:
    return TextEvent(
        "reply", f"SM{meaning}{minutes}", phone, AT + timedelta(minutes=minutes), meaning=meaning
    )


def days(number: float) -> float:
    return number * 24 * 60


@pytest.mark.parametrize(
    ("known", "events", "expected"),
    [
        ("sent", ["delivered"], "delivered"),
        ("sent", ["queued", "sending", "sent"], None),
        ("unknown", ["queued"], "sent"),
        ("planned", ["delivered", "sent", "queued"], "delivered"),
        ("sent", ["undelivered", "sent"], "undelivered"),
        ("sent", ["undelivered", "delivered"], "undelivered"),
        ("delivered", ["failed"], None),
        ("delivered", ["read"], None),
        ("sent", ["canceled"], "failed"),
        ("sent", ["something_new", ""], None),
        ("sent", [], None),
    ],
)
def test_a_text_only_moves_forward(known: str, events: list[str], expected: str | None) -> None:
    given = [status(name, minutes=place) for place, name in enumerate(events)]
    found = status_updates(given, {"SM1": known})
    assert [update.status for update in found] == ([expected] if expected else [])


def test_updates_carry_code_and_time_and_leave_strangers_alone() -> None:
    events = [status("undelivered", 30005, minutes=5), status("delivered", sid="SM2"), reply("stop")]
    found = status_updates(events, {"SM1": "sent", "SMstop0": "sent"})
    assert found == [StatusUpdate("SM1", "undelivered", 30005, AT + timedelta(minutes=5))]


def judged(
    new: list[TextEvent], earlier: list[TextEvent] | None = None
) -> list[tuple[Wish, str | None, str]]:
    found = verdicts(new, earlier or [], STRIKES, ZONE)
    return [(verdict.wish, verdict.suppression, verdict.reason) for verdict in found]


STOPPED = (Wish.STOPPED, "opted_out", "answered STOP")
RETURNED = (Wish.RETURNED, None, "answered START")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], []),
        ([reply("other"), reply("help", 1), status("delivered")], []),
        ([reply("stop")], [STOPPED]),
        ([reply("stop"), reply("start", 1)], [RETURNED]),
        ([reply("stop", 2), reply("start", 1)], [STOPPED]),
        (
            [status("failed", 21610)],
            [(Wish.STOPPED, "opted_out", "Twilio 21610: the customer answered STOP")],
        ),
        ([status("failed", 21610), reply("start", 1)], [RETURNED]),
        ([status("sent", 21610)], []),
        ([status("failed", None), status("undelivered", 99999, sid="SM2")], []),
        ([status("failed", 30007)], []),
    ],
)
def test_the_last_word_on_texts_counts(events: list[TextEvent], expected: list[Any]) -> None:
    assert judged(events) == expected


def test_a_landline_is_parked_at_once() -> None:
    ((wish, suppression, reason),) = judged([status("undelivered", 30006)])
    assert (wish, suppression) == (Wish.PARK, "landline")
    assert reason == "Twilio 30006: the number is a landline or its network takes no texts"


@pytest.mark.parametrize(
    ("code", "before", "expected"),
    [
        (30003, [], []),
        (30003, [1, 1.01], []),
        (30003, [1, 2], [(Wish.PARK, "unreachable")]),
        (30008, [1, 2], [(Wish.PARK, "unreachable")]),
        (30005, [], []),
        (30005, [0.01], []),
        (30005, [1], [(Wish.INVALID, "invalid")]),
        (30001, [1, 2, 3], []),
    ],
)
def test_other_failures_count_by_day(code: int, before: list[float], expected: list[Any]) -> None:
    earlier = [status("undelivered", code, sid=f"SM-{n}", minutes=-days(n)) for n in before]
    assert [found[:2] for found in judged([status("undelivered", code)], earlier)] == expected


@pytest.mark.parametrize(
    "sign", [status("delivered", sid="SM7", minutes=-days(1.5)), reply("other", -days(1.5))]
)
def test_a_sign_of_life_takes_the_strikes_back(sign: TextEvent) -> None:
    failures = [status("undelivered", 30003, sid=f"SM-{n}", minutes=-days(n)) for n in (1, 2)]
    assert judged([status("undelivered", 30003)], failures)
    assert judged([status("undelivered", 30003)], [*failures, sign]) == []


def test_an_event_that_is_also_among_the_earlier_ones_counts_once() -> None:
    event = status("undelivered", 30005, number=7)
    assert judged([event], [event]) == []


def test_a_day_is_the_stores() -> None:
    # 03:30 and 04:30 UTC are 22:30 and 23:30 of one evening in New York; 05:30 is the next day.
    evening = [status("undelivered", 30005, sid=f"SM{n}", minutes=60 * n, number=n) for n in (4, 5)]
    assert judged(evening[1:], evening[:1]) == []
    assert judged([status("undelivered", 30005, sid="SM6", minutes=360, number=6)], evening[:1])


def test_a_verdict_shows_no_phone() -> None:
    assert ANN not in repr(verdicts([reply("stop")], [], STRIKES, ZONE))


# --- Counterpoint -------------------------------------------------------------------------------------------

Streamer = Callable[[Select[Any]], Any]


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path) as url:
        engine = engine_for(url)
        metadata.create_all(engine, tables=[AR_CUST])
        yield engine


def fill(engine: Engine, *rows: tuple[str, str | None, str | None, str | None]) -> None:
    names = ("CUST_NO", "PHONE_1", "MBL_PHONE_1", "INCLUDE_IN_MARKETING_MAILOUTS")
    with engine.begin() as connection:
        connection.execute(insert(AR_CUST), [dict(zip(names, row, strict=True)) for row in rows])


def planned(engine: Engine, found: list[Verdict], stopped_before: tuple[str, ...] = ()) -> Plan:
    @contextmanager
    def stream(query: Select[Any]) -> Iterator[Iterator[Any]]:
        with engine.connect() as connection:
            yield iter(connection.execute(query))

    return plan_customers(stream, found, stopped_before)


def fields(plan: Plan) -> list[tuple[Any, ...]]:
    return [(c.key, c.field, c.old, c.new) for c in plan.changes]


STOP = Verdict(ANN, Wish.STOPPED, "opted_out", "answered STOP")
START = Verdict(ANN, Wish.RETURNED, None, "answered START")
PARK = Verdict(ANN, Wish.PARK, "landline", "Twilio 30006: the number is a landline")
INVALID = Verdict(ANN, Wish.INVALID, "invalid", "Twilio 30005: the number is not in service")


def test_a_stop_reaches_every_customer_with_the_phone(store: Engine) -> None:
    fill(
        store,
        ("1", "518-234-5601", None, "Y"),
        ("2", "(518) 234.5601 ", None, "Y"),
        ("3", "518-234-5602", "+1 518 234 5601", "Y"),
        ("4", "518-234-5601", None, "N"),
        ("5", "518-234-5601", None, None),
        ("6", "518-234-5602", None, "Y"),
        ("7", "518-234-5601 no texts", None, "Y"),
        ("8", None, None, "Y"),
        ("CASH", "518-234-5601", None, "Y"),
    )
    plan = planned(store, [STOP])
    opt_in = "INCLUDE_IN_MARKETING_MAILOUTS"
    assert fields(plan) == [(number, opt_in, "Y", "N") for number in "123"]
    assert {change.reason for change in plan.changes} == {"answered STOP"}
    assert plan.considered == 5


def test_a_start_gives_back_only_what_a_stop_took(store: Engine) -> None:
    fill(
        store,
        ("1", "518-234-5601", None, "N"),
        ("2", "518-234-5601", None, "N"),
        ("3", "518-234-5601", None, "Y"),
    )
    assert fields(planned(store, [START], ("1", "3"))) == [("1", "INCLUDE_IN_MARKETING_MAILOUTS", "N", "Y")]


def test_a_landline_moves_and_nobody_loses_a_number(store: Engine) -> None:
    fill(
        store,
        ("1", "518-234-5601", None, "Y"),
        ("2", "518-234-5601", "  ", "Y"),
        ("3", "518-234-5601", "5182345601", "Y"),
        ("4", "518-234-5601", "518-234-5609", "Y"),
        ("5", "518-234-5602", "518-234-5601", "Y"),
    )
    plan = planned(store, [PARK])
    blank = next(change.old for change in plan.changes if change.key == "2")
    assert fields(plan) == [
        ("1", "MBL_PHONE_1", None, "518-234-5601"),
        ("1", "PHONE_1", "518-234-5601", None),
        ("2", "MBL_PHONE_1", blank, "518-234-5601"),
        ("2", "PHONE_1", "518-234-5601", None),
        ("3", "PHONE_1", "518-234-5601", None),
    ]
    assert [reject.key for reject in plan.rejects] == ["4"]
    assert "518" not in "".join(reject.reason for reject in plan.rejects)


def test_a_number_out_of_service_is_for_a_person_to_ask_about(store: Engine) -> None:
    fill(store, ("1", "518-234-5601", None, "Y"), ("2", "518-234-5602", "518-234-5601", "Y"))
    plan = planned(store, [INVALID])
    assert plan.changes == ()
    assert [(reject.key, reject.reason) for reject in plan.rejects] == [("1", INVALID.reason)]


def test_without_verdicts_the_tills_are_left_alone(store: Engine) -> None:
    store.dispose()
    assert planned(store, []) == Plan(basis=0)
    fill(store, ("1", None, None, "Y"))
    assert planned(store, [STOP]) == Plan()


def test_a_phone_can_be_stopped_and_parked_at_once(store: Engine) -> None:
    fill(store, ("1", "518-234-5601", None, "Y"))
    plan = planned(store, [STOP, PARK])
    assert [change.field for change in plan.changes] == [
        "INCLUDE_IN_MARKETING_MAILOUTS",
        "MBL_PHONE_1",
        "PHONE_1",
    ]
