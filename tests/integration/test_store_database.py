"""The store database on every engine: ledger, audit, journal, published files, web products, leads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Engine, Table, delete, event, insert, inspect, select
from sqlalchemy.dialects import mssql
from sqlalchemy.schema import CreateTable

from include.changes import Change, Result
from include.database.engines import engine_for
from include.storedb.audit import Audit, audited_changes
from include.storedb.journal import TaskEnd, record
from include.storedb.leads import Lead, Leads
from include.storedb.ledger import Entry, Ledger
from include.storedb.migrate import alembic_config, upgrade
from include.storedb.published import PublishedFile, PublishedFiles
from include.storedb.runs import RunContext, moment
from include.storedb.tables import GIVEN_BRAND, LEAD, TYPED, WEB_PRODUCT, metadata
from include.storedb.web_products import RememberedProduct, WebProducts
from tests.databases import KINDS, fresh_database

RUN = RunContext("product_upkeep", "scheduled__2026-11-21T06:00:00+00:00", "brands.apply", -1)
NEW_YORK = ZoneInfo("America/New_York")


def soon() -> datetime:
    """A moment after all claims of a test."""
    return moment() + timedelta(minutes=1)


@pytest.fixture(scope="module", params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path_factory.mktemp("store_db")) as url:
        upgrade(url)
        yield engine_for(url)


def test_the_migrations_make_exactly_the_tables_that_the_code_uses(engine: Engine) -> None:
    upgrade(engine.url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "retail_ops_version"})
        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_migration_can_be_taken_back(kind: str, tmp_path: Path) -> None:
    with fresh_database(kind, tmp_path) as url:
        upgrade(url)
        config = alembic_config()
        with engine_for(url).connect() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "base")
            connection.commit()
        assert set(inspect(engine_for(url)).get_table_names()) <= {"retail_ops_version", "sqlite_sequence"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_of_the_first_migration_keeps_its_rows(kind: str, tmp_path: Path) -> None:
    with fresh_database(kind, tmp_path) as url:
        upgrade(url, "0001")
        Ledger(engine_for(url), RUN).claim(Entry("text", "rewards", "+15185550145", "2026-11-20"))
        upgrade(url)
        assert (
            not Ledger(engine_for(url), RUN)
            .claim(Entry("text", "rewards", "+15185550145", "2026-11-20"))
            .granted
        )
        assert WebProducts(engine_for(url)).all() == {}


@pytest.mark.parametrize("table", [WEB_PRODUCT, GIVEN_BRAND], ids=lambda table: table.name)
def test_keys_with_and_without_an_accent_are_two_items(engine: Engine, table: Table) -> None:
    rows = [{column.name: _filling(column, key) for column in table.c} for key in ("CAFE", "CAFÉ")]
    with engine.connect() as connection:
        connection.execute(insert(table), rows)
        found = list(connection.scalars(select(table.c.item_key)))
        connection.rollback()
    assert sorted(found) == sorted(row["item_key"] for row in rows)


@pytest.mark.parametrize("table", [WEB_PRODUCT, GIVEN_BRAND], ids=lambda table: table.name)
def test_sql_server_tells_keys_apart_exactly(table: Table) -> None:
    made = str(CreateTable(table).compile(dialect=mssql.dialect()))
    assert "item_key VARCHAR(40) COLLATE Latin1_General_BIN2 NOT NULL" in made


def _filling(column: Column, key: str) -> Any:
    if column.name == "item_key":
        return key
    kinds = {bool: True, int: 7, datetime: datetime(2026, 11, 20)}
    return kinds.get(column.type.python_type, "word")


def test_of_many_who_claim_at_once_one_may_send(engine: Engine) -> None:
    entry = Entry("text", "first_time_1", "+15185550142", "2026-11-20")

    def ask(_: int) -> bool:
        return Ledger(engine, RUN).claim(entry).granted

    with ThreadPoolExecutor(8) as pool:
        granted = list(pool.map(ask, range(24)))
    assert granted.count(True) == 1


def test_one_task_that_asks_twice_for_the_same_may_send_once(engine: Engine) -> None:
    entry, ledger = Entry("text", "first_time_1", "+15185550143", "2026-11-20"), Ledger(engine, RUN)
    assert [ledger.claim(entry).granted for _ in range(2)] == [True, False]


def test_what_was_sent_is_never_granted_again(engine: Engine) -> None:
    entry = Entry("mail", "revenue_report", "accounting", "2026-11-15")
    ledger = Ledger(engine, RUN)
    assert ledger.claim(entry).granted
    ledger.close(entry, "sent", vendor_id="<1@example.com>")
    later = Ledger(engine, RUN).claim(entry)
    assert (later.granted, later.status, later.vendor_id) == (False, "sent", "<1@example.com>")
    assert not Ledger(engine, RUN).reopen(later)
    ledger.close(entry, "unknown")
    assert Ledger(engine, RUN).claim(entry).status == "sent"


def test_a_claim_left_open_by_a_crash_is_found_and_taken_over_once(engine: Engine) -> None:
    entry = Entry("coupon", "stock_notice", "ada@example.com", "0045")
    Ledger(engine, RUN).claim(entry)
    later, other = Ledger(engine, RUN), Ledger(engine, RUN)
    assert list(later.unclosed("coupon", "stock_notice", ["0045"], soon() - timedelta(hours=1))) == []
    (found,) = later.unclosed("coupon", "stock_notice", ["0045"], soon())
    also_found = other.claim(entry)
    assert (found.entry, also_found.granted) == (entry, False)
    assert [later.reopen(found), other.reopen(also_found), later.reopen(found)] == [True, False, False]
    later.close(entry, "sent", vendor_id="77")
    assert not other.reopen(other.claim(entry))
    assert list(later.unclosed("coupon", "stock_notice", ["0045"], soon())) == []


def test_of_many_who_found_a_claim_open_one_takes_it_over(engine: Engine) -> None:
    entry = Entry("text", "first_time_2", "+15185550144", "2026-11-20")
    Ledger(engine, RUN).claim(entry)
    (found,) = Ledger(engine, RUN).unclosed("text", "first_time_2", ["2026-11-20"], soon())
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: Ledger(engine, RUN).reopen(found), range(16)))
    assert taken.count(True) == 1


@pytest.mark.parametrize("key", ["[new] rose.jpg", '"Ada" rose.jpg', f"{'folder/' * 10}{'n' * 251}.jpg"])
def test_the_audit_takes_any_file_name_and_any_message(engine: Engine, key: str) -> None:
    run = RunContext("hourly_inventory", f"manual__{key[:20]}", "photos.upload")
    change = Change("webdav", key, "sha256", None, "0" * 64, "is not on the server")
    audit = Audit(engine, run)
    audit.begin([change])
    audit.finish([Result(change, "failed", "found \x00 and \udcfc in it")])
    assert audited_changes(engine, run.dag_id, run.run_id) == [(change, "failed")]


def test_the_audit_keeps_types_and_outcomes(engine: Engine) -> None:
    made = [
        Change("IM_ITEM", "0012", "PRC_1", Decimal("1.50"), None, "no longer sold"),
        Change("IM_INV", ("0012", "1"), "QTY_AVAIL", Decimal(3), Decimal(-1), "counted"),
        Change("AR_CUST", "1001", "LST_SAL_DAT", datetime(2026, 11, 20), None, "refunded"),
    ]
    audit = Audit(engine, RUN)
    audit.begin(made)
    audit.begin(made)
    assert [outcome for _, outcome in audited_changes(engine, RUN.dag_id, RUN.run_id)] == ["pending"] * 3
    audit.finish([Result(made[0], "applied"), Result(made[1], "conflicted", "a till was faster")])
    assert audited_changes(engine, RUN.dag_id, RUN.run_id) == [
        (made[0], "applied"),
        (made[1], "conflicted"),
        (made[2], "pending"),
    ]


def test_a_published_file_is_remembered_once(engine: Engine) -> None:
    files = PublishedFiles(engine, "https://dav.example.com/dav")
    files.put(PublishedFile("content/a_b.csv", "0" * 64, 10, "e1", 5), RUN)
    files.put(PublishedFile("content/a_b.csv", "1" * 64, 12, "e2", 6, "12:99"), RUN)
    files.put(PublishedFile("contentious/c.csv", "2" * 64, 1), RUN)
    assert files.all("content/") == {
        "content/a_b.csv": PublishedFile("content/a_b.csv", "1" * 64, 12, "e2", 6, "12:99")
    }
    assert PublishedFiles(engine, "https://other.example.com").all() == {}


ROSE = RememberedProduct("0012", 5001, 70_001, "sku")
BOUND = RememberedProduct("B0001", 5**13, None, "connector")


def test_what_the_shop_no_longer_sells_is_forgotten_and_the_rest_kept(engine: Engine) -> None:
    memory = WebProducts(engine)
    memory.remember([ROSE, BOUND])
    memory.remember([ROSE, BOUND])
    assert memory.all() == {"0012": ROSE, "B0001": BOUND}
    moved = RememberedProduct("0012", 6001, None, "remembered")
    lily = RememberedProduct("O'HARA 3\" %", 5002, 70_002, "sku")
    memory.remember([ROSE, moved, lily])
    assert memory.all() == {"0012": moved, lily.item_key: lily}
    memory.remember([])
    assert memory.all() == {}


def test_a_product_that_did_not_change_is_seen_anew(engine: Engine) -> None:
    memory = WebProducts(engine)
    memory.remember([ROSE])
    seen = []
    for _ in range(2):
        memory.remember([ROSE])
        with engine.connect() as connection:
            seen.append(connection.scalars(select(WEB_PRODUCT.c.seen_at)).one())
    assert seen[0] < seen[1]


def test_thousands_of_products_are_remembered_in_few_statements(engine: Engine) -> None:
    memory = WebProducts(engine)
    rows = [RememberedProduct(f"{n:06}", n, n + 1, "sku") for n in range(10_000)]
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    event.listen(engine, "before_cursor_execute", note)
    try:
        memory.remember(rows)
        first = len(statements)
        memory.remember([*rows[1:], ROSE])
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert first <= 30
    assert len(statements) - first <= 4
    assert len(memory.all()) == 10_000
    memory.remember([])


ARRIVAL = datetime(2026, 11, 20, 23, 59, 59, 123456)


@pytest.fixture
def leads(engine: Engine) -> Leads:
    with engine.begin() as connection:
        connection.execute(delete(LEAD))
    return Leads(engine)


def a_lead(key: str, **over: Any) -> Lead:
    return Lead(ARRIVAL, "form", key, **over)


def test_a_lead_comes_back_to_the_letter(leads: Leads) -> None:
    comments = (
        "".join(('3" deep, ', "O'Hare ", "Zoë ", "伟 ", "\U0001f337\U0001f1fa\U0001f1f8 ", "\n\tnext ")) * 250
    )
    given = a_lead(
        "1",
        first_name="\U0001f337" * 100,
        last_name="O'Hare; DROP TABLE lead --",
        email=f"{'e' * (TYPED - 12)}@example.com",
        phone="828-555-0142",
        interested_in=("Delivery & Placement", 'a "wall"', "\U0001f337"),
        timeline="Today",
        street="1 Main St  ",
        zip_code="02861",
        comments=comments,
    )
    assert leads.add([given]) == 1
    (found,) = leads.new()
    assert found.id is not None
    assert replace(found, id=None) == given
    assert leads.by_id([found.id, 10**9]) == {found.id: found}


def test_a_lead_is_stored_once_however_often_it_comes(leads: Leads) -> None:
    assert leads.add([]) == 0
    assert leads.add([a_lead("1"), a_lead("2", first_name="Ann"), a_lead("2", first_name="Bob")]) == 2
    assert leads.add([a_lead("2", first_name="Eve"), a_lead("3")]) == 1
    assert sorted(lead.first_name for lead in leads.new()) == ["", "", "Bob"]


def test_of_many_who_bring_the_same_leads_each_lead_stays_one(leads: Leads) -> None:
    given = [a_lead(str(number)) for number in range(50)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: leads.add(given), range(8)))
    assert len(leads.new()) == 50


def test_thousands_of_leads_are_stored_and_found(leads: Leads) -> None:
    given = [a_lead(f"{number:05}", comments="x" * 200) for number in range(5000)]
    assert [leads.add(given), leads.add(given)] == [5000, 0]
    found = leads.new()
    assert len(leads.by_id(lead.id for lead in found if lead.id)) == 5000


def test_new_leads_come_in_the_order_of_their_arrival(leads: Leads) -> None:
    moments = [ARRIVAL, ARRIVAL - timedelta(microseconds=1), ARRIVAL - timedelta(days=1)]
    leads.add(Lead(at, "csv", str(place)) for place, at in enumerate(moments))
    assert [lead.source_key for lead in leads.new()] == ["2", "1", "0"]


def test_a_settled_lead_stays_as_it_was_settled_first(leads: Leads) -> None:
    leads.add([a_lead("1"), a_lead("2")])
    one, two = (lead.id for lead in leads.new())
    assert one is not None
    leads.settle(one, "created", cust_no="100001", message="\U0001f337 left out: \udcfc\x00" + "m" * 600)
    leads.settle(one, "rejected", message="too late")
    assert [lead.id for lead in leads.new()] == [two]
    settled = leads.by_id([one])[one]
    assert (settled.status, settled.cust_no, len(settled.message)) == ("created", "100001", 500)
    assert settled.processed_at is not None


def test_sql_server_keeps_emoji_in_leads() -> None:
    made = str(CreateTable(LEAD).compile(dialect=mssql.dialect()))
    assert "first_name NVARCHAR(255) NOT NULL" in made
    assert re.search(r"comments N(TEXT|VARCHAR\(max\)) NOT NULL", made)


def _end(task: str, at: datetime, outcome: str = "success", error: str = "") -> TaskEnd:
    run = RunContext("hourly_inventory", "manual__1", task, -1)
    return TaskEnd(
        run, 1, at - timedelta(seconds=2), at, outcome, {"planned": 4, "applied": 4, "seconds": 1.0}, error
    )


def test_the_text_log_has_a_line_for_each_task_and_counts_errors(engine: Engine) -> None:
    written: dict[date, str] = {}
    noon = datetime(2026, 7, 1, 16, tzinfo=UTC)
    ends = [_end(f"part_{n}", noon + timedelta(seconds=n)) for n in range(6)]
    ends += [
        _end("broken", noon + timedelta(minutes=1), "failed", "VendorUnavailable: WebDAV did not answer")
    ]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda end: record(engine, end, NEW_YORK, written.__setitem__), ends))
    text = written[date(2026, 7, 1)]
    lines = [line for line in text.splitlines() if "hourly_inventory." in line]
    assert len(lines) == 7
    assert "11:59:58" in lines[0]
    assert "planned 4, applied 4" in lines[0]
    assert text.endswith("Total errors: 1\n")
    assert "VendorUnavailable: WebDAV did not answer" in lines[-1]


def test_a_day_ends_at_midnight_of_the_store(engine: Engine) -> None:
    written: dict[date, str] = {}
    record(engine, _end("late", datetime(2026, 8, 2, 3, 59, tzinfo=UTC)), NEW_YORK, written.__setitem__)
    record(engine, _end("early", datetime(2026, 8, 2, 4, 1, tzinfo=UTC)), NEW_YORK, written.__setitem__)
    assert "late" in written[date(2026, 8, 1)]
    assert "early" in written[date(2026, 8, 2)]
    assert "late" not in written[date(2026, 8, 2)]
