"""What Twilio's and the Counterpoint API's stand-ins answer and take fits the vendors' specifications."""

from __future__ import annotations

from typing import Any

import pytest
from requests.auth import HTTPBasicAuth

from include.sandbox.standins import credentials
from include.sandbox.standins.server import StandIns
from tests.plugins.vendor_specs import Contract, needs_specs

pytestmark = needs_specs


@pytest.fixture(scope="module")
def vendors(running: StandIns) -> StandIns:
    running.load_customers([{"CUST_NO": "1000", "FST_NAM": "Bill", "LST_NAM": "Baker"}])
    return running


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
