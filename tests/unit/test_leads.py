"""Leads: who is a customer already, who becomes one, and that nobody becomes two."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Engine, delete, insert, select, update
from sqlalchemy.dialects import mssql

from include.changes import Change, Plan, Result
from include.counterpoint.tables import AR_CUST
from include.customers.names import proper_names
from include.database.engines import engine_for
from include.errors import (
    BadCredentials,
    BudgetExceeded,
    InvalidRequest,
    InvalidSettings,
    OutcomeUnknown,
    RetailOpsError,
    VendorRefusal,
    VendorUnavailable,
)
from include.leads.creation import MOST_ATTEMPTS, create_customers
from include.leads.customer_record import LeadRules
from include.leads.lead_settings import LeadSettings
from include.leads.matching import customer_finder, customers
from include.leads.new_customer_log import NewCustomerLog
from include.leads.new_customers import plan_new_customers
from include.messaging.phones import as_e164
from include.settings import load_settings
from include.storedb.leads import Lead, Leads
from include.storedb.ledger import Ledger
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext, moment
from include.storedb.tables import LEDGER
from tests.databases import KINDS, fresh_database
from tests.item_file import SeededStore

SHIPPED = load_settings(LeadSettings, "leads")
RULES = LeadRules(SHIPPED, as_e164, proper_names)
RUN = RunContext("customer_upkeep", "manual__1", "leads.apply")
ARRIVAL = datetime(2026, 5, 7, 13)
LONG_MAIL = f"{'a' * 45}@example.org"
MAIL, PHONE = "ann.lee@example.org", "(828) 555-0142"


def rules(**over: Any) -> LeadRules:
    return LeadRules(SHIPPED.model_copy(update=over), as_e164, proper_names)


def a_lead(number: int = 1, **over: Any) -> Lead:
    values: dict[str, Any] = {"first_name": "ANN", "last_name": "LEE", "email": MAIL, "phone": PHONE}
    return Lead(ARRIVAL, "form", f"key{number}", id=number, **values | over)


def decisions(leads: list[Lead], rows: list[dict[str, Any]], over: LeadRules = RULES) -> dict[str, Any]:
    """What the plan makes of each lead, with customers of these fields."""

    @contextmanager
    def stream(query: Any) -> Iterator[Iterator[Any]]:
        names = [column.name for column in query.selected_columns]
        kept = [tuple(row.get(name) for name in names) for row in rows]
        yield iter([*kept, *[("9" * 9, *[None] * (len(names) - 1))] * 50])

    return {str(change.key): change.new for change in plan_new_customers(stream, leads, over).changes}


@pytest.mark.parametrize(
    ("field", "stored"),
    [
        ("EMAIL_ADRS_1", MAIL),
        ("EMAIL_ADRS_1", "  Ann.LEE@Example.org "),
        ("EMAIL_ADRS_2", MAIL.upper()),
        ("EMAIL_ADRS_1", f"bob@example.net; {MAIL}"),
        ("PHONE_1", "828-555-0142"),
        ("PHONE_1", "8285550142.0"),
        ("PHONE_1", "+1 828.555.0142"),
        ("PHONE_1", "1-828-555-0142"),
        ("PHONE_1", "\u200e828\u2011555\u20110142"),
        ("MBL_PHONE_1", " 828 555 01 42 "),
    ],
)
def test_a_lead_is_known_by_address_or_number_in_any_notation(field: str, stored: str) -> None:
    assert decisions([a_lead()], [{"CUST_NO": "1001", field: stored}]) == {"1": "1001"}


@pytest.mark.parametrize(
    ("lead", "customer"),
    [
        ({}, {"EMAIL_ADRS_1": "ann.lee@example.com"}),
        ({}, {"EMAIL_ADRS_1": f"x{MAIL}"}),
        ({}, {"PHONE_1": "828-555-0143"}),
        ({}, {"PHONE_1": "828-555-0142 x3"}),
        ({}, {"PHONE_2": "828-555-0142"}),
        ({"phone": ""}, {"PHONE_1": ""}),
        ({"phone": ""}, {"PHONE_1": None}),
        ({"email": ""}, {"EMAIL_ADRS_1": " "}),
        ({"phone": "none"}, {"PHONE_1": "none"}),
        ({"phone": "555-0142"}, {"PHONE_1": "555-0142"}),
        ({"phone": "000-000-0000"}, {"PHONE_1": "000-000-0000"}),
        ({"email": "none"}, {"EMAIL_ADRS_1": "none"}),
        ({"email": "None"}, {"EMAIL_ADRS_1": None}),
        ({"email": "jane@example,com"}, {"EMAIL_ADRS_1": "jane@example,com"}),
    ],
)
def test_nothing_else_is_a_match_and_least_of_all_nothing(
    lead: dict[str, Any], customer: dict[str, Any]
) -> None:
    assert decisions([a_lead(**lead)], [{"CUST_NO": "1001", **customer}]) == {"1": "new"}


def test_a_store_may_match_by_the_second_numbers_too() -> None:
    every = SHIPPED.match.model_copy(update={"phones": ("PHONE_1", "PHONE_2", "MBL_PHONE_2")})
    for name in ("PHONE_2", "MBL_PHONE_2"):
        assert decisions([a_lead()], [{"CUST_NO": "7", name: "8285550142"}], rules(match=every)) == {"1": "7"}


def test_of_several_customers_the_one_with_the_address_counts_then_the_oldest() -> None:
    rows = [
        {"CUST_NO": "999", "PHONE_1": "8285550142"},
        {"CUST_NO": "1002", "EMAIL_ADRS_1": MAIL},
        {"CUST_NO": "1001", "EMAIL_ADRS_2": MAIL},
    ]
    assert decisions([a_lead()], rows) == decisions([a_lead()], rows[::-1]) == {"1": "1001"}
    assert decisions([a_lead(email="")], rows) == {"1": "999"}


@pytest.mark.parametrize(
    ("leads", "expected"),
    [
        ([{}, {}], {"1": "new", "2": "1"}),
        ([{"phone": ""}, {"email": ""}], {"1": "new", "2": "new"}),
        ([{"phone": ""}, {"email": ""}, {}], {"1": "new", "2": "1", "3": "1"}),
        ([{"phone": "828.555.0142"}, {"email": "other@example.org"}], {"1": "new", "2": "1"}),
        ([{"email": "", "phone": ""}, {"email": "", "phone": ""}], {"1": "rejected", "2": "rejected"}),
        ([{"email": "", "phone": "none"}], {"1": "rejected"}),
        ([{"email": "bob at example", "phone": ""}], {"1": "rejected"}),
        ([{"email": LONG_MAIL, "phone": ""}], {"1": "rejected"}),
        ([{"email": LONG_MAIL, "phone": ""}, {"email": LONG_MAIL}], {"1": "2", "2": "new"}),
    ],
)
def test_leads_of_one_person_make_one_customer(leads: list[dict[str, Any]], expected: dict[str, str]) -> None:
    assert decisions([a_lead(n, **one) for n, one in enumerate(leads, 1)], []) == expected


def test_a_person_of_whom_one_lead_is_known_is_known() -> None:
    leads = [a_lead(1, phone=""), a_lead(2), a_lead(3, email="")]
    assert decisions(leads, [{"CUST_NO": "1001", "PHONE_1": "8285550142"}]) == dict.fromkeys("123", "1001")


def test_thousands_of_leads_of_one_person_are_one() -> None:
    leads = [a_lead(n, phone=PHONE if n % 2 else "", last_name=str(n)) for n in range(1, 5001)]
    found = decisions(leads, [])
    assert (found.pop("1"), set(found.values())) == ("new", {"1"})


def test_without_leads_no_customer_is_read() -> None:
    def stream(_query: Any) -> Any:
        raise AssertionError

    assert plan_new_customers(stream, [], RULES) == Plan(basis=0)


def test_nobody_is_created_when_there_are_no_customers_to_compare_with() -> None:
    @contextmanager
    def stream(_query: Any) -> Iterator[Iterator[Any]]:
        yield iter([("1001", MAIL, None, None, None)] + [("1002", None, None, None, None)] * 18)

    assert plan_new_customers(stream, [a_lead()], RULES).changes[0].new == "1001"
    with pytest.raises(BudgetExceeded, match="19 customers were found"):
        plan_new_customers(stream, [a_lead(email="new@example.org")], RULES)


def test_a_flood_of_leads_is_shown_to_a_person_first() -> None:
    leads = [a_lead(n, email=f"a{n}@example.org", phone="") for n in range(1, 252)]
    changes = tuple(Change("lead", str(lead.id), "status", "new", "rejected", "") for lead in leads)
    with pytest.raises(BudgetExceeded):
        SHIPPED.budget.budget().check(Plan(changes, len(leads)))


def test_a_plan_names_nobody() -> None:
    @contextmanager
    def stream(_query: Any) -> Iterator[Iterator[Any]]:
        yield iter([("1001", None, None, None, None)] * 50)

    words = str(
        plan_new_customers(stream, [a_lead(), a_lead(2), a_lead(3, email="x", phone="y")], RULES)
    ).lower()
    assert not any(part in words for part in ("ann", "lee", "example", "5550142", "555-0142"))


def record(**over: Any) -> dict[str, Any]:
    return RULES.record(a_lead(**over))["AR_CUST"]


def test_a_record_has_what_counterpoint_takes() -> None:
    address: dict[str, Any] = {
        "street": "1 Main St",
        "city": "Kent",
        "state": "New York",
        "zip_code": "02861",
    }
    assert RULES.record(a_lead(**address)) == {
        "Workgroup": "1",
        "AR_CUST": {
            "FST_NAM": "Ann",
            "LST_NAM": "Lee",
            "NAM": "Ann Lee",
            "STR_ID": "1",
            "EMAIL_ADRS_1": MAIL,
            "PHONE_1": "828-555-0142",
            "ADRS_1": "1 Main St",
            "CITY": "Kent",
            "STATE": "NY",
            "ZIP_COD": "02861",
        },
    }


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({"first_name": "", "last_name": " "}, {"FST_NAM": "WEB", "LST_NAM": "CUSTOMER"}),
        ({"first_name": "", "last_name": " "}, {"NAM": "WEB CUSTOMER"}),
        ({"first_name": "\U0001f337"}, {"FST_NAM": "WEB"}),
        ({"first_name": "Ann \U0001f337\u2764\ufe0f"}, {"FST_NAM": "Ann", "NAM": "Ann Lee"}),
        ({"last_name": "o'hare"}, {"LST_NAM": "O'Hare"}),
        ({"first_name": "x" * 20}, {"FST_NAM": "X" + "x" * 14}),
        ({"last_name": "y" * 30}, {"LST_NAM": "Y" + "y" * 24}),
        ({"first_name": "x" * 20, "last_name": "y" * 30}, {"NAM": "X" + "x" * 14 + " Y" + "y" * 23}),
        ({"email": " ANN@Example.ORG "}, {"EMAIL_ADRS_1": "ann@example.org"}),
        ({"email": LONG_MAIL}, {"EMAIL_ADRS_1": None}),
        ({"email": "ann at home"}, {"EMAIL_ADRS_1": None}),
        ({"phone": "call me"}, {"PHONE_1": None}),
        ({"phone": "+1 828 555 0142"}, {"PHONE_1": "828-555-0142"}),
        ({"state": "Massachusetts"}, {"STATE": "MA"}),
        ({"state": "Baden-Württemberg"}, {"STATE": "Baden-Würt"}),
        ({"street": "s" * 60, "city": "c" * 60}, {"ADRS_1": "s" * 40, "CITY": "c" * 20}),
        ({"zip_code": "9" * 60}, {"ZIP_COD": "9" * 15}),
        ({}, {"ADRS_1": None, "CITY": None, "STATE": None, "ZIP_COD": None}),
    ],
)
def test_a_record_fits_its_columns_and_leaves_out_what_is_not_valid(
    over: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = record(**over)
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    "text", ["match: {phones: [FAX_1]}", "match: {emails: []}", "store: 1", "missing_first_name: ''"]
)
def test_wrong_settings_are_named(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "leads.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    with pytest.raises(InvalidSettings, match=text.split(":")[0]):
        load_settings(LeadSettings, "leads")


@pytest.fixture(scope="module", params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path_factory.mktemp("counterpoint")) as url:
        engine = engine_for(url)
        with engine.begin() as connection:
            AR_CUST.create(connection)
            rows = [
                {"CUST_NO": "CASH", "PHONE_1": "828-555-0142"},
                {"CUST_NO": "1001", "PHONE_1": "828-555-0143", "EMAIL_ADRS_1": "50%_off@example.org"},
                {"CUST_NO": "1002", "MBL_PHONE_1": "(828) 555 01.42"},
                {"CUST_NO": "1003", "EMAIL_ADRS_2": " ANN.LEE@example.org "},
                {"CUST_NO": "1004"},
            ]
            for row in rows:
                connection.execute(insert(AR_CUST), {"LOY_PTS_BAL": 0, **row})
        yield engine


@pytest.mark.parametrize(
    ("over", "number"),
    [
        ({}, "1003"),
        ({"email": ""}, "1002"),
        ({"email": "", "phone": "828-555-0144"}, None),
        ({"email": "", "phone": ""}, None),
        ({"email": "50%_off@example.org", "phone": ""}, "1001"),
        ({"email": "50xxoff@example.org", "phone": ""}, None),
    ],
)
def test_one_leads_customer_is_found_in_one_query(
    engine: Engine, over: dict[str, Any], number: str | None
) -> None:
    def read(query: Any) -> list[Any]:
        with engine.connect() as connection:
            return list(connection.execute(query))

    assert customer_finder(read, RULES)(a_lead(**over)) == number
    assert len(read(customers(SHIPPED.match))) == 3


def test_the_query_is_understood_by_old_sql_servers() -> None:
    text = str(customers(SHIPPED.match).compile(dialect=mssql.dialect())).lower()
    assert "trim(" not in text.replace("ltrim(", "").replace("rtrim(", "")


class Killed(BaseException):
    """The process ends here."""


class Api:
    """The API server of a seeded store: it makes customers, and has bad days on order."""

    def __init__(self, store: SeededStore) -> None:
        self._store = store
        self.posted: list[dict[str, Any]] = []
        self.days: list[RetailOpsError | Callable[[], None] | None] = []
        self._next = 500_001

    def post(self, body: dict[str, Any]) -> str:
        self.posted.append(body)
        trouble = self.days.pop(0) if self.days else None
        if isinstance(trouble, RetailOpsError) and "was made" not in str(trouble):
            raise trouble
        number, self._next = str(self._next), self._next + 1
        with self._store.engine.begin() as connection:
            connection.execute(insert(AR_CUST), {"CUST_NO": number, "LOY_PTS_BAL": 0, **body["AR_CUST"]})
        if isinstance(trouble, RetailOpsError):
            raise trouble
        if trouble:
            trouble()
        return number


LOST_AFTER = OutcomeUnknown("the time-out passed, and the customer was made")
LOST_BEFORE = OutcomeUnknown("the connection broke")
DOWN = VendorUnavailable("no connection to the server")


class House:
    """A seeded Counterpoint, its API, our store database and the files of the store."""

    def __init__(self, folder: Path) -> None:
        self.store = SeededStore(folder)
        url = URL.create("sqlite", database=str(folder / "store.db"))
        upgrade(url)
        self.engine = engine_for(url)
        self.leads, self.ledger = Leads(self.engine), Ledger(self.engine, RUN)
        self.api = Api(self.store)
        self.file = folder / "new_customers.csv"

    def receive(self, *given: dict[str, Any]) -> None:
        self.leads.add(a_lead(n, **one) for n, one in enumerate(given))

    def plan(self) -> Plan:
        return plan_new_customers(self.store.stream, self.leads.new(), RULES)

    def apply(self, plan: Plan, *, later: bool = True, log: Any = None, leads: Any = None) -> list[Result]:
        """`later`: what was begun before is old enough to be looked into."""
        work = create_customers(
            plan.changes,
            leads or self.leads,
            self.api.post,
            self.ledger,
            customer_finder(self.store.read, RULES),
            log or NewCustomerLog(self.file, datetime(2026, 5, 7, 9, 30)),
            rules=RULES,
            settled_before=moment() + timedelta(minutes=1 if later else -10),
        )
        return [one for batch in work for one in batch]

    def run(self, *, later: bool = True) -> list[str]:
        return [one.status for one in self.apply(self.plan(), later=later)]

    def customers(self, **wanted: Any) -> list[str]:
        found = [AR_CUST.c[name] == value for name, value in wanted.items()]
        return [row[0] for row in self.store.read(select(AR_CUST.c.CUST_NO).where(*found))]

    def logged(self) -> list[dict[str, str]]:
        with self.file.open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))

    def states(self) -> list[tuple[str, str | None]]:
        every = self.leads.by_id(range(1, 100)).values()
        return [(lead.status, lead.cust_no) for lead in every]

    def ledger_states(self) -> list[str]:
        with self.engine.connect() as connection:
            return list(connection.scalars(select(LEDGER.c.status).order_by(LEDGER.c.id)))


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seeded")
    SeededStore(folder).engine.dispose()
    return folder / "counterpoint.db"


@pytest.fixture
def house(tmp_path: Path, seeded: Path) -> House:
    shutil.copy(seeded, tmp_path)
    return House(tmp_path)


def known_customer(house: House) -> Any:
    customer = AR_CUST.c
    query = select(customer.CUST_NO, customer.EMAIL_ADRS_1).where(
        customer.EMAIL_ADRS_1.like("%.%@example.com")
    )
    return house.store.read(query.order_by(customer.CUST_NO).limit(1))[0]


def test_leads_become_customers_once_and_known_ones_do_not(house: House) -> None:
    known = known_customer(house)
    house.receive(
        {"street": '1 "Main" St, Apt 2', "city": "Kent", "state": "New York", "zip_code": "02861"},
        {"email": known.EMAIL_ADRS_1.upper(), "phone": ""},
        {"phone": ""},
        {"email": "none", "phone": "none"},
        {"email": "bob@example.org", "phone": "828 555 0199", "first_name": "", "last_name": "=2+3"},
    )
    before = len(house.customers())
    assert house.run() == ["applied"] * 5
    assert house.run() == []
    assert len(house.customers()) == before + 2
    assert house.states() == [
        ("created", "500001"),
        ("matched", known.CUST_NO),
        ("matched", "500001"),
        ("rejected", None),
        ("created", "500002"),
    ]
    assert house.ledger_states() == ["sent", "sent"]
    first, second = house.logged()
    assert first == {
        "date": "2026-05-07 09:30:00",
        "customer_number": "500001",
        "first_name": "Ann",
        "last_name": "Lee",
        "phone_number": "828-555-0142",
        "email": MAIL,
        "street": '1 "Main" St, Apt 2',
        "city": "Kent",
        "state": "NY",
        "zip_code": "02861",
    }
    assert (second["first_name"], second["last_name"]) == ("WEB", "'=2+3")


def test_carrying_out_a_plan_again_makes_nobody_twice(house: House) -> None:
    house.receive({}, {"email": "bob@example.org", "phone": ""}, {"email": "x", "phone": "y"})
    plan = house.plan()
    first, again = house.apply(plan), house.apply(plan)
    assert [one.status for one in first] == [one.status for one in again] == ["applied"] * 3
    assert [one.set_aside for one in again] == [False, False, True]
    assert len(house.api.posted) == len(house.logged()) == 2


def test_a_lead_of_just_before_midnight_is_not_forgotten(house: House) -> None:
    house.receive({})
    with house.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE lead SET received_at = '2020-01-01 23:59:00'")
    assert house.run() == ["applied"]


def test_an_answer_that_is_lost_makes_no_second_customer(house: House) -> None:
    house.receive({}, {"email": "bob@example.org", "phone": ""})
    house.api.days = [LOST_AFTER]
    assert house.run() == ["failed", "applied"]
    assert house.ledger_states() == ["unknown", "sent"]
    assert house.run() == ["applied"]
    assert house.customers(EMAIL_ADRS_1=MAIL) == ["500001"]
    assert house.states()[0] == ("created", "500001")
    assert house.ledger_states() == ["sent", "sent"]
    assert {row["customer_number"] for row in house.logged()} == {"500001", "500002"}


def test_the_same_plan_finds_the_customer_whose_answer_was_lost(house: House) -> None:
    house.receive({})
    plan = house.plan()
    house.api.days = [LOST_AFTER]
    (lost,) = house.apply(plan)
    assert (lost.status, lost.retry) == ("failed", True)
    (found,) = house.apply(plan, later=False)
    assert (found.status, len(house.api.posted)) == ("applied", 1)
    assert house.states() == [("created", "500001")]


def test_a_request_that_never_arrived_is_repeated_when_the_customer_is_proved_absent(house: House) -> None:
    house.receive({}, {})
    house.api.days = [LOST_BEFORE]
    assert house.run() == ["failed", "skipped"]
    assert house.run(later=False) == ["skipped", "skipped"]
    assert len(house.api.posted) == 1
    assert house.run() == ["applied", "applied"]
    assert house.customers(EMAIL_ADRS_1=MAIL) == ["500001"]
    assert house.states() == [("created", "500001"), ("matched", "500001")]


def test_a_server_that_is_down_stops_after_three_and_all_come_later(house: House) -> None:
    house.receive(*({"email": f"a{n}@example.org", "phone": ""} for n in range(5)))
    house.api.days = [DOWN] * 3
    with pytest.raises(VendorUnavailable):
        house.run()
    assert len(house.api.posted) == 3
    assert house.run() == ["applied"] * 5
    assert len({row["customer_number"] for row in house.logged()}) == 5


def test_a_server_with_hiccups_is_worked_with(house: House) -> None:
    house.receive(*({"email": f"a{n}@example.org", "phone": ""} for n in range(6)))
    house.api.days = [DOWN, DOWN, None, DOWN, DOWN, None]
    assert house.run() == ["failed", "failed", "applied", "failed", "failed", "applied"]


def test_a_lead_that_always_breaks_the_server_is_given_up_in_the_end(house: House) -> None:
    house.receive({}, {"email": "bob@example.org", "phone": ""})
    house.api.days = [LOST_BEFORE, None, *[LOST_BEFORE] * 9]
    assert house.run() == ["failed", "applied"]
    for _ in range(MOST_ATTEMPTS - 1):
        assert house.run() == ["failed"]
    (result,) = house.apply(house.plan())
    assert (result.set_aside, house.states()[0]) == (True, ("rejected", None))
    assert len(house.api.posted) == MOST_ATTEMPTS + 1
    assert house.run() == []


def test_what_the_server_refuses_rejects_its_lead_only(house: House) -> None:
    house.receive({}, {"email": "bob@example.org", "phone": ""})
    house.api.days = [
        VendorRefusal("FST_NAM 'Ann' is too long", status=400, code="ERROR_MISSING_REQUIRED_DATA")
    ]
    refused, made = house.apply(house.plan())
    assert (refused.status, refused.set_aside, made.status) == ("failed", True, "applied")
    assert "Ann" not in refused.message
    assert house.leads.by_id([1])[1].message == "FST_NAM 'Ann' is too long"
    assert house.states() == [("rejected", None), ("created", "500001")]
    assert house.run() == []


@pytest.mark.parametrize(
    "error",
    [
        BadCredentials("the API key is out of date"),
        InvalidRequest("the certificate is not trusted"),
        VendorRefusal("no such workgroup", status=400, code="ERROR_INVALID_CONFIGURATION"),
    ],
)
def test_a_fault_of_ours_rejects_nobody(house: House, error: RetailOpsError) -> None:
    house.receive({}, {"email": "bob@example.org", "phone": ""})
    house.api.days = [error]
    with pytest.raises(type(error)):
        house.run()
    assert house.run() == ["applied", "applied"]
    assert [status for status, _ in house.states()] == ["created", "created"]


def test_refusals_one_after_another_stop_the_run(house: House) -> None:
    house.receive(*({"email": f"a{n}@example.org", "phone": ""} for n in range(5)))
    house.api.days = [VendorRefusal("no", status=400, code="ERROR_X")] * 3
    with pytest.raises(VendorRefusal):
        house.run()
    assert len(house.api.posted) == 3


def test_an_answer_without_a_number_is_no_answer(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.receive({})
    post = house.api.post
    monkeypatch.setattr(house.api, "post", lambda body: post(body) and " ")
    assert house.run() == ["failed"]
    monkeypatch.undo()
    assert house.run() == ["applied"]
    assert house.states() == [("created", "500001")]


def kill() -> None:
    raise Killed


class KilledBeforeLog(NewCustomerLog):
    def write(self, number: str, record: dict[str, Any]) -> None:
        raise Killed


class KilledAfterLog(NewCustomerLog):
    def write(self, number: str, record: dict[str, Any]) -> None:
        super().write(number, record)
        raise Killed


class KilledLeads(Leads):
    def settle(self, *_: Any, **__: Any) -> None:
        raise Killed


@pytest.mark.parametrize("at", ["answer", "log", "after the log", "lead"])
@pytest.mark.parametrize("same_plan", [True, False])
def test_whenever_the_process_is_killed_one_customer_is_made_logged_and_settled(
    house: House, at: str, same_plan: bool
) -> None:
    house.receive({})
    plan, noon = house.plan(), datetime(2026, 5, 7, 12)
    logs = {"log": KilledBeforeLog, "after the log": KilledAfterLog}
    log = logs[at](house.file, noon) if at in logs else None
    house.api.days = [kill] if at == "answer" else []
    with pytest.raises(Killed):
        house.apply(plan, log=log, leads=KilledLeads(house.engine) if at == "lead" else None)
    (result,) = house.apply(plan if same_plan else house.plan())
    assert result.status == "applied"
    assert house.customers(EMAIL_ADRS_1=MAIL) == ["500001"]
    assert house.states()[0][1] == "500001"
    assert [row["customer_number"] for row in house.logged()] == ["500001"]
    assert house.ledger_states() == ["sent"]


def test_a_new_customer_whose_address_was_changed_at_once_is_not_created_again(house: House) -> None:
    house.receive({})
    plan = house.plan()
    with pytest.raises(Killed):
        house.apply(plan, leads=KilledLeads(house.engine))
    with house.store.engine.begin() as connection:
        moved = update(AR_CUST).where(AR_CUST.c.CUST_NO == "500001")
        connection.execute(moved.values(EMAIL_ADRS_1="ann@example.net", PHONE_1=None))
    assert [one.status for one in house.apply(house.plan())] == ["applied"]
    assert (house.states(), len(house.api.posted)) == ([("created", "500001")], 1)


def test_who_became_a_customer_at_the_till_since_the_plan_is_not_created(house: House) -> None:
    house.receive({})
    plan = house.plan()
    with house.store.engine.begin() as connection:
        connection.execute(
            update(AR_CUST).where(AR_CUST.c.CUST_NO.in_(["100001"])).values(MBL_PHONE_1="8285550142")
        )
    assert [one.status for one in house.apply(plan)] == ["applied"]
    assert (house.states(), house.api.posted) == ([("matched", "100001")], [])


def test_two_runs_at_once_make_everybody_once(house: House) -> None:
    house.receive(*({"email": f"a{n}@example.org", "phone": ""} for n in range(12)))
    plan = house.plan()

    def carry_out(name: str) -> list[str]:
        log = NewCustomerLog(house.file.with_name(name), datetime(2026, 5, 7, 9, 30))
        return [one.status for one in house.apply(plan, later=False, log=log)]

    with ThreadPoolExecutor(2) as pool:
        statuses = [status for found in pool.map(carry_out, ("one.csv", "two.csv")) for status in found]
    assert set(statuses) <= {"applied", "skipped"}
    assert len(house.api.posted) == 12
    assert {number for _, number in house.states()} == {str(n) for n in range(500_001, 500_013)}


def test_a_lead_that_was_deleted_is_a_conflict(house: House) -> None:
    house.receive({})
    plan = house.plan()
    with house.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM lead")
    assert [one.status for one in house.apply(plan)] == ["conflicted"]
    assert house.api.posted == []


def test_an_empty_customer_file_creates_nobody(house: House) -> None:
    house.receive({})
    with house.store.engine.begin() as connection:
        connection.execute(delete(AR_CUST))
    with pytest.raises(BudgetExceeded, match="0 customers were found"):
        house.plan()
