"""Texts and suppressed phones on every engine of the store database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.dialects import mssql

from include.database.engines import engine_for
from include.storedb.ledger import Entry, Ledger
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext, moment
from include.storedb.suppression import Suppressions
from include.storedb.tables import TEXT_MESSAGE
from include.storedb.text_history import TextHistory
from include.storedb.text_rows import PlannedText, Standing, Tally
from include.storedb.texts import Texts
from tests.databases import KINDS, fresh_database

RUN = RunContext("sms", "evening", "send", -1)
ANCHOR = "2026-11-19"


@pytest.fixture(scope="module", params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path_factory.mktemp("texts")) as url:
        upgrade(url)
        yield engine_for(url)


@pytest.fixture
def campaign() -> str:
    """A campaign of the test's own."""
    return f"sms_{uuid4().hex}"


def planned(campaign: str, number: int, **fields: object) -> PlannedText:
    values = {
        "campaign": campaign,
        "anchor": ANCHOR,
        "cust_no": f"C-{number}",
        "phone": f"+1518234{number:04d}",
        "body": f"Hi {number} 🌷, “thank you”!",
        "media": None,
        "segments": 1,
        "cost": Decimal("0.0113"),
    }
    return PlannedText(**{**values, **fields})  # type: ignore[arg-type]


def test_a_plan_is_stored_once_and_read_in_groups(engine: Engine, campaign: str) -> None:
    texts = Texts(engine, RUN)
    plan = [planned(campaign, number) for number in range(1200)]
    assert [texts.add(plan), texts.add(reversed(plan)), texts.add([])] == [1200, 0, 0]
    first = texts.planned(campaign, ANCHOR, limit=700)
    second = texts.planned(campaign, ANCHOR, after=first[-1].id, limit=700)
    assert [len(first), len(second)] == [700, 500]
    assert [text.phone for text in (*first, *second)] == [text.phone for text in plan]
    assert first[7].body == "Hi 7 🌷, “thank you”!"
    assert texts.planned(campaign, "2026-11-18") == []


def test_two_who_plan_at_once_store_each_text_once(engine: Engine, campaign: str) -> None:
    plan = [planned(campaign, number) for number in range(300)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: Texts(engine, RUN).add(plan), range(4)))
    assert len(Texts(engine, RUN).planned(campaign, ANCHOR)) == 300


def test_what_was_sent_stays_sent_and_what_is_unknown_may_still_be_closed(
    engine: Engine, campaign: str
) -> None:
    texts = Texts(engine, RUN)
    texts.add([planned(campaign, number) for number in range(3)])
    one, two, three = texts.planned(campaign, ANCHOR)
    texts.close([one], "sent", sid="SM1")
    texts.close([one, two], "unknown", reason="no answer")
    texts.close([two], "sent", sid="SM2")
    texts.close([three], "refused", reason="21610", error_code=21610)
    texts.close([three], "sent", sid="SM3")
    with engine.connect() as connection:
        rows = connection.execute(
            select(TEXT_MESSAGE).where(TEXT_MESSAGE.c.campaign == campaign).order_by(TEXT_MESSAGE.c.id)
        ).all()
    assert [(row.status, row.sid, row.error_code) for row in rows] == [
        ("sent", "SM1", None),
        ("sent", "SM2", None),
        ("refused", None, 21610),
    ]
    assert [row.sent_at is not None for row in rows] == [True, True, False]
    cost = Decimal("0.0113")
    assert texts.tallies(campaign, ANCHOR) == [
        Tally("refused", "21610", 1, 1, cost),
        Tally("sent", "", 2, 2, 2 * cost),
    ]


def test_texts_whose_ledger_is_closed_follow_it(engine: Engine, campaign: str) -> None:
    texts, ledger = Texts(engine, RUN), Ledger(engine, RUN)
    texts.add([planned(campaign, number) for number in range(4)])
    one, two, three, four = texts.planned(campaign, ANCHOR)
    for text in (one, two, three):
        assert ledger.claim(text.entry).granted
    ledger.close(one.entry, "sent", vendor_id=f"SM{campaign}")
    ledger.close(two.entry, "refused", detail="21614")
    texts.follow_ledger(campaign, ANCHOR)
    assert [(tally.status, tally.reason) for tally in texts.tallies(campaign, ANCHOR)] == [
        ("planned", ""),
        ("refused", "21614"),
        ("sent", ""),
    ]
    assert texts.planned(campaign, ANCHOR) == [three, four]
    assert TextHistory(engine).claimed([one, two, three, four]) == {one, two, three}
    phones = [text.phone for text in (one, two, three, four)]
    assert set(texts.open(campaign, ANCHOR, phones)) == {three.phone, four.phone}
    assert TextHistory(engine).known_sids(one.phone, [f"SM{campaign}", "SM0"]) == {f"SM{campaign}"}


def test_the_history_of_a_phone_over_all_campaigns(engine: Engine, campaign: str) -> None:
    texts, ledger, history = Texts(engine, RUN), Ledger(engine, RUN), TextHistory(engine)
    text = planned(campaign, 9000)
    texts.add([text])
    (stored,) = texts.planned(campaign, ANCHOR)
    outcomes = {"sms_a": "sent", "sms_b": "unknown", "sms_c": "refused", "sms_d": None}
    for name, outcome in outcomes.items():
        entry = Entry("text", name, text.phone, campaign)
        ledger.claim(entry)
        if outcome:
            ledger.close(entry, outcome)  # type: ignore[arg-type]
    ledger.claim(stored.entry)
    ledger.claim(Entry("mail", "report", text.phone, campaign))
    since = moment() - timedelta(hours=24)
    found = history.sends([text.phone, "+15182348888"], since, except_for=(campaign, ANCHOR))
    assert [len(found[text.phone]), set(found)] == [3, {text.phone}]
    assert history.standing(stored, since) == Standing("planned", None, tuple(found[text.phone]))
    soon = moment() + timedelta(minutes=1)
    assert history.sends([text.phone], soon, except_for=(campaign, ANCHOR)) == {}
    Suppressions(engine).add(text.phone, "landline", "twilio", "x" * 300)
    assert history.standing(stored, soon) == Standing("planned", "landline", ())


def test_many_who_suppress_a_phone_at_once(engine: Engine) -> None:
    suppressions = Suppressions(engine)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: suppressions.add("+15182349999", "opted_out", "reply"), range(16)))
    assert suppressions.active(["+15182349999"]) == {"+15182349999": "opted_out"}
    assert suppressions.clear("+15182349999") and not suppressions.clear("+15182349999")
    assert suppressions.active(["+15182349999"]) == {}
    suppressions.add("+15182349999", "invalid", "twilio")
    assert suppressions.active(["+15182349999"]) == {"+15182349999": "invalid"}


def test_sql_server_reads_what_is_planned_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    texts = Texts(None, RUN)  # type: ignore[arg-type]
    monkeypatch.setattr(
        texts, "_read", lambda wanted: asked.append(str(wanted.compile(dialect=mssql.dialect())))
    )
    texts.planned("sms_a", ANCHOR, limit=200)
    assert asked[0].startswith("SELECT TOP ")
