"""The mail about design requests: which requests wait for whom, and how their fields read."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import URL, Engine

from include.database.engines import engine_for
from include.lead_mails.letter import american, card, lead_letter
from include.lead_mails.settings import LeadMailSettings
from include.lead_mails.waiting import batches, leads_since, put_down, settle
from include.storedb.leads import Lead, Leads
from include.storedb.ledger import Ledger
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext

ZONE = ZoneInfo("America/New_York")
AT = datetime(2026, 11, 20, 9)
WHO = ["ann@example.com", "bob@example.com"]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    url = URL.create("sqlite", database=str(tmp_path / "store.db"))
    upgrade(url)
    return engine_for(url)


def waiting(engine: Engine, *, again: bool = False) -> dict[str, list[str]]:
    found = leads_since(Leads(engine), AT)
    return {
        batch.recipient: [lead.first_name for lead in batch.leads]
        for batch in batches(engine, found, WHO, again=again)
    }


def test_a_request_waits_until_its_mail_is_taken(engine: Engine) -> None:
    Leads(engine).add([Lead(AT, "form", name, first_name=name) for name in ("one", "two")])
    ledger = Ledger(engine, RunContext("design_lead_followup", "run", "mail"))
    both = {name: ["one", "two"] for name in WHO}
    assert waiting(engine) == both
    ann, bob = batches(engine, leads_since(Leads(engine), AT), WHO)
    put_down(ledger, ann)
    assert waiting(engine) == both  # nothing has left yet
    ledger.claim(ann.mail)
    assert waiting(engine) == {WHO[1]: ["one", "two"]}  # it may have left
    assert waiting(engine, again=True) == both
    ledger.close(ann.mail, "unknown", detail="not sent: the server was busy")
    assert waiting(engine) == both
    ledger.close(ann.mail, "sent")
    assert waiting(engine, again=True) == {WHO[1]: ["one", "two"]}
    settle(ledger, ann)
    put_down(ledger, bob)
    ledger.claim(bob.mail)
    ledger.close(bob.mail, "refused")
    assert waiting(engine) == {}
    Leads(engine).add([Lead(AT, "form", "three", first_name="three")])
    assert waiting(engine) == {name: ["three"] for name in WHO}


def test_a_batch_is_known_by_its_requests() -> None:
    from include.lead_mails.waiting import Batch

    one, two = (Lead(AT, "form", str(number), id=number) for number in (1, 2))
    assert Batch("a", (one, two)).anchor == Batch("b", (one, two)).anchor != Batch("a", (one,)).anchor
    assert len(Batch("a", (one,)).anchor) <= 40


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2026, 5, 3, 14, 5, 9), "5/3/2026 2:05:09 PM"),
        (datetime(2026, 12, 31, 0, 0, 1), "12/31/2026 12:00:01 AM"),
        (datetime(2026, 1, 1, 12, 0, 0), "1/1/2026 12:00:00 PM"),
    ],
)
def test_moments_read_as_americans_write_them(moment: datetime, words: str) -> None:
    assert american(moment) == words


@pytest.mark.parametrize(
    ("timeline", "urgent"),
    [("Today", True), (" today! ", True), ("ASAP.", True), ("Spring", False), ("", False)],
)
def test_who_wants_it_now_is_urgent(timeline: str, urgent: bool) -> None:
    assert LeadMailSettings(urgent_timelines=("today", "asap")).is_urgent(timeline) is urgent


def test_only_real_addresses_become_links() -> None:
    def shown(**fields: str) -> tuple[str, str, str]:
        found = card(Lead(AT, "form", "x", **fields), LeadMailSettings(), ZONE, lambda _: None)  # type: ignore[arg-type]
        return found.dial, found.write, found.map_link

    assert shown(phone="555", email="nobody", city="Albany") == ("", "", "")
    _, write, place = shown(email="a?bcc=b@x.example", street="1 A&B St", city="Albany")
    assert write == "mailto:a%3Fbcc%3Db@x.example"
    assert place.endswith("query=1%20A%26B%20St%2C%20Albany")


def test_urgent_requests_come_first() -> None:
    leads = [
        Lead(AT, "form", str(n), first_name=f"N{n}", timeline=t, id=n) for n, t in enumerate(("", "Today"))
    ]
    letter = lead_letter(leads, LeadMailSettings(), ZONE, lambda _: None)
    assert letter.subject == "2 new design requests, 1 urgent"
    assert letter.html.index("N1") < letter.html.index(">N0")
    assert letter.text.index("URGENT: N1") < letter.text.index("N0")
