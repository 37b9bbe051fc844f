"""The web forms over HTTP: what is stored, what is refused, and what a visitor is told."""

from __future__ import annotations

import html
import json
import logging
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import URL, Engine, Table, select

from include.database.engines import engine_for
from include.errors import InvalidRequest, InvalidSettings
from include.inbound.connections import form_secrets
from include.inbound.form_fields import DesignForm
from include.inbound.form_storage import store_design
from include.inbound.incoming import LARGEST_BODY
from include.inbound.settings import InboundSettings, inbound_settings
from include.inbound.tickets import Tickets
from include.sandbox.laptop.ports import any_free
from include.settings import load_settings
from include.storedb.leads import Leads
from include.storedb.mail_links import MailLinks
from include.storedb.migrate import upgrade
from include.storedb.newsletter import Newsletter
from include.storedb.runs import moment
from include.storedb.stock_requests import StockRequest, StockRequests
from include.storedb.tables import LEAD, NEWSLETTER, STOCK_REQUEST
from tests.databases import fresh_database
from tests.plugins.inbound_forms import (
    DESIGN,
    FORMS,
    LINKS,
    PUBLIC,
    SECRET,
    SHOP,
    Visitor,
    rows,
    sell,
    served,
)

ROOT = Path(__file__).resolve().parents[2]
TABLES: dict[str, Table] = {"design": LEAD, "stock": STOCK_REQUEST, "newsletter": NEWSLETTER}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@pytest.fixture(params=("sqlite", "postgresql", "mysql"))
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path) as url:
        upgrade(url)
        yield engine_for(url)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    with fresh_database("sqlite", tmp_path) as url:
        upgrade(url)
        yield engine_for(url)
        engine_for(url).dispose()


@pytest.fixture
def visitor(store: Engine) -> Iterator[Visitor]:
    with served(store, posts_per_minute=1000, views_per_minute=1000) as found:
        yield found


def complaints(answer: requests.Response) -> dict[str, str]:
    """The errors that a page shows at its fields; each is tied to its field."""
    page = answer.text
    found = dict(re.findall(r'<p class="error" id="([a-z_]+)-error">(.*?)</p>', page))
    for name in found:
        assert re.search(rf'aria-describedby="[^"]*\b{name}-error\b', page), name
        assert f'href="#{name}"' in page
        assert f'id="{name}"' in page
    return {name: html.unescape(words) for name, words in found.items()}


# --- what is stored -----------------------------------------------------------------------------------------


def test_a_design_request_becomes_a_lead(engine: Engine) -> None:
    with served(engine) as visitor:
        answer = visitor.sends("design")
    assert (answer.status_code, answer.headers["location"]) == (303, "/forms/design/thanks")
    (lead,) = Leads(engine).new()
    assert (lead.source, lead.first_name, lead.last_name) == ("form", "Ann-Marie", "O'Hare")
    assert (lead.email, lead.phone) == ("ann@example.com", "(518) 234-5601")
    assert lead.interested_in == ("Patio", "Delivery & placement")
    assert (lead.timeline, lead.street, lead.zip_code) == ("Today", "1 Main St", "12345")
    assert lead.comments == 'A 3" wall,\nand tulips 🌷'


def test_a_stock_request_waits_for_its_item(engine: Engine) -> None:
    sell(engine, "TR-100")
    consent = {"phone": "518-234-5601", "text_consent": "yes"}
    with served(engine) as visitor:
        assert visitor.sends("stock", consent).headers["location"] == "/forms/stock/thanks"
    (wish,) = StockRequests(engine).open()
    assert (wish.item_key, wish.email, wish.name, wish.verified) == (
        "TR-100",
        "ann@example.com",
        "Ann Lee",
        True,
    )
    assert (wish.phone, wish.text_consent, wish.source) == ("+15182345601", True, "form")


def test_a_newsletter_form_puts_an_address_on_the_list(engine: Engine) -> None:
    with served(engine) as visitor:
        answer = visitor.sends("newsletter", {"email": "Zoe@Example.com"})
    assert answer.headers["location"] == "/forms/newsletter/thanks"
    (found,) = Newsletter(engine).subscribers()
    assert (found.email, found.birth_month) == ("zoe@example.com", 5)


@pytest.mark.parametrize("form", FORMS)
def test_a_script_of_the_shop_sends_json(store: Engine, visitor: Visitor, form: str) -> None:
    answer = visitor.sends_json(form)
    assert (answer.status_code, answer.json()) == (202, {"status": "received"})
    assert len(rows(store, TABLES[form])) == 1


@pytest.mark.parametrize("form", FORMS)
def test_both_ways_store_the_same(store: Engine, visitor: Visitor, form: str) -> None:
    visitor.sends(form)
    visitor.sends_json(form)
    assert len(rows(store, TABLES[form])) == 1


@pytest.mark.parametrize("form", FORMS)
def test_a_double_click_is_one_row_and_every_answer_is_thanks(engine: Engine, form: str) -> None:
    with served(engine, posts_per_minute=1000) as visitor:
        fields = FORMS[form] | {"ticket": visitor.ticket(form)}
        with ThreadPoolExecutor(6) as threads:
            answers = list(threads.map(lambda _: visitor.post(f"/forms/{form}", fields), range(12)))
    assert {answer.status_code for answer in answers} == {303}
    assert len(rows(engine, TABLES[form])) == 1


def test_another_request_of_the_same_person_is_another_lead(store: Engine, visitor: Visitor) -> None:
    visitor.sends("design")
    visitor.sends("design", {"comments": "And a pond"})
    assert [lead.comments for lead in Leads(store).new()] == [
        DESIGN["comments"].replace("\r", ""),
        "And a pond",
    ]


def test_the_same_words_days_later_are_another_lead(store: Engine) -> None:
    form = DesignForm.model_validate(DESIGN, context=inbound_settings().forms)
    days = [store_design(store, form, moment() + timedelta(days=day)).is_new for day in (0, 1, 2, 9)]
    assert days == [True, False, True, True]


def test_fields_that_are_left_out_are_empty(store: Engine, visitor: Visitor) -> None:
    names = ("phone", "timeline", "street", "city", "state", "zip_code", "comments", "interested_in")
    assert visitor.sends("design", dict.fromkeys(names, "") | {"state": "State"}).status_code == 303
    (lead,) = Leads(store).new()
    assert (lead.phone, lead.timeline, lead.state, lead.comments, lead.interested_in) == ("", "", "", "", ())


def test_null_lists_and_unknown_fields_do_no_harm(store: Engine, visitor: Visitor) -> None:
    nothing = {"comments": None, "interested_in": None, "phone": None, "zip_code": 12345, "admin": True}
    assert visitor.sends_json("design", nothing).status_code == 202
    assert (rows(store, LEAD)[0].comments, rows(store, LEAD)[0].zip_code) == ("", "12345")


def test_an_item_is_taken_unverified_while_nobody_has_read_the_shop(store: Engine, visitor: Visitor) -> None:
    assert visitor.sends("stock", {"sku": "anything"}).status_code == 303
    assert [(wish.item_key, wish.verified) for wish in StockRequests(store).open()] == [("ANYTHING", False)]


def test_a_closed_request_may_be_made_again(store: Engine, visitor: Visitor) -> None:
    visitor.sends("stock")
    StockRequests(store).close(StockRequests(store).open()[0].id or 0, "sent")
    visitor.sends("stock")
    assert [row.status for row in rows(store, STOCK_REQUEST)] == ["sent", "open"]


# --- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "fields", "expected"),
    [
        ("design", {"first_name": " \t"}, {"first_name": "Enter your first name."}),
        ("design", {"last_name": "x" * 51}, {"last_name": "This has 51 characters; 50 are the most."}),
        ("design", {"first_name": "🌷" * 26}, {"first_name": "This has 52 characters; 50 are the most."}),
        ("design", {"email": ""}, {"email": "Enter your e-mail address."}),
        ("design", {"email": "ann@"}, {"email": "Enter an e-mail address like name@example.com."}),
        ("design", {"phone": "12"}, {"phone": "area code"}),
        ("design", {"phone": "call me"}, {"phone": "area code"}),
        ("design", {"interested_in": ["Patio", "A castle"]}, {"interested_in": "Choose from the list."}),
        ("design", {"timeline": "Yesterday"}, {"timeline": "Choose from the list."}),
        ("design", {"comments": "x" * 2001}, {"comments": "This has 2001 characters; 2000 are the most."}),
        ("design", {"zip_code": "1" * 11, "city": "x" * 51}, {"zip_code": "10 are", "city": "50 are"}),
        ("stock", {"sku": ""}, {"sku": "Enter the item number"}),
        ("stock", {"sku": "TR-999"}, {"sku": "We do not know this item number"}),
        ("stock", {"name": ""}, {"name": "Enter your name."}),
        ("stock", {"phone": "+44 20 7946 0958"}, {"phone": "USA or Canada"}),
        ("stock", {"phone": "518-234-5601 ext. 5"}, {"phone": "without an extension"}),
        ("stock", {"phone": "518-234-5601"}, {"text_consent": "Tick the box"}),
        ("stock", {"text_consent": "yes"}, {"phone": "Enter the number for the text"}),
        ("newsletter", {"email": "a@b.com, c@d.com"}, {"email": "like name@example.com"}),
        ("newsletter", {"birth_month": "13"}, {"birth_month": "Choose a month"}),
        ("newsletter", {"leave_empty": "https://spam.example"}, {"leave_empty": "Leave this field empty."}),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_nothing_typed_is_lost(
    store: Engine, visitor: Visitor, form: str, fields: dict[str, Any], expected: dict[str, str]
) -> None:
    sell(store, "TR-100")
    answer = visitor.sends(form, fields)
    found = complaints(answer)
    assert answer.status_code == 422
    assert found.keys() == expected.keys()
    assert all(words in found[name] for name, words in expected.items())
    kept = {name: text for name, text in (FORMS[form] | fields).items() if isinstance(text, str)}
    page = html.unescape(answer.text)
    for name, text in kept.items():
        if name not in ("timeline", "birth_month", "text_consent", "leave_empty"):
            assert text.replace("\r\n", "\n") in page.replace("\r\n", "\n"), name
    assert rows(store, TABLES[form]) == []
    in_json = visitor.sends_json(form, fields)
    assert (in_json.status_code, in_json.json()["errors"]) == (422, found)


@pytest.mark.parametrize(
    ("form", "fields", "name"),
    [
        ("design", {"first_name": ["Ann"]}, "first_name"),
        ("design", {"interested_in": {"Patio": 1}}, "interested_in"),
        ("design", {"interested_in": [["Patio"]]}, "interested_in"),
        ("design", {"interested_in": ["Patio"] * 30}, "interested_in"),
        ("design", {"comments": True}, "comments"),
        ("stock", {"text_consent": "perhaps"}, "text_consent"),
        ("newsletter", {"email": {"$ne": ""}}, "email"),
        ("newsletter", {"birth_month": 5.5}, "birth_month"),
    ],
)
def test_what_is_no_text_is_refused_by_its_field(
    store: Engine, visitor: Visitor, form: str, fields: dict[str, Any], name: str
) -> None:
    answer = visitor.sends_json(form, fields)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [name])
    assert rows(store, TABLES[form]) == []


@pytest.mark.parametrize("form", FORMS)
def test_what_was_typed_is_shown_as_text_and_never_as_html(visitor: Visitor, form: str) -> None:
    fields = dict.fromkeys(FORMS[form], HOSTILE) | {"ticket": HOSTILE + "x"}
    pages = [
        visitor.sends(form, fields).text,
        visitor.sends(form, fields | {"ticket": visitor.ticket(form)}).text,
    ]
    pages.append(visitor.get("/forms/stock?sku=" + HOSTILE[:39]).text)
    for page in pages:
        assert "&lt;script&gt;" in page
        assert "<script" not in page
        assert "<img" not in page
        assert 'value="<' not in page


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{", 400),
        ("application/json", b"[1]", 400),
        ("application/json", b"[" * 60_000, 400),
        ("application/json", b"\xff\xfe", 400),
        ("application/json", b'{"a": ' + b"9" * 60_000 + b"}", 400),
        ("application/json", b'{"email": "' + b"x" * LARGEST_BODY, 413),
        ("application/x-www-form-urlencoded", b"email=" + b"x" * LARGEST_BODY, 413),
        ("application/x-www-form-urlencoded", b"\xff\xfe", 400),
        ("application/x-www-form-urlencoded", b"&".join(b"a=%d" % n for n in range(1000)), 400),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("text/plain", b"email=a", 415),
        ("", b"email=a", 415),
    ],
)
def test_a_body_that_is_none_is_refused(visitor: Visitor, kind: str, body: bytes, status: int) -> None:
    answer = visitor.post("/forms/newsletter", body, {"Content-Type": kind})
    assert answer.status_code == status
    assert "Traceback" not in answer.text


def test_a_body_that_never_ends_is_given_up(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("include.inbound.incoming._SECONDS", 0.2)
    host, port = visitor.base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(
            b"POST /forms/newsletter HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\nemail="
        )
        assert line.recv(100).startswith(b"HTTP/1.1 408")


# --- robots -------------------------------------------------------------------------------------------------


def test_who_is_too_quick_is_asked_again_and_keeps_the_words(store: Engine) -> None:
    with served(store, fastest_seconds=60) as visitor:
        answer = visitor.sends("design")
        assert answer.status_code == 422
        assert "very quick" in answer.text
        assert "Ann-Marie" in answer.text
        in_json = visitor.sends_json("design").json()
    assert "very quick" in in_json["message"]
    assert rows(store, LEAD) == []


def test_a_quick_persons_second_try_counts_from_the_first_opening(store: Engine) -> None:
    with served(store, fastest_seconds=60) as visitor:
        ticket = visitor.ticket("newsletter")
        answer = visitor.post("/forms/newsletter", FORMS["newsletter"] | {"ticket": ticket})
    assert f'name="ticket" value="{ticket}"' in answer.text


@pytest.mark.parametrize("ticket", ["", "forged", None, ["x"], 5])
def test_a_form_without_our_ticket_is_not_stored(store: Engine, visitor: Visitor, ticket: Any) -> None:
    assert visitor.sends_json("newsletter", {"ticket": ticket}).status_code == 422
    answer = visitor.sends("newsletter", {"ticket": "" if ticket is None else str(ticket)})
    assert answer.status_code == 422
    assert rows(store, NEWSLETTER) == []
    fresh = re.search(r'name="ticket" value="([^"]+)"', answer.text)
    assert fresh
    assert visitor.sends("newsletter", {"ticket": fresh[1]}).status_code == 303


def test_a_ticket_is_for_one_form_of_this_store_and_for_a_time(store: Engine, visitor: Visitor) -> None:
    others = (visitor.ticket("design"), Tickets("another secret", fastest=0, longest=9).issue("newsletter"))
    for ticket in others:
        assert visitor.sends("newsletter", {"ticket": ticket}).status_code == 422
    ours = Tickets(SECRET, fastest=0, longest=3600)
    assert ours.check("newsletter", visitor.ticket("newsletter")) == "good"
    assert Tickets(SECRET, fastest=0, longest=-1).check("newsletter", ours.issue("newsletter")) == "too old"
    assert rows(store, NEWSLETTER) == []


# --- how often ----------------------------------------------------------------------------------------------


def test_who_sends_too_often_has_to_wait_and_others_do_not(store: Engine) -> None:
    with served(store, posts_per_minute=3, views_per_minute=1000) as visitor:
        # A minute may end while the test runs.
        answers = [visitor.sends("newsletter") for _ in range(8)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) >= 2
        assert refused[0].headers["retry-after"] == "60"
        assert "wait a minute" in refused[0].text
        assert "text/html" in refused[0].headers["content-type"]
        # The test's own proxy on this machine says who asks.
        assert visitor.sends("newsletter", headers={"X-Forwarded-For": "198.51.100.7"}).status_code == 303
        assert visitor.get("/forms/newsletter").status_code == 200


def test_a_visitor_cannot_invent_an_address_in_front_of_the_proxys(store: Engine) -> None:
    with served(store, posts_per_minute=2, views_per_minute=1000) as visitor:
        codes = [
            visitor.sends("newsletter", headers={"X-Forwarded-For": f"192.0.2.{n}, 198.51.100.7"}).status_code
            for n in range(7)
        ]
    assert codes.count(429) >= 2


def test_a_household_has_one_count_in_ipv6(store: Engine) -> None:
    with served(store, posts_per_minute=2, views_per_minute=1000) as visitor:
        codes = [
            visitor.sends("newsletter", headers={"X-Forwarded-For": f"2001:db8:1:2::{n}"}).status_code
            for n in range(1, 8)
        ]
        assert codes.count(429) >= 2
        neighbour = {"X-Forwarded-For": "2001:db8:1:3::1"}
        assert visitor.sends("newsletter", headers=neighbour).status_code == 303


# --- other web sites ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": SHOP},
        {"Origin": "https://forms.store.example.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_form_of_another_web_site_is_refused(
    store: Engine, visitor: Visitor, headers: dict[str, str]
) -> None:
    fields = FORMS["newsletter"] | {"ticket": visitor.ticket("newsletter")}
    assert visitor.post("/forms/newsletter", fields, headers).status_code == 403
    assert visitor.sends_json("newsletter", headers=headers).status_code == 403
    assert rows(store, NEWSLETTER) == []
    with served(store, check_origin=False) as open_to_all:
        assert open_to_all.sends("newsletter", headers=headers).status_code == 303


def test_our_own_pages_may_send_whatever_name_a_proxy_gives_us(visitor: Visitor) -> None:
    for headers in ({}, {"Origin": PUBLIC}, {"Sec-Fetch-Site": "same-origin"}):
        fields = FORMS["newsletter"] | {"ticket": visitor.ticket("newsletter")}
        assert visitor.post("/forms/newsletter", fields, headers).status_code == 303


def test_only_listed_sites_may_embed_send_and_read(store: Engine) -> None:
    with served(store, sites=[SHOP]) as visitor:
        page = visitor.get("/forms/stock")
        assert f"frame-ancestors 'self' {SHOP}" in page.headers["content-security-policy"]
        assert "x-frame-options" not in page.headers
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        for origin, allowed in ((SHOP, SHOP), ("https://evil.example", None)):
            preflight = requests.options(
                f"{visitor.base}/forms/stock", headers={"Origin": origin, **asked}, timeout=30
            )
            assert preflight.headers.get("access-control-allow-origin") == allowed
            answer = visitor.sends_json("stock", headers={"Origin": origin})
            assert answer.status_code == (202 if allowed else 403)
            assert answer.headers.get("access-control-allow-origin") == allowed
        assert "access-control-allow-credentials" not in preflight.headers


def test_without_listed_sites_no_other_page_may_embed_or_read(visitor: Visitor) -> None:
    page = visitor.get("/forms/stock", Origin=SHOP)
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"
    assert not [name for name in page.headers if name.lower().startswith("access-control")]


def test_pages_run_no_scripts_and_are_kept_by_nobody(visitor: Visitor) -> None:
    wrong = visitor.sends("design", {"email": ""})
    for page in (visitor.get("/forms/design"), visitor.get("/forms/design/thanks"), wrong):
        assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["cache-control"] == "no-store"
        assert "noindex" in page.headers["x-robots-tag"]
        assert "set-cookie" not in page.headers
        assert not re.search(r"<script|javascript:|\son\w+=|style=|https?://", page.text)
    assert visitor.get("/forms/style.css").headers["content-type"].startswith("text/css")


# --- leaving a list -----------------------------------------------------------------------------------------


def path(link: str) -> str:
    return link.removeprefix(PUBLIC)


ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def test_opening_the_link_changes_nothing_and_its_button_does(engine: Engine) -> None:
    Newsletter(engine).subscribe("ann@example.com", moment())
    link = path(LINKS.unsubscribe("ann@example.com", "newsletter"))
    with served(engine) as visitor:
        page = visitor.get(link)
        assert page.status_code == 200
        assert "ann@example.com" in page.text
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert len(Newsletter(engine).subscribers()) == 1
        for _ in range(2):
            done = visitor.post(link, ONE_CLICK)
            assert (done.status_code, "off the list" in done.text) == (200, True)
    assert Newsletter(engine).subscribers() == []
    assert Newsletter(engine).unsubscribed(["ann@example.com"]) == {"ann@example.com"}


def test_mail_programs_unsubscribe_with_one_click_in_either_notation(store: Engine, visitor: Visitor) -> None:
    for email, multipart in (("ann@example.com", False), ("bob@example.com", True)):
        Newsletter(store).subscribe(email, moment())
        link = visitor.base + path(LINKS.unsubscribe(email, "newsletter"))
        if multipart:
            answer = requests.post(link, files={"List-Unsubscribe": (None, "One-Click")}, timeout=30)
        else:
            answer = requests.post(
                link, data=ONE_CLICK, headers={"Origin": "https://mail.example"}, timeout=30
            )
        assert (answer.status_code, answer.history) == (200, [])
    assert Newsletter(store).subscribers() == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"List-Unsubscribe=Two", "application/x-www-form-urlencoded"),
        (b"", "multipart/form-data; boundary=x"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"x", "multipart/form-data"),
    ],
)
def test_a_stray_post_to_the_link_does_nothing(
    store: Engine, visitor: Visitor, body: bytes, kind: str
) -> None:
    Newsletter(store).subscribe("ann@example.com", moment())
    link = path(LINKS.unsubscribe("ann@example.com", "newsletter"))
    assert visitor.post(link, body, {"Content-Type": kind}).status_code == 400
    assert len(Newsletter(store).subscribers()) == 1


def test_the_link_of_a_stock_mail_ends_that_persons_requests(store: Engine, visitor: Visitor) -> None:
    for email in ("ann@example.com", "bob@example.com"):
        StockRequests(store).add(StockRequest("TR-100", email, moment()))
    assert visitor.post(path(LINKS.unsubscribe("ann@example.com", "stock")), ONE_CLICK).status_code == 200
    assert [wish.email for wish in StockRequests(store).open()] == ["bob@example.com"]


def test_a_forged_link_is_refused(store: Engine, visitor: Visitor) -> None:
    Newsletter(store).subscribe("ann@example.com", moment())
    other = MailLinks("another secret of a store", PUBLIC).unsubscribe("ann@example.com", "newsletter")
    for link in (path(other), "/forms/unsubscribe/ann@example.com", "/forms/unsubscribe/x.y"):
        assert visitor.get(link).status_code == 403
        assert visitor.post(link, ONE_CLICK).status_code == 403
    assert len(Newsletter(store).subscribers()) == 1


def test_without_a_secret_links_wait_and_forms_work(store: Engine) -> None:
    with served(store, links=None) as visitor:
        assert visitor.post(path(LINKS.unsubscribe("ann@example.com", "stock")), ONE_CLICK).status_code == 503
        assert visitor.sends("newsletter").status_code == 303


# --- when something is broken -------------------------------------------------------------------------------


def test_without_the_database_a_visitor_is_asked_to_send_again_with_all_words_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    empty = engine_for(URL.create("sqlite", database=str(tmp_path / "empty.db")))
    with served(empty) as visitor:
        page, in_json = visitor.sends("design"), visitor.sends_json("design")
    assert (page.status_code, in_json.status_code) == (503, 503)
    assert "please try again" in page.text
    assert 'value="Ann-Marie"' in page.text
    assert page.text.count("checked") == 2
    assert "no such table" not in page.text + in_json.text
    assert "Ann-Marie" not in caplog.text


def test_logs_hold_nothing_personal(
    store: Engine, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for form in FORMS:
            visitor.sends(form)
            visitor.sends_json(form)
            visitor.sends(form, {"email": "ann.example.com", "phone": "5182345601x"})
        visitor.post(path(LINKS.unsubscribe("ann@example.com", "newsletter")), ONE_CLICK)
        visitor.get("/forms/unsubscribe/ann@example.com")
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("include"))
    assert "new design form" in ours
    assert "known stock form" in ours
    assert "refused a newsletter form: email" in ours
    assert "somebody left: newsletter" in ours
    assert not re.search(r"(?i)ann|2345601|o'hare|tulips", ours)


# --- the command --------------------------------------------------------------------------------------------


def test_the_command_serves_the_forms_and_believes_no_stranger_about_addresses(store: Engine) -> None:
    (port,) = any_free(1)
    process = subprocess.Popen(
        [sys.executable, "-m", "include.inbound", "--port", str(port)],
        cwd=ROOT,
        env={
            **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
            "AIRFLOW_CONN_STORE_DB": json.dumps({"conn_type": "sqlite", "host": store.url.database}),
            "FORWARDED_ALLOW_IPS": "192.0.2.1",
            **forms_connection(password=SECRET, host=PUBLIC),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    visitor = Visitor(f"http://127.0.0.1:{port}")
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            try:
                visitor.get("/health").raise_for_status()
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        assert all(visitor.get(f"/forms/{form}").status_code == 200 for form in FORMS)
        assert visitor.get(path(LINKS.unsubscribe("ann@example.com", "stock"))).status_code == 200
        codes = [
            visitor.post("/forms/newsletter", {"a": "1"}, {"X-Forwarded-For": f"198.51.100.{n}"}).status_code
            for n in range(45)
        ]
        assert 429 in codes
    finally:
        process.terminate()
        written, _ = process.communicate(timeout=30)
    assert not re.search(rf"ann@|{SECRET}|198\.51|/forms/", written)


# --- settings and connections -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sites: ['https://www.store.example/shop']", "forms.sites: .*without a path"),
        ("sites: ['www.store.example']", "forms.sites: .*without a path"),
        ("sites: ['*']", "forms.sites: .*without a path"),
        ("sites: ['https://*.store.example']", "forms.sites: .*names no single site"),
        ("posts_per_minute: 0", "forms.posts_per_minute: .*found 0"),
        ("interests: []", "forms.interests: .*at least 1"),
        ("text_consent: 'Text me, {name}'", r"forms.text_consent: .*\{name\} is unknown"),
        ("privacy_url: 'javascript:alert(1)'", "forms.privacy_url: .*pattern"),
    ],
)
def test_a_wrong_setting_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: str
) -> None:
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    (tmp_path / "inbound.yaml").write_text(f"forms: {{{text}}}", encoding="utf-8")
    with pytest.raises(InvalidSettings, match=expected):
        load_settings(InboundSettings, "inbound")


def forms_connection(**fields: Any) -> dict[str, str]:
    return {"AIRFLOW_CONN_WEB_FORMS": json.dumps({"conn_type": "generic", **fields})}


def test_the_connections_secret_signs_and_its_host_is_the_links_address() -> None:
    secret, links = form_secrets(forms_connection(password=SECRET, host=PUBLIC), "https://texts.example")
    assert secret == SECRET
    assert isinstance(links, MailLinks)
    assert links.unsubscribe("a@example.com", "stock") == LINKS.unsubscribe("a@example.com", "stock")
    _, links = form_secrets(forms_connection(password=SECRET), "https://texts.example")
    assert isinstance(links, MailLinks)
    assert links.public_url == "https://texts.example"


def test_without_a_connection_forms_are_signed_with_a_secret_of_the_moment() -> None:
    first, second = form_secrets({}, ""), form_secrets({}, "")
    assert first[0] != second[0]
    assert len(first[0]) >= 32
    assert first[1] == "AIRFLOW_CONN_WEB_FORMS is not set"


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"AIRFLOW_CONN_WEB_FORMS": "generic://:x@"}, "AIRFLOW_CONN_WEB_FORMS is no connection in JSON"),
        (forms_connection(host=PUBLIC), "has no password"),
        (forms_connection(password="short", host=PUBLIC), "fewer than 16 characters"),
        (forms_connection(password=SECRET), "AIRFLOW_CONN_WEB_FORMS: the public address"),
    ],
)
def test_a_wrong_connection_is_named_without_its_secret(environment: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as caught:
        form_secrets(environment, "")
    assert SECRET not in str(caught.value)


def test_the_offered_choices_fit_the_columns_of_a_lead() -> None:
    settings = inbound_settings().forms
    assert "Today" in settings.timelines
    assert len(set(settings.interests)) == len(settings.interests) == 10
    assert "STOP" in settings.text_consent


def test_many_visitors_at_once_are_all_stored(engine: Engine) -> None:
    with served(engine, posts_per_minute=1000, views_per_minute=1000) as visitor:
        ticket = visitor.ticket("newsletter")

        def subscribe(number: int) -> int:
            fields = {"email": f"v{number}@example.com", "ticket": ticket}
            return visitor.post("/forms/newsletter", fields).status_code

        with ThreadPoolExecutor(8) as threads:
            codes = list(threads.map(subscribe, range(60)))
    with engine.connect() as connection:
        stored = set(connection.scalars(select(NEWSLETTER.c.email)))
    assert codes == [303] * 60
    assert stored == {f"v{number}@example.com" for number in range(60)}
