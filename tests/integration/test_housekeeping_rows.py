"""Old rows on every engine: what goes, what loses its words, and what is never touched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, func, insert, select

from include.changes import Change, Result
from include.database.engines import engine_for
from include.storedb.audit import Audit, audited_changes
from include.storedb.leads import Lead, Leads
from include.storedb.ledger import Entry, Ledger
from include.storedb.migrate import upgrade
from include.storedb.retention import BATCH, RULES, Retention
from include.storedb.runs import RunContext
from include.storedb.stock_requests import StockRequest, StockRequests
from include.storedb.tables import (
    AUDIT,
    JOURNAL,
    LEAD,
    LEDGER,
    LOG_DAY,
    STOCK_REQUEST,
    TEXT_EVENT,
    TEXT_MESSAGE,
)
from include.storedb.text_events import TextEvent, TextEvents
from include.undo import made_by
from tests.databases import KINDS, fresh_database

NOW = datetime(2026, 11, 20, 9)
CUTOFF = NOW - timedelta(days=400)
OLD, YOUNG = CUTOFF - timedelta(days=1), CUTOFF + timedelta(days=1)
RUN = RunContext("housekeeping", "run 1", "database.apply")


@pytest.fixture(scope="module", params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path_factory.mktemp("rows")) as url:
        upgrade(url)
        yield engine_for(url)


@pytest.fixture(autouse=True)
def empty(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in {rows.table for rows in RULES.values()} | {LOG_DAY, LEDGER}:
            connection.execute(delete(table))


def add(engine: Engine, table: Any, *rows: dict[str, Any]) -> None:
    with engine.begin() as connection:
        connection.execute(insert(table), list(rows))


def journal(ended: datetime, number: int = 0) -> dict[str, Any]:
    return {
        "store_day": ended.date(),
        "started_at": ended,
        "ended_at": ended,
        "seconds": 1.0,
        "outcome": "success",
        "try_number": 1,
        **RunContext("a_dag", f"run {number}", "task").columns(),
    }


def test_rows_go_by_the_thousand_and_the_young_ones_stay(engine: Engine) -> None:
    many = BATCH + 5
    add(engine, JOURNAL, *(journal(OLD, number) for number in range(many)), journal(YOUNG))
    add(engine, LOG_DAY, *({"store_day": at.date(), "writes": 1} for at in (OLD, YOUNG)))
    retention = Retention(engine)
    assert retention.count("journal", CUTOFF) == (many, many + 1)
    assert retention.carry_out("journal", CUTOFF) == many
    assert retention.count("journal", CUTOFF) == (0, 1)
    assert retention.carry_out("journal", CUTOFF) == 0
    with engine.connect() as connection:
        assert list(connection.scalars(select(LOG_DAY.c.store_day))) == [YOUNG.date()]


def event(engine: Engine, kind: Any, sid: str, at: datetime, *, done: bool = True) -> None:
    words = (
        {"body": "Ihre Größe?", "media": ("https://example.com/a.jpg",)}
        if kind == "reply"
        else {"status": "sent"}
    )
    found = TextEvent(kind, sid, "+15185550142", at, **words)
    events = TextEvents(engine)
    events.add(found)
    if done:
        events.done([one.id for one in events.unprocessed() if one.sid == sid and one.id])
        with engine.begin() as connection:
            connection.execute(TEXT_EVENT.update().where(TEXT_EVENT.c.sid == sid).values(processed_at=at))


def test_reports_go_and_replies_lose_their_words_once_they_are_worked_off(engine: Engine) -> None:
    for kind in ("status", "reply"):
        for name, at, done in (("old", OLD, True), ("young", YOUNG, True), ("waiting", OLD, False)):
            event(engine, kind, f"{kind} {name}", at, done=done)
    retention = Retention(engine)
    assert retention.carry_out("text_reports", CUTOFF) == 1
    assert retention.carry_out("reply_bodies", CUTOFF) == 1
    assert retention.carry_out("reply_bodies", CUTOFF) == 0
    with engine.connect() as connection:
        left = {row.sid: (row.body, row.media) for row in connection.execute(select(TEXT_EVENT))}
    assert set(left) == {"status young", "status waiting", "reply old", "reply young", "reply waiting"}
    assert left["reply old"] == (None, None)
    assert left["reply young"][0] == left["reply waiting"][0] == "Ihre Größe?"


def test_texts_that_may_still_go_out_keep_their_words(engine: Engine) -> None:
    def row(number: int, status: str, at: datetime) -> dict[str, Any]:
        return {
            "text_hash": f"{number}",
            "campaign": "birthday",
            "anchor": "2025-10-01",
            "cust_no": "C1",
            "phone": "+15185550142",
            "body": "Hi Ada",
            "segments": 1,
            "cost": 0,
            "status": status,
            "reason": "",
            "planned_at": at,
            **RUN.columns(),
        }

    rows = [("delivered", OLD), ("delivered", YOUNG), ("planned", OLD), ("unknown", OLD), ("held_out", OLD)]
    add(engine, TEXT_MESSAGE, *(row(number, *one) for number, one in enumerate(rows)))
    assert Retention(engine).carry_out("text_bodies", CUTOFF) == 2
    with engine.connect() as connection:
        found = connection.execute(
            select(TEXT_MESSAGE.c.body, TEXT_MESSAGE.c.phone).order_by(TEXT_MESSAGE.c.text_hash)
        )
        assert [row.body for row in found] == ["", "Hi Ada", "Hi Ada", "Hi Ada", ""]


def test_leads_keep_their_place_and_lose_everything_that_was_typed(engine: Engine) -> None:
    leads = Leads(engine)
    typed = {"first_name": "Adá", "email": "ada@example.com", "phone": "518-555-0142", "comments": "🌱"}
    for key, at in (("old", OLD), ("young", YOUNG), ("new", OLD)):
        leads.add([Lead(at, "csv", key, interested_in=("ponds",), **typed)])  # type: ignore[arg-type]
    with engine.begin() as connection:
        done = LEAD.c.source_key.in_(("old", "young"))
        values = {"status": "created", "cust_no": "C1", "processed_at": LEAD.c.received_at}
        connection.execute(LEAD.update().where(done).values(values))
        ids = dict(connection.execute(select(LEAD.c.source_key, LEAD.c.id)).tuples().all())
    assert Retention(engine).carry_out("leads", CUTOFF) == 1
    assert Retention(engine).carry_out("leads", CUTOFF) == 0
    found = leads.by_id(ids.values())
    old = found[ids["old"]]
    assert (old.first_name, old.email, old.phone, old.comments, old.interested_in) == ("", "", "", "", ())
    assert (old.cust_no, old.status) == ("C1", "created")
    assert found[ids["young"]].first_name == found[ids["new"]].first_name == "Adá"
    assert leads.add([Lead(OLD, "csv", "old", **typed)]) == 0, "the file's row must not come in again"  # type: ignore[arg-type]


def test_closed_stock_requests_forget_who_asked(engine: Engine) -> None:
    requests = StockRequests(engine)
    for item in ("OLD", "YOUNG", "OPEN"):
        requests.add(
            StockRequest(item, "ada@example.com", OLD, name="Ada", phone="+15185550142", text_consent=True)
        )
    for request in requests.open():
        if request.item_key != "OPEN" and request.id:
            requests.close(request.id, "sent", "COUPON")
    with engine.begin() as connection:
        for item, at in (("OLD", OLD), ("YOUNG", YOUNG)):
            connection.execute(
                STOCK_REQUEST.update().where(STOCK_REQUEST.c.item_key == item).values(closed_at=at)
            )
    assert Retention(engine).carry_out("stock_requests", CUTOFF) == 1
    with engine.connect() as connection:
        rows = {row.item_key: row for row in connection.execute(select(STOCK_REQUEST))}
    assert (rows["OLD"].name, rows["OLD"].email, rows["OLD"].phone) == ("", "", None)
    assert rows["OLD"].coupon_code == "COUPON"
    assert rows["YOUNG"].email == rows["OPEN"].email == "ada@example.com"


def test_customers_values_leave_the_audit_and_undo_still_reads_it(engine: Engine) -> None:
    changes = [
        Change("AR_CUST", "C1", "PHONE_1", "518-555-0142", None, "landline"),
        Change("IM_ITEM", "100", "STAT", "A", "V", "sold out"),
    ]
    run = RunContext("customer_upkeep", "run 7", "apply")
    Audit(engine, run).begin(changes)
    Audit(engine, run).finish([Result(change, "applied") for change in changes])
    with engine.begin() as connection:
        connection.execute(AUDIT.update().values(at=OLD))
    assert Retention(engine).carry_out("customer_audit", CUTOFF) == 1
    assert Retention(engine).carry_out("customer_audit", CUTOFF) == 0
    with engine.connect() as connection:
        assert "0142" not in str(connection.execute(select(AUDIT)).all())
    assert made_by(audited_changes(engine, run.dag_id, run.run_id)) == [changes[1]]
    assert Retention(engine).carry_out("housekeeping_audit", CUTOFF) == 0
    assert Retention(engine).carry_out("audit", CUTOFF) == 2


def test_what_was_sent_is_remembered_for_ever(engine: Engine) -> None:
    ledger = Ledger(engine, RUN)
    entry = Entry("text", "birthday", "+15185550142", "2020-01-01")
    ledger.claim(entry)
    ledger.close(entry, "sent")
    with engine.begin() as connection:
        connection.execute(LEDGER.update().values(claimed_at=OLD, closed_at=OLD))
    for rule in RULES:
        Retention(engine).carry_out(rule, NOW)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(LEDGER)) == 1
    assert not ledger.claim(entry).granted
