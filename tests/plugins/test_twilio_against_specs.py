"""What the Twilio stand-in answers, refuses and sends in a campaign fits Twilio's specifications."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any
from urllib.parse import parse_qsl

import pytest
from jsonschema import Draft202012Validator
from requests.auth import HTTPBasicAuth

from include.sandbox.standins import credentials
from include.sandbox.standins.server import StandIns
from tests.plugins.vendor_specs import SPECS, Contract, needs_specs

pytestmark = needs_specs

SECONDS = 10
ACCOUNT = f"/2010-04-01/Accounts/{credentials.TWILIO_ACCOUNT_SID}"
MESSAGES = f"{ACCOUNT}/Messages.json"
NUMBER = "+18285550143"
PICTURE = "https://a.example/rose.jpg"


@pytest.fixture
def vendors(running: StandIns) -> StandIns:
    running.clear_faults()
    running.clear_text_fates()
    running.set_text_habits()
    return running


@pytest.fixture(scope="module")
def twilio(running: StandIns) -> Contract:
    def let_changes_be_refused(document: Any) -> None:
        # The official specification declares refusals of no request; the subset adds those of the creation.
        paths = document["paths"]
        refusals = paths["/2010-04-01/Accounts/{AccountSid}/Messages.json"]["post"]["responses"]
        one = paths["/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json"]
        for operation in (
            one["get"],
            one["post"],
            paths["/2010-04-01/Accounts/{AccountSid}/Messages.json"]["get"],
        ):
            operation["responses"] |= dict.fromkeys(("400", "404", "409"), refusals["400"])

    login = HTTPBasicAuth(credentials.TWILIO_ACCOUNT_SID, credentials.TWILIO_AUTH_TOKEN)
    file = "twilio/subset/twilio_messages_v2010.json"
    return Contract(file, running.twilio_url, mend=let_changes_be_refused, auth=login)


@pytest.fixture
def shop() -> Iterator[tuple[str, Queue[dict[str, str]]]]:
    forms: Queue[dict[str, str]] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.send_response(204)
            self.end_headers()
            forms.put(dict(parse_qsl(body, keep_blank_values=True)))

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/texts", forms
        server.shutdown()
        thread.join()


def create(twilio: Contract, to: str = NUMBER, *, refused: bool = False, **fields: Any) -> Any:
    service = {"MessagingServiceSid": credentials.TWILIO_MESSAGING_SERVICE_SID}
    form = {"To": to, "Body": "Your coupon", **service, **fields}
    return twilio.call("POST", MESSAGES, data=form, refused=refused)


def fits(schema: str, form: dict[str, str]) -> None:
    document = json.loads((SPECS / f"twilio/subset/{schema}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(document).validate(form)


@pytest.mark.parametrize("number", [NUMBER, "+18285550196", "+15005530007", "+15005530001"])
@pytest.mark.parametrize(
    "fields",
    [
        {"ValidityPeriod": 3600, "StatusCallback": "https://shop.example/texts"},
        {"MediaUrl": [PICTURE], "Body": ""},
        {"MessagingServiceSid": None, "From": credentials.TWILIO_FROM_NUMBER},
    ],
)
def test_a_text_on_each_station_of_its_way(
    vendors: StandIns, twilio: Contract, number: str, fields: dict[str, Any]
) -> None:
    vendors.set_text_habits(seconds=3600)
    created = create(twilio, number, **fields)
    assert created.status_code == 201
    path = f"{ACCOUNT}/Messages/{created.json()['sid']}.json"
    assert twilio.call("GET", path).json()["status"] in ("queued", "accepted")
    vendors.finish_texts()
    found = twilio.call("GET", path).json()
    assert found["status"] in ("delivered", "undelivered", "failed")
    listed = twilio.call("GET", f"{MESSAGES}?To={number.replace('+', '%2B')}&PageSize=1").json()
    assert listed["messages"] == [found]
    assert twilio.call("POST", path, data={"Body": ""}).status_code == 200


def test_a_scheduled_text_is_called_off_once(vendors: StandIns, twilio: Contract) -> None:
    send_at = (datetime.now(UTC) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    created = create(twilio, ScheduleType="fixed", SendAt=send_at).json()
    path = f"{ACCOUNT}/Messages/{created['sid']}.json"
    for status in (200, 409):
        assert twilio.call("POST", path, data={"Status": "canceled"}).status_code == status


def test_pages(vendors: StandIns, twilio: Contract) -> None:
    for _ in range(3):
        create(twilio, "+18285550144")
    page = twilio.call(
        "GET", f"{MESSAGES}?To=%2B18285550144&PageSize=2&DateSent%3E=2001-01-01T00:00:00Z"
    ).json()
    assert len(page["messages"]) == 2
    last = twilio.call("GET", page["next_page_uri"]).json()
    assert (len(last["messages"]), last["next_page_uri"]) == (1, None)
    assert twilio.call("GET", last["previous_page_uri"]).status_code == 200
    assert twilio.call("GET", f"{MESSAGES}?PageToken=PAnone").status_code == 400
    assert twilio.call("GET", f"{ACCOUNT}/Messages/SM{'0' * 32}.json").status_code == 404


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"To": "+15005521635"}, 400),
        ({"To": "+15005520429"}, 429),
        ({"To": "+15005520003"}, 401),
        ({"To": "+18285550190"}, 400),
        ({"ValidityPeriod": 0}, 400),
        ({"StatusCallback": "https://my_shop.example/"}, 400),
        ({"MediaUrl": ["rose.jpg"]}, 400),
        ({"Body": "x" * 1601}, 400),
    ],
)
def test_a_refusal(vendors: StandIns, twilio: Contract, fields: dict[str, Any], status: int) -> None:
    assert create(twilio, refused=True, **{"to": fields.pop("To", NUMBER), **fields}).status_code == status


def test_an_error_after_accepting(vendors: StandIns, twilio: Contract) -> None:
    vendors.order_fault("twilio", "error_after_accepting")
    assert create(twilio).status_code == 500


@pytest.mark.parametrize("number", [NUMBER, "+15005530007", "+15005530001"])
def test_status_callbacks(
    vendors: StandIns, twilio: Contract, shop: tuple[str, Queue[dict[str, str]]], number: str
) -> None:
    url, forms = shop
    sid = create(twilio, number, StatusCallback=url).json()["sid"]
    status = ""
    while status not in ("delivered", "undelivered", "failed"):
        form = forms.get(timeout=SECONDS)
        fits("status_callback.form", form)
        assert form["MessageSid"] == sid
        status = form["MessageStatus"]


@pytest.mark.parametrize(("body", "media"), [("Is it open?", []), ("STOP", []), ("", [PICTURE, PICTURE])])
def test_replies(
    vendors: StandIns, twilio: Contract, shop: tuple[str, Queue[dict[str, str]]], body: str, media: list[str]
) -> None:
    url, forms = shop
    answered = vendors.reply("+18285550177", body, url, media)
    fits("inbound_message.form", forms.get(timeout=SECONDS))
    assert twilio.call("GET", f"{ACCOUNT}/Messages/{answered.sid}.json").json()["direction"] == "inbound"
