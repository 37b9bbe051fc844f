"""The Twilio stand-in in the course of a campaign: statuses, lists, fates, callbacks and replies."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests

from include.errors import InvalidRequest
from include.sandbox.standins import credentials
from include.sandbox.standins.server import StandIns
from include.sandbox.standins.twilio.fates import EVERYBODY
from include.sandbox.standins.twilio.segments import segments

# Twilio's library has no types.
request_validator: Any = import_module("twilio.request_validator")

SECONDS = 10
HOUR = 3600.0
ACCOUNT = f"/2010-04-01/Accounts/{credentials.TWILIO_ACCOUNT_SID}"
LOGIN = (credentials.TWILIO_ACCOUNT_SID, credentials.TWILIO_AUTH_TOKEN)
SERVICE = credentials.TWILIO_MESSAGING_SERVICE_SID
STORE = credentials.TWILIO_FROM_NUMBER
NUMBER = "+18285550143"


@pytest.fixture
def vendors(running: StandIns) -> StandIns:
    running.clear_faults()
    running.clear_text_fates()
    running.set_text_habits()
    running.finish_texts()
    requests.delete(f"{running.http_url}/_sandbox/opt-outs", timeout=SECONDS).raise_for_status()
    return running


def post(vendors: StandIns, path: str, form: dict[str, Any]) -> requests.Response:
    return requests.post(vendors.twilio_url + path, data=form, auth=LOGIN, timeout=SECONDS)


def send(vendors: StandIns, to: str = NUMBER, **fields: Any) -> requests.Response:
    form = {"To": to, "Body": "Your coupon is WELCOME-7F3K", "MessagingServiceSid": SERVICE, **fields}
    return post(vendors, f"{ACCOUNT}/Messages.json", form)


def sent(vendors: StandIns, to: str = NUMBER, **fields: Any) -> str:
    answer = send(vendors, to, **fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["sid"])


def get(vendors: StandIns, path: str, **parameters: Any) -> Any:
    answer = requests.get(vendors.twilio_url + path, params=parameters, auth=LOGIN, timeout=SECONDS)
    answer.raise_for_status()
    return answer.json()


def listed(vendors: StandIns, **parameters: Any) -> list[str]:
    messages = get(vendors, f"{ACCOUNT}/Messages.json", **parameters)["messages"]
    return [message["sid"] for message in messages]


def fetched(vendors: StandIns, sid: str) -> Any:
    return get(vendors, f"{ACCOUNT}/Messages/{sid}.json")


@dataclass
class Shop:
    """The store's own web address: it keeps what comes, and answers with `statuses` first."""

    url: str = ""
    forms: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    came: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, count: int) -> list[dict[str, str]]:
        with self.came:
            assert self.came.wait_for(lambda: len(self.forms) >= count, SECONDS), self.forms
        return self.forms

    def statuses_of(self, sid: str) -> list[str]:
        return [form["MessageStatus"] for form in self.forms if form["MessageSid"] == sid]


@contextmanager
def shop_open() -> Iterator[Shop]:
    shop = Shop()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            with shop.came:
                status = shop.statuses.pop(0) if shop.statuses else 204
                shop.forms.append(dict(parse_qsl(body, keep_blank_values=True)))
                shop.headers.append(dict(self.headers))
                shop.came.notify_all()
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        shop.url = f"http://127.0.0.1:{server.server_port}/texts?store=1"
        try:
            yield shop
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def shop() -> Iterator[Shop]:
    with shop_open() as opened:
        yield opened


class TestStatuses:
    def test_a_text_has_arrived_when_it_is_first_looked_at(self, vendors: StandIns) -> None:
        created = send(vendors, Body="x" * 161).json()
        assert (created["status"], created["from"], created["price"]) == ("accepted", None, None)
        assert (created["num_segments"], created["date_sent"]) == ("0", None)
        found = fetched(vendors, created["sid"])
        assert (found["status"], found["from"], found["price"]) == ("delivered", STORE, "-0.01580")
        assert (found["num_segments"], found["error_code"]) == ("2", None)

    def test_with_a_number_as_sender_it_is_queued_first(self, vendors: StandIns) -> None:
        created = send(vendors, MessagingServiceSid="", From=STORE).json()
        assert (created["status"], created["from"], created["num_segments"]) == ("queued", STORE, "1")

    def test_a_text_under_way_moves_on_by_itself(self, vendors: StandIns) -> None:
        vendors.set_text_habits(seconds=0.3)
        sid = sent(vendors)
        seen = [fetched(vendors, sid)["status"]]
        while seen[-1] != "delivered":
            if (status := fetched(vendors, sid)["status"]) != seen[-1]:
                seen.append(status)
        way = ["accepted", "sending", "sent", "delivered"]
        assert seen == way[way.index(seen[0]) :]

    def test_a_slow_text_can_be_finished_and_stays_what_it_is(self, vendors: StandIns) -> None:
        vendors.set_text_habits(seconds=HOUR)
        sid = sent(vendors)
        waiting = fetched(vendors, sid)
        assert (waiting["status"], waiting["date_sent"], waiting["price"]) == ("accepted", None, None)
        assert vendors.finish_texts() == 1
        assert fetched(vendors, sid)["status"] == "delivered"
        assert vendors.finish_texts() == 0

    def test_what_waits_longer_than_it_may_expires(self, vendors: StandIns) -> None:
        vendors.set_text_habits(seconds=HOUR)
        sid = sent(vendors, ValidityPeriod="1")
        while fetched(vendors, sid)["status"] not in ("failed", "delivered"):
            pass
        found = fetched(vendors, sid)
        assert (found["status"], found["error_code"], found["price"]) == ("failed", 30036, None)

    def test_media_are_one_message_with_a_price_of_its_own(self, vendors: StandIns) -> None:
        sid = sent(vendors, Body="x" * 400, MediaUrl=["https://a.example/1.jpg", "https://a.example/2.jpg"])
        assert sid.startswith("MM")
        found = fetched(vendors, sid)
        assert (found["num_media"], found["num_segments"], found["price"]) == ("2", "1", "-0.02000")


class TestChanges:
    def scheduled(self, vendors: StandIns, **fields: Any) -> str:
        send_at = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
        return sent(vendors, ScheduleType="fixed", SendAt=send_at, **fields)

    def test_a_scheduled_text_can_be_called_off(self, vendors: StandIns, shop: Shop) -> None:
        sid = self.scheduled(vendors, StatusCallback=shop.url)
        assert fetched(vendors, sid)["status"] == "scheduled"
        assert vendors.finish_texts() == 0
        changed = post(vendors, f"{ACCOUNT}/Messages/{sid}.json", {"Status": "canceled"}).json()
        assert (changed["status"], changed["date_sent"]) == ("canceled", None)
        assert fetched(vendors, sid)["status"] == "canceled"
        shop.wait_for(1)
        assert shop.statuses_of(sid) == ["canceled"]

    def test_a_text_that_is_not_scheduled_cannot_be_called_off(self, vendors: StandIns) -> None:
        sid = sent(vendors)
        refused = post(vendors, f"{ACCOUNT}/Messages/{sid}.json", {"Status": "canceled"})
        assert refused.json()["code"] == 30409
        assert fetched(vendors, sid)["status"] == "delivered"

    def test_its_words_can_be_deleted_once_it_is_done_with(self, vendors: StandIns) -> None:
        vendors.set_text_habits(seconds=HOUR)
        sid = sent(vendors)
        path = f"{ACCOUNT}/Messages/{sid}.json"
        assert post(vendors, path, {"Body": ""}).json()["code"] == 20009
        vendors.finish_texts()
        assert post(vendors, path, {"Body": "other words"}).json()["code"] == 20001
        assert post(vendors, path, {"Body": ""}).json()["body"] == ""
        assert fetched(vendors, sid)["body"] == ""

    def test_an_unknown_text(self, vendors: StandIns) -> None:
        path = f"{ACCOUNT}/Messages/SM{'0' * 32}.json"
        assert post(vendors, path, {"Body": ""}).json()["code"] == 20404


class TestLists:
    def test_pages_stay_true_while_texts_come_in(self, vendors: StandIns) -> None:
        sids = [sent(vendors, "+18285550111", Body=f"Text {n}") for n in range(5)]
        path = f"{ACCOUNT}/Messages.json"
        page = get(vendors, path, To="+18285550111", PageSize=2)
        found = [message["sid"] for message in page["messages"]]
        pages = [page]
        while page["next_page_uri"]:
            sent(vendors, "+18285550111", Body="came meanwhile")
            page = get(vendors, page["next_page_uri"])
            pages.append(page)
            found += [message["sid"] for message in page["messages"]]
        assert found == sids[::-1]
        assert [page["page"] for page in pages] == [0, 1, 2]
        back = get(vendors, pages[2]["previous_page_uri"])
        assert back["messages"] == pages[1]["messages"]

    def test_a_page_of_nothing_and_a_wrong_token(self, vendors: StandIns) -> None:
        path = f"{ACCOUNT}/Messages.json"
        empty = get(vendors, path, To="+18285550199")
        assert (empty["messages"], empty["next_page_uri"]) == ([], None)
        url = vendors.twilio_url + path
        refused = requests.get(url, params={"PageToken": "PAnone"}, auth=LOGIN, timeout=SECONDS)
        assert refused.json()["code"] == 20001

    def test_by_sender_recipient_and_day(self, vendors: StandIns) -> None:
        to = "+18285550112"
        sid = sent(vendors, to)
        at = parsedate_to_datetime(fetched(vendors, sid)["date_sent"])
        today, second = at.strftime("%Y-%m-%d"), at.strftime("%Y-%m-%dT%H:%M:%SZ")
        for parameters, count in (
            ({"From": STORE}, 1),
            ({"From": to}, 0),
            ({"DateSent": today}, 1),
            ({"DateSent<": today}, 1),
            ({"DateSent>": today}, 1),
            ({"DateSent": "2001-01-01"}, 0),
            ({"DateSent<": "2001-01-01"}, 0),
            ({"DateSent>": second}, 1),
            ({"DateSent<": second}, 1),
            ({"DateSent>": "2099-01-01T00:00:00Z"}, 0),
        ):
            assert listed(vendors, To=to, **parameters) == [sid] * count, parameters

    def test_what_waits_in_the_queue_has_no_date_to_be_found_by(self, vendors: StandIns) -> None:
        to = "+18285550113"
        vendors.set_text_habits(seconds=HOUR)
        sid = sent(vendors, to)
        assert listed(vendors, To=to) == [sid]
        assert listed(vendors, To=to, **{"DateSent>": "2001-01-01"}) == []
        assert listed(vendors, To=to, From=STORE) == []
        vendors.finish_texts()
        assert listed(vendors, To=to, From=STORE, **{"DateSent>": "2001-01-01"}) == [sid]


class TestFates:
    @pytest.mark.parametrize(
        ("number", "code", "status"),
        [
            ("+15005521635", 21635, 400),
            ("+15005521611", 21611, 400),
            ("+15005520429", 20429, 429),
            ("+15005520003", 20003, 401),
            ("+18285550190", 21614, 400),
            ("+18285550198", 21610, 400),
        ],
    )
    def test_numbers_that_are_refused(self, vendors: StandIns, number: str, code: int, status: int) -> None:
        refused = send(vendors, number)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
        assert listed(vendors, To=number) == []

    @pytest.mark.parametrize(
        ("number", "code", "status"),
        [
            ("+18285550196", 30005, "undelivered"),
            ("+18285550197", 30003, "undelivered"),
            ("+15005530004", 30004, "undelivered"),
            ("+15005530006", 30006, "undelivered"),
            ("+15005530007", 30007, "undelivered"),
            ("+15005530008", 30008, "undelivered"),
            ("+15005530034", 30034, "undelivered"),
            ("+15005530001", 30001, "failed"),
            ("+15005539999", None, "delivered"),
        ],
    )
    def test_numbers_whose_texts_do_not_arrive(
        self, vendors: StandIns, number: str, code: int | None, status: str
    ) -> None:
        found = fetched(vendors, sent(vendors, number))
        assert (found["status"], found["error_code"]) == (status, code)
        assert (found["error_message"] is None) == (code is None)

    def test_any_number_can_be_given_a_fate(self, vendors: StandIns) -> None:
        vendors.set_text_fate(EVERYBODY, 30007)
        vendors.set_text_fate(NUMBER, 21610)
        vendors.set_text_fate("+18285550144", 21610, late=True)
        assert send(vendors).json()["code"] == 21610
        late = fetched(vendors, sent(vendors, "+18285550144"))
        assert (late["status"], late["error_code"]) == ("failed", 21610)
        assert fetched(vendors, sent(vendors, "+18285550145"))["error_code"] == 30007
        vendors.clear_text_fates(NUMBER)
        assert fetched(vendors, sent(vendors))["error_code"] == 30007
        vendors.clear_text_fates()
        assert fetched(vendors, sent(vendors))["error_code"] is None
        with pytest.raises(InvalidRequest, match="12345"):
            vendors.set_text_fate(NUMBER, 12345)

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"ValidityPeriod": "0"}, 21624),
            ({"ValidityPeriod": "36001"}, 21624),
            ({"ValidityPeriod": "an hour"}, 21624),
            ({"ValidityPeriod": "-5"}, 21624),
            ({"StatusCallback": "shop.example/texts"}, 21609),
            ({"StatusCallback": "https://my_shop.example/texts"}, 21609),
            ({"MediaUrl": "ftp://a.example/1.jpg"}, 21620),
            ({"MediaUrl": [f"https://a.example/{n}.jpg" for n in range(11)]}, 21623),
        ],
    )
    def test_requests_that_are_refused(self, vendors: StandIns, fields: dict[str, Any], code: int) -> None:
        before = len(vendors.texts())
        refused = send(vendors, **fields)
        assert (refused.status_code, refused.json()["code"]) == (400, code)
        assert len(vendors.texts()) == before

    @pytest.mark.parametrize("seconds", ["1", "36000"])
    def test_the_longest_and_shortest_wait_are_taken(self, vendors: StandIns, seconds: str) -> None:
        assert send(vendors, ValidityPeriod=seconds).status_code == 201

    def test_an_error_after_accepting_has_sent_the_text(self, vendors: StandIns) -> None:
        vendors.order_fault("twilio", "error_after_accepting")
        unclear = send(vendors, "+18285550114")
        assert (unclear.status_code, unclear.json()["code"]) == (500, 20500)
        assert len(listed(vendors, To="+18285550114")) == 1
        assert vendors.requests("twilio", "POST")[0].fault == "error_after_accepting"
        assert send(vendors, "+18285550114").status_code == 201
        with pytest.raises(InvalidRequest, match="counterpoint_api"):
            vendors.order_fault("webdav", "error_after_accepting")


class TestCallbacks:
    def test_they_come_in_order_signed_and_without_the_first_status(
        self, vendors: StandIns, shop: Shop
    ) -> None:
        sid = sent(vendors, StatusCallback=shop.url)
        forms = shop.wait_for(2)
        assert shop.statuses_of(sid) == ["sent", "delivered"]
        assert {(form["To"], form["From"], form["MessagingServiceSid"]) for form in forms} == {
            (NUMBER, STORE, SERVICE)
        }
        check = request_validator.RequestValidator(credentials.TWILIO_AUTH_TOKEN).validate
        for form, headers in zip(forms, shop.headers, strict=True):
            assert check(shop.url, form, headers["X-Twilio-Signature"])
            assert not check(shop.url, {**form, "To": "+1"}, headers["X-Twilio-Signature"])

    @pytest.mark.parametrize(
        ("number", "ends", "code"),
        [("+15005530007", ["sent", "undelivered"], "30007"), ("+15005530001", ["failed"], "30001")],
    )
    def test_they_tell_why_a_text_did_not_arrive(
        self, vendors: StandIns, shop: Shop, number: str, ends: list[str], code: str
    ) -> None:
        sid = sent(vendors, number, StatusCallback=shop.url)
        forms = shop.wait_for(len(ends))
        assert shop.statuses_of(sid) == ends
        assert [form.get("ErrorCode") for form in forms] == [None] * (len(ends) - 1) + [code]

    def test_one_that_fails_comes_once_more_with_the_same_token(self, vendors: StandIns, shop: Shop) -> None:
        shop.statuses = [503, 200, 500, 500]
        sid = sent(vendors, StatusCallback=shop.url)
        shop.wait_for(4)
        assert shop.statuses_of(sid) == ["sent", "sent", "delivered", "delivered"]
        tokens = [headers["I-Twilio-Idempotency-Token"] for headers in shop.headers]
        assert [first == second for first, second in pairwise(tokens)] == [True, False, True]
        sent(vendors, "+18285550115", StatusCallback=shop.url)
        forms = shop.wait_for(6)
        assert [form["To"] for form in forms[4:]] == ["+18285550115"] * 2

    def test_they_can_come_out_of_order_and_twice(self, vendors: StandIns, shop: Shop) -> None:
        vendors.set_text_habits(out_of_order=True, twice=True)
        sid = sent(vendors, StatusCallback=shop.url)
        shop.wait_for(4)
        assert shop.statuses_of(sid) == ["delivered", "delivered", "sent", "sent"]

    def test_no_other_machine_is_called(self, vendors: StandIns, shop: Shop) -> None:
        for url in ("https://shop.example/texts", "http://127.0.0.1.shop.example/", "http://10.0.0.1/"):
            sent(vendors, StatusCallback=url)
        sent(vendors, StatusCallback=shop.url)
        shop.wait_for(2)
        with vendors.context.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT answer FROM callbacks ORDER BY id DESC LIMIT 8")
            assert {row[0] for row in list(rows)[2:]} == {-1}

    def test_those_that_an_ended_process_owed_come_after_its_next_start(
        self, tmp_path: Path, shop: Shop
    ) -> None:
        with StandIns(tmp_path) as first:
            first.set_text_habits(seconds=HOUR)
            sid = sent(first, StatusCallback=shop.url)
        with StandIns(tmp_path) as again:
            again.finish_texts()
            fetched(again, sid)
            shop.wait_for(2)
        assert shop.statuses_of(sid) == ["sent", "delivered"]


class TestReplies:
    def test_an_answer_arrives_signed_and_is_listed(self, vendors: StandIns, shop: Shop) -> None:
        picture = "https://a.example/rose.jpg"
        answered = vendors.reply(NUMBER, "Is the rose still there?", shop.url, media=[picture])
        assert answered.status == 204
        [form] = shop.forms
        assert (form["From"], form["To"], form["NumMedia"], form["MediaUrl0"]) == (
            NUMBER,
            STORE,
            "1",
            picture,
        )
        assert "OptOutType" not in form
        check = request_validator.RequestValidator(credentials.TWILIO_AUTH_TOKEN).validate
        assert check(shop.url, form, shop.headers[0]["X-Twilio-Signature"])
        assert listed(vendors, To=STORE, From=NUMBER, PageSize=1) == [answered.sid]
        found = fetched(vendors, answered.sid)
        assert (found["direction"], found["status"]) == ("inbound", "received")

    def test_stop_and_start_decide_about_later_texts(self, vendors: StandIns, shop: Shop) -> None:
        for word, kind in ((" stop ", "STOP"), ("Start", "START"), ("QUIT", "STOP"), ("unstop", "START")):
            vendors.reply(NUMBER, word, shop.url)
            assert shop.forms[-1]["OptOutType"] == kind
            refused = send(vendors)
            assert (refused.status_code, refused.json().get("code")) == (
                (400, 21610) if kind == "STOP" else (201, None)
            )

    def test_free_words_opt_nobody_out(self, vendors: StandIns) -> None:
        assert vendors.reply(NUMBER, "please stop texting me").status is None
        assert send(vendors).status_code == 201

    def test_an_address_elsewhere_is_refused_and_silence_told(self, vendors: StandIns) -> None:
        with pytest.raises(InvalidRequest, match="this machine"):
            vendors.reply(NUMBER, "Hello", "https://shop.example/texts")
        with shop_open() as closed:
            pass
        with pytest.raises(InvalidRequest, match="did not take"):
            vendors.reply(NUMBER, "Hello", closed.url)


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        ("", 1),
        ("a" * 306, 2),
        ("a" * 307, 3),
        # An escape and its letter stay together: 152 and a pair leave one place of 153 empty.
        ("a" * 152 + "€" + "a" * 152, 3),
        ("a" * 151 + "€" + "a" * 153, 2),
        ("ж" * 66 + "🌱" + "ж" * 66, 3),
        ("ж" * 65 + "🌱" + "ж" * 67, 2),
        ("🌱" * 35, 1),
        ("🌱" * 66, 2),
        ("🌱" * 67, 3),
    ],
)
def test_a_pair_is_never_split_between_parts(body: str, parts: int) -> None:
    assert segments(body) == parts


def test_many_senders_at_once_lose_nothing(vendors: StandIns, shop: Shop) -> None:
    numbers = [f"+1201556{number:04d}" for number in range(200)]
    with ThreadPoolExecutor(16) as pool:
        sids = list(pool.map(lambda number: sent(vendors, number, StatusCallback=shop.url), numbers))
    assert len(set(sids)) == len(numbers)
    shop.wait_for(2 * len(numbers))
    assert {tuple(shop.statuses_of(sid)) for sid in sids} == {("sent", "delivered")}
    kept = [row["to_number"] for row in vendors.texts() if row["to_number"] in set(numbers)]
    assert sorted(kept) == numbers


def test_the_outbox_shows_what_became_of_each_text(tmp_path: Path) -> None:
    with StandIns(tmp_path) as vendors:
        for number in (NUMBER, "+15005530007", "+18285550197", "+18285550141"):
            sent(vendors, number)
        sent(vendors, "+18285550142", MediaUrl="https://a.example/rose.jpg")
        vendors.reply(NUMBER, "Thank you <3")
        page = requests.get(vendors.outbox_url, timeout=SECONDS).text
        for shown in (
            "<strong>3</strong> delivered",
            "<strong>1</strong> undelivered (30007)",
            "<strong>1</strong> undelivered (30003)",
            "<strong>1</strong> reply",
            "Message filtered (30007)",
            "https://a.example/rose.jpg",
            "Thank you &lt;3",
        ):
            assert shown in page, shown
        # The number's text and its answer stand together.
        assert page.count("(828) 555-0143") == 1


def test_a_stop_does_not_wait_for_callbacks_that_nobody_takes(tmp_path: Path) -> None:
    with shop_open() as closed:
        pass
    before = set(threading.enumerate())
    with StandIns(tmp_path) as vendors:
        for _ in range(50):
            sent(vendors, StatusCallback=closed.url)
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name == "standins-http"]
