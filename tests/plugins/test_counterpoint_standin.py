"""The Counterpoint API stand-in: customers are created, changed and listed as the vendor's guide says."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.auth import HTTPBasicAuth
from sqlalchemy import URL, create_engine, select

from include.counterpoint.tables import AR_CUST
from include.sandbox.seed import seed
from include.sandbox.standins import credentials
from include.sandbox.standins.server import StandIns
from tests.plugins.vendor_specs import Contract, needs_specs

SECONDS = 10
LOGIN = HTTPBasicAuth(
    f"{credentials.COUNTERPOINT_COMPANY}.{credentials.COUNTERPOINT_USER}", credentials.COUNTERPOINT_PASSWORD
)
KEY = {"APIKey": credentials.COUNTERPOINT_API_KEY}


@pytest.fixture
def vendors(running: StandIns) -> StandIns:
    running.clear_faults()
    return running


def call(vendors: StandIns, method: str, path: str, **more: Any) -> requests.Response:
    url = vendors.counterpoint_api_url + path
    return requests.request(method, url, auth=LOGIN, headers=KEY, timeout=SECONDS, **more)


def post(vendors: StandIns, workgroup: str | None = "1", **fields: Any) -> requests.Response:
    customer = {"FST_NAM": "Rosa", "LST_NAM": "Alba", **fields}
    body = {"AR_CUST": {name: value for name, value in customer.items() if value is not None}}
    return call(
        vendors, "POST", "/Customer", json=body if workgroup is None else {"Workgroup": workgroup, **body}
    )


def created(vendors: StandIns, **fields: Any) -> str:
    answer = post(vendors, **fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["CUST_NO"])


def read(vendors: StandIns, number: str) -> dict[str, Any]:
    answer = call(vendors, "GET", f"/Customer/{number}")
    assert answer.status_code == 200, answer.text
    customer: dict[str, Any] = answer.json()["AR_CUST"]
    return customer


class TestCreating:
    def test_the_template_and_the_till_fill_in_what_is_missing(self, vendors: StandIns) -> None:
        answer = post(vendors, PHONE_1="518-555-0143")
        body = answer.json()
        assert (answer.status_code, body["reference"], body["ErrorCode"]) == (201, "Customer", "SUCCESS")
        linked = requests.get(body["Link"]["uri"], auth=LOGIN, headers=KEY, timeout=SECONDS).json()["AR_CUST"]
        assert linked == read(vendors, body["CUST_NO"])
        assert (linked["NAM"], linked["NAM_UPR"], linked["PHONE_1"]) == (
            "Rosa Alba",
            "ROSA ALBA",
            "518-555-0143",
        )
        assert (linked["CATEG_COD"], linked["STR_ID"], linked["INCLUDE_IN_MARKETING_MAILOUTS"]) == (
            "RETAIL",
            "1",
            "N",
        )
        assert "EMAIL_ADRS_1" not in linked

    def test_the_counter_goes_on_and_asking_twice_creates_twice(self, vendors: StandIns) -> None:
        first, second = created(vendors), created(vendors)
        assert int(second) == int(first) + 1
        own = str(int(second) + 10)
        assert created(vendors, CUST_NO=own) == own
        assert int(created(vendors)) == int(own) + 1

    @pytest.mark.parametrize(
        ("fields", "status", "code"),
        [
            ({"FST_NAM": None}, 400, "ERROR_MISSING_REQUIRED_DATA"),
            ({"LST_NAM": "  "}, 400, "ERROR_MISSING_REQUIRED_DATA"),
            ({"FST_NAM": "x" * 16}, 500, "ERROR_UNKNOWN"),
            ({"LST_NAM": "x" * 26}, 500, "ERROR_UNKNOWN"),
            # Both fit, the name that the till makes of them does not.
            ({"FST_NAM": "x" * 15, "LST_NAM": "y" * 25}, 500, "ERROR_UNKNOWN"),
            ({"EMAIL_ADRS_1": "x" * 51}, 500, "ERROR_UNKNOWN"),
            ({"PHONE_1": "5" * 26}, 500, "ERROR_UNKNOWN"),
            ({"ZIP_COD": "1" * 16}, 500, "ERROR_UNKNOWN"),
            ({"CITY": ["Albany"]}, 500, "ERROR_UNKNOWN"),
            ({"INCLUDE_IN_MARKETING_MAILOUTS": "true"}, 500, "ERROR_UNKNOWN"),
            ({"MARKETING_MAILOUT_OPT_IN_DAT": "2026-01-01T00:00:00Z"}, 500, "ERROR_UNKNOWN"),
            ({"workgroup": "99"}, 400, "ERROR_INVALID_CONFIGURATION"),
        ],
    )
    def test_what_it_refuses(self, vendors: StandIns, fields: dict[str, Any], status: int, code: str) -> None:
        before = len(call(vendors, "GET", "/Customers").json()["Customers"])
        refused = post(vendors, **fields)
        assert (refused.status_code, refused.json()["ErrorCode"]) == (status, code)
        assert len(call(vendors, "GET", "/Customers").json()["Customers"]) == before

    def test_values_may_be_as_long_as_their_columns(self, vendors: StandIns) -> None:
        number = created(vendors, FST_NAM="x" * 15, LST_NAM="y" * 25, NAM="z" * 40, EMAIL_ADRS_1="e" * 50)
        assert read(vendors, number)["NAM"] == "z" * 40

    @pytest.mark.parametrize("body", ["", "no json", "[]", "{}", '{"AR_CUST": []}'])
    def test_a_body_that_is_none(self, vendors: StandIns, body: str) -> None:
        assert call(vendors, "POST", "/Customer", data=body).status_code == 400

    def test_a_number_that_is_taken(self, vendors: StandIns) -> None:
        number = created(vendors)
        refused = post(vendors, CUST_NO=number, FST_NAM="Other")
        assert (refused.status_code, refused.json()["ErrorCode"]) == (500, "ERROR_UNKNOWN")
        assert read(vendors, number)["FST_NAM"] == "Rosa"

    def test_an_error_after_accepting_has_created_the_customer(self, vendors: StandIns) -> None:
        before = int(created(vendors))
        vendors.order_fault("counterpoint_api", "error_after_accepting")
        unclear = post(vendors, EMAIL_ADRS_1="rosa@example.com")
        assert (unclear.status_code, unclear.json()["ErrorCode"]) == (500, "ERROR_UNKNOWN")
        assert read(vendors, str(before + 1))["EMAIL_ADRS_1"] == "rosa@example.com"
        assert post(vendors).status_code == 201


class TestChanging:
    def test_only_what_is_named_changes(self, vendors: StandIns) -> None:
        number = created(vendors, PHONE_1="518-555-0143", CITY="Albany")
        note = {"Note_ID": "LEAD", "NOTE_TXT": "Wants a pond"}
        changes = {"AR_CUST": {"LST_NAM": "Gallica", "CITY": None, "AR_CUST_NOTE": [note]}}
        answer = call(vendors, "PATCH", f"/Customer/{number}", json=changes)
        assert (answer.status_code, answer.json()["CUST_NO"]) == (201, number)
        customer = read(vendors, number)
        assert (customer["LST_NAM"], customer["LST_NAM_UPR"]) == ("Gallica", "GALLICA")
        assert (customer["PHONE_1"], customer["FST_NAM"]) == ("518-555-0143", "Rosa")
        assert "CITY" not in customer
        assert [row["NOTE_TXT"] for row in customer["AR_CUST_NOTE"]] == ["Wants a pond"]

    @pytest.mark.parametrize(
        ("fields", "status"), [({"LST_NAM": "x" * 26}, 500), ({"LST_NAM": ""}, 400), ({"LST_NAM": None}, 400)]
    )
    def test_what_it_refuses_changes_nothing(
        self, vendors: StandIns, fields: dict[str, Any], status: int
    ) -> None:
        number = created(vendors)
        path = f"/Customer/{number}"
        assert (
            call(vendors, "PATCH", path, json={"AR_CUST": {"CITY": "Troy", **fields}}).status_code == status
        )
        assert "CITY" not in read(vendors, number)

    def test_nobody_of_that_number(self, vendors: StandIns) -> None:
        for method, body in (("PATCH", {"AR_CUST": {"CITY": "Troy"}}), ("GET", None)):
            missing = call(vendors, method, "/Customer/NOBODY", json=body)
            assert (missing.status_code, missing.json()["ErrorCode"]) == (404, "ERROR_RECORD_NOT_FOUND")


class TestListing:
    def test_pages_go_through_all_customers(self, tmp_path: Path) -> None:
        with StandIns(tmp_path) as vendors:
            assert call(vendors, "GET", "/Customers").json() == {"Customers": [], "ErrorCode": "SUCCESS"}
            numbers = [created(vendors) for _ in range(5)]
            found = [
                [
                    row["CUST_NO"]
                    for row in call(vendors, "GET", f"/Customers?Page={page}&Rows=2").json()["Customers"]
                ]
                for page in (1, 2, 3, 4)
            ]
            assert found == [numbers[:2], numbers[2:4], numbers[4:], []]

    @pytest.mark.parametrize(
        "query",
        [
            "Page=1",
            "Rows=5",
            "Page=0&Rows=5",
            "Page=1&Rows=x",
            "StartDate=today",
            "EndDate=2026-01-01T00:00:00Z",
        ],
    )
    def test_what_it_refuses(self, vendors: StandIns, query: str) -> None:
        assert call(vendors, "GET", f"/Customers?{query}").status_code == 400

    def test_by_the_time_of_the_last_change(self, vendors: StandIns) -> None:
        changed = (
            "2020-05-04T23:59:59.9000000",
            "2020-05-05T00:00:00.0000000",
            "2020-05-05T08:00:00.0000000",
        )
        rows = [
            {"CUST_NO": f"T{index}", "FST_NAM": "A", "LST_NAM": "B", "RS_UTC_DT": moment}
            for index, moment in enumerate(changed)
        ]
        vendors.load_customers(rows)
        for query, expected in (
            ("StartDate=2020-05-04&EndDate=2020-05-04", ["T0"]),
            ("StartDate=2020-05-05&EndDate=2020-05-05", ["T1", "T2"]),
            ("StartDate=2020-05-04T23:59:59&EndDate=2020-05-05T00:00:00", ["T0", "T1"]),
            ("StartDate=2020-05-05T00:00:01&EndDate=2020-06-01", ["T2"]),
        ):
            found = call(vendors, "GET", f"/Customers?{query}").json()["Customers"]
            assert [row["CUST_NO"] for row in found] == expected, query


class TestTheStoresDatabase:
    def test_customers_are_in_it_and_are_read_from_it(self, tmp_path: Path) -> None:
        url = URL.create("sqlite", database=str(tmp_path / "counterpoint.db"))
        seed(url.render_as_string(), until=date(2026, 3, 1), scale=0.01)
        engine = create_engine(url)
        number_column = AR_CUST.c["CUST_NO"]
        with engine.connect() as connection:
            known = set(connection.scalars(select(number_column)))
        with StandIns(tmp_path) as vendors:
            number = created(vendors, PHONE_1="518-555-0143", EMAIL_ADRS_1="rosa@example.com")
            assert number not in known
            assert int(number) == max(int(one) for one in known if one.isdigit()) + 1
            call(vendors, "PATCH", f"/Customer/{number}", json={"AR_CUST": {"CITY": "Troy"}})
            with engine.begin() as connection:
                chosen = select(AR_CUST).where(number_column == number)
                [row] = connection.execute(chosen).mappings().all()
                assert (row["NAM"], row["PHONE_1"], row["CITY"]) == ("Rosa Alba", "518-555-0143", "Troy")
                assert (row["CATEG_COD"], row["LOY_PTS_BAL"]) == ("RETAIL", 0)
                assert row["RS_UTC_DT"] is not None
                old = min(one for one in known if one.isdigit())
                connection.execute(AR_CUST.update().where(number_column == number).values(CITY="Albany"))
            # What the till changed counts, and the store's old customers are there too.
            assert read(vendors, number)["CITY"] == "Albany"
            assert read(vendors, old)["CUST_NO"] == old
            call(vendors, "PATCH", f"/Customer/{old}", json={"AR_CUST": {"CITY": "Utica"}})
            assert post(vendors, CUST_NO=old).status_code == 500
            with engine.connect() as connection:
                town = select(AR_CUST.c["CITY"]).where(number_column == old)
                assert connection.scalar(town) == "Utica"
        engine.dispose()

    def test_a_database_that_the_sandbox_did_not_fill_is_left_alone(self, tmp_path: Path) -> None:
        engine = create_engine(URL.create("sqlite", database=str(tmp_path / "counterpoint.db")))
        AR_CUST.create(engine)
        with StandIns(tmp_path) as vendors:
            created(vendors)
        with engine.connect() as connection:
            assert connection.execute(select(AR_CUST)).all() == []
        engine.dispose()


@needs_specs
class TestAgainstTheSpecification:
    @pytest.fixture(scope="class")
    def api(self, running: StandIns) -> Contract:
        file = "counterpoint/counterpoint.derived.openapi.json"
        return Contract(file, running.counterpoint_api_url, auth=LOGIN, headers=KEY)

    def test_a_customers_way(self, vendors: StandIns, api: Contract) -> None:
        record = {
            "FST_NAM": "Rosa",
            "LST_NAM": "Alba",
            "EMAIL_ADRS_1": "rosa@example.com",
            "AR_CUST_NOTE": [{"Note_ID": "LEAD", "NOTE_TXT": "Wants a pond"}],
            "AR_SHIP_ADRS": [{"SHIP_ADRS_ID": "1", "NAM": "HOME", "SHIP_NAM_TYP": "B"}],
        }
        made = api.call("POST", "/Customer", json={"Workgroup": "1", "AR_CUST": record})
        path = f"/Customer/{made.json()['CUST_NO']}"
        assert api.call("PATCH", path, json={"AR_CUST": {"CITY": "Troy"}}).status_code == 201
        assert api.call("GET", path).json()["AR_CUST"]["CITY"] == "Troy"
        listed = api.call("GET", "/Customers?Page=1&Rows=5&StartDate=2020-01-01").json()["Customers"]
        assert listed

    @pytest.mark.parametrize(
        ("method", "path", "record", "status"),
        [
            ("POST", "/Customer", {"FST_NAM": "Rosa"}, 400),
            ("POST", "/Customer", {"FST_NAM": "x" * 16, "LST_NAM": "Alba"}, 500),
            ("PATCH", "/Customer/NOBODY", {"CITY": "Troy"}, 404),
            ("GET", "/Customer/NOBODY", None, 404),
            ("GET", "/Customers?Page=1", None, 400),
        ],
    )
    def test_refusals(
        self, api: Contract, method: str, path: str, record: dict[str, str] | None, status: int
    ) -> None:
        body = None if record is None else {"AR_CUST": record}
        assert api.call(method, path, refused=True, json=body).status_code == status

    def test_an_error_after_accepting(self, vendors: StandIns, api: Contract) -> None:
        vendors.order_fault("counterpoint_api", "error_after_accepting")
        record = {"FST_NAM": "Rosa", "LST_NAM": "Alba"}
        assert api.call("POST", "/Customer", json={"AR_CUST": record}).status_code == 500
