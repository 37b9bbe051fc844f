"""The service that Twilio calls: what it takes, what it refuses, and what it answers."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from sqlalchemy import URL, Engine, select
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from include.database.engines import engine_for
from include.errors import InvalidRequest, InvalidSettings
from include.inbound.app import build
from include.inbound.connections import signature_of
from include.inbound.incoming import LARGEST_BODY
from include.inbound.settings import InboundSettings, inbound_settings
from include.inbound.signature import Signature
from include.sandbox.laptop.ports import any_free
from include.sandbox.standins.http_server import HttpServer
from include.sandbox.standins.ports import listen
from include.settings import load_settings
from include.storedb.migrate import upgrade
from include.storedb.suppression import Suppressions
from include.storedb.tables import TEXT_EVENT
from tests.databases import fresh_database

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "an-auth-token"
PUBLIC = "https://texts.store.example"
ANN = "+15182345601"
SID = "SM" + "0" * 31
HELP = "Garden & Centre: reply STOP to get no more texts."
EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'

STATUS = {
    "MessageSid": SID + "1",
    "MessageStatus": "undelivered",
    "To": ANN,
    "From": "+15005550006",
    "ErrorCode": "30006",
    "AccountSid": "AC1",
}
REPLY = {
    "MessageSid": SID + "2",
    "From": ANN,
    "To": "+15005550006",
    "Body": "Do you have hellebores? 🌷 & ferns",
    "NumMedia": "0",
    "FromCity": "",
}


@pytest.fixture(params=("sqlite", "postgresql", "mysql"))
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path) as url:
        upgrade(url)
        yield engine_for(url)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    with fresh_database("sqlite", tmp_path) as url:
        upgrade(url)
        yield engine_for(url)
        engine_for(url).dispose()


Serve = Callable[..., "Served"]


class Served:
    """The service at an address of this machine; its port is any that is free."""

    def __init__(self, base: str) -> None:
        self.base = base

    def get(self, path: str) -> requests.Response:
        return requests.get(self.base + path, timeout=30)

    def post(
        self, path: str, form: Any, headers: Mapping[str, str | bytes] | None = None
    ) -> requests.Response:
        return requests.post(self.base + path, data=form, headers=headers, timeout=30)

    def signed(self, path: str, form: dict[str, str], **headers: str) -> requests.Response:
        return self.post(path, form, signed(path, form) | headers)


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as servers:

        def start(engine: Engine, per_minute: int = 1000, is_set_up: bool = True) -> Served:
            signature = Signature(TOKEN, PUBLIC) if is_set_up else None
            app = build(engine, signature, requests_per_minute=per_minute, help_text=HELP)
            server = HttpServer(app, listen("127.0.0.1", 0))
            servers.callback(server.stop)
            server.start()
            return Served(f"http://127.0.0.1:{server.port}")

        yield start


def signed(path: str, form: dict[str, str], query: str = "", token: str = TOKEN) -> dict[str, str]:
    address = PUBLIC + path + (f"?{query}" if query else "")
    return {"X-Twilio-Signature": RequestValidator(token).compute_signature(address, form)}


def stored(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(select(TEXT_EVENT).order_by(TEXT_EVENT.c.id)))


def test_a_status_is_stored_and_acknowledged_without_words(engine: Engine, serve: Serve) -> None:
    answer = serve(engine).signed(
        "/twilio/status", STATUS | {"RawDlrDoneDate": "2611201830", "NewField": "x"}
    )
    assert (answer.status_code, answer.content) == (204, b"")
    (row,) = stored(engine)
    assert (row.kind, row.sid, row.phone, row.status) == ("status", STATUS["MessageSid"], ANN, "undelivered")
    assert (row.error_code, row.body, row.meaning, row.processed_at) == (30006, None, None, None)


def test_a_reply_is_stored_and_answered_with_silence(engine: Engine, serve: Serve) -> None:
    pictures = {"NumMedia": "2", "MediaUrl0": "https://api.example/0", "MediaUrl1": "https://api.example/1"}
    answer = serve(engine).signed("/twilio/reply", REPLY | pictures)
    assert (answer.status_code, answer.text) == (200, EMPTY)
    assert answer.headers["content-type"].startswith("text/xml")
    (row,) = stored(engine)
    assert (row.kind, row.phone, row.body, row.meaning) == ("reply", ANN, REPLY["Body"], "other")
    assert json.loads(row.media) == ["https://api.example/0", "https://api.example/1"]


def test_a_picture_without_words_is_stored(store: Engine, serve: Serve) -> None:
    form = {name: value for name, value in REPLY.items() if name != "Body"}
    assert (
        serve(store).signed("/twilio/reply", form | {"MediaUrl0": "https://api.example/0"}).status_code == 200
    )
    assert (stored(store)[0].body, stored(store)[0].meaning) == (None, "other")


def test_what_comes_twice_is_stored_once_and_answered_alike(engine: Engine, serve: Serve) -> None:
    twilio = serve(engine)
    again = {"i-twilio-idempotency-token": "0f1e"}
    for form, path in ((STATUS, "/twilio/status"), (REPLY | {"Body": "HELP"}, "/twilio/reply")):
        first = twilio.signed(path, form)
        second = twilio.post(path, form, signed(path, form) | again)
        assert (first.status_code, first.text) == (second.status_code, second.text)
    twilio.signed("/twilio/status", STATUS | {"MessageStatus": "delivered"})
    assert [row.status or row.meaning for row in stored(engine)] == ["undelivered", "help", "delivered"]


def test_a_burst_of_repeats_is_stored_once(engine: Engine, serve: Serve) -> None:
    twilio = serve(engine)
    with ThreadPoolExecutor(6) as threads:
        forms = [REPLY | {"Body": "STOP", "MessageSid": f"{SID}{number % 3}"} for number in range(18)]
        codes = list(threads.map(lambda form: twilio.signed("/twilio/reply", form).status_code, forms))
    assert codes == [200] * 18
    assert len(stored(engine)) == 3
    assert Suppressions(engine).active([ANN]) == {ANN: "opted_out"}


def test_a_stop_holds_when_the_answer_leaves_and_a_start_lifts_it(store: Engine, serve: Serve) -> None:
    twilio, suppressed = serve(store), Suppressions(store)
    assert twilio.signed("/twilio/reply", REPLY | {"Body": "please stop texting me"}).text == EMPTY
    assert suppressed.active([ANN]) == {ANN: "opted_out"}
    assert twilio.signed("/twilio/reply", REPLY | {"Body": "START", "MessageSid": SID + "3"}).text == EMPTY
    assert suppressed.active([ANN]) == {}


def test_help_is_answered_unless_twilio_has_done_so(store: Engine, serve: Serve) -> None:
    twilio = serve(store)
    answer = twilio.signed("/twilio/reply", REPLY | {"Body": "Help!"})
    assert "<Response><Message>Garden &amp; Centre: reply STOP" in answer.text
    by_twilio = REPLY | {"Body": "hilfe", "OptOutType": "HELP", "MessageSid": SID + "4"}
    assert twilio.signed("/twilio/reply", by_twilio).text == EMPTY
    assert [row.meaning for row in stored(store)] == ["help", "help"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Twilio-Signature": ""},
        {"X-Twilio-Signature": "bm90IGEgc2lnbmF0dXJl"},
        {"X-Twilio-Signature": "ü".encode("latin-1").decode("latin-1")},
        signed("/twilio/reply", REPLY, token="another-token"),
        signed("/twilio/reply", REPLY | {"Body": "STOP"}),
        signed("/twilio/status", REPLY),
        signed("/twilio/reply", REPLY, query="a=1"),
        signed("/twilio/reply", {}),
    ],
)
@pytest.mark.parametrize("path", ["/twilio/status", "/twilio/reply"])
def test_what_twilio_did_not_sign_is_refused_and_not_stored(
    store: Engine, headers: dict[str, str], path: str, serve: Serve
) -> None:
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    form = REPLY if path == "/twilio/reply" else REPLY | {"MessageStatus": "sent"}
    assert serve(store).post(path, form, raw).status_code == 403
    assert stored(store) == []


def test_a_signature_of_another_host_does_not_hold(store: Engine, serve: Serve) -> None:
    other = RequestValidator(TOKEN).compute_signature("https://elsewhere.example/twilio/reply", REPLY)
    headers = {
        "X-Twilio-Signature": other,
        "Host": "elsewhere.example",
        "X-Forwarded-Host": "elsewhere.example",
    }
    assert serve(store).post("/twilio/reply", REPLY, headers).status_code == 403


def test_an_address_with_a_query_is_signed_whole(store: Engine, serve: Serve) -> None:
    twilio = serve(store)
    right = signed("/twilio/reply", REPLY, query="a=1&b=%20")
    assert twilio.post("/twilio/reply?a=1&b=%20", REPLY, right).status_code == 200
    assert twilio.post("/twilio/reply?a=2&b=%20", REPLY, right).status_code == 403


def test_the_signature_of_twilios_own_example_holds() -> None:
    form = ImmutableMultiDict(
        {
            "CallSid": "CA1234567890ABCDE",
            "Caller": "+12349013030",
            "Digits": "1234",
            "From": "+12349013030",
            "To": "+18005551212",
        }
    )
    signature = Signature("12345", "https://mycompany.com")
    given = "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
    assert signature.holds("/myapp.php", "foo=1&bar=2", form, given)
    assert not signature.holds("/myapp.php", "foo=1&bar=3", form, given)
    assert not Signature("12346", "https://mycompany.com").holds("/myapp.php", "foo=1&bar=2", form, given)


@pytest.mark.parametrize(
    ("path", "form", "words"),
    [
        ("/twilio/status", {"MessageSid": ""}, "MessageSid is missing"),
        ("/twilio/status", {"MessageStatus": ""}, "MessageStatus is missing"),
        ("/twilio/status", {"To": ""}, "To is missing"),
        ("/twilio/status", {"To": "whatsapp:+15182345601"}, "To is malformed"),
        ("/twilio/status", {"MessageStatus": "x" * 21}, "MessageStatus is malformed"),
        ("/twilio/reply", {"MessageSid": "SM 1; --"}, "MessageSid is malformed"),
        ("/twilio/reply", {"From": ""}, "From is missing"),
    ],
)
def test_a_form_that_lacks_something_is_refused(
    store: Engine, caplog: pytest.LogCaptureFixture, path: str, form: dict[str, str], words: str, serve: Serve
) -> None:
    base = STATUS if path == "/twilio/status" else REPLY
    wanted = {name: value for name, value in (base | form).items() if value}
    answer = serve(store).signed(path, wanted)
    assert answer.status_code == 400
    assert words in answer.text
    assert words in caplog.text
    assert stored(store) == []


@pytest.mark.parametrize("code", ["", "no number", "²", "-1", "9" * 30])
def test_an_error_code_that_is_no_number_is_left_out(store: Engine, code: str, serve: Serve) -> None:
    assert serve(store).signed("/twilio/status", STATUS | {"ErrorCode": code}).status_code == 204
    assert stored(store)[0].error_code is None


def test_what_is_too_large_or_no_form_is_refused(store: Engine, serve: Serve) -> None:
    twilio = serve(store)
    assert twilio.signed("/twilio/reply", REPLY | {"Body": "x" * LARGEST_BODY}).status_code == 413

    assert twilio.post("/twilio/reply", iter([b"Body=", b"x" * LARGEST_BODY])).status_code == 413
    many = urlencode({f"f{number}": "" for number in range(1000)})
    assert twilio.post("/twilio/reply", many.encode()).status_code == 400
    assert twilio.post("/twilio/reply", b"\xff\xfe").status_code == 400


def test_the_longest_text_with_ten_pictures_is_taken(store: Engine, serve: Serve) -> None:
    pictures = {f"MediaUrl{number}": "https://api.example/" + "x" * 200 for number in range(10)}
    assert serve(store).signed("/twilio/reply", REPLY | pictures | {"Body": "🌷" * 1600}).status_code == 200
    assert stored(store)[0].body == "🌷" * 1600


def test_who_asks_too_often_has_to_wait(store: Engine, serve: Serve) -> None:
    busy = serve(store, per_minute=60)
    codes = [busy.signed("/twilio/status", STATUS).status_code for _ in range(200)]
    # A minute may end while the test runs.
    assert 60 <= codes.count(204) <= 120
    refused = next(
        answer
        for answer in (busy.signed("/twilio/status", STATUS) for _ in range(200))
        if answer.status_code != 204
    )
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    # A proxy on this machine says who asks.
    assert busy.signed("/twilio/status", STATUS, **{"X-Forwarded-For": "192.0.2.7"}).status_code == 204


def test_other_methods_and_paths_are_unknown(store: Engine, serve: Serve) -> None:
    twilio = serve(store)
    assert twilio.get("/twilio/reply").status_code == 405
    assert [twilio.get(path).status_code for path in ("/", "/docs", "/openapi.json")] == [404] * 3


def test_health_asks_the_database(store: Engine, tmp_path: Path, serve: Serve) -> None:
    assert serve(store).get("/health").json() == {"status": "ok"}
    gone = engine_for(URL.create("sqlite", database=str(tmp_path / "no folder" / "store.db")))
    assert serve(gone).get("/health").status_code == 503


def test_without_the_database_twilio_is_asked_to_come_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, serve: Serve
) -> None:
    empty = engine_for(URL.create("sqlite", database=str(tmp_path / "empty.db")))
    (port,) = any_free(1)
    gone = engine_for(
        URL.create("postgresql+psycopg2", host="127.0.0.1", port=port, database="x", username="x")
    )
    for engine in (empty, gone):
        answer = serve(engine).signed("/twilio/reply", REPLY)
        assert answer.status_code == 503
        assert "hellebores" not in answer.text + caplog.text
        assert "2345601" not in answer.text + caplog.text


def test_without_a_connection_to_twilio_nothing_is_taken(store: Engine, serve: Serve) -> None:
    waiting = serve(store, is_set_up=False)
    assert waiting.signed("/twilio/reply", REPLY).status_code == 503
    assert waiting.get("/health").json()["status"].startswith("not set up")
    assert stored(store) == []


def test_logs_hold_nothing_personal(store: Engine, caplog: pytest.LogCaptureFixture, serve: Serve) -> None:
    with caplog.at_level(logging.DEBUG):
        twilio = serve(store)
        twilio.signed("/twilio/reply", REPLY | {"Body": "I am Ann Lee, stop texting me"})
        twilio.signed("/twilio/status", STATUS)
        twilio.post("/twilio/reply", REPLY)
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("include"))
    assert "new reply: stop" in ours
    assert "new status: undelivered" in ours
    assert not re.search(r"Ann|2345601|hellebores", ours)


# --- settings and connections -------------------------------------------------------------------------------


def connection(**fields: Any) -> dict[str, str]:
    values = {"conn_type": "twilio", "login": "AC1", "password": "12345", **fields}
    return {"AIRFLOW_CONN_TWILIO": json.dumps(values)}


@pytest.mark.parametrize(
    ("public", "extra"),
    [
        ("https://mycompany.com", {}),
        ("https://mycompany.com", {"status_callback_url": "https://elsewhere.example/twilio/status"}),
        ("", {"status_callback_url": "https://mycompany.com/twilio/status"}),
        ("", {"status_callback_url": "https://mycompany.com/twilio/status#rc=5&rp=all"}),
        ("", '{"status_callback_url": "https://mycompany.com/twilio/status"}'),
    ],
)
def test_the_public_address_is_the_settings_or_that_of_the_status_callback(public: str, extra: Any) -> None:
    signature = signature_of(connection(extra=extra), public)
    assert isinstance(signature, Signature)
    given = RequestValidator("12345").compute_signature("https://mycompany.com/twilio/status", STATUS)
    assert signature.holds("/twilio/status", "", ImmutableMultiDict(STATUS), given)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "AIRFLOW_CONN_TWILIO is not set"),
        ({"AIRFLOW_CONN_TWILIO": " "}, "AIRFLOW_CONN_TWILIO is not set"),
        (connection(), "neither public_url"),
        (connection(extra=""), "neither public_url"),
    ],
)
def test_a_store_without_an_account_waits(environment: dict[str, str], words: str) -> None:
    found = signature_of(environment, "")
    assert isinstance(found, str)
    assert words in found


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"AIRFLOW_CONN_TWILIO": "twilio://AC1:12345@"}, "no connection in JSON"),
        ({"AIRFLOW_CONN_TWILIO": "[]"}, "no connection in JSON"),
        (connection(password=""), "has no password"),
        (connection(extra={"status_callback_url": "https://x.example/callback"}), "does not end with"),
    ],
)
def test_a_wrong_connection_is_named_without_its_secrets(environment: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as caught:
        signature_of(environment, "")
    assert "12345" not in str(caught.value)


def test_the_shipped_settings_help_and_say_how_to_stop() -> None:
    words = inbound_settings().help_for("Rose & Thorn")
    assert words.startswith("Rose & Thorn: ")
    assert "STOP" in words
    assert inbound_settings().public_url == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("public_url: texts.store.example", r"public_url: .*begins with https://"),
        ("public_url: 'https://texts.store.example/?a=1'", r"public_url: .*ends before a \?"),
        ("help_text: Call us", r"help_text: .*that STOP ends"),
        ("help_text: '{company}: STOP ends it'", r"help_text: .*\{company\} is unknown"),
        ("requests_per_minute: 5", r"requests_per_minute: .*found 5"),
    ],
)
def test_a_wrong_setting_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: str
) -> None:
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    (tmp_path / "inbound.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidSettings, match=expected):
        load_settings(InboundSettings, "inbound")


# --- the command --------------------------------------------------------------------------------------------


def environment(store: Engine, port: int) -> dict[str, str]:
    callback = {"status_callback_url": f"http://127.0.0.1:{port}/twilio/status"}
    return {
        **{name: os.environ[name] for name in ("PATH", "PYTHONPATH")},
        "AIRFLOW_CONN_STORE_DB": json.dumps({"conn_type": "sqlite", "host": store.url.database}),
        **connection(password=TOKEN, extra=callback),
    }


def test_the_command_serves_on_this_machine_and_ends_when_told(store: Engine) -> None:
    (port,) = any_free(1)
    base = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "include.inbound", "--port", str(port)],
        cwd=ROOT,
        env=environment(store, port),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            try:
                requests.get(f"{base}/health", timeout=30).raise_for_status()
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        given = RequestValidator(TOKEN).compute_signature(f"{base}/twilio/reply", REPLY)
        headers = {"X-Twilio-Signature": given}
        answer = Served(base).post("/twilio/reply?From=%2B15182345601", REPLY, headers)
        assert answer.status_code == 403
        answer = Served(base).post("/twilio/reply", REPLY, headers)
        assert (answer.status_code, answer.text) == (200, EMPTY)
        assert "server" not in answer.headers
    finally:
        process.send_signal(signal.SIGTERM)
        written, _ = process.communicate(timeout=30)
    assert process.returncode in (0, -signal.SIGTERM)
    assert len(stored(store)) == 1
    assert not re.search(r"2345601|hellebores|an-auth-token", written)
    assert "new reply: other" in written


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"AIRFLOW_CONN_STORE_DB": ""}, "store_db"),
        ({"AIRFLOW_CONN_TWILIO": "{}"}, "AIRFLOW_CONN_TWILIO has no password"),
        ({"AIRFLOW_CONN_WEB_FORMS": "{}"}, "AIRFLOW_CONN_WEB_FORMS has no password"),
    ],
)
def test_the_command_names_what_is_wrong(store: Engine, wrong: dict[str, str], words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "include.inbound", "--port", "0"],
        cwd=ROOT,
        env=environment(store, 1) | wrong,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert words in done.stderr
