"""Texts handed to the stand-in of Twilio: each guard, each refusal, and what becomes of lost answers."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from airflow.sdk.definitions.context import Context
from sqlalchemy import Engine, delete, select, update

from include.database.engines import engine_for
from include.errors import BadCredentials, InvalidSettings, RateLimited, VendorRefusal, VendorUnavailable
from include.messaging.handover import CampaignStopped
from include.messaging.pace import Pace
from include.messaging.reconciling import FoundText, Vendor, Verdict, judge
from include.messaging.sending import SendReport, send_texts
from include.messaging.settings import messaging_settings
from include.sandbox.standins.credentials import TWILIO_MESSAGING_SERVICE_SID, connections
from include.sandbox.standins.server import StandIns
from include.sandbox.standins.state import opt_outs
from include.sandbox.standins.state import texts as received
from include.storedb.ledger import Entry, Ledger
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext, moment
from include.storedb.suppression import Suppressions
from include.storedb.tables import LEDGER, TEXT_MESSAGE
from include.storedb.text_rows import PlannedText
from include.storedb.texts import Texts
from retail_ops.hooks.twilio_messaging import TwilioHook
from retail_ops.task_run import TaskRun
from retail_ops.texting import send_campaign, twilio_vendor
from tests.databases import fresh_database

CAMPAIGN, ANCHOR = "sms_first_time_1", "2026-11-19"
RUN = RunContext("sms", "evening", "send", -1)
STORE = ZoneInfo("America/New_York")
NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)
NIGHT = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
ADA, BOB, CY = "+15182345601", "+15182345602", "+15182345603"
HAWAII = "+18082345601"
LANDLINE, NOBODY, STOPPED = "+15005550009", "+15005550001", "+15005550004"
SETTLE = timedelta(seconds=2)
QUICK = Pace(None, threads=2, lease=SETTLE / 2, settle_after=SETTLE, rounds=2, first_pause=0.05)


class House:
    """A store database, the stand-in, and what a task does with them."""

    def __init__(self, engine: Engine, vendors: StandIns) -> None:
        self.engine, self.vendors = engine, vendors
        self.vendor = twilio_vendor(TwilioHook())
        self.suppressions = Suppressions(engine)

    def plan(self, *phones: str, campaign: str = CAMPAIGN, **fields: Any) -> None:
        texts = [
            PlannedText(
                **{
                    "campaign": campaign,
                    "anchor": ANCHOR,
                    "cust_no": f"C-{phone[-4:]}",
                    "phone": phone,
                    "body": f"Hi {phone[-4:]}, thank you!",
                    "media": None,
                    "segments": 1,
                    "cost": Decimal("0.0113"),
                    **fields,
                }
            )
            for phone in phones
        ]
        Texts(self.engine, RUN).add(texts)

    def send(
        self,
        campaign: str = CAMPAIGN,
        clock: Callable[[], datetime] = lambda: NOON,
        pace: Pace = QUICK,
        vendor: Vendor | None = None,
        over: str = "",
    ) -> SendReport:
        settings = messaging_settings()
        return send_texts(
            self.engine,
            RUN,
            campaign,
            ANCHOR,
            vendor or self.vendor,
            settings,
            STORE,
            pace=pace,
            clock=clock,
            over=over,
        )

    def arrived(self) -> list[str]:
        """To whom texts went, in order."""
        with self.vendors.context.engine.connect() as connection:
            return list(connection.scalars(select(received.c.to_number).order_by(received.c.to_number)))

    def status(self, phone: str, campaign: str = CAMPAIGN) -> tuple[str, str]:
        """The row's status and the ledger's, `-` without an entry."""
        row = select(TEXT_MESSAGE.c.status).where(
            TEXT_MESSAGE.c.phone == phone, TEXT_MESSAGE.c.campaign == campaign
        )
        entry = select(LEDGER.c.status).where(LEDGER.c.recipient == phone, LEDGER.c.campaign == campaign)
        with self.engine.connect() as connection:
            return str(connection.scalar(row)), connection.scalar(entry) or "-"

    def claim(self, phone: str, campaign: str = CAMPAIGN, minutes_ago: float = 0) -> None:
        """What a task that died left behind."""
        Ledger(self.engine, RUN).claim(Entry("text", campaign, phone, ANCHOR))
        at = moment() - timedelta(minutes=minutes_ago)
        with self.engine.begin() as connection:
            connection.execute(update(LEDGER).where(LEDGER.c.recipient == phone).values(claimed_at=at))


@pytest.fixture
def house(running: StandIns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    twilio = connections(running)["twilio"]
    extra = {**twilio["extra"], "timeout_seconds": 0.5}
    monkeypatch.setenv("AIRFLOW_CONN_TWILIO", json.dumps({**twilio, "extra": extra}))
    with fresh_database("sqlite", tmp_path) as url:
        upgrade(url)
        yield House(engine_for(url), running)
    running.clear_faults()
    running.clear_requests()
    with running.context.engine.begin() as connection:
        connection.execute(delete(received))
        connection.execute(delete(opt_outs))


def test_every_planned_text_goes_out_once_however_often_the_task_runs(house: House) -> None:
    house.plan(ADA, BOB, media="https://shop.example.com/5-off.jpg")
    house.plan(CY, status="held_out")
    first, second = house.send(), house.send()
    assert (first.outcomes, second.outcomes, first.left, first.unsettled) == ({"sent": 2}, {}, 0, 0)
    assert house.arrived() == [ADA, BOB]
    assert [house.status(phone) for phone in (ADA, CY)] == [("sent", "sent"), ("held_out", "-")]
    with house.vendors.context.engine.connect() as connection:
        sent = connection.execute(select(received).where(received.c.to_number == ADA)).one()
    assert sent.media == ["https://shop.example.com/5-off.jpg"]
    assert (sent.body, sent.service_sid) == ("Hi 5601, thank you!", TWILIO_MESSAGING_SERVICE_SID)
    with house.engine.connect() as connection:
        row = connection.execute(select(TEXT_MESSAGE).where(TEXT_MESSAGE.c.phone == ADA)).one()
    assert row.sid == sent.sid and row.sent_at


def test_nothing_planned_is_nothing_done(house: House) -> None:
    report = house.send()
    assert (report.outcomes, report.tallies, house.arrived()) == ({}, [], [])


def test_who_opts_out_between_plan_and_send_gets_nothing(house: House) -> None:
    house.plan(ADA, BOB)
    house.suppressions.add(ADA, "opted_out", "reply")
    assert house.send().outcomes == {"sent": 1, "set_aside": 1}
    assert (house.arrived(), house.status(ADA)) == ([BOB], ("set_aside", "-"))


def test_who_opts_out_while_others_are_texted_gets_nothing(house: House) -> None:
    """The group was read before; the text itself is looked at right before it goes."""
    house.plan(ADA, BOB)

    def create(phone: str, body: str, media: str | None, validity: int) -> str:
        house.suppressions.add(BOB, "opted_out", "reply")
        return house.vendor.create(phone, body, media, validity)

    one_by_one = replace(QUICK, threads=1)
    assert house.send(vendor=Vendor(create, house.vendor.find), pace=one_by_one).outcomes == {
        "sent": 1,
        "set_aside": 1,
    }
    assert (house.arrived(), house.status(BOB)) == ([ADA], ("set_aside", "refused"))


def test_who_answers_start_may_be_texted_again(house: House) -> None:
    house.suppressions.add(ADA, "opted_out", "reply")
    assert [house.suppressions.clear(ADA), house.suppressions.clear(ADA)] == [True, False]
    house.plan(ADA)
    assert house.send().outcomes == {"sent": 1}


def test_an_opt_out_goes_before_another_reason_and_is_not_weakened(house: House) -> None:
    for reason in ("landline", "opted_out", "invalid"):
        house.suppressions.add(ADA, reason, "twilio")
    assert house.suppressions.active([ADA, BOB]) == {ADA: "opted_out"}


def test_nobody_is_texted_at_night_and_the_texts_stay_planned(house: House) -> None:
    house.plan(ADA, BOB)
    report = house.send(clock=lambda: NIGHT)
    assert (report.outcomes, report.left, house.arrived()) == ({"quiet": 2}, 2, [])
    assert house.send().outcomes == {"sent": 2}


def test_where_the_area_code_sleeps_nobody_is_texted(house: House) -> None:
    """At 9 in New York it is 4 in Hawaii."""
    house.plan(ADA, HAWAII)
    report = house.send(clock=lambda: datetime(2026, 11, 20, 14, tzinfo=UTC))
    assert (report.outcomes, house.arrived()) == ({"sent": 1, "quiet": 1}, [ADA])


def test_night_that_falls_while_texts_wait_for_their_turn(house: House) -> None:
    house.plan(ADA, BOB, CY)
    evening = iter([NOON, NOON, NOON])
    report = house.send(clock=lambda: next(evening, NIGHT), pace=replace(QUICK, threads=1))
    assert (report.outcomes, house.arrived()) == ({"sent": 1, "quiet": 2}, [ADA])


def test_a_text_expires_before_the_night(house: House) -> None:
    house.plan(ADA)
    asked: list[int] = []

    def create(phone: str, body: str, media: str | None, validity: int) -> str:
        asked.append(validity)
        return house.vendor.create(phone, body, media, validity)

    evening = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
    house.send(clock=lambda: evening, vendor=Vendor(create, house.vendor.find))
    assert asked == [3600 - 60]


def test_the_cap_holds_over_all_campaigns(house: House) -> None:
    names = ["sms_one", "sms_two", "sms_three"]
    for name in names:
        house.plan(ADA, campaign=name)
    outcomes = [dict(house.send(name).outcomes) for name in names]
    assert outcomes == [{"sent": 1}, {"sent": 1}, {"set_aside": 1}]
    assert house.arrived() == [ADA, ADA]


def test_campaigns_that_text_a_phone_at_the_same_time_keep_the_cap(house: House) -> None:
    house.plan(ADA, BOB)

    def create(phone: str, body: str, media: str | None, validity: int) -> str:
        for name in ("sms_one", "sms_two"):
            house.claim(BOB, campaign=name)
        return house.vendor.create(phone, body, media, validity)

    report = house.send(vendor=Vendor(create, house.vendor.find), pace=replace(QUICK, threads=1))
    assert (report.outcomes, house.arrived()) == ({"sent": 1, "set_aside": 1}, [ADA])


def test_a_text_that_may_have_gone_out_counts_for_the_cap(house: House) -> None:
    for name in ("sms_one", "sms_two"):
        house.claim(ADA, campaign=name)
    house.plan(ADA)
    assert house.send().outcomes == {"set_aside": 1}


@pytest.mark.parametrize(
    ("phone", "reason"), [(STOPPED, "opted_out"), (LANDLINE, "landline"), (NOBODY, "invalid")]
)
def test_a_refused_phone_is_suppressed_and_the_rest_goes_on(house: House, phone: str, reason: str) -> None:
    house.plan(phone, ADA)
    # The numbers of Twilio's tests have an area code that the library knows no zone for.
    assert house.send().outcomes == {"sent": 1, "refused": 1}
    assert house.suppressions.active([phone, ADA]) == {phone: reason}
    assert (house.arrived(), house.status(phone)) == ([ADA], ("refused", "refused"))
    assert house.send().outcomes == {}


def test_who_sent_stop_to_twilio_is_suppressed(house: House) -> None:
    house.vendors.opt_out(ADA)
    house.plan(ADA)
    assert house.send().outcomes == {"refused": 1}
    house.plan(ADA, campaign="sms_two")
    assert house.send("sms_two").outcomes == {"set_aside": 1}
    assert house.vendors.counters("twilio", "POST")[0].calls == 1


def refusing(code: int | None) -> Callable[[str, str, str | None, int], str]:
    def create(phone: str, body: str, media: str | None, validity: int) -> str:
        raise VendorRefusal("refused", status=400, code=code)

    return create


def test_a_problem_of_the_sender_stops_the_campaign_and_the_rest_is_sent_when_it_is_mended(
    house: House,
) -> None:
    phones = [f"+1518234{number}" for number in range(5600, 5640)]
    house.plan(*phones)
    with pytest.raises(CampaignStopped, match="21606"):
        house.send(vendor=Vendor(refusing(21606), house.vendor.find))
    assert house.arrived() == []
    statuses = [house.status(phone) for phone in phones]
    assert {row for row, _ in statuses} == {"planned"}
    # One for each thread had been claimed.
    assert [entry for _, entry in statuses].count("-") >= 38
    house.send()
    assert house.arrived() == phones


def test_a_login_that_is_refused_stops_the_campaign(house: House) -> None:
    house.plan(ADA, BOB)
    house.vendors.order_fault("twilio", "status", status=401, count=5)
    with pytest.raises(BadCredentials):
        house.send()
    house.vendors.clear_faults()
    house.send()
    assert house.arrived() == [ADA, BOB]


def test_refusals_that_nobody_understands_stop_the_campaign_after_some(house: House) -> None:
    phones = [f"+1518234{number}" for number in range(5600, 5640)]
    house.plan(*phones)
    with pytest.raises(CampaignStopped):
        house.send(vendor=Vendor(refusing(39999), house.vendor.find))
    assert [house.status(phone)[0] for phone in phones].count("planned") >= 18
    assert house.suppressions.active(phones) == {}


def test_a_storm_of_429_is_waited_out_and_nobody_is_texted_twice(house: House) -> None:
    house.plan(ADA, BOB, CY)
    house.vendors.order_fault("twilio", "status", status=429, count=7)
    assert house.send().outcomes == {"sent": 3}
    assert house.arrived() == [ADA, BOB, CY]


def test_a_storm_without_an_end_is_left_to_a_later_try(house: House) -> None:
    house.plan(ADA, BOB, CY)
    house.vendors.order_fault("twilio", "status", status=429, retry_after=400, count=2)
    with pytest.raises(RateLimited):
        house.send()
    house.vendors.clear_faults()
    house.send()
    assert house.arrived() == [ADA, BOB, CY]


def test_a_claim_that_grew_old_in_a_storm_is_renewed_and_who_opted_out_meanwhile_gets_nothing(
    house: House,
) -> None:
    house.plan(ADA, BOB)
    tried: list[str] = []

    def create(phone: str, body: str, media: str | None, validity: int) -> str:
        tried.append(phone)
        if len(tried) == 1:
            house.suppressions.add(ADA, "opted_out", "reply")
            raise RateLimited("too many requests", 1.2)
        return house.vendor.create(phone, body, media, validity)

    report = house.send(vendor=Vendor(create, house.vendor.find), pace=replace(QUICK, threads=1))
    assert (report.outcomes, house.arrived()) == ({"set_aside": 1, "sent": 1}, [BOB])


def test_a_claim_that_another_took_over_in_a_storm_is_not_sent_by_us(house: House) -> None:
    house.plan(ADA)

    def create(phone: str, body: str, media: str | None, validity: int) -> str:
        ledger = Ledger(house.engine, RUN)
        ledger.reopen(ledger.claim(Entry("text", CAMPAIGN, ADA, ANCHOR)))
        ledger.close(Entry("text", CAMPAIGN, ADA, ANCHOR), "sent", vendor_id="SM1")
        raise RateLimited("too many requests", 1.2)

    assert house.send(vendor=Vendor(create, house.vendor.find)).outcomes == {"elsewhere": 1}
    assert (house.arrived(), house.status(ADA)) == ([], ("sent", "sent"))


def test_an_answer_that_was_lost_is_found_on_twilios_list(house: House) -> None:
    house.plan(ADA, BOB)
    house.vendors.order_fault("twilio", "timeout_after_accepting", method="POST")
    report = house.send()
    assert (report.outcomes, report.unsettled) == ({"unknown": 1, "sent": 1, "found": 1}, 0)
    assert house.arrived() == [ADA, BOB]
    assert [house.status(phone) for phone in (ADA, BOB)] == [("sent", "sent")] * 2


def test_a_text_that_was_lost_on_its_way_is_sent_again(house: House) -> None:
    house.plan(ADA)
    house.vendors.order_fault("twilio", "drop_connection", method="POST")
    began = time.monotonic()
    report = house.send()
    assert (report.outcomes, report.unsettled) == ({"unknown": 1, "sent": 1}, 0)
    assert (house.arrived(), house.status(ADA)) == ([ADA], ("sent", "sent"))
    # Not before Twilio's list can be trusted.
    assert time.monotonic() - began >= SETTLE.total_seconds()


def test_a_vendor_that_is_down_does_not_make_a_whole_campaign_unknown(house: House) -> None:
    phones = [f"+1518234{number}" for number in range(5600, 5640)]
    house.plan(*phones)
    house.vendors.order_fault("twilio", "status", status=503, method="POST", count=1000)
    with pytest.raises(VendorUnavailable):
        house.send()
    assert [house.status(phone)[0] for phone in phones].count("planned") >= 18
    house.vendors.clear_faults()
    house.send()
    assert house.arrived() == phones


@pytest.mark.parametrize("was_sent", [True, False])
@pytest.mark.parametrize("minutes_ago", [0, 60])
def test_what_a_killed_task_left_claimed_goes_out_once(
    house: House, was_sent: bool, minutes_ago: float
) -> None:
    house.plan(ADA)
    house.claim(ADA, minutes_ago=minutes_ago)
    if was_sent:
        house.vendor.create(ADA, "Hi 5601, thank you!", None, 3600)
    report = house.send()
    assert report.outcomes == ({"found": 1} if was_sent else {"sent": 1})
    assert (house.arrived(), house.status(ADA)) == ([ADA], ("sent", "sent"))


def test_what_cannot_be_told_is_not_sent_but_reported(house: House) -> None:
    house.plan(ADA)
    house.claim(ADA, minutes_ago=60)
    house.vendor.create(ADA, "Something that nobody wrote down", None, 3600)
    report = house.send()
    assert (report.outcomes, report.unsettled) == ({"unclear": 1}, 1)
    assert (house.arrived(), house.status(ADA)) == ([ADA], ("unknown", "unknown"))


def test_the_text_of_another_campaign_makes_nothing_unclear(house: House) -> None:
    house.plan(ADA, campaign="sms_other")
    house.plan(ADA)
    house.claim(ADA, minutes_ago=60)
    assert house.send("sms_other").outcomes == {"sent": 1}
    assert house.send().outcomes == {"sent": 1}
    assert house.arrived() == [ADA, ADA]


def test_a_claim_from_before_the_night_waits_for_the_morning(house: House) -> None:
    house.plan(ADA)
    house.claim(ADA, minutes_ago=60)
    assert house.send(clock=lambda: NIGHT).outcomes == {"quiet": 1}
    assert house.arrived() == []
    assert house.send().outcomes == {"sent": 1}


def test_when_nothing_is_sent_any_more_what_went_out_is_found_and_the_rest_is_set_aside(house: House) -> None:
    house.plan(ADA, BOB, CY)
    house.vendor.create(BOB, "Hi 5602, thank you!", None, 600)
    house.claim(BOB, minutes_ago=60)
    house.claim(CY, minutes_ago=60)
    report = house.send(over="its day was over")
    assert (report.outcomes, report.left, report.unsettled) == ({"set_aside": 2, "found": 1}, 0, 0)
    assert [house.status(one) for one in (ADA, BOB, CY)] == [
        ("set_aside", "-"),
        ("sent", "sent"),
        ("set_aside", "refused"),
    ]
    assert house.arrived() == [BOB]


def test_a_row_whose_process_died_after_the_ledger_follows_it(house: House) -> None:
    house.plan(ADA)
    house.claim(ADA)
    Ledger(house.engine, RUN).close(Entry("text", CAMPAIGN, ADA, ANCHOR), "sent", vendor_id="SM1")
    assert house.send().outcomes == {}
    assert (house.status(ADA), house.arrived()) == (("sent", "sent"), [])


@pytest.mark.parametrize(
    ("bodies", "verdict"),
    [
        ([], Verdict.ABSENT),
        (["Hi Ada,\nthank you!"], Verdict.SENT),
        (["Hi Ada, thank you! "], Verdict.SENT),
        ([""], Verdict.UNCLEAR),
        (["something else", "Hi Ada, thank you!"], Verdict.SENT),
    ],
)
def test_what_twilios_list_says(bodies: list[str], verdict: Verdict) -> None:
    messages = [FoundText(f"SM{index}", body, "delivered") for index, body in enumerate(bodies)]
    assert judge("Hi Ada,\nthank you!", messages, ())[0] is verdict
    assert judge("Hi Ada,\nthank you!", messages, [m.sid for m in messages])[0] is Verdict.ABSENT


def test_segments_go_out_no_faster_than_allowed(house: House) -> None:
    house.plan(ADA, BOB, CY, segments=2)
    began = time.monotonic()
    house.send(pace=replace(QUICK, segments_per_second=4.0))
    assert time.monotonic() - began >= 1.0


def test_a_task_that_runs_out_of_time_leaves_the_rest_to_the_next_try(house: House) -> None:
    phones = [f"+1518234{number}" for number in range(5600, 5640)]
    house.plan(*phones)

    def out_of_time(*_: object) -> None:
        raise TimeoutError("the task's time is over")

    def create(phone: str, body: str, media: str | None, validity: int) -> str:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
        return house.vendor.create(phone, body, media, validity)

    before = signal.signal(signal.SIGUSR1, out_of_time)
    try:
        with pytest.raises(TimeoutError):
            house.send(vendor=Vendor(create, house.vendor.find))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(house.arrived()) < len(phones)
    house.send()
    assert house.arrived() == phones


def test_a_campaign_with_the_houses_connections(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"conn_type": "sqlite", "host": str(house.engine.url.database)}
    monkeypatch.setenv("AIRFLOW_CONN_STORE_DB", json.dumps(fields))
    house.plan(ADA)
    ti = SimpleNamespace(dag_id=RUN.dag_id, run_id=RUN.run_id, task_id=RUN.task_id, map_index=-1)
    task_run = TaskRun(Context({"ti": ti}))  # type: ignore[typeddict-item]
    assert send_campaign(task_run, CAMPAIGN, "2026-11-18").outcomes == {}
    twilio = json.loads(os.environ["AIRFLOW_CONN_TWILIO"])
    twilio["extra"]["timeout_seconds"] = 135
    monkeypatch.setenv("AIRFLOW_CONN_TWILIO", json.dumps(twilio))
    with pytest.raises(InvalidSettings, match="timeout_seconds"):
        send_campaign(task_run, CAMPAIGN, ANCHOR)
    assert house.arrived() == []
