"""The first contact of people: who gets it, and who is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select
from sqlalchemy.dialects import mssql

from include.changes import Change
from include.counterpoint.tables import AR_CUST
from include.counterpoint.writer import write_changes
from include.customers.contacts import Person, contacts, people_without_contact, plan_contacts
from include.customers.names import full_name
from include.customers.upkeep_settings import ContactSettings, CustomerSettings
from include.database.engines import engine_for
from include.errors import BudgetExceeded, InvalidSettings
from include.settings import load_settings
from tests.databases import KINDS, fresh_database
from tests.item_file import SeededStore

SHIPPED = load_settings(CustomerSettings, "customers")
NIGHT = datetime(2026, 5, 7, 21)


def planned(first: str | None, last: str | None, contact: str | None = None, **over: Any) -> list[Any]:
    settings = ContactSettings.model_validate(SHIPPED.contacts.model_dump() | over)
    return [change.new for change in contacts([Person("1001", first, last, contact)], settings)]


@pytest.mark.parametrize(
    ("first", "last", "contact"),
    [
        ("MARY ANN", "O'HARE", ["Mary Ann O'Hare"]),
        (None, "Walker", ["Walker"]),
        ("Cher", None, ["Cher"]),
        ("Cher", "  ", ["Cher"]),
        (None, None, []),
        (" ", "", []),
        ("Change", "Name", []),
        ("CHANGE", "name ", []),
        ("Change", "Smith", ["Change Smith"]),
        ("Ann", "Name", ["Ann Name"]),
        ("Change", None, ["Change"]),
    ],
)
def test_whoever_has_a_name_gets_it_as_contact_but_for_the_tills_placeholder(
    first: str | None, last: str | None, contact: list[str]
) -> None:
    assert planned(first, last) == contact


@pytest.mark.parametrize(
    ("first", "last", "contact"),
    [
        ("Change", "Smith", []),
        ("Ann", "NAME ", []),
        ("change", None, []),
        ("Ann", "Lee", ["Ann Lee"]),
        (None, "Lee", ["Lee"]),
    ],
)
def test_a_store_may_skip_half_a_placeholder(first: str | None, last: str | None, contact: list[str]) -> None:
    assert planned(first, last, skip_when="either") == contact


@pytest.mark.parametrize(("first", "last"), [(None, "Lee"), ("Ann", None), ("Ann", " ")])
def test_a_store_may_want_complete_names_only(first: str | None, last: str | None) -> None:
    assert planned(first, last, complete_names_only=True) == []
    assert planned("Ann", "Lee", complete_names_only=True) == ["Ann Lee"]


def test_a_store_may_have_a_placeholder_of_its_own() -> None:
    own: dict[str, Any] = {"placeholder": {"first": "new", "last": "customer"}}
    assert planned("New", "CUSTOMER", **own) == []
    assert planned("Change", "Name", **own) == ["Change Name"]


def test_the_guard_is_the_contact_as_it_is_stored_and_the_reason_names_nobody() -> None:
    people = [
        Person("1001", "ANN", "LEE", None),
        Person("1002", "ANN", "LEE", "  "),
        Person("1003", "A", "B", "X"),
    ]
    none, blank = contacts(people, SHIPPED.contacts)
    assert (none.key, none.old, blank.key, blank.old) == ("1001", None, "1002", "  ")
    assert "lee" not in (none.reason + blank.reason).lower()


@pytest.mark.parametrize("text", ["skip_when: pairs", "placeholder: {first: 7}", "placeholder: {first: ' '}"])
def test_wrong_settings_are_named(text: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "customers.yaml").write_text(f"contacts:\n  {text}\n", encoding="utf-8")
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    with pytest.raises(InvalidSettings, match=r"contacts\."):
        load_settings(CustomerSettings, "customers")


CUSTOMERS = [
    ("1", "P", None),
    ("2", "p", None),
    ("3", "P", ""),
    ("4", "P", "   "),
    ("5", "P", "Ann Lee"),
    ("6", "B", None),
    ("7", None, None),
]


@pytest.fixture(scope="module", params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path_factory.mktemp("counterpoint")) as url:
        engine = engine_for(url)
        with engine.begin() as connection:
            AR_CUST.create(connection)
            names = {"FST_NAM": "ANN", "LST_NAM": "LEE", "LOY_PTS_BAL": 0}
            rows = [
                {"CUST_NO": number, "CUST_NAM_TYP": kind, "CONTCT_1": contact, **names}
                for number, kind, contact in CUSTOMERS
            ]
            connection.execute(insert(AR_CUST), rows)
        yield engine


def test_only_people_without_a_contact_are_read_and_written_once(engine: Engine) -> None:
    def read(query: Any) -> list[Any]:
        with engine.connect() as connection:
            return list(connection.execute(query))

    plan = plan_contacts(read, SHIPPED)
    assert ([change.key for change in plan.changes], plan.considered) == (["1", "2", "3", "4"], 5)
    results = [one for batch in write_changes(engine, plan.changes, NIGHT) for one in batch]
    assert {one.status for one in results} == {"applied"}
    assert plan_contacts(read, SHIPPED).changes == ()


def test_the_query_is_understood_by_old_sql_servers() -> None:
    text = str(people_without_contact().compile(dialect=mssql.dialect())).lower()
    assert "trim(" not in text.replace("ltrim(", "").replace("rtrim(", "")


def test_a_whole_store_gets_its_contacts_in_one_run(tmp_path: Any) -> None:
    store = SeededStore(tmp_path)
    plan = plan_contacts(store.read, SHIPPED)
    SHIPPED.budgets["contacts"].budget().check(plan)
    assert plan.changes
    results = [one for batch in write_changes(store.engine, plan.changes, NIGHT) for one in batch]
    assert {one.status for one in results} == {"applied"}
    assert plan_contacts(store.read, SHIPPED).changes == ()

    customer = AR_CUST.c
    columns = (customer.CUST_NO, customer.FST_NAM, customer.LST_NAM, customer.CUST_NAM_TYP, customer.CONTCT_1)
    rows = {row.CUST_NO: row for row in store.read(select(*columns))}
    for change in plan.changes:
        assert full_name(rows[change.key].FST_NAM, rows[change.key].LST_NAM) == rows[change.key].CONTCT_1
        assert "None" not in str(change.new).split()
    left = [
        row
        for row in rows.values()
        if (row.CUST_NAM_TYP or "").upper() == "P" and not (row.CONTCT_1 or "").strip()
    ]
    names = {tuple((part or "").strip().upper() for part in (row.FST_NAM, row.LST_NAM)) for row in left}
    assert names <= {("CHANGE", "NAME"), ("", "")}


def test_an_empty_table_of_customers_is_no_reason_to_believe_it() -> None:
    with pytest.raises(BudgetExceeded):
        SHIPPED.budgets["contacts"].budget().check(
            plan_contacts(lambda query: [(0,)] if "count" in str(query) else [], SHIPPED)
        )


def test_what_a_clerk_enters_after_the_plan_wins(tmp_path: Any) -> None:
    store = SeededStore(tmp_path)
    change = plan_contacts(store.read, SHIPPED).changes[0]
    store.make([Change("AR_CUST", str(change.key), "CONTCT_1", change.old, "Aunt Zoë", "")])
    (result,) = [one for batch in write_changes(store.engine, [change], NIGHT) for one in batch]
    assert result.status == "conflicted"
    assert store.column("AR_CUST", "CONTCT_1")[str(change.key)] == "Aunt Zoë"
