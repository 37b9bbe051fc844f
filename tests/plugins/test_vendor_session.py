"""How the session treats answers and missing answers, against a server that answers as it is told."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from include.errors import (
    BadCredentials,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    RetailOpsError,
    VendorRefusal,
    VendorUnavailable,
)
from include.privacy import masked
from include.sandbox.standins.certificate import server_context
from retail_ops.hooks.bigcommerce import BigCommerceHook
from retail_ops.hooks.counterpoint_api import CounterpointApiHook, CounterpointApiSession
from retail_ops.hooks.vendor_session import Patience, VendorSession

QUICK = Patience(connect=5, read=5, attempts=3, first_pause=0, longest_pause=0)
Answer = Callable[[BaseHTTPRequestHandler], None]


class Scripted(ThreadingHTTPServer):
    """Gives the prepared answers one after the other, the last one for ever, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[Answer] = [says(200)]
        self.asked: list[tuple[str, str, bytes, dict[str, str]]] = []
        self.release = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Scripted

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, self.path, body, dict(self.headers)))
        answers = self.server.answers
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def do_PUT(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


def says(status: int, body: Any = None, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def is_silent(handler: BaseHTTPRequestHandler) -> None:
    handler.server.release.wait(10)  # type: ignore[attr-defined]
    handler.close_connection = True


@contextmanager
def serving() -> Iterator[Scripted]:
    server = Scripted()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server() -> Iterator[Scripted]:
    with serving() as server:
        yield server


def session(server: Scripted, **options: Any) -> VendorSession:
    return VendorSession(server.url, patience=options.pop("patience", QUICK), **options)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, VendorRefusal),
        (401, BadCredentials),
        (403, BadCredentials),
        (404, NotFound),
        (409, VendorRefusal),
        (413, VendorRefusal),
        (422, VendorRefusal),
        (429, RateLimited),
        (423, VendorUnavailable),
        (500, VendorUnavailable),
        (503, VendorUnavailable),
        (507, VendorRefusal),
    ],
)
def test_each_status_has_its_class(server: Scripted, status: int, kind: type[RetailOpsError]) -> None:
    server.answers = [says(status)]
    with pytest.raises(kind, match=f"GET /things answered {status}") as caught:
        session(server).request("GET", "/things")
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("status", "body", "words", "field", "code"),
    [
        (
            422,
            {"status": 422, "title": "JSON data is missing", "errors": {"price": "must be a number"}},
            "JSON data is missing: price: must be a number",
            "price",
            None,
        ),
        (
            400,
            [{"status": 400, "message": "The field 'amount' is invalid."}],
            "'amount' is invalid",
            None,
            None,
        ),
        (
            422,
            {"batch_errors": [{"status": 422, "title": "bad", "errors": {"sku": "is taken"}}]},
            "bad: sku: is taken",
            "sku",
            None,
        ),
        (
            400,
            {"ErrorCode": "ERROR_MISSING_REQUIRED_DATA", "Message": "LST_NAM is required"},
            "ERROR_MISSING_REQUIRED_DATA: LST_NAM is required",
            None,
            "ERROR_MISSING_REQUIRED_DATA",
        ),
        (
            400,
            {"code": 21610, "message": "Attempt to send to unsubscribed recipient", "status": 400},
            "21610: Attempt to send",
            None,
            21610,
        ),
    ],
)
def test_refusals_carry_the_vendors_words(
    server: Scripted, status: int, body: Any, words: str, field: str | None, code: str | int | None
) -> None:
    server.answers = [says(status, body)]
    with pytest.raises(VendorRefusal) as caught:
        session(server).request("PUT", "/v3/catalog/products", json=[])
    assert words in str(caught.value)
    assert (caught.value.status, caught.value.field, caught.value.code) == (status, field, code)


def test_a_page_for_people_is_not_quoted(server: Scripted) -> None:
    server.answers = [says(404, b"<html>You might like our gnomes</html>", Content_Type="text/html")]
    with pytest.raises(NotFound) as caught:
        session(server).request("GET", "/things")
    assert "gnomes" not in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X_Rate_Limit_Time_Reset_Ms": "90000", "X_Retry_After": "120"}, 120),
        ({"X_Rate_Limit_Time_Reset_Ms": "90000", "Retry_After": "60"}, 90),
        (
            {"Retry_After": "Fri, 21 Nov 2025 10:10:00 GMT", "Date": "Fri, 21 Nov 2025 10:00:00 GMT"},
            600,
        ),
        ({"Retry_After": "soon"}, None),
        ({}, None),
    ],
)
def test_the_longest_wait_that_a_header_names_counts(
    server: Scripted, headers: dict[str, str], seconds: float | None
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(429)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    server.answers = [answer]
    with pytest.raises(RateLimited) as caught:
        session(server).request("GET", "/things")
    assert caught.value.retry_after == seconds


def test_a_short_wait_is_waited_and_a_long_one_handed_on(server: Scripted) -> None:
    server.answers = [says(429, X_Rate_Limit_Time_Reset_Ms="1"), says(200, {"ok": True})]
    assert session(server).request("GET", "/things").json() == {"ok": True}

    server.asked.clear()
    server.answers = [says(429, X_Retry_After="3600"), says(200)]
    with pytest.raises(RateLimited):
        session(server).request("GET", "/things")
    assert len(server.asked) == 1


def test_a_file_is_sent_whole_on_every_attempt(server: Scripted) -> None:
    server.answers = [says(503), hangs_up, says(201)]
    session(server).request("PUT", "/file", data=io.BytesIO(b"content of the file"))
    assert [body for _, _, body, _ in server.asked] == [b"content of the file"] * 3


@pytest.mark.parametrize("trouble", [hangs_up, says(500), says(504)])
def test_what_cannot_be_repeated_is_sent_once_and_its_outcome_is_unknown(
    server: Scripted, trouble: Answer
) -> None:
    server.answers = [trouble, says(201)]
    with pytest.raises(OutcomeUnknown):
        session(server).request("POST", "/orders", json={})
    assert len(server.asked) == 1


def test_a_time_out_after_a_post_leaves_the_outcome_unknown(server: Scripted) -> None:
    server.answers = [is_silent]
    impatient = Patience(connect=5, read=0.2, attempts=3)
    with pytest.raises(OutcomeUnknown, match="may have been carried out"):
        session(server, patience=impatient).request("POST", "/orders", json={})
    assert len(server.asked) == 1


def test_a_refused_post_may_be_sent_again(server: Scripted) -> None:
    server.answers = [says(429)]
    with pytest.raises(RateLimited):
        session(server).request("POST", "/orders", json={})


def test_a_harmless_post_is_repeated_when_its_caller_says_so(server: Scripted) -> None:
    server.answers = [hangs_up, says(200, [])]
    assert session(server).request("POST", "/search", json={}, repeatable=True).status_code == 200


def test_nobody_listening_is_no_unknown_outcome() -> None:
    with serving() as server:
        url = server.url
    with pytest.raises(VendorUnavailable, match="no connection"):
        VendorSession(url, patience=QUICK).request("POST", "/orders", json={})


def test_a_vendor_that_stays_away_is_reported_after_the_last_attempt(server: Scripted) -> None:
    server.answers = [hangs_up]
    with pytest.raises(VendorUnavailable, match="the connection broke"):
        session(server).request("GET", "/things")
    assert len(server.asked) == QUICK.attempts


def test_a_plain_server_behind_an_https_address_is_named(server: Scripted) -> None:
    address = server.url.replace("http:", "https:")
    with pytest.raises(VendorUnavailable):
        VendorSession(address, patience=QUICK).request("POST", "/orders", json={})


def test_credentials_do_not_follow_to_another_host(server: Scripted) -> None:
    with serving() as other:
        server.answers = [says(302, Location=f"{other.url}/things")]
        with pytest.raises(InvalidRequest, match=r"redirected to http://127\.0\.0\.1"):
            session(server, headers={"X-Auth-Token": "t0ken"}).request("GET", "/things")
        assert other.asked == []


def test_a_redirect_on_the_same_host_is_followed_when_reading(server: Scripted) -> None:
    server.answers = [says(301, Location="/things/"), says(200, {"ok": True})]
    assert session(server).request("GET", "/things", params={"page": 2}).json() == {"ok": True}
    assert [path for _, path, _, _ in server.asked] == ["/things?page=2", "/things/"]


def test_a_redirect_without_end_is_an_error(server: Scripted) -> None:
    server.answers = [says(301, Location="/things")]
    with pytest.raises(InvalidRequest, match="redirected 5 times"):
        session(server).request("GET", "/things")


def test_a_login_file_of_the_user_is_not_used(
    server: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    session(server).request("GET", "/things")
    headers = server.asked[0][3]
    assert "Authorization" not in headers
    assert headers["User-Agent"].startswith("retail-ops/")


def test_messages_and_logs_hold_no_secrets_and_no_personal_data(
    server: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    words = "token t0ken-of-the-shop: ann@example.com, +1 212-555-0147 and (212) 555-0148 are taken"
    server.answers = [says(503, {"title": words}), hangs_up, says(422, {"title": words})]
    with caplog.at_level(logging.INFO), pytest.raises(VendorRefusal) as caught:
        session(server, secrets=("t0ken-of-the-shop",)).request(
            "GET", "/customers", params={"email": "ann@example.com", "key": "t0ken-of-the-shop"}
        )
    error: BaseException | None = caught.value
    told = caplog.text
    while error is not None:
        told += str(error)
        error = error.__cause__ or error.__context__
    for private in ("t0ken", "ann@example", "ann%40", "555-01"):
        assert private not in told
    assert "GET /customers answered 422: token ***" in told


def test_a_broken_credential_is_not_quoted(server: Scripted) -> None:
    for broken in ("t0ken\nof the shop", "t0ken–of the shop"):
        with pytest.raises(InvalidRequest) as caught:
            session(server, headers={"X-Auth-Token": broken}).request("GET", "/things")
        assert "t0ken" not in str(caught.value)


@pytest.mark.parametrize("phone", ["5185550142", "(518)555-0142", "(518) 555-0142", "518-555-0142"])
def test_a_phone_is_masked_wherever_it_stands_in_a_sentence(phone: str) -> None:
    assert masked(f"Call {phone}.") == "Call ***42."
    assert masked(f"no.{phone}, please") == "no.***42, please"


def test_numbers_that_are_no_phones_stay_readable() -> None:
    words = "Item with variant_id 106 (SKU 202511211030, UPC 012345678905) is tracked by product"
    assert masked(words) == words


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (200, "ERROR_INVALID_GIFTCARD_PAYMENT", VendorRefusal),
        (200, "ERROR_RECORD_NOT_FOUND", NotFound),
        (500, "ERROR_RECORD_NOT_FOUND", NotFound),
        (400, "ERROR_MISSING_REQUIRED_DATA", VendorRefusal),
        (400, "ERROR_INVALID_APIKEY", BadCredentials),
        (401, "ERROR_UNKNOWN", BadCredentials),
        (500, "ERROR_UNKNOWN", OutcomeUnknown),
    ],
)
def test_counterpoint_error_code_decides(
    server: Scripted, status: int, code: str, kind: type[RetailOpsError]
) -> None:
    server.answers = [says(status, {"ErrorCode": code, "Message": "LST_NAM is required"})]
    with pytest.raises(kind, match="LST_NAM is required") as caught:
        CounterpointApiSession(server.url, patience=QUICK).request("POST", "/Customer", json={})
    assert type(caught.value) is kind
    assert getattr(caught.value, "code", code) == code


def test_bigcommerce_deletes_what_is_named(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {
        "conn_type": "bigcommerce",
        "host": server.url,
        "password": "t0ken",
        "extra": {"store_hash": "abc"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_BIGCOMMERCE", json.dumps(connection))
    hook = BigCommerceHook(patience=QUICK)
    hook.request("DELETE", "/v2/coupons", params={"id:in": "41,42"})
    hook.request("DELETE", "/v3/catalog/products/12/images/34")
    assert [(method, path) for method, path, _, _ in server.asked] == [
        ("DELETE", "/stores/abc/v2/coupons?id%3Ain=41%2C42"),
        ("DELETE", "/stores/abc/v3/catalog/products/12/images/34"),
    ]


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_a_self_signed_certificate_has_to_be_named(
    server: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server.socket = server_context(tmp_path).wrap_socket(server.socket, server_side=True)
    server.answers = [says(200, {"SY_COMP": {"NAM": "Garden Centre"}, "ErrorCode": "SUCCESS"})]

    def tested(**extra: Any) -> tuple[bool, str]:
        connection = {
            "conn_type": "counterpoint_api",
            "host": server.url.replace("http:", "https:"),
            "login": "automation",
            "password": "garden-passw0rd",
            "extra": {"company": "GARDEN", "api_key": "garden-k3y", **extra},
        }
        monkeypatch.setenv("AIRFLOW_CONN_COUNTERPOINT_API", json.dumps(connection))
        return CounterpointApiHook(patience=QUICK).test_connection()

    good, words = tested()
    assert not good and "certificate is not trusted" in words, words
    good, words = tested(ca_file=str(tmp_path / "certificate.pem"))
    assert good and "'Garden Centre'" in words, words
    assert "does not check" not in caplog.text
    assert tested(verify_tls=False)[0]
    assert "does not check the server's certificate" in caplog.text
