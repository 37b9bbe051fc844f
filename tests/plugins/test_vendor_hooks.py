"""The hooks of BigCommerce, the Counterpoint API and Twilio against the sandbox's vendors."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from include.errors import (
    BadCredentials,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    VendorRefusal,
    VendorUnavailable,
)
from include.sandbox.standins import credentials
from include.sandbox.standins.server import StandIns
from retail_ops.hooks.bigcommerce import BigCommerceHook
from retail_ops.hooks.counterpoint_api import CounterpointApiHook
from retail_ops.hooks.twilio_messaging import TwilioHook
from retail_ops.hooks.vendor_session import Patience

QUICK = Patience(connect=5, attempts=3, first_pause=0, longest_pause=0)
HOOKS: dict[str, Any] = {
    "bigcommerce": BigCommerceHook,
    "counterpoint_api": CounterpointApiHook,
    "twilio": TwilioHook,
}
SOMEONE = "+12125550147"


@pytest.fixture
def vendors(running: StandIns, monkeypatch: pytest.MonkeyPatch) -> StandIns:
    running.clear_faults()
    running.clear_requests()
    for conn_id in HOOKS:
        connect(running, monkeypatch, conn_id)
    return running


def connect(vendors: StandIns, monkeypatch: pytest.MonkeyPatch, conn_id: str, **changes: Any) -> None:
    values = credentials.connections(vendors)[conn_id]
    extra = {**values.get("extra", {}), **changes.pop("extra", {})}
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps({**values, **changes, "extra": extra}))


@pytest.mark.parametrize(
    ("conn_id", "words"),
    [
        (
            "bigcommerce",
            "BigCommerce accepts the access token for 'Garden Centre', time zone America/New_York",
        ),
        ("counterpoint_api", "the Counterpoint API accepts the login and the API key for"),
        ("twilio", "Twilio accepts the login for the account 'Garden Centre'"),
    ],
)
def test_good_connections_pass_their_test(vendors: StandIns, conn_id: str, words: str) -> None:
    good, answer = HOOKS[conn_id](patience=QUICK).test_connection()
    assert good and answer.startswith(words), answer


@pytest.mark.parametrize(
    ("conn_id", "changes", "words"),
    [
        ("bigcommerce", {"password": "old-t0ken"}, "answered 401"),
        ("bigcommerce", {"password": "old-t0ken"}, "the access token is wrong or was revoked"),
        ("bigcommerce", {"password": None}, "the connection 'bigcommerce' has no password (access token)"),
        ("bigcommerce", {"extra": {"store_hash": ""}}, "the connection 'bigcommerce' has no store_hash"),
        (
            "bigcommerce",
            {"extra": {"store_hash": "a/../b"}},
            "has more than letters and digits in store_hash",
        ),
        ("bigcommerce", {"host": "https://api.bigcommerce.com/stores/x/v3"}, "a whole API path"),
        ("bigcommerce", {"host": "http://127.0.0.1:9"}, "no connection to the server"),
        (
            "counterpoint_api",
            {"password": "old-t0ken"},
            "the company alias, the user or the password is wrong",
        ),
        (
            "counterpoint_api",
            {"extra": {"api_key": "old-t0ken"}},
            "the API key is missing, wrong or out of date",
        ),
        ("counterpoint_api", {"extra": {"api_key": None}}, "'counterpoint_api' has no api_key (API key)"),
        ("counterpoint_api", {"extra": {"company": " "}}, "has no company (company alias)"),
        ("counterpoint_api", {"host": None}, "has no host (API server)"),
        ("counterpoint_api", {"extra": {"ca_file": "/no/such.pem"}}, "the missing file '/no/such.pem'"),
        ("counterpoint_api", {"extra": {"verify_tls": "maybe"}}, "'maybe' instead of true or false"),
        ("twilio", {"password": "old-t0ken"}, "the account SID or the auth token is wrong"),
        ("twilio", {"password": ""}, "the connection 'twilio' has no password (auth token)"),
        ("twilio", {"login": "SK123"}, "something else than AC and 32 hexadecimal digits in login"),
        ("twilio", {"host": "http://127.0.0.1:9"}, "no connection to the server"),
    ],
)
def test_bad_connections_say_what_is_wrong(
    vendors: StandIns, monkeypatch: pytest.MonkeyPatch, conn_id: str, changes: dict[str, Any], words: str
) -> None:
    connect(vendors, monkeypatch, conn_id, **changes)
    good, answer = HOOKS[conn_id](patience=QUICK).test_connection()
    assert not good and words in answer, answer
    assert "old-t0ken" not in answer


@pytest.mark.parametrize("conn_id", HOOKS)
def test_an_outage_is_told_at_the_first_attempt(vendors: StandIns, conn_id: Any) -> None:
    vendors.order_fault(conn_id, "status", status=503)
    good, answer = HOOKS[conn_id](patience=QUICK).test_connection()
    assert not good and "answered 503" in answer


def test_airflow_tests_a_connection_that_is_not_saved_yet(vendors: StandIns) -> None:
    from airflow.sdk import Connection

    values = credentials.connections(vendors)["bigcommerce"]
    for conn_id in ("bigcommerce", "another_shop"):
        connection = Connection(conn_id=conn_id, **{**values, "extra": json.dumps(values["extra"])})
        assert connection.test_connection()[0] is True


def test_bigcommerce_quota_is_kept(vendors: StandIns) -> None:
    hook = BigCommerceHook(patience=QUICK)
    assert hook.quota is None
    hook.request("GET", "/v2/time")
    assert hook.quota is not None and hook.quota.quota == vendors.quota.requests
    before = hook.quota.left
    hook.request("GET", "/v3/catalog/products", params={"limit": 1})
    assert hook.quota.left == before - 1
    assert 0 < hook.quota.reset_seconds <= vendors.quota.window_seconds


def test_bigcommerce_rate_limit_is_handed_on_with_its_wait(vendors: StandIns) -> None:
    hook = BigCommerceHook(patience=QUICK)
    vendors.order_fault("bigcommerce", "status", status=429, retry_after=120)
    with pytest.raises(RateLimited) as caught:
        hook.request("GET", "/v2/time")
    assert caught.value.retry_after is not None and caught.value.retry_after >= 120
    assert hook.quota is not None and hook.quota.left == 0


def test_bigcommerce_batches_are_refused_with_the_vendors_words(vendors: StandIns) -> None:
    with pytest.raises(VendorRefusal, match="maximum items allowed in the array is 10"):
        BigCommerceHook(patience=QUICK).request(
            "PUT", "/v3/catalog/products", json=[{"id": number} for number in range(1, 12)]
        )


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/v2/coupons", None),
        ("/v2/coupons", {}),
        ("/v2/coupons", {"id:in": ""}),
        ("/v2/orders", {"id:in": None}),
        ("/v3/catalog/products/", {"id:in": "", "limit": 250}),
        ("/v3/catalog/products", {"limit": 250}),
        ("/v2/coupons", {"id:in": "", "name": "SPRING"}),
        ("/v2/coupons", {"id:in": []}),
    ],
)
def test_bigcommerce_deletes_no_whole_collection(
    vendors: StandIns, path: str, params: dict[str, Any] | None
) -> None:
    with pytest.raises(InvalidRequest, match="would delete everything"):
        BigCommerceHook(patience=QUICK).request("DELETE", path, params=params)
    assert vendors.requests("bigcommerce", "DELETE") == []


@pytest.mark.parametrize("path", ["catalog/products", "/v3/../../other/v3/orders", "/v2/coupons?id:in=1"])
def test_bigcommerce_paths_stay_in_the_store(vendors: StandIns, path: str) -> None:
    with pytest.raises(InvalidRequest, match="without a query"):
        BigCommerceHook(patience=QUICK).request("DELETE", path)
    assert vendors.requests("bigcommerce") == []


def test_counterpoint_missing_record(vendors: StandIns) -> None:
    with pytest.raises(NotFound, match="ERROR_RECORD_NOT_FOUND"):
        CounterpointApiHook(patience=QUICK).request("GET", "/Customer/NO-SUCH")


def test_counterpoint_customer_of_unknown_outcome_is_not_sent_twice(
    vendors: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(vendors, monkeypatch, "counterpoint_api", extra={"timeout_seconds": 0.5})
    vendors.order_fault("counterpoint_api", "timeout_after_accepting")
    body = {"AR_CUST": {"FST_NAM": "Ann", "LST_NAM": "Archer"}}
    with pytest.raises(OutcomeUnknown):
        CounterpointApiHook(patience=QUICK).request("POST", "/Customer", json=body)
    assert len(vendors.requests("counterpoint_api", "POST")) == 1


def test_counterpoint_reading_outlasts_a_dropped_connection(vendors: StandIns) -> None:
    vendors.order_fault("counterpoint_api", "drop_connection", count=2)
    assert CounterpointApiHook(patience=QUICK).request("GET", "/Company")["ErrorCode"] == "SUCCESS"


def test_twilio_sends_through_the_messaging_service(vendors: StandIns) -> None:
    hook = TwilioHook(patience=QUICK)
    client = hook.get_conn()
    message = client.messages.create(to=SOMEONE, body="Your coupon", **hook.sender())
    assert message.messaging_service_sid == credentials.TWILIO_MESSAGING_SERVICE_SID
    assert client.messages(message.sid).fetch().body == "Your coupon"
    assert [sent.sid for sent in client.messages.list(to=SOMEONE)] == [message.sid]


@pytest.mark.parametrize("code", [21610, 21614])
def test_twilio_refusals_carry_the_code_and_no_number(vendors: StandIns, code: int) -> None:
    number = {21610: "+15005550004", 21614: "+15005550009"}[code]
    hook = TwilioHook(patience=QUICK)
    with pytest.raises(VendorRefusal) as caught:
        hook.get_conn().messages.create(to=number, body="Hello", **hook.sender())
    assert (caught.value.code, caught.value.status) == (code, 400)
    assert number not in str(caught.value)


def test_twilio_wrong_token_and_rate_limit(vendors: StandIns, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = TwilioHook(patience=QUICK)
    vendors.order_fault("twilio", "status", status=429)
    with pytest.raises(RateLimited):
        hook.get_conn().messages.create(to=SOMEONE, body="Hello", **hook.sender())
    connect(vendors, monkeypatch, "twilio", password="old-t0ken")
    with pytest.raises(BadCredentials):
        TwilioHook(patience=QUICK).get_conn().messages.list()


@pytest.mark.parametrize("fault", ["timeout_after_accepting", "drop_connection", "status"])
def test_a_text_of_unknown_outcome_is_sent_once(
    vendors: StandIns, monkeypatch: pytest.MonkeyPatch, fault: Any, caplog: pytest.LogCaptureFixture
) -> None:
    connect(vendors, monkeypatch, "twilio", extra={"timeout_seconds": 0.5})
    hook = TwilioHook(patience=QUICK)
    vendors.order_fault("twilio", fault)
    with caplog.at_level(logging.INFO), pytest.raises(OutcomeUnknown) as caught:
        hook.get_conn().messages.create(to=SOMEONE, body="Hello", **hook.sender())
    assert len(vendors.requests("twilio", "POST")) == 1
    for private in (SOMEONE, SOMEONE[1:], credentials.TWILIO_AUTH_TOKEN):
        assert private not in caplog.text + str(caught.value)


def test_twilio_reading_outlasts_an_outage(vendors: StandIns) -> None:
    vendors.order_fault("twilio", "status", status=503, count=2)
    TwilioHook(patience=QUICK).get_conn().messages.list(to="+12125550188")
    vendors.order_fault("twilio", "status", status=503, count=9)
    with pytest.raises(VendorUnavailable):
        TwilioHook(patience=QUICK).get_conn().messages.list(to="+12125550188")


def test_twilio_sender(vendors: StandIns, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(vendors, monkeypatch, "twilio", extra={"messaging_service_sid": None})
    assert TwilioHook().sender() == {"from_": credentials.TWILIO_FROM_NUMBER}
    connect(vendors, monkeypatch, "twilio", extra={"messaging_service_sid": None, "from_number": ""})
    with pytest.raises(
        InvalidRequest, match="'twilio' has neither a from_number nor a messaging_service_sid"
    ):
        TwilioHook().sender()
    good, words = TwilioHook(patience=QUICK).test_connection()
    assert good and "names no sender" in words
