"""The customer lists for e-mail marketing: who is on them, what their cells say, when they are replaced."""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, Select, delete, func, select, update
from sqlalchemy.dialects import mssql
from upath import UPath

from include.changes import Plan, Reject, Result
from include.counterpoint.tables import AR_CUST
from include.customers.email_lists import TARGET, plan_email_list, publish_email_list, write_list
from include.customers.list_customers import ListCustomer, customers, list_customers
from include.customers.settings import EmailListSettings
from include.database.engines import engine_for
from include.errors import InvalidRequest
from include.settings import load_settings
from tests.databases import KINDS, fresh_database
from tests.item_file import SeededStore

SHIPPED = load_settings(EmailListSettings, "email_lists")
RETAIL = SHIPPED.segments["retail"]
CUSTOMER = {"CATEG_COD": "RETAIL", "EMAIL_ADRS_1": "a@example.com", "INCLUDE_IN_MARKETING_MAILOUTS": "Y"}
CUSTOMERS: list[dict[str, Any]] = [
    {"CUST_NO": "200", "CATEG_COD": "retail "},
    {"CUST_NO": "1000", "EMAIL_ADRS_1": "none"},
    {"CUST_NO": "A2"},
    {"CUST_NO": "b1", "INCLUDE_IN_MARKETING_MAILOUTS": None},
    {"CUST_NO": "300", "CATEG_COD": "WHOLESALE"},
    {"CUST_NO": "400", "CATEG_COD": None},
    {"CUST_NO": "500", "EMAIL_ADRS_1": None},
    {"CUST_NO": "600", "EMAIL_ADRS_1": "  "},
]


@pytest.fixture(scope="module", params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path_factory.mktemp("counterpoint")) as url:
        engine = engine_for(url)
        with engine.begin() as connection:
            AR_CUST.create(connection)
            for customer in CUSTOMERS:
                connection.execute(AR_CUST.insert(), CUSTOMER | customer)
        yield engine


def numbers(engine: Engine, segment: str = "retail", **over: Any) -> list[str]:
    with engine.connect() as connection:
        rows = connection.execute(customers(SHIPPED.model_copy(update=over), segment))
        return [row.CUST_NO for row in rows]


def test_a_list_has_its_category_and_whoever_left_an_address_by_number(engine: Engine) -> None:
    assert numbers(engine) == ["1000", "200", "A2", "b1"]
    assert numbers(engine, "wholesale") == ["300"]
    assert numbers(engine, only_mailout_yes=True) == ["1000", "200", "A2"]


def test_the_query_is_understood_by_old_sql_servers() -> None:
    text = str(customers(SHIPPED, "retail").compile(dialect=mssql.dialect()))
    assert "trim(" not in text.lower().replace("ltrim(", "").replace("rtrim(", "")
    assert "COLLATE Latin1_General_BIN2" in text


def a_row(**over: Any) -> SimpleNamespace:
    values: dict[str, Any] = {
        "CUST_NO": "100001",
        "FST_NAM": "Ann",
        "LST_NAM": "O'Hare",
        "EMAIL_ADRS_1": "ann@example.com",
        "PHONE_1": "518-555-0142",
        "PROF_COD_2": "4",
        "PROF_COD_3": None,
        "LOY_PTS_BAL": Decimal("12.0000"),
    }
    return SimpleNamespace(**(values | over))


def lines(found: list[ListCustomer], file: Path, segment: str = "retail") -> list[list[str]]:
    assert write_list(found, file, SHIPPED.segments[segment]) == len(found)
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.reader(text))


def cell(tmp_path: Path, heading: str, **over: Any) -> str:
    headings, line = lines(list(list_customers([a_row(**over)], [])), tmp_path / "list.csv")
    return dict(zip(headings, line, strict=True))[heading]


def test_each_segment_has_the_columns_that_the_platform_expects(tmp_path: Path) -> None:
    found = list(list_customers([a_row()], []))
    assert lines(found, tmp_path / "retail.csv") == [
        [
            "Customer Number",
            "First Name",
            "Last Name",
            "Email Address",
            "Phone - home",
            "Birth Month",
            "Point Balance",
        ],
        ["100001", "Ann", "O'Hare", "ann@example.com", "518-555-0142", "4", "12"],
    ]
    assert lines(found, tmp_path / "wholesale.csv", "wholesale") == [
        ["Customer Number", "First Name", "Last Name", "Email Address", "Phone Number"],
        ["100001", "Ann", "O'Hare", "ann@example.com", "518-555-0142"],
    ]


@pytest.mark.parametrize(
    ("over", "heading", "text"),
    [
        ({"LOY_PTS_BAL": None}, "Point Balance", "0"),
        ({"LOY_PTS_BAL": Decimal("-7.0000")}, "Point Balance", "0"),
        ({"LOY_PTS_BAL": Decimal("7.9900")}, "Point Balance", "7"),
        ({"PROF_COD_2": "04 "}, "Birth Month", "4"),
        ({"PROF_COD_2": "12"}, "Birth Month", "12"),
        ({"PROF_COD_2": None}, "Birth Month", ""),
        ({"PROF_COD_2": ""}, "Birth Month", ""),
        ({"PROF_COD_2": "0"}, "Birth Month", ""),
        ({"PROF_COD_2": "13"}, "Birth Month", ""),
        ({"PROF_COD_2": "May"}, "Birth Month", ""),
        ({"PROF_COD_2": "²"}, "Birth Month", ""),
        ({"FST_NAM": None}, "First Name", ""),
        ({"FST_NAM": "  José  Luis "}, "First Name", "José Luis"),
        ({"LST_NAM": "Line\r\nBreak"}, "Last Name", "Line Break"),
        ({"LST_NAM": "=1+1"}, "Last Name", "'=1+1"),
        ({"LST_NAM": "\t@sum"}, "Last Name", "'@sum"),
        ({"CUST_NO": " 0012 "}, "Customer Number", "0012"),
        ({"EMAIL_ADRS_1": "  ann@example.net "}, "Email Address", "ann@example.net"),
        ({"EMAIL_ADRS_1": "JOE.O'Hare+x@EXAMPLE.co.uk"}, "Email Address", "JOE.O'Hare+x@EXAMPLE.co.uk"),
        ({"PHONE_1": "+1 (518) 555-0142"}, "Phone - home", "+1 (518) 555-0142"),
        ({"PHONE_1": "+15185550142"}, "Phone - home", "+15185550142"),
        ({"PHONE_1": "-call me"}, "Phone - home", "'-call me"),
        ({"PHONE_1": "+1+cmd|'/c'!A0"}, "Phone - home", "'+1+cmd|'/c'!A0"),
        ({"PHONE_1": "-"}, "Phone - home", "'-"),
        ({"PHONE_1": None}, "Phone - home", ""),
    ],
)
def test_cells(tmp_path: Path, over: dict[str, Any], heading: str, text: str) -> None:
    assert cell(tmp_path, heading, **over) == text


@pytest.mark.parametrize(
    "address",
    [
        "none",
        "jane@example,com",
        "bob at example.com",
        "a@b",
        "@example.com",
        "a b@example.com",
        "a@example.com b@example.com",
        "=cmd@example.com",
        "a@example..com",
        "a@example.com\nBcc:x",
        "\t",
    ],
)
def test_an_address_that_is_none_is_set_aside_without_repeating_it(address: str) -> None:
    rejects: list[Reject] = []
    assert list(list_customers([a_row(EMAIL_ADRS_1=address)], rejects)) == []
    assert [reject.key for reject in rejects] == ["100001"]
    assert "EMAIL_ADRS_1" in rejects[0].reason
    assert not address.strip() or address.strip() not in rejects[0].reason.replace("EMAIL_ADRS_1", "")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_no_text_breaks_a_line_or_runs_as_a_formula(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    row = a_row(CUST_NO=text, FST_NAM=text, LST_NAM=text, PHONE_1=text)
    file = tmp_path_factory.mktemp("list") / "list.csv"
    _, line = lines(list(list_customers([row], [])), file)
    assert len(line) == len(RETAIL.columns)
    assert not any(cell.startswith(("=", "@", "\t", "\r")) for cell in line)
    assert file.read_bytes().count(b"\n") == 2


class Lists:
    """A seeded store and its folder of lists, as two tasks use them."""

    def __init__(self, store: SeededStore, folder: Any, settings: EmailListSettings = SHIPPED) -> None:
        self.store, self.settings = store, settings
        self.published, self.candidate = folder / RETAIL.file, folder / "candidate.csv"

    def plan(self) -> Plan:
        return plan_email_list(self.store.stream, self.published, self.candidate, "retail", self.settings)

    def publish(self, plan: Plan) -> Result:
        (change,) = plan.changes
        return publish_email_list(change, self.published, self.candidate)

    def rows(self) -> list[dict[str, str]]:
        text = self.published.read_bytes().decode()
        return list(csv.DictReader(text.splitlines()))


@pytest.fixture(params=["disk", "object storage"])
def lists(request: pytest.FixtureRequest, tmp_path: Path) -> Lists:
    folder = tmp_path / "lists" if request.param == "disk" else UPath(f"memory://{uuid4().hex}/lists")
    folder.mkdir(parents=True, exist_ok=True)
    return Lists(SeededStore(tmp_path), folder)


def test_the_dirt_of_a_real_store_makes_a_clean_list_once(lists: Lists) -> None:
    plan = lists.plan()
    (change,) = plan.changes
    assert (change.target, change.key, change.field) == (TARGET, "email_lists/retail_customers.csv", "sha256")
    assert not lists.published.exists()
    assert lists.publish(plan).status == "applied"
    assert not lists.candidate.exists()
    rows = lists.rows()
    assert change.reason == f"{len(rows)} customers"
    assert plan.considered == len(rows) + len(plan.rejects)

    mails = lists.store.column("AR_CUST", "EMAIL_ADRS_1")
    kinds = lists.store.column("AR_CUST", "CATEG_COD")
    wanted = {
        no for no, mail in mails.items() if (mail or "").strip() and (kinds[no] or "").upper() == "RETAIL"
    }
    assert {row["Customer Number"] for row in rows} | {r.key for r in plan.rejects} == wanted
    assert [row["Customer Number"] for row in rows] == sorted(row["Customer Number"] for row in rows)
    assert {row["Birth Month"] for row in rows} <= {"", *map(str, range(1, 13))}
    assert all(row["Point Balance"].isdecimal() and "@" in row["Email Address"] for row in rows)

    assert lists.plan().changes == ()
    assert not lists.candidate.exists()


def test_a_changed_customer_replaces_the_list(lists: Lists) -> None:
    lists.publish(lists.plan())
    number = lists.rows()[0]["Customer Number"]
    with lists.store.engine.begin() as connection:
        customer = AR_CUST.c.CUST_NO.in_([number])
        connection.execute(update(AR_CUST).where(customer).values(LOY_PTS_BAL=4321))
    plan = lists.plan()
    assert plan.changes[0].old is not None
    lists.publish(plan)
    assert lists.rows()[0]["Point Balance"] == "4321"


def test_a_list_that_collapses_stays_as_it_is(lists: Lists) -> None:
    lists.publish(lists.plan())
    before = lists.published.read_bytes()
    with lists.store.engine.begin() as connection:
        half = select(func.max(AR_CUST.c.CUST_NO)).scalar_subquery()
        connection.execute(delete(AR_CUST).where(half != AR_CUST.c.CUST_NO))
    with pytest.raises(InvalidRequest, match=r"retail_customers.csv would shrink from \d+ to \d+ customers"):
        lists.plan()
    assert lists.published.read_bytes() == before
    assert not lists.candidate.exists()
    lists.settings = SHIPPED.model_copy(update={"smallest_share": 0.0})
    assert len(lists.plan().changes) == 1


def test_publishing_twice_has_one_outcome(lists: Lists) -> None:
    plan = lists.plan()
    copy = lists.candidate.read_bytes()
    assert lists.publish(plan).status == "applied"
    assert lists.publish(plan).status == "applied"
    lists.candidate.write_bytes(copy)
    assert lists.publish(plan).status == "applied", "killed before it removed the candidate"
    assert not lists.candidate.exists()


def test_what_changed_since_the_plan_is_not_overwritten(lists: Lists) -> None:
    plan = lists.plan()
    lists.published.write_bytes(b"by hand")
    assert lists.publish(plan).status == "conflicted"
    assert lists.published.read_bytes() == b"by hand"

    lists.published.unlink()
    lists.candidate.write_bytes(b"another run's")
    assert lists.publish(plan).status == "conflicted"
    lists.candidate.unlink()
    assert lists.publish(plan).status == "conflicted"
    assert not lists.published.exists()


def test_a_list_that_somebody_edited_is_made_anew(lists: Lists) -> None:
    lists.publish(lists.plan())
    good = lists.published.read_bytes()
    lists.published.write_bytes(good + b'"edited in a spreadsheet\r\n')
    lists.publish(lists.plan())
    assert lists.published.read_bytes() == good


def test_a_store_without_such_customers_gets_a_heading(tmp_path: Path) -> None:
    @contextmanager
    def nobody(_query: Select[Any]) -> Iterator[Iterator[Any]]:
        yield iter(())

    published, candidate = tmp_path / "list.csv", tmp_path / "candidate.csv"
    (change,) = plan_email_list(nobody, published, candidate, "wholesale", SHIPPED).changes
    assert publish_email_list(change, published, candidate) == Result(change, "applied")
    assert published.read_text().startswith("Customer Number,")
    assert plan_email_list(nobody, published, candidate, "wholesale", SHIPPED).changes == ()


def test_a_failing_read_leaves_nothing_behind(tmp_path: Path) -> None:
    @contextmanager
    def broken(_query: Select[Any]) -> Iterator[Iterator[Any]]:
        def rows() -> Iterator[Any]:
            yield a_row()
            raise ConnectionError

        yield rows()

    with pytest.raises(ConnectionError):
        plan_email_list(broken, tmp_path / "list.csv", tmp_path / "candidate.csv", "retail", SHIPPED)
    assert list(tmp_path.iterdir()) == []


def test_customers_are_written_as_they_come_with_a_word_now_and_then(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written = tmp_path / "list.csv"
    sizes: list[int] = []

    def rows() -> Iterator[Any]:
        for number in range(25_000):
            if number % 5000 == 0:
                sizes.append(written.stat().st_size)
            yield a_row(CUST_NO=f"{number:06d}")

    with caplog.at_level(logging.INFO):
        assert write_list(list_customers(rows(), []), written, RETAIL) == 25_000
    assert sizes == sorted(set(sizes)), "the file grows while customers are read"
    assert [record.args for record in caplog.records] == [(RETAIL.file, 10_000), (RETAIL.file, 20_000)]
