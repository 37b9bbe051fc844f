"""Who is on the newsletter's list, and the links by which people leave it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from itsdangerous import URLSafeSerializer
from sqlalchemy import func, select

from include.database.engines import engine_for
from include.errors import InvalidRequest
from include.storedb.mail_addresses import mail_address
from include.storedb.mail_links import MailLinks
from include.storedb.migrate import upgrade
from include.storedb.newsletter import Newsletter
from include.storedb.tables import NEWSLETTER
from tests.databases import KINDS, fresh_database

MONDAY = datetime(2026, 5, 4, 14, 0)
TUESDAY = MONDAY + timedelta(days=1)
ANN = "ann@example.com"
SECRET = "only-the-store-knows-this"


@pytest.fixture(params=KINDS)
def newsletter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Newsletter]:
    with fresh_database(request.param, tmp_path) as url:
        upgrade(url)
        yield Newsletter(engine_for(url))


def on_list(newsletter: Newsletter) -> list[tuple[str, int | None, datetime]]:
    return [(one.email, one.birth_month, one.subscribed_at) for one in newsletter.subscribers()]


def test_an_address_is_on_the_list_once(newsletter: Newsletter) -> None:
    assert newsletter.subscribe(ANN, MONDAY, 5)
    assert not newsletter.subscribe(ANN, TUESDAY)
    assert newsletter.subscribe("a-nn@example.com", TUESDAY)
    assert on_list(newsletter) == [(ANN, 5, MONDAY), ("a-nn@example.com", None, TUESDAY)]


def test_a_birth_month_may_come_later(newsletter: Newsletter) -> None:
    newsletter.subscribe(ANN, MONDAY)
    newsletter.subscribe(ANN, TUESDAY, 12)
    assert on_list(newsletter) == [(ANN, 12, MONDAY)]


def test_who_leaves_is_off_the_list_until_they_come_back(newsletter: Newsletter) -> None:
    newsletter.subscribe(ANN, MONDAY, 5)
    assert [newsletter.unsubscribe(ANN, TUESDAY) for _ in range(2)] == [True, False]
    assert (on_list(newsletter), newsletter.unsubscribed([ANN, "b@example.com"])) == ([], {ANN})
    assert newsletter.subscribe(ANN, TUESDAY)
    assert (on_list(newsletter), newsletter.unsubscribed([ANN])) == ([(ANN, 5, TUESDAY)], set())


def test_who_leaves_without_having_been_there_is_remembered(newsletter: Newsletter) -> None:
    assert newsletter.unsubscribe(ANN, MONDAY)
    assert newsletter.unsubscribed([ANN]) == {ANN}


def test_many_at_once_make_one_row(newsletter: Newsletter) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: newsletter.subscribe(ANN, MONDAY, 3), range(24)))
    with newsletter.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(NEWSLETTER)) == 1
    assert on_list(newsletter) == [(ANN, 3, MONDAY)]


def test_a_link_carries_address_and_list_to_its_reader() -> None:
    links = MailLinks(SECRET, "https://forms.store.example/")
    headers = links.headers(ANN, "stock")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = headers["List-Unsubscribe"]
    assert address.startswith("<https://forms.store.example/forms/unsubscribe/")
    assert links.read(address.strip("<>").rpartition("/")[2]) == (ANN, "stock")


def test_a_link_of_somebody_else_is_not_read() -> None:
    links = MailLinks(SECRET, "https://forms.store.example")
    token = links.unsubscribe(ANN, "newsletter").rpartition("/")[2]
    payload, _, signature = token.rpartition(".")
    other = links.unsubscribe("bob@example.com", "newsletter").rpartition("/")[2].rpartition(".")[0]
    forged = [
        MailLinks(SECRET + "!", "https://x.example").unsubscribe(ANN, "newsletter").rpartition("/")[2],
        URLSafeSerializer(SECRET, salt="another purpose").dumps([ANN, "newsletter"]),
        URLSafeSerializer(SECRET, salt="retail-ops unsubscribe").dumps([ANN, "everything"]),
        f"{other}.{signature}",
        payload,
        "",
        "ü.x",
    ]
    assert [links.read(one) for one in forged] == [None] * len(forged)
    assert links.read(token) == (ANN, "newsletter")


@pytest.mark.parametrize(
    ("secret", "url", "words"),
    [
        ("short", "https://x.example", "fewer than 16 characters"),
        (SECRET, "forms.store.example", "does not begin with https://"),
        (SECRET, "https://x.example/?a=1", "does not begin with https://"),
    ],
)
def test_a_weak_secret_or_wrong_address_is_named(secret: str, url: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as caught:
        MailLinks(secret, url)
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Ann.Lee@Example.COM ", "ann.lee@example.com"),
        ("ann+news@münchen.example.com", "ann+news@xn--mnchen-3ya.example.com"),
    ],
)
def test_addresses_have_one_spelling(typed: str, kept: str) -> None:
    assert mail_address(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        *("", "ann", "ann@", "ann@example", "a b@example.com", "ann@exa_mple.com", "änn@example.com"),
        *("ann@example.com\nBcc: b@x.com", "Ann <ann@example.com>", "ann@[127.0.0.1]", "a@b.com,c@d.com"),
        "a" * 250 + "@x.com",
    ],
)
def test_what_is_no_address_is_refused_without_being_quoted(typed: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        mail_address(typed)
    assert not typed or typed not in str(caught.value)
