"""The vendors' stand-ins over real sockets: logins, limits, memory, and misbehaviour on order."""

from __future__ import annotations

import io
import json
import os
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from email.message import EmailMessage
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image
from requests.auth import HTTPBasicAuth, HTTPDigestAuth

from include.errors import InvalidRequest
from include.sandbox.standins import credentials
from include.sandbox.standins.bigcommerce.quota import Quota
from include.sandbox.standins.credentials import connections
from include.sandbox.standins.faults import Vendor
from include.sandbox.standins.ports import Ports
from include.sandbox.standins.server import StandIns

# Twilio's library has no types.
twilio_errors: Any = import_module("twilio.base.exceptions")
twilio_http: Any = import_module("twilio.http.http_client")
twilio_rest: Any = import_module("twilio.rest")

ROOT = Path(__file__).parents[2]
SECONDS = 10
RECIPIENT = "+18285550143"
MESSAGES = f"/2010-04-01/Accounts/{credentials.TWILIO_ACCOUNT_SID}/Messages.json"
TWILIO_LOGIN = HTTPBasicAuth(credentials.TWILIO_ACCOUNT_SID, credentials.TWILIO_AUTH_TOKEN)
COUNTERPOINT_LOGIN = HTTPBasicAuth(
    f"{credentials.COUNTERPOINT_COMPANY}.{credentials.COUNTERPOINT_USER}", credentials.COUNTERPOINT_PASSWORD
)
COUNTERPOINT_KEY = {"APIKey": credentials.COUNTERPOINT_API_KEY}
HOSTILE = "<script>alert('owned')</script>"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIns]:
    with StandIns(tmp_path_factory.mktemp("standins")) as vendors:
        yield vendors


@pytest.fixture
def vendors(running: StandIns) -> StandIns:
    running.clear_faults()
    running.clear_requests()
    requests.delete(f"{running.http_url}/_sandbox/opt-outs", timeout=SECONDS).raise_for_status()
    return running


def bigcommerce(vendors: StandIns, method: str, path: str, **more: Any) -> requests.Response:
    headers = {"X-Auth-Token": credentials.BIGCOMMERCE_TOKEN, "Accept": "application/json"}
    url = f"{vendors.http_url}/stores/{credentials.BIGCOMMERCE_STORE_HASH}{path}"
    return requests.request(method, url, headers=headers, timeout=SECONDS, **more)


def counterpoint(vendors: StandIns, path: str) -> requests.Response:
    url = vendors.counterpoint_api_url + path
    return requests.get(url, auth=COUNTERPOINT_LOGIN, headers=COUNTERPOINT_KEY, timeout=SECONDS)


def send_text(vendors: StandIns, seconds: float = SECONDS, /, **fields: str) -> requests.Response:
    form = {
        "To": RECIPIENT,
        "Body": "Your coupon is WELCOME-7F3K",
        "MessagingServiceSid": credentials.TWILIO_MESSAGING_SERVICE_SID,
        **fields,
    }
    form = {name: value for name, value in form.items() if value}
    return requests.post(vendors.twilio_url + MESSAGES, data=form, auth=TWILIO_LOGIN, timeout=seconds)


def texts_to(vendors: StandIns, number: str) -> list[dict[str, Any]]:
    answer = requests.get(
        vendors.twilio_url + MESSAGES, params={"To": number}, auth=TWILIO_LOGIN, timeout=SECONDS
    )
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()["messages"]
    return found


def webdav(vendors: StandIns, method: str, path: str, **more: Any) -> requests.Response:
    login = HTTPDigestAuth(credentials.WEBDAV_USER, credentials.WEBDAV_PASSWORD)
    return requests.request(method, f"{vendors.webdav_url}/{path}", auth=login, timeout=SECONDS, **more)


@contextmanager
def mail_client(vendors: StandIns) -> Iterator[smtplib.SMTP]:
    client = smtplib.SMTP("127.0.0.1", vendors.smtp_port, timeout=SECONDS)
    try:
        yield client
    finally:
        client.close()


def send_mail(
    vendors: StandIns,
    subject: str = "Low stock",
    to: str = "owner@example.com",
    *,
    html: str = "",
) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, credentials.SMTP_USER, to
    message.set_content("12 items are below their minimum.")
    if html:
        message.add_alternative(html, subtype="html")
    with mail_client(vendors) as client:
        client.login(credentials.SMTP_USER, credentials.SMTP_PASSWORD)
        client.send_message(message)


def outbox(vendors: StandIns, path: str = "") -> requests.Response:
    return requests.get(vendors.outbox_url + path, timeout=SECONDS)


def product(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": number, "name": f"Plant {number}", "sku": f"SKU-{number}", "price": 9.99, **fields}


class TestWebDav:
    def test_only_a_digest_login_opens_it(self, vendors: StandIns) -> None:
        url = f"{vendors.webdav_url}/content/feed.csv"
        attempts: list[Any] = [
            None,
            HTTPBasicAuth(credentials.WEBDAV_USER, credentials.WEBDAV_PASSWORD),
            HTTPDigestAuth(credentials.WEBDAV_USER, "wrong"),
        ]
        for login in attempts:
            refused = requests.put(url, data=b"x", auth=login, timeout=SECONDS)
            assert refused.status_code == 401
            assert refused.headers["WWW-Authenticate"].startswith("Digest")
        assert not (vendors.webdav_dir / "content/feed.csv").exists()

        assert webdav(vendors, "PUT", "content/feed.csv", data=b"sku,price\n").status_code == 201
        assert webdav(vendors, "GET", "content/feed.csv").content == b"sku,price\n"

    def test_it_has_the_folders_of_a_store_and_makes_no_other_by_itself(self, vendors: StandIns) -> None:
        assert webdav(vendors, "PUT", "product_images/1.jpg", data=b"x").status_code == 201
        assert webdav(vendors, "PUT", "nowhere/1.jpg", data=b"x").status_code == 409

    def test_an_upload_and_its_move_are_counted_once_and_without_the_login(self, vendors: StandIns) -> None:
        webdav(vendors, "PUT", "content/.feed.part", data=b"sku\n")
        target = f"{vendors.webdav_url}/content/feed2.csv"
        webdav(vendors, "MOVE", "content/.feed.part", headers={"Destination": target})

        assert vendors.count("webdav", "PUT", "/dav/content/.feed.part") == 1
        assert vendors.count("webdav", "MOVE") == 1
        [moved] = [row for row in vendors.requests("webdav", "MOVE") if row.status == 201]
        assert moved.headers["destination"] == target
        assert moved.headers["authorization"] == "(hidden)"

    def test_an_upload_without_a_length_arrives_whole(self, vendors: StandIns) -> None:
        with requests.Session() as session:
            session.auth = HTTPDigestAuth(credentials.WEBDAV_USER, credentials.WEBDAV_PASSWORD)
            session.request("PROPFIND", vendors.webdav_url, timeout=SECONDS)
            url = f"{vendors.webdav_url}/content/streamed.csv"
            session.put(url, data=iter([b"first,", b"second\n"]), timeout=SECONDS)
        assert (vendors.webdav_dir / "content/streamed.csv").read_bytes() == b"first,second\n"


class TestWebDavFaults:
    def test_a_cutting_proxy_answers_success_for_half_a_file(self, vendors: StandIns) -> None:
        vendors.order_fault("webdav", "truncate_upload", match="cut.csv")
        assert webdav(vendors, "PUT", "content/whole.csv", data=b"12345678").status_code == 201
        assert webdav(vendors, "PUT", "content/cut.csv", data=b"12345678").status_code == 201
        assert (vendors.webdav_dir / "content/whole.csv").read_bytes() == b"12345678"
        assert (vendors.webdav_dir / "content/cut.csv").read_bytes() == b"1234"

    def test_a_server_without_move_leaves_the_file_where_it_was(self, vendors: StandIns) -> None:
        webdav(vendors, "PUT", "content/a.csv", data=b"a")
        vendors.order_fault("webdav", "refuse_move")
        target = {"Destination": f"{vendors.webdav_url}/content/b.csv"}
        assert webdav(vendors, "MOVE", "content/a.csv", headers=target).status_code == 501
        assert (vendors.webdav_dir / "content/a.csv").exists()
        assert webdav(vendors, "MOVE", "content/a.csv", headers=target).status_code == 201

    def test_the_first_try_of_a_digest_login_does_not_use_an_order_up(self, vendors: StandIns) -> None:
        vendors.order_fault("webdav", "status", status=507, retry_after=3, method="PUT")
        assert webdav(vendors, "PROPFIND", "content").status_code == 207
        refused = webdav(vendors, "PUT", "content/full.csv", data=b"x" * 100_000)
        assert (refused.status_code, refused.headers["Retry-After"]) == (507, "3")
        assert not (vendors.webdav_dir / "content/full.csv").exists()
        assert webdav(vendors, "PUT", "content/full.csv", data=b"x").status_code == 201


def _read_time(vendors: StandIns) -> None:
    bigcommerce(vendors, "GET", "/v2/time").raise_for_status()


def _read_company(vendors: StandIns) -> None:
    counterpoint(vendors, "/Company").raise_for_status()


def _send_text(vendors: StandIns) -> None:
    send_text(vendors, To="+18285550177").raise_for_status()


def _upload(vendors: StandIns) -> None:
    webdav(vendors, "PUT", "content/fault.csv", data=b"x").raise_for_status()


def _mail(vendors: StandIns) -> None:
    send_mail(vendors, "Fault")


def _uploaded(vendors: StandIns) -> int:
    return int((vendors.webdav_dir / "content/fault.csv").exists())


CALLS: dict[Vendor, Callable[[StandIns], None]] = {
    "bigcommerce": _read_time,
    "counterpoint_api": _read_company,
    "twilio": _send_text,
    "webdav": _upload,
    "smtp": _mail,
}
# What a vendor has from such a call, where a call leaves something behind.
KEPT: dict[Vendor, Callable[[StandIns], int]] = {
    "twilio": lambda vendors: len(texts_to(vendors, "+18285550177")),
    "webdav": _uploaded,
    "smtp": lambda vendors: len(list((vendors.state_dir / "mails").glob("*.eml"))),
}


def _kept(vendors: StandIns, vendor: Vendor) -> int:
    return KEPT[vendor](vendors) if vendor in KEPT else 0


class TestFaultsOfEveryVendor:
    @pytest.mark.parametrize("vendor", CALLS)
    def test_an_error_status_is_answered_as_often_as_ordered(self, vendors: StandIns, vendor: Vendor) -> None:
        before = _kept(vendors, vendor)
        vendors.order_fault(vendor, "status", status=550 if vendor == "smtp" else 502, count=2)
        for _ in range(2):
            with pytest.raises((requests.HTTPError, smtplib.SMTPDataError)) as refused:
                CALLS[vendor](vendors)
            assert "502" in str(refused.value) or "550" in str(refused.value)
        assert vendors.faults() == []
        assert _kept(vendors, vendor) == before
        CALLS[vendor](vendors)

    @pytest.mark.parametrize("vendor", CALLS)
    def test_a_dropped_connection_carries_nothing_out(self, vendors: StandIns, vendor: Vendor) -> None:
        (vendors.webdav_dir / "content/fault.csv").unlink(missing_ok=True)
        before = _kept(vendors, vendor)
        vendors.order_fault(vendor, "drop_connection")
        with pytest.raises((requests.ConnectionError, smtplib.SMTPServerDisconnected)):
            CALLS[vendor](vendors)
        assert _kept(vendors, vendor) == before
        assert [row.status for row in vendors.requests(vendor) if row.fault] == [None]
        CALLS[vendor](vendors)

    @pytest.mark.parametrize("vendor", CALLS)
    def test_a_request_without_an_answer_was_carried_out(self, vendors: StandIns, vendor: Vendor) -> None:
        (vendors.webdav_dir / "content/fault.csv").unlink(missing_ok=True)
        before = _kept(vendors, vendor)
        vendors.order_fault(vendor, "timeout_after_accepting", seconds=0.1)
        with pytest.raises((requests.ConnectionError, smtplib.SMTPServerDisconnected)):
            CALLS[vendor](vendors)
        assert _kept(vendors, vendor) == before + (vendor in KEPT)
        assert [row.status for row in vendors.requests(vendor) if row.fault] == [None]

    @pytest.mark.parametrize("vendor", CALLS)
    def test_a_slow_vendor_gives_the_right_answer(self, vendors: StandIns, vendor: Vendor) -> None:
        (vendors.webdav_dir / "content/fault.csv").unlink(missing_ok=True)
        before = _kept(vendors, vendor)
        vendors.order_fault(vendor, "slow", seconds=0.1)
        CALLS[vendor](vendors)
        assert _kept(vendors, vendor) == before + (vendor in KEPT)
        assert [row.fault for row in vendors.requests(vendor) if row.fault] == ["slow"]

    def test_a_client_that_gives_up_waiting_finds_its_text_sent(self, vendors: StandIns) -> None:
        vendors.order_fault("twilio", "timeout_after_accepting")
        with pytest.raises(requests.ReadTimeout):
            send_text(vendors, 1, To="+18285550133")
        assert len(texts_to(vendors, "+18285550133")) == 1

    def test_orders_choose_by_path_and_method(self, vendors: StandIns) -> None:
        vendors.order_fault("bigcommerce", "status", status=500, match="/v2/store", method="get")
        assert bigcommerce(vendors, "GET", "/v2/time").status_code == 200
        assert bigcommerce(vendors, "GET", "/v2/store").status_code == 500

    def test_a_person_can_order_list_and_cancel_over_http(self, vendors: StandIns) -> None:
        url = f"{vendors.http_url}/_sandbox/faults"
        order = {"vendor": "twilio", "kind": "status", "status": 429, "count": 5}
        assert requests.post(url, json=order, timeout=SECONDS).status_code == 201
        assert send_text(vendors).json()["code"] == 20429
        [fault] = requests.get(url, timeout=SECONDS).json()
        assert (fault["count"], fault["remaining"]) == (5, 4)
        assert requests.delete(url, timeout=SECONDS).status_code == 204
        assert send_text(vendors).status_code == 201

    @pytest.mark.parametrize(
        ("order", "named"),
        [
            ({"vendor": "smtp", "kind": "partial_207"}, "partial_207"),
            ({"vendor": "twilio", "kind": "truncate_upload"}, "webdav"),
            ({"vendor": "fax", "kind": "status"}, "fax"),
            ({"vendor": "twilio", "kind": "status", "status": 200}, "200"),
            ({"vendor": "twilio", "kind": "status", "count": 0}, "count"),
        ],
    )
    def test_an_order_that_makes_no_sense_is_refused_by_name(
        self, vendors: StandIns, order: dict[str, Any], named: str
    ) -> None:
        with pytest.raises(InvalidRequest, match=named):
            vendors.order_fault(**order)
        refused = requests.post(f"{vendors.http_url}/_sandbox/faults", json=order, timeout=SECONDS)
        assert refused.status_code == 422
        assert vendors.faults() == []


class TestJournal:
    def test_requests_and_counters_can_be_asked_for_and_cleared(self, vendors: StandIns) -> None:
        bigcommerce(vendors, "GET", "/v2/time")
        bigcommerce(vendors, "GET", "/v2/time")
        counterpoint(vendors, "/Company")
        url = f"{vendors.http_url}/_sandbox/requests"
        found = requests.get(url, params={"vendor": "bigcommerce", "path": "/v2"}, timeout=SECONDS).json()
        assert [(row["calls"], row["succeeded"]) for row in found["counters"]] == [(2, 2)]
        assert len(found["requests"]) == 2
        assert {row["headers"]["x-auth-token"] for row in found["requests"]} == {"(hidden)"}
        assert credentials.BIGCOMMERCE_TOKEN not in json.dumps(found)

        requests.delete(url, timeout=SECONDS)
        assert requests.get(url, timeout=SECONDS).json() == {"requests": [], "counters": []}


class TestBigCommerce:
    def test_who_may_come_in(self, vendors: StandIns) -> None:
        url = f"{vendors.http_url}/stores/{credentials.BIGCOMMERCE_STORE_HASH}/v3/catalog/summary"
        token = {"X-Auth-Token": credentials.BIGCOMMERCE_TOKEN}
        assert requests.get(url, timeout=SECONDS).status_code == 401
        wrong = requests.get(url, headers={"X-Auth-Token": "wrong"}, timeout=SECONDS)
        assert (wrong.status_code, wrong.json()["status"]) == (401, 401)
        other = url.replace(credentials.BIGCOMMERCE_STORE_HASH, "another")
        assert requests.get(other, headers=token, timeout=SECONDS).status_code == 403
        old = url.replace("/v3/catalog/summary", "/v2/nothing")
        missing = requests.get(old, headers=token, timeout=SECONDS)
        assert [row["status"] for row in missing.json()] == [404]

    def test_products_come_in_pages(self, vendors: StandIns) -> None:
        vendors.load_products(product(number) for number in range(1, 61))
        first = bigcommerce(vendors, "GET", "/v3/catalog/products").json()
        assert len(first["data"]) == 50
        pages = first["meta"]["pagination"]
        assert (pages["total_pages"], pages["links"]["next"]) == (2, "?page=2&limit=50")
        second = bigcommerce(vendors, "GET", "/v3/catalog/products?page=2").json()
        assert [row["id"] for row in second["data"]] == list(range(51, 61))
        assert "next" not in second["meta"]["pagination"]["links"]
        assert bigcommerce(vendors, "GET", "/v3/catalog/products?limit=251").status_code == 413

    def test_products_are_chosen_by_id_and_by_sku_in_any_case(self, vendors: StandIns) -> None:
        vendors.load_products(product(number) for number in range(1, 5))
        by_id = bigcommerce(vendors, "GET", "/v3/catalog/products?id:in=2,4&include_fields=price").json()
        assert by_id["data"] == [{"id": 2, "price": 9.99}, {"id": 4, "price": 9.99}]
        by_sku = bigcommerce(vendors, "GET", "/v3/catalog/products?sku:in=sku-1,Sku-3").json()
        assert [row["id"] for row in by_sku["data"]] == [1, 3]
        unknown = bigcommerce(vendors, "GET", "/v3/catalog/products?price:min=5")
        assert "price:min" in unknown.json()["errors"]

    def test_a_batch_changes_what_it_names_and_nothing_else(self, vendors: StandIns) -> None:
        vendors.load_products([product(1, inventory_level=7), product(2)])
        change = [{"id": 1, "price": 12.34567}, {"id": 2, "name": "Boxwood"}]
        answer = bigcommerce(vendors, "PUT", "/v3/catalog/products", json=change)
        assert answer.status_code == 200
        [first, second] = answer.json()["data"]
        assert (first["price"], first["inventory_level"], first["name"]) == (12.3457, 7, "Plant 1")
        assert (second["name"], second["price"]) == ("Boxwood", 9.99)
        page = outbox(vendors).text
        assert "Boxwood" in page
        assert "12.3457" in page

    @pytest.mark.parametrize(
        ("change", "status", "named"),
        [
            ([{"id": number} for number in range(1, 12)], 413, "10"),
            ([{"id": 1, "price": 5.0}, {"id": 999, "price": 5.0}], 404, "999"),
            ([{"id": 1, "price": 5.0}, {"id": 2, "price": "5.00"}], 422, "1.price"),
            ([{"id": 1, "price": -1.0}], 422, "0.price"),
            ([{"price": 5.0}], 422, "0.id"),
            ([{"id": 1, "price": 5.0}, {"id": 2, "sku": "sku-1"}], 409, "unique"),
            ([{"id": 1, "brand_name": "Felco"}], 422, "brand_name"),
            ({"id": 1, "price": 5.0}, 422, "array"),
            ([], 422, "array"),
        ],
    )
    def test_a_wrong_batch_is_refused_as_a_whole(
        self, vendors: StandIns, change: Any, status: int, named: str
    ) -> None:
        vendors.load_products(product(number) for number in range(1, 13))
        answer = bigcommerce(vendors, "PUT", "/v3/catalog/products", json=change)
        assert answer.status_code == status
        assert answer.json()["status"] == status
        assert named in answer.text
        found = bigcommerce(vendors, "GET", "/v3/catalog/products?id:in=1,2&include_fields=price,sku").json()
        assert found["data"] == [
            {"id": 1, "price": 9.99, "sku": "SKU-1"},
            {"id": 2, "price": 9.99, "sku": "SKU-2"},
        ]

    def test_a_partial_success_saves_the_product_but_not_its_stock(self, vendors: StandIns) -> None:
        vendors.load_products([product(1, inventory_level=7)])
        vendors.order_fault("bigcommerce", "partial_207")
        change = [{"id": 1, "price": 5.0, "inventory_level": 3}]
        partial = bigcommerce(vendors, "PUT", "/v3/catalog/products", json=change)
        assert partial.status_code == 207
        assert list(partial.json()["errors"]["errors"]) == ["0.inventory_level"]
        [saved] = partial.json()["data"]
        assert (saved["price"], saved["inventory_level"]) == (5.0, 7)
        assert vendors.requests("bigcommerce", "PUT")[0].fault == "partial_207"
        again = bigcommerce(vendors, "PUT", "/v3/catalog/products", json=change)
        assert (again.status_code, again.json()["data"][0]["inventory_level"]) == (200, 3)

    def test_products_that_cannot_be_in_a_shop_are_not_loaded(self, vendors: StandIns) -> None:
        with pytest.raises(InvalidRequest, match="colour"):
            vendors.load_products([product(1, colour="red")])
        with pytest.raises(InvalidRequest, match="same name or SKU"):
            vendors.load_products([product(701, name="Fern"), product(702, name="FERN")])

    def test_coupons_are_an_array_or_nothing_at_all(self, vendors: StandIns) -> None:
        assert bigcommerce(vendors, "GET", "/v2/coupons?code=NONE").status_code == 204
        vendors.load_coupons(
            {"id": n, "name": f"C{n}", "code": f"CODE{n}", "type": "percentage_discount", "amount": "10.0000"}
            for n in range(1, 4)
        )
        found = bigcommerce(vendors, "GET", "/v2/coupons?min_id=2").json()
        assert [row["code"] for row in found] == ["CODE2", "CODE3"]
        assert bigcommerce(vendors, "GET", "/v2/coupons?page=2").status_code == 204
        assert isinstance(bigcommerce(vendors, "GET", "/v2/coupons?color=red").json(), list)


class TestQuota:
    def test_requests_beyond_the_quota_wait_for_the_next_window(self, tmp_path: Path) -> None:
        now = [100.0]
        quota = Quota(3, 30.0, enforced=True, clock=lambda: now[0])
        with StandIns(tmp_path, quota=quota) as vendors:
            left = [
                bigcommerce(vendors, "GET", "/v2/time").headers["X-Rate-Limit-Requests-Left"]
                for _ in range(3)
            ]
            assert left == ["2", "1", "0"]
            now[0] += 10
            refused = bigcommerce(vendors, "GET", "/v2/time")
            assert refused.status_code == 429
            assert refused.headers["X-Rate-Limit-Time-Reset-Ms"] == "20000"
            assert refused.headers["X-Rate-Limit-Requests-Quota"] == "3"
            now[0] += 20
            assert bigcommerce(vendors, "GET", "/v2/time").status_code == 200

    def test_by_default_it_is_told_but_not_enforced(self, tmp_path: Path) -> None:
        with StandIns(tmp_path, quota=Quota(2, clock=lambda: 0.0)) as vendors:
            answers = [bigcommerce(vendors, "GET", "/v2/time") for _ in range(4)]
            assert {answer.status_code for answer in answers} == {200}
            assert answers[-1].headers["X-Rate-Limit-Requests-Left"] == "0"

    def test_an_ordered_429_says_how_long_or_that_the_platform_is_overloaded(self, vendors: StandIns) -> None:
        vendors.order_fault("bigcommerce", "status", status=429, retry_after=7)
        vendors.order_fault("bigcommerce", "status", status=429)
        told = bigcommerce(vendors, "GET", "/v2/time")
        assert (told.status_code, told.headers["X-Retry-After"]) == (429, "7")
        assert told.headers["X-Rate-Limit-Time-Reset-Ms"] == "7000"
        untold = bigcommerce(vendors, "GET", "/v2/time")
        assert untold.status_code == 429
        assert not [name for name in untold.headers if name.lower().startswith("x-r")]


class TestCounterpointApi:
    def test_a_wrong_login_and_a_wrong_key_are_told_apart(self, vendors: StandIns) -> None:
        url = f"{vendors.counterpoint_api_url}/Company"
        wrong_company = HTTPBasicAuth(
            f"OTHER.{credentials.COUNTERPOINT_USER}", credentials.COUNTERPOINT_PASSWORD
        )
        refused = requests.get(url, auth=wrong_company, headers=COUNTERPOINT_KEY, timeout=SECONDS)
        assert (refused.status_code, refused.json()["ErrorCode"]) == (401, "ERROR_UNKNOWN")
        for key in ({}, {"APIKey": "wrong"}):
            refused = requests.get(url, auth=COUNTERPOINT_LOGIN, headers=key, timeout=SECONDS)
            assert (refused.status_code, refused.json()["ErrorCode"]) == (403, "ERROR_INVALID_APIKEY")
        assert counterpoint(vendors, "/Company").json()["ErrorCode"] == "SUCCESS"

    def test_a_customer_is_found_by_number_or_not_at_all(self, vendors: StandIns) -> None:
        vendors.load_customers([{"CUST_NO": "1000", "FST_NAM": "Bill", "LST_NAM": "Baker"}])
        found = counterpoint(vendors, "/Customer/1000").json()
        assert (found["ErrorCode"], found["AR_CUST"]["LST_NAM"]) == ("SUCCESS", "Baker")
        missing = counterpoint(vendors, "/Customer/2000")
        assert missing.status_code == 404
        assert missing.json()["ErrorCode"] == "ERROR_RECORD_NOT_FOUND"


class _Rebased(twilio_http.TwilioHttpClient):
    """Twilio's own client with the stand-in in the place of Twilio's host."""

    def __init__(self, base: str) -> None:
        super().__init__(timeout=SECONDS)
        self._base = base

    def request(self, method: str, url: str, *args: Any, **more: Any) -> Any:
        return super().request(method, url.replace("https://api.twilio.com", self._base), *args, **more)


class TestTwilio:
    def test_a_wrong_token_is_20003(self, vendors: StandIns) -> None:
        url = f"{vendors.twilio_url}/2010-04-01/Accounts/{credentials.TWILIO_ACCOUNT_SID}.json"
        refused = requests.get(url, auth=(credentials.TWILIO_ACCOUNT_SID, "wrong"), timeout=SECONDS)
        assert (refused.status_code, refused.json()["code"]) == (401, 20003)
        assert requests.get(url, auth=TWILIO_LOGIN, timeout=SECONDS).json()["status"] == "active"

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"To": "+15005550001"}, 21211),
            ({"To": "+15005550002"}, 21612),
            ({"To": "+15005550003"}, 21408),
            ({"To": "+15005550004"}, 21610),
            ({"To": "+15005550009"}, 21614),
            ({"To": "828-555-0143"}, 21211),
            ({"To": ""}, 21604),
            ({"Body": ""}, 21602),
            ({"Body": "x" * 1601}, 21617),
            ({"MessagingServiceSid": ""}, 21603),
            ({"MessagingServiceSid": "MG" + "0" * 32}, 21701),
            ({"MessagingServiceSid": "", "From": "+15005550001"}, 21212),
            ({"MessagingServiceSid": "", "From": "+15005550007"}, 21606),
            ({"MessagingServiceSid": "", "From": "+15005550008"}, 21611),
            ({"MessagingServiceSid": "", "From": "+18285550100"}, 21606),
            ({"ScheduleType": "fixed"}, 35111),
        ],
    )
    def test_what_it_refuses_and_with_which_code(
        self, vendors: StandIns, fields: dict[str, str], code: int
    ) -> None:
        refused = send_text(vendors, SECONDS, **fields)
        assert (refused.status_code, refused.json()["code"]) == (400, code)
        assert not texts_to(vendors, "+15005550004")

    def test_who_answered_stop_gets_nothing_more(self, vendors: StandIns) -> None:
        assert send_text(vendors, To="+18285550188").status_code == 201
        vendors.opt_out("+18285550188")
        assert send_text(vendors, To="+18285550188").json()["code"] == 21610
        assert len(texts_to(vendors, "+18285550188")) == 1

    def test_twilios_own_client_sends_and_finds_again(self, vendors: StandIns) -> None:
        client = twilio_rest.Client(
            credentials.TWILIO_ACCOUNT_SID,
            credentials.TWILIO_AUTH_TOKEN,
            http_client=_Rebased(vendors.twilio_url),
        )
        service = credentials.TWILIO_MESSAGING_SERVICE_SID
        sent = [
            client.messages.create(to="+18285550122", body=f"Text {n}", messaging_service_sid=service)
            for n in range(3)
        ]
        assert {(text.status, text.from_, text.num_segments) for text in sent} == {("accepted", None, "0")}
        found = client.messages.list(to="+18285550122", page_size=2)
        assert [text.body for text in found] == ["Text 2", "Text 1", "Text 0"]
        assert client.messages(sent[0].sid or "").fetch().status == "delivered"
        with pytest.raises(twilio_errors.TwilioRestException) as refused:
            client.messages.create(to="+15005550009", body="x", messaging_service_sid=service)
        assert refused.value.code == 21614

    def test_an_unclear_create_can_be_looked_up_by_recipient_and_time(self, vendors: StandIns) -> None:
        send_text(vendors, To="+18285550155")
        url, to = vendors.twilio_url + MESSAGES, {"To": "+18285550155"}
        for name, count in (("DateSent>", 1), ("DateSent<", 0)):
            query = {**to, name: "2001-01-01T00:00:00Z"}
            found = requests.get(url, params=query, auth=TWILIO_LOGIN, timeout=SECONDS).json()
            assert len(found["messages"]) == count

    @pytest.mark.parametrize(
        ("body", "parts"),
        [("a" * 160, "1"), ("a" * 161, "2"), ("[" * 80, "1"), ("[" * 81, "2"), ("é🌱" + "a" * 68, "2")],
    )
    def test_parts_are_counted_as_they_are_charged(self, vendors: StandIns, body: str, parts: str) -> None:
        number = "+18285550166"
        send_text(vendors, To=number, Body=body)
        assert texts_to(vendors, number)[0]["num_segments"] == parts


class TestMail:
    def test_only_who_logs_in_may_send(self, vendors: StandIns) -> None:
        with mail_client(vendors) as client:
            with pytest.raises(smtplib.SMTPSenderRefused):
                client.sendmail("a@example.com", ["b@example.com"], "Subject: x\r\n\r\nx")
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login(credentials.SMTP_USER, "wrong")
        send_mail(vendors, "Weekly report")
        assert vendors.count("smtp") == 1
        assert "Weekly report" in outbox(vendors).text

    def test_a_connection_can_be_encrypted(self, vendors: StandIns) -> None:
        context = ssl.create_default_context(cafile=str(vendors.state_dir / "certificate.pem"))
        with mail_client(vendors) as client:
            client.starttls(context=context)
            client.login(credentials.SMTP_USER, credentials.SMTP_PASSWORD)
            client.sendmail("a@example.com", ["b@example.com"], "Subject: Encrypted\r\n\r\nx")
        assert "Encrypted" in outbox(vendors).text

    def test_orders_choose_by_recipient(self, vendors: StandIns) -> None:
        vendors.order_fault("smtp", "status", match="buyers@")
        send_mail(vendors, to="owner@example.com")
        with pytest.raises(smtplib.SMTPDataError) as refused:
            send_mail(vendors, to="buyers@example.com")
        assert refused.value.smtp_code == 451


class TestOutbox:
    def test_it_says_in_words_that_nothing_came_yet(self, tmp_path: Path) -> None:
        with StandIns(tmp_path) as fresh:
            page = requests.get(fresh.http_url, timeout=SECONDS)
            assert page.url == fresh.outbox_url
            assert page.text.count(" yet") >= 5

    def test_hostile_text_stays_text(self, vendors: StandIns) -> None:
        send_text(vendors, Body=HOSTILE)
        send_mail(vendors, HOSTILE, html=f"<b>Hello</b>{HOSTILE}")
        webdav(vendors, "PUT", "content/<b>.csv", data=f"name\n{HOSTILE}\n".encode())
        vendors.load_products([product(801, name="Fern")])
        change = [{"id": 801, "name": HOSTILE}]
        bigcommerce(vendors, "PUT", "/v3/catalog/products", json=change).raise_for_status()
        number = _newest_mail(vendors)
        for path in ("", f"/mails/{number}", "/files/content/%3Cb%3E.csv"):
            page = outbox(vendors, path)
            assert page.status_code == 200
            assert "<script" not in page.text
            assert "&lt;script&gt;alert" in page.text
            assert "script-src" not in page.headers["Content-Security-Policy"]
            assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        shut_in = outbox(vendors, f"/mails/{number}/html")
        assert "<b>Hello</b>" in shut_in.text
        assert shut_in.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")

    def test_files_can_be_looked_at(self, vendors: StandIns) -> None:
        rows = b'sku,description\n1,"Pot, 12"" ros\xc3\xa9"\n'
        webdav(vendors, "PUT", "content/look.csv", data=rows)
        webdav(vendors, "PUT", "content/look.json", data=b'[{"sku": "1", "price": "9.99"}]')
        picture = io.BytesIO()
        Image.new("RGB", (800, 600), "green").save(picture, "JPEG")
        webdav(vendors, "PUT", "product_images/look.jpg", data=picture.getvalue())
        webdav(vendors, "PUT", "product_images/broken.jpg", data=b"no picture")

        assert "<td>Pot, 12&#34; rosé</td>" in outbox(vendors, "/files/content/look.csv").text
        assert '<th scope="col">price</th>' in outbox(vendors, "/files/content/look.json").text
        small = outbox(vendors, "/thumbnails/product_images/look.jpg")
        with Image.open(io.BytesIO(small.content)) as thumbnail:
            assert thumbnail.size == (320, 240)
        broken = outbox(vendors, "/thumbnails/product_images/broken.jpg")
        assert broken.headers["Content-Type"].startswith("image/svg+xml")
        assert outbox(vendors, "/files/product_images/look.jpg").status_code == 200

    @pytest.mark.parametrize("path", ["..%2Fvendors.db", "%2Fetc%2Fpasswd", "content%2F..%2F..%2Fvendors.db"])
    def test_only_uploaded_files_are_shown(self, vendors: StandIns, path: str) -> None:
        for page in ("files", "raw", "thumbnails"):
            assert outbox(vendors, f"/{page}/{path}").status_code == 404

    def test_a_mail_shows_both_forms_and_gives_its_attachments_back(self, vendors: StandIns) -> None:
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = "Report", "a@example.com", "b@example.com"
        message.set_content("As text")
        message.add_alternative('<p>As HTML</p><img src="cid:logo">', subtype="html")
        html_part: Any = message.get_payload(1)
        html_part.add_related(b"\x89PNG", "image", "png", cid="<logo>")
        message.add_attachment(b"sku\n1\n", maintype="text", subtype="csv", filename="low stock.csv")
        with mail_client(vendors) as client:
            client.login(credentials.SMTP_USER, credentials.SMTP_PASSWORD)
            client.send_message(message)
        number = _newest_mail(vendors)
        page = outbox(vendors, f"/mails/{number}").text
        assert "As text" in page
        assert "low stock.csv" in page
        html = outbox(vendors, f"/mails/{number}/html").text
        source = html.partition('src="')[2].partition('"')[0]
        picture = requests.get(vendors.http_url + source, timeout=SECONDS)
        assert picture.content == b"\x89PNG"
        attached = outbox(vendors, f"/mails/{number}/parts/3")
        assert attached.content == b"sku\n1\n"
        assert attached.headers["Content-Disposition"].startswith("attachment")

    def test_faults_in_force_are_shown(self, vendors: StandIns) -> None:
        vendors.order_fault("twilio", "status", status=503, count=4)
        page = outbox(vendors).text
        assert "Faults in force" in page
        assert "4 of 4 still to come" in page


def _newest_mail(vendors: StandIns) -> int:
    page = outbox(vendors).text
    return int(page.partition('href="/outbox/mails/')[2].partition('"')[0])


class TestStartingAndStopping:
    def test_taken_ports_are_replaced_and_said(self, tmp_path: Path) -> None:
        with _listener() as first, _listener() as second, _listener() as third:
            taken = [sock.getsockname()[1] for sock in (first, second, third)]
            with StandIns(tmp_path, Ports(http=taken[0], webdav=taken[1], smtp=taken[2])) as vendors:
                assert bigcommerce(vendors, "GET", "/v2/time").status_code == 200
                assert webdav(vendors, "PROPFIND", "content").status_code == 207
                send_mail(vendors)
                assert {name: asked for name, (asked, _) in vendors.replaced_ports.items()} == dict(
                    zip(("http", "webdav", "smtp"), taken, strict=True)
                )

    def test_ports_are_free_again_after_a_stop(self, tmp_path: Path) -> None:
        with StandIns(tmp_path) as vendors:
            ports = Ports(
                http=int(vendors.http_url.rpartition(":")[2]),
                webdav=int(vendors.webdav_url.split(":")[2].partition("/")[0]),
                smtp=vendors.smtp_port,
            )
        with StandIns(tmp_path, ports) as again:
            assert again.replaced_ports == {}
            assert bigcommerce(again, "GET", "/v2/time").status_code == 200

    def test_a_folder_is_served_by_one_process(self, vendors: StandIns) -> None:
        with pytest.raises(InvalidRequest, match="already serves"):
            StandIns(vendors.state_dir).start()

    def test_tables_of_another_version_are_made_anew(self, tmp_path: Path) -> None:
        with StandIns(tmp_path) as vendors, vendors.context.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE texts")
            connection.exec_driver_sql("CREATE TABLE texts (id INTEGER)")
            connection.exec_driver_sql("PRAGMA user_version = 1")
        with StandIns(tmp_path) as vendors:
            assert send_text(vendors).status_code == 201

    def test_what_was_received_outlives_a_kill(self, tmp_path: Path) -> None:
        state, connections_file = tmp_path / "state", tmp_path / "connections.json"
        with _served(state, "--write-connections", str(connections_file)) as process:
            where = json.loads((state / "standins.json").read_text())
            assert where["pid"] == process.pid
            written = json.loads(connections_file.read_text())
            service = written["twilio"]["extra"]["messaging_service_sid"]
            sent = requests.post(
                written["twilio"]["host"] + MESSAGES,
                data={"To": RECIPIENT, "Body": "Before the kill", "MessagingServiceSid": service},
                auth=(written["twilio"]["login"], written["twilio"]["password"]),
                timeout=SECONDS,
            )
            assert sent.status_code == 201
            login = HTTPDigestAuth(written["webdav"]["login"], written["webdav"]["password"])
            url = f"{written['webdav']['host']}/content/kept.csv"
            assert requests.put(url, data=b"kept", auth=login, timeout=SECONDS).status_code == 201
            fault = {"vendor": "twilio", "kind": "status", "status": 500}
            requests.post(f"{where['http_url']}/_sandbox/faults", json=fault, timeout=SECONDS)
            process.kill()
            process.wait(SECONDS)
        with _served(state) as process:
            where = json.loads((state / "standins.json").read_text())
            assert where["pid"] == process.pid
            page = requests.get(where["outbox_url"], timeout=SECONDS).text
            assert "Before the kill" in page
            assert "kept.csv" in page
            assert "Faults in force" in page
            process.send_signal(signal.SIGTERM)
            assert process.wait(SECONDS) == 0
        assert not (state / "standins.json").exists()


def test_the_connections_have_the_fields_that_the_hooks_read(vendors: StandIns) -> None:
    found = connections(vendors)
    fields = {name: set(connection) | set(connection.get("extra", {})) for name, connection in found.items()}
    common = {"conn_type", "host"}
    assert fields == {
        "bigcommerce": common | {"password", "extra", "store_hash"},
        "counterpoint_api": common | {"login", "password", "extra", "company", "api_key"},
        "webdav": common | {"login", "password"},
        "twilio": common
        | {"login", "password", "extra", "messaging_service_sid", "from_number"}
        | {"stand_in"},
        "competitor_greenfields": common | {"login", "password"},
        "smtp_default": common
        | {"port", "login", "password", "extra", "disable_ssl", "disable_tls", "from_email"},
    }


def test_airflows_mail_hook_sends_with_its_connection(vendors: StandIns, tmp_path: Path) -> None:
    script = (
        "from airflow.providers.smtp.hooks.smtp import SmtpHook\n"
        "with SmtpHook() as hook:\n"
        "    hook.send_email_smtp(to='owner@example.com', subject='Run failed', html_content='See the log')\n"
    )
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(connections(vendors)["smtp_default"]),
    }
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True)
    assert "Run failed" in outbox(vendors).text


def _listener() -> AbstractContextManager[socket.socket]:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    return taken


@contextmanager
def _served(state: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    script = (
        "import argparse, sys\n"
        "from include.sandbox.standins import cli\n"
        "parser = argparse.ArgumentParser()\n"
        "cli.add_arguments(parser)\n"
        "sys.exit(cli.run(parser.parse_args()))\n"
    )
    ports = ("--port", "0", "--webdav-port", "0", "--smtp-port", "0")
    command = [sys.executable, "-c", script, "--state-dir", str(state), *ports, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            assert any(line.startswith("Mail") for line in lines), "the stand-ins did not start"
            yield process
        finally:
            process.kill()
