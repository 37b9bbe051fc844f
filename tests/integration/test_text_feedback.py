"""What Twilio tells and customers reply, worked off on the sandbox."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, text, update

from include.counterpoint.tables import AR_CUST
from include.inbound.app import REPLY_PATH, STATUS_PATH, build
from include.inbound.signature import Signature
from include.messaging.feedback_settings import feedback_settings
from include.sandbox.standins.credentials import TWILIO_AUTH_TOKEN, connections
from include.sandbox.standins.http_server import HttpServer
from include.sandbox.standins.ports import listen
from include.sandbox.standins.state import texts as at_twilio
from include.storedb.audit import audited_changes
from include.storedb.runs import RunContext, moment
from include.storedb.suppression import Suppressions
from include.storedb.tables import TEXT_EVENT, TEXT_MESSAGE
from include.storedb.text_events import TextEvent, TextEvents
from include.storedb.text_rows import PlannedText
from include.storedb.texts import Texts
from tests.integration.conftest import Sandbox, states

RunDag = Callable[..., Any]

ANN, BOB, CY, DEE = (f"+1518234560{number}" for number in (1, 2, 3, 4))
OPT_IN = "INCLUDE_IN_MARKETING_MAILOUTS"
RUN = RunContext("sms", "evening", "send", -1)


@pytest.fixture(autouse=True)
def people(sandbox: Sandbox) -> None:
    """Ann and her husband share a phone; he had opted out at the till. Bob, Cy and Dee have their own."""
    rows = [
        ("T-ANN", "Ann O'Hare", "518-234-5601", "Y"),
        ("T-HUSBAND", "Al O'Hare", "(518) 234-5601", "N"),
        ("T-BOB", "=Bob", "518-234-5602", "Y"),
        ("T-CY", "Cy Leclair", "518-234-5603", "Y"),
        ("T-DEE", "Dee Ash", "518-234-5604", "Y"),
    ]
    names = ("CUST_NO", "NAM", "PHONE_1", OPT_IN)
    with sandbox.counterpoint.begin() as connection:
        connection.execute(insert(AR_CUST), [dict(zip(names, row, strict=True)) for row in rows])


def customer(sandbox: Sandbox, number: str) -> tuple[str | None, str | None, str | None]:
    """Phone, mobile and opt-in."""
    column = AR_CUST.c
    wanted = select(column.PHONE_1, column.MBL_PHONE_1, column[OPT_IN]).where(column.CUST_NO.in_([number]))
    with sandbox.counterpoint.connect() as connection:
        row = connection.execute(wanted).one()
    return row[0], row[1], row[2]


def opt_ins(sandbox: Sandbox) -> str:
    people = ("T-ANN", "T-HUSBAND", "T-BOB")
    return "".join(customer(sandbox, number)[2] or "-" for number in people)


def send(sandbox: Sandbox, *phones: str) -> list[str]:
    """Hand a text to Twilio for each phone, and write it down as a campaign does; returns the sids."""
    from retail_ops.hooks.twilio_messaging import TwilioHook
    from retail_ops.texting import twilio_vendor

    texts, vendor, anchor = Texts(sandbox.store_db, RUN), twilio_vendor(TwilioHook()), uuid4().hex
    planned = PlannedText(
        campaign="sms_test",
        anchor=anchor,
        cust_no="T",
        phone="",
        body="Hi, thank you! Reply STOP to opt out.",
        media=None,
        segments=1,
        cost=Decimal("0.0113"),
    )
    fields = {name: getattr(planned, name) for name in PlannedText.__dataclass_fields__}
    texts.add(PlannedText(**{**fields, "phone": phone}) for phone in phones)
    sids = []
    for one in texts.planned("sms_test", anchor):
        sids.append(vendor.create(one.phone, one.body, None, 3600))
        texts.close([one], "sent", sid=sids[-1])
    return sids


def make_older(sandbox: Sandbox, hours: float) -> None:
    """Let all texts be from so many hours earlier, here and at Twilio."""
    with sandbox.store_db.begin() as connection:
        for row in connection.execute(select(TEXT_MESSAGE.c.id, TEXT_MESSAGE.c.sent_at)).all():
            earlier = row.sent_at - timedelta(hours=hours)
            connection.execute(
                update(TEXT_MESSAGE).where(TEXT_MESSAGE.c.id == row.id).values(sent_at=earlier)
            )
    seconds = hours * 3600
    with sandbox.vendors.context.engine.begin() as connection:
        moments = {name: at_twilio.c[name] - seconds for name in ("at", "leaves", "settles")}
        connection.execute(update(at_twilio).values(moments))


def rows(sandbox: Sandbox) -> dict[str, tuple[str, int | None, Decimal | None]]:
    column = TEXT_MESSAGE.c
    wanted = select(column.sid, column.status, column.error_code, column.price)
    with sandbox.store_db.connect() as connection:
        return {row.sid: (row.status, row.error_code, row.price) for row in connection.execute(wanted)}


def waiting(sandbox: Sandbox) -> list[str]:
    return [event.status or event.meaning or "" for event in TextEvents(sandbox.store_db).unprocessed()]


def suppressed(sandbox: Sandbox) -> dict[str, str]:
    return Suppressions(sandbox.store_db).active([ANN, BOB, CY, DEE])


def lines(sandbox: Sandbox) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for file in sorted(sandbox.files.glob("text_replies/*.csv")):
        with file.open(encoding="utf-8", newline="") as opened:
            found += csv.DictReader(opened)
    return found


def hear(sandbox: Sandbox, *events: TextEvent) -> None:
    for event in events:
        TextEvents(sandbox.store_db).add(event)


def answer(phone: str, meaning: str, body: str, at: datetime | None = None) -> TextEvent:
    sid = f"SM{uuid4().hex}"
    return TextEvent("reply", sid, phone, at or moment(), body=body, meaning=meaning)  # type: ignore[arg-type]


def failure(phone: str, code: int, sid: str = "", at: datetime | None = None) -> TextEvent:
    return TextEvent("status", sid or f"SM{uuid4().hex}", phone, at or moment(), "undelivered", code)


def changed(sandbox: Sandbox, run: Any) -> int:
    return len(audited_changes(sandbox.store_db, run.dag_id, run.run_id))


def asked_twilio(sandbox: Sandbox) -> int:
    return sandbox.vendors.count("twilio", "GET")


@pytest.fixture
def inbound(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The real service, which the stand-in reports to; its address."""
    listener = listen("127.0.0.1", 0)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    signature = Signature(TWILIO_AUTH_TOKEN, base)
    server = HttpServer(
        build(sandbox.store_db, signature, requests_per_minute=1000, help_text="Reply STOP."), listener
    )
    server.start()
    fields = connections(sandbox.vendors)["twilio"]
    fields["extra"] = {**fields["extra"], "status_callback_url": base + STATUS_PATH}
    monkeypatch.setenv("AIRFLOW_CONN_TWILIO", json.dumps(fields))
    yield base
    server.stop()


def until_heard(sandbox: Sandbox, number: int) -> None:
    for _ in range(200):
        if len(waiting(sandbox)) >= number:
            return
        time.sleep(0.05)
    raise AssertionError(waiting(sandbox))


def test_what_twilio_reports_and_customers_reply_is_worked_off_once(
    run_dag: RunDag, sandbox: Sandbox, inbound: str
) -> None:
    sandbox.vendors.set_text_fate(CY, 30006)
    to_ann, to_cy = send(sandbox, ANN, CY)
    for phone, words in ((ANN, "Stop"), (BOB, "=Do you have\nhellebores? 🌷"), (DEE, "help")):
        assert sandbox.vendors.reply(phone, words, inbound + REPLY_PATH).status == 200
    until_heard(sandbox, 7)
    run = run_dag("text_feedback")
    assert str(run.state) == "success", states(run)

    assert rows(sandbox) == {to_ann: ("delivered", None, None), to_cy: ("undelivered", 30006, None)}
    assert suppressed(sandbox) == {ANN: "opted_out", CY: "landline"}
    assert opt_ins(sandbox) == "NNY"
    assert customer(sandbox, "T-CY") == (None, "518-234-5603", "Y")
    found = [(line["cust_no"], line["name"], line["words"], line["meaning"]) for line in lines(sandbox)]
    assert sorted(found) == [
        ("T-ANN; T-HUSBAND", "Ann O'Hare; Al O'Hare", "Stop", "stop"),
        ("T-BOB", "'=Bob", "'=Do you have hellebores? 🌷", "other"),
        ("T-DEE", "Dee Ash", "help", "help"),
    ]
    assert {line["phone"] for line in lines(sandbox)} >= {"(518) 234-5602"}
    assert waiting(sandbox) == []

    second = run_dag("text_feedback")
    assert set(states(second).values()) == {"skipped", "success"}
    assert {name for name, state in states(second).items() if state == "success"} == {"report"}
    report = second.get_task_instance("report").xcom_pull(task_ids="report", key="summary")
    assert report["reasons"] == ["nothing new from Twilio"]
    assert (changed(sandbox, second), len(lines(sandbox)), asked_twilio(sandbox)) == (0, 3, 0)

    undone = run_dag("undo_run", run_id=run.run_id, dag_id=run.dag_id, dry_run=False)
    assert str(undone.state) == "success"
    assert opt_ins(sandbox) == "YNY"
    assert customer(sandbox, "T-CY") == ("518-234-5603", None, "Y")
    run_dag("text_feedback")
    assert opt_ins(sandbox) == "YNY", "what a person took back is not done again"
    hear(sandbox, answer(ANN, "start", "START"))
    run_dag("text_feedback")
    assert opt_ins(sandbox) == "YNY"


def test_a_start_gives_back_what_a_stop_took_and_no_more(run_dag: RunDag, sandbox: Sandbox) -> None:
    hear(sandbox, answer(ANN, "stop", "STOP"))
    run_dag("text_feedback")
    assert opt_ins(sandbox) == "NNY"
    hear(sandbox, answer(ANN, "start", "START"))
    back = run_dag("text_feedback")
    assert opt_ins(sandbox) == "YNY", "he had opted out at the till"
    assert (suppressed(sandbox), changed(sandbox, back)) == ({}, 1)
    # Now she opts out at the till: a START has nothing to give back.
    with sandbox.counterpoint.begin() as connection:
        connection.execute(update(AR_CUST).where(AR_CUST.c.CUST_NO == "T-ANN").values({OPT_IN: "N"}))
    hear(sandbox, answer(ANN, "start", "START"))
    assert changed(sandbox, run_dag("text_feedback")) == 0
    assert (opt_ins(sandbox), waiting(sandbox)) == ("NNY", [])


def test_a_telephone_that_is_off_on_three_days_is_parked(run_dag: RunDag, sandbox: Sandbox) -> None:
    for days in (3, 2):
        hear(sandbox, failure(BOB, 30003, at=moment() - timedelta(days=days)))
    hear(sandbox, failure(BOB, 30003, at=moment() - timedelta(days=2)))
    assert changed(sandbox, run_dag("text_feedback")) == 0
    assert (suppressed(sandbox), waiting(sandbox)) == ({}, [])
    hear(sandbox, failure(BOB, 30003))
    assert changed(sandbox, run_dag("text_feedback")) == 2
    assert customer(sandbox, "T-BOB") == (None, "518-234-5602", "Y")
    assert suppressed(sandbox) == {BOB: "unreachable"}


def test_reports_and_replies_that_got_lost_are_found_at_twilio(run_dag: RunDag, sandbox: Sandbox) -> None:
    sandbox.vendors.set_text_fate(CY, 30006)
    to_ann, to_cy = send(sandbox, ANN, CY)
    run_dag("text_feedback")
    assert {status for status, _, _ in rows(sandbox).values()} == {"sent"}
    assert asked_twilio(sandbox) == 0, "reports may still come"

    sandbox.vendors.reply(BOB, "please stop texting me")
    sandbox.vendors.reply(DEE, "START")
    Suppressions(sandbox.store_db).add(DEE, "opted_out", "reply")
    make_older(sandbox, 2)
    run_dag("text_feedback")
    assert asked_twilio(sandbox) == 1
    assert rows(sandbox) == {
        to_ann: ("delivered", None, Decimal("0.0079")),
        to_cy: ("undelivered", 30006, Decimal("0.0079")),
    }
    assert customer(sandbox, "T-CY") == (None, "518-234-5603", "Y")
    assert suppressed(sandbox) == {BOB: "opted_out", CY: "landline", DEE: "opted_out"}
    assert opt_ins(sandbox) == "YNN"
    assert {line["meaning"] for line in lines(sandbox)} == {"stop", "other"}
    run_dag("text_feedback")
    assert (asked_twilio(sandbox), waiting(sandbox)) == (1, [])


def test_a_refusal_at_once_has_the_same_consequences(run_dag: RunDag, sandbox: Sandbox) -> None:
    send(sandbox, ANN)
    # With two fields each, these are more changes than customers.
    many = [f"518-234-57{number}" for number in range(10, 40)]
    with sandbox.counterpoint.begin() as connection:
        landlines = [{"CUST_NO": f"L{phone}", "PHONE_1": phone} for phone in many]
        connection.execute(insert(AR_CUST), landlines)
    hear(sandbox, *(failure(f"+1{phone.replace('-', '')}", 30006) for phone in many))
    with sandbox.store_db.begin() as connection:
        refused = {"status": "refused", "sid": None, "error_code": 21614, "status_at": moment()}
        connection.execute(update(TEXT_MESSAGE).values(refused | {"phone": CY}))
    assert changed(sandbox, run_dag("text_feedback")) == 62
    assert customer(sandbox, "T-CY") == (None, "518-234-5603", "Y")
    assert changed(sandbox, run_dag("text_feedback")) == 0


def test_counterpoint_may_be_down(run_dag: RunDag, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    (sid,) = send(sandbox, ANN)
    hear(sandbox, TextEvent("status", sid, ANN, moment(), "delivered"))
    hear(sandbox, answer(BOB, "stop", "STOP"), failure(CY, 30006), answer(DEE, "other", "Open today?"))
    connected = str(sandbox.counterpoint.url.database)
    nowhere = {"conn_type": "sqlite", "host": str(sandbox.folder / "gone" / "counterpoint.db")}
    monkeypatch.setenv("AIRFLOW_CONN_COUNTERPOINT", json.dumps(nowhere))
    run = run_dag("text_feedback")
    assert str(run.state) == "failed"
    assert states(run)["statuses"] == "success"
    assert rows(sandbox)[sid][0] == "delivered"
    assert suppressed(sandbox) == {BOB: "opted_out", CY: "landline"}
    assert waiting(sandbox) == ["stop", "undelivered", "other"]

    back = {"conn_type": "sqlite", "host": connected}
    monkeypatch.setenv("AIRFLOW_CONN_COUNTERPOINT", json.dumps(back))
    assert str(run_dag("text_feedback").state) == "success"
    assert (opt_ins(sandbox), customer(sandbox, "T-CY")[0]) == ("YNN", None)
    assert (waiting(sandbox), len(lines(sandbox))) == ([], 2)


def test_a_customer_who_cannot_be_changed_is_tried_again_but_not_for_ever(
    run_dag: RunDag, sandbox: Sandbox
) -> None:
    hear(sandbox, answer(BOB, "stop", "STOP"), answer(ANN, "stop", "STOP"))
    with sandbox.counterpoint.begin() as connection:
        connection.execute(
            text(
                "CREATE TRIGGER busy BEFORE UPDATE ON AR_CUST WHEN OLD.CUST_NO = 'T-BOB' "
                "BEGIN SELECT RAISE(IGNORE); END"
            )
        )
    run_dag("text_feedback")
    assert (opt_ins(sandbox), waiting(sandbox)) == ("NNY", ["stop"])
    assert suppressed(sandbox) == {ANN: "opted_out", BOB: "opted_out"}
    with sandbox.store_db.begin() as connection:
        long_ago = moment() - timedelta(days=4)
        connection.execute(update(TEXT_EVENT).values(received_at=long_ago))
    run = run_dag("text_feedback")
    settled = run.get_task_instance("settle").xcom_pull(task_ids="settle", key="summary")
    assert (settled["rejected"], waiting(sandbox)) == (1, [])
    assert "T-BOB" in "".join(file.read_text() for file in sandbox.files.glob("rejects/**/settle.csv"))
    assert suppressed(sandbox) == {ANN: "opted_out", BOB: "opted_out"}
    assert sorted(line["cust_no"] for line in lines(sandbox)) == ["T-ANN; T-HUSBAND", "T-BOB"]


def test_neither_a_dry_run_nor_a_large_plan_loses_an_opt_out(
    run_dag: RunDag, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear(sandbox, failure(BOB, 21610), failure(CY, 30006))
    run_dag("text_feedback", dry_run=True)
    assert (suppressed(sandbox), opt_ins(sandbox), len(waiting(sandbox))) == ({}, "YNY", 2)
    folder = sandbox.folder / "own_settings"
    folder.mkdir()
    (folder / "text_feedback.yaml").write_text("budget: {max_changes: 1}")
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(folder))
    feedback_settings.cache_clear()
    try:
        run = run_dag("text_feedback")
        assert (str(run.state), states(run)["customers.plan"]) == ("failed", "failed")
        assert suppressed(sandbox) == {BOB: "opted_out", CY: "landline"}
        assert (opt_ins(sandbox), len(waiting(sandbox))) == ("YNY", 2)
        accepted = run_dag("text_feedback", over_budget=True)
        assert str(accepted.state) == "success"
    finally:
        feedback_settings.cache_clear()
    assert (opt_ins(sandbox), waiting(sandbox)) == ("YNN", [])


def test_a_task_that_dies_before_it_notes_what_it_did_does_nothing_twice(
    run_dag: RunDag, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear(sandbox, answer(BOB, "stop", "STOP"), answer(DEE, "other", "Open today?"), failure(CY, 30006))
    before, done = TextEvents.done, []

    def dies_once(self: TextEvents, ids: Any) -> int:
        every = list(ids)
        if every and every not in done:
            done.append(every)
            raise RuntimeError("the worker was killed")
        return before(self, every)

    monkeypatch.setattr(TextEvents, "done", dies_once)
    run = run_dag("text_feedback")
    assert str(run.state) == "success", states(run)
    assert len(done) == 2, "settle and replies died once"
    assert sorted(line["cust_no"] for line in lines(sandbox)) == ["T-BOB", "T-DEE"]
    assert (opt_ins(sandbox), waiting(sandbox), changed(sandbox, run)) == ("YNN", [], 3)
    again = run_dag("text_feedback", only=["statuses"])
    assert str(again.state) == "success"
    assert changed(sandbox, again) == 0


def test_odd_events_change_nothing_that_they_should_not(run_dag: RunDag, sandbox: Sandbox) -> None:
    (sid,) = send(sandbox, ANN)
    at = moment()
    late = at + timedelta(seconds=5)
    hear(
        sandbox,
        TextEvent("status", sid, ANN, late, "delivered"),
        TextEvent("status", sid, ANN, at, "sent"),
        TextEvent("status", sid, ANN, late, "delivered"),
        TextEvent("status", "SMunknown", BOB, at, "delivered"),
        TextEvent("status", "SMold", BOB, at - timedelta(hours=2), "delivered"),
        TextEvent("status", "SMnew", BOB, at, "something_new", 99999),
        failure("+15182349999", 30006),
    )
    run_dag("text_feedback")
    assert rows(sandbox) == {sid: ("delivered", None, None)}
    # A text that is not known yet may be ours: its number is written down when Twilio has answered.
    assert waiting(sandbox) == ["delivered", "something_new"]
    with sandbox.store_db.begin() as connection:
        connection.execute(update(TEXT_MESSAGE).values(status="sent", sid="SMunknown"))
    run_dag("text_feedback")
    assert rows(sandbox) == {"SMunknown": ("delivered", None, None)}
    assert waiting(sandbox) == ["something_new"]
