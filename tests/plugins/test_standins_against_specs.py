"""What the stand-ins answer fits the vendors' API specifications, and so do the requests that they took.

`VENDOR_SPECS_DIR` names the folder of the specifications; without it `shared/specs` beside the repository is
used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator
from openapi_core import OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse
from openapi_core.validation.response.exceptions import DataValidationError
from requests.auth import HTTPBasicAuth

from include.sandbox.standins import credentials
from include.sandbox.standins.server import StandIns

SPECS = Path(os.environ.get("VENDOR_SPECS_DIR") or Path(__file__).parents[3] / "shared/specs")
SECONDS = 10
PRODUCTS = "/v3/catalog/products"

pytestmark = pytest.mark.skipif(
    not SPECS.is_dir(), reason=f"no vendor specifications at {SPECS} (set VENDOR_SPECS_DIR)"
)


class Contract:
    """A specification whose servers are the stand-in: sends requests and checks both directions."""

    def __init__(self, file: str, base: str, **always: Any) -> None:
        document = json.loads((SPECS / file).read_text(encoding="utf-8"))
        document["servers"] = [{"url": base}]
        for path in document["paths"].values():
            path.pop("servers", None)
        self._openapi = OpenAPI.from_dict(document)
        self._base = base
        self._always = always

    def call(self, method: str, path: str, *, refused: bool = False, **more: Any) -> requests.Response:
        """Send a request and check its answer; the request too, unless it is wrong on purpose (`refused`)."""
        values = {**self._always, **more}
        headers = {**self._always.get("headers", {}), **more.get("headers", {})}
        request = requests.Request(method, self._base + path, **{**values, "headers": headers}).prepare()
        with requests.Session() as session:
            answer = session.send(request, timeout=SECONDS)
        asked = RequestsOpenAPIRequest(request)
        if not refused:
            self._openapi.validate_request(asked)
        self._openapi.validate_response(asked, RequestsOpenAPIResponse(answer))
        return answer


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIns]:
    with StandIns(tmp_path_factory.mktemp("standins")) as running:
        running.load_products(
            {"id": n, "name": f"Plant {n}", "sku": f"SKU-{n}", "price": 9.5, "inventory_level": n}
            for n in range(1, 13)
        )
        running.load_coupons(
            {"id": n, "name": f"C{n}", "code": f"CODE{n}", "type": "free_shipping", "amount": "0.0000"}
            for n in range(1, 4)
        )
        running.load_customers([{"CUST_NO": "1000", "FST_NAM": "Bill", "LST_NAM": "Baker"}])
        yield running


def _bigcommerce(vendors: StandIns, file: str, version: str) -> Contract:
    base = f"{vendors.http_url}/stores/{credentials.BIGCOMMERCE_STORE_HASH}/{version}"
    headers = {"X-Auth-Token": credentials.BIGCOMMERCE_TOKEN, "Accept": "application/json"}
    return Contract(f"bigcommerce/normalized/{file}", base, headers=headers)


@pytest.fixture(scope="module")
def catalog(vendors: StandIns) -> Contract:
    return _bigcommerce(vendors, "products_catalog.v3.json", "v3")


@pytest.fixture(scope="module")
def twilio(vendors: StandIns) -> Contract:
    login = HTTPBasicAuth(credentials.TWILIO_ACCOUNT_SID, credentials.TWILIO_AUTH_TOKEN)
    return Contract("twilio/subset/twilio_messages_v2010.json", vendors.twilio_url, auth=login)


@pytest.fixture(scope="module")
def counterpoint(vendors: StandIns) -> Contract:
    user = f"{credentials.COUNTERPOINT_COMPANY}.{credentials.COUNTERPOINT_USER}"
    return Contract(
        "counterpoint/counterpoint.derived.openapi.json",
        vendors.counterpoint_api_url,
        auth=HTTPBasicAuth(user, credentials.COUNTERPOINT_PASSWORD),
        headers={"APIKey": credentials.COUNTERPOINT_API_KEY},
    )


class TestBigCommerce:
    @pytest.mark.parametrize("path", ["/time", "/store"])
    def test_store_information(self, vendors: StandIns, path: str) -> None:
        contract = _bigcommerce(vendors, "store_information.v2.json", "v2")
        assert contract.call("GET", path).status_code == 200
        vendors.order_fault("bigcommerce", "status", status=429, retry_after=1)
        assert contract.call("GET", path).status_code == 429

    def test_coupons(self, vendors: StandIns) -> None:
        contract = _bigcommerce(vendors, "marketing.v2.json", "v2")
        assert len(contract.call("GET", "/coupons").json()) == 3
        assert contract.call("GET", "/coupons?min_id=2&limit=1&page=2").status_code == 200
        assert contract.call("GET", "/coupons?code=NONE").status_code == 204

    @pytest.mark.parametrize(
        "query",
        ["", "?limit=5&page=2", "?id:in=1,2", "?sku:in=SKU-1,SKU-2", "?include_fields=name,price", "?id=999"],
    )
    def test_the_list_of_products(self, catalog: Contract, query: str) -> None:
        assert catalog.call("GET", f"/catalog/products{query}").status_code == 200

    def test_the_summary(self, catalog: Contract) -> None:
        summary = catalog.call("GET", "/catalog/summary").json()["data"]
        assert (summary["variant_count"], summary["inventory_count"]) == (12, sum(range(1, 13)))

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ([{"id": 1, "price": 4.25, "inventory_level": 3}, {"id": 2, "is_featured": True}], 200),
            ([{"id": n} for n in range(1, 12)], 413),
            ([{"id": 999, "price": 1.0}], 404),
            ([{"id": 1, "sku": "SKU-2"}], 409),
            ([{"id": 1, "price": "4.25"}], 422),
            ([{"id": 1, "name": ""}], 422),
            ([{"price": 4.25}], 422),
        ],
    )
    def test_the_batch_update(self, catalog: Contract, change: Any, status: int) -> None:
        answer = catalog.call("PUT", "/catalog/products", json=change, refused=status in (413, 422))
        assert answer.status_code == status

    def test_a_partial_success(self, vendors: StandIns, catalog: Contract) -> None:
        vendors.order_fault("bigcommerce", "partial_207")
        change = [{"id": 3, "price": 4.25, "inventory_level": 1}]
        assert catalog.call("PUT", "/catalog/products", json=change).status_code == 207

    def test_what_the_specification_refuses_is_refused(self, vendors: StandIns) -> None:
        """Where the specification's schema finds fault with a product, the stand-in does too."""
        schema = json.loads((SPECS / "bigcommerce/strict/product_batch_put.schema.json").read_text())
        check = Draft202012Validator(schema)
        wrong: dict[str, list[Any]] = {
            "name": ["", "x" * 251, 5],
            "sku": ["x" * 256],
            "price": [-1, "1"],
            "weight": [-1],
            "inventory_level": [-1, 1.5, "3"],
            "inventory_tracking": ["sku"],
            "availability": ["sold out"],
            "condition": ["new"],
            "categories": ["12", ["x"], list(range(1001))],
            "is_visible": ["true", 1],
            "upc": ["x" * 15, None],
            "gtin": [None],
            "page_title": ["x" * 256],
            "search_keywords": ["x" * 65_536],
            "type": ["virtual"],
            "sort_order": [2**31],
            "custom_url": [{"url": ""}],
        }
        url = f"{vendors.http_url}/stores/{credentials.BIGCOMMERCE_STORE_HASH}{PRODUCTS}"
        headers = {"X-Auth-Token": credentials.BIGCOMMERCE_TOKEN}
        for name, values in wrong.items():
            for value in values:
                change = [{"id": 1, name: value}]
                assert not check.is_valid(change), f"{name}: the schema takes {value!r}"
                answer = requests.put(url, json=change, headers=headers, timeout=SECONDS)
                assert answer.status_code == 422, f"{name}: {value!r}"


class TestTwilio:
    account = f"/2010-04-01/Accounts/{credentials.TWILIO_ACCOUNT_SID}"
    messages = f"{account}/Messages.json"
    service = credentials.TWILIO_MESSAGING_SERVICE_SID

    def test_the_account(self, twilio: Contract) -> None:
        assert twilio.call("GET", f"{self.account}.json").status_code == 200

    @pytest.mark.parametrize(
        "fields",
        [
            {"MessagingServiceSid": service},
            {"From": credentials.TWILIO_FROM_NUMBER},
            {
                "MessagingServiceSid": service,
                "MediaUrl": ["https://a.example/1.jpg", "https://a.example/2.jpg"],
            },
        ],
    )
    def test_a_message_is_sent_found_and_fetched(self, twilio: Contract, fields: dict[str, Any]) -> None:
        form = {"To": "+18285550143", "Body": "Your coupon", **fields}
        created = twilio.call("POST", self.messages, data=form)
        assert created.status_code == 201
        listed = twilio.call("GET", f"{self.messages}?To=%2B18285550143&PageSize=1")
        assert listed.json()["messages"][0]["sid"] == created.json()["sid"]
        fetched = twilio.call("GET", f"{self.account}/Messages/{created.json()['sid']}.json")
        assert fetched.json()["num_media"] == str(len(fields.get("MediaUrl", [])))

    @pytest.mark.parametrize(("number", "status"), [("+15005550004", 400), ("828-555", 400)])
    def test_a_refused_message(self, twilio: Contract, number: str, status: int) -> None:
        form = {"To": number, "Body": "Your coupon", "MessagingServiceSid": self.service}
        assert twilio.call("POST", self.messages, data=form).status_code == status

    @pytest.mark.parametrize("status", [429, 500])
    def test_an_ordered_error(self, vendors: StandIns, twilio: Contract, status: int) -> None:
        vendors.order_fault("twilio", "status", status=status)
        form = {"To": "+18285550143", "Body": "Your coupon", "MessagingServiceSid": self.service}
        assert twilio.call("POST", self.messages, data=form).status_code == status

    def test_a_wrong_token(self, twilio: Contract) -> None:
        form = {"To": "+18285550143", "Body": "x", "MessagingServiceSid": self.service}
        login = HTTPBasicAuth(credentials.TWILIO_ACCOUNT_SID, "wrong")
        assert twilio.call("POST", self.messages, data=form, auth=login).status_code == 401


class TestCounterpointApi:
    @pytest.mark.parametrize(
        ("path", "status"), [("/Company", 200), ("/Customer/1000", 200), ("/Customer/2", 404)]
    )
    def test_answers(self, counterpoint: Contract, path: str, status: int) -> None:
        assert counterpoint.call("GET", path).status_code == status

    def test_a_wrong_login_and_a_wrong_key(self, counterpoint: Contract) -> None:
        assert counterpoint.call("GET", "/Company", auth=HTTPBasicAuth("X.Y", "z")).status_code == 401
        assert counterpoint.call("GET", "/Company", headers={"APIKey": "wrong"}).status_code == 403

    def test_an_ordered_error(self, vendors: StandIns, counterpoint: Contract) -> None:
        vendors.order_fault("counterpoint_api", "status", status=500)
        assert counterpoint.call("GET", "/Company").status_code == 500


def test_the_check_itself_finds_a_wrong_answer(vendors: StandIns, catalog: Contract) -> None:
    """Guards against a check that passes everything."""
    vendors.load_products([{"id": 50, "name": "Wrong"}])
    with vendors.context.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE products SET document = json_set(document, '$.price', 'dear') WHERE id = 50"
        )
    try:
        with pytest.raises(DataValidationError):
            catalog.call("GET", "/catalog/products?id=50")
    finally:
        with vendors.context.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM products WHERE id = 50")
