"""What a text says: one recipient's facts in the shipped words, the same at every try, and cheap to send."""

from __future__ import annotations

import math
import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.campaigns.audience import Recipient
from include.campaigns.coupons import expires, in_words
from include.campaigns.settings import CouponSettings, SmsCampaigns
from include.campaigns.wording import Sender, Wording, first_name
from include.errors import InvalidSettings
from include.settings import load_settings

SHIPPED = load_settings(SmsCampaigns, "sms_campaigns")
COMPANY = "Garden Centre"
DAY = date(2026, 8, 31)
GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
VARIANTS = {"sms_returning_3_review": 2, "sms_wholesale": 5}


def as_typed(name: str) -> str:
    return name


SENDER = Sender(COMPANY, "Reply STOP to opt out.", as_typed)


def a_recipient(number: str = "100001", **over: Any) -> Recipient:
    values: dict[str, Any] = {
        "first_name": "Ann",
        "phone": "518-555-0142",
        "category": "RETAIL",
        "points": 0,
        "first_sale": None,
        "last_sale": None,
    }
    return Recipient(number, **(values | over))


def text(name: str, recipient: Recipient, day: date = DAY, settings: SmsCampaigns = SHIPPED) -> str:
    return Wording(settings, name, day, SENDER).message(recipient)


def plain(**over: Any) -> SmsCampaigns:
    """The shipped settings with one greeting and one farewell."""
    return SHIPPED.model_copy(update={"greetings": ("Hi",), "farewells": ("Bye from {company}!",), **over})


@pytest.mark.parametrize("name", SHIPPED.campaigns)
def test_every_variant_is_plain_and_short_also_for_long_names(name: str) -> None:
    long = {"first_name": "Maximiliana-Alexandrina Wilhelmina Maria", "points": 123_456}
    texts = [text(name, a_recipient(str(number), **long)) for number in range(600)]
    assert len(set(texts)) > 0.9 * len(SHIPPED.greetings) * len(SHIPPED.farewells) * VARIANTS.get(name, 1)
    for body in texts:
        assert set(body) <= GSM7, set(body) - GSM7
        assert math.ceil(len(body) / 153) <= 2, body
        assert COMPANY in body


@pytest.mark.parametrize("name", SHIPPED.campaigns)
def test_greetings_farewells_and_bodies_are_spread_evenly(name: str) -> None:
    count = 4000
    texts = [text(name, a_recipient(str(number), first_name="Zed")) for number in range(count)]
    greetings = Counter(re.sub(rf"^{COMPANY}: ", "", body).partition(" Zed!")[0] for body in texts)
    assert set(greetings) == set(SHIPPED.greetings)
    endings = [farewell.replace("{company}", COMPANY) for farewell in SHIPPED.farewells]
    farewells = Counter(next(end for end in endings if f" {end}" in body) for body in texts)
    one_frame = [text(name, a_recipient(str(number)), settings=plain()) for number in range(count)]
    bodies = Counter(one_frame)
    for found, variants in ((greetings, 4), (farewells, 8), (bodies, VARIANTS.get(name, 1))):
        assert len(found) == variants
        assert all(abs(times - count / variants) < 0.2 * count / variants for times in found.values())
    pairs = Counter(zip(map(len, one_frame), texts, strict=True))
    assert len(pairs) > 0.9 * 4 * 8 * VARIANTS.get(name, 1), "which greeting says nothing about the farewell"


def test_a_text_is_the_same_at_every_try_and_another_at_the_next_occasion() -> None:
    people = [a_recipient(str(number)) for number in range(100)]
    first = [text("sms_wholesale", person) for person in people]
    assert [text("sms_wholesale", person) for person in people] == first
    assert [text("sms_wholesale", a_recipient(f" {person.number} ")) for person in people] == first
    later = [text("sms_wholesale", person, DAY + timedelta(days=1)) for person in people]
    assert sum(one != other for one, other in zip(first, later, strict=True)) > 80
    birthday = [text("sms_birthday", person, date(2026, 8, 1)) for person in people]
    assert [text("sms_birthday", person, date(2026, 8, 2)) for person in people] == birthday


def test_the_whole_text() -> None:
    customer = a_recipient(points=1234, first_sale=date(2026, 8, 28), last_sale=date(2026, 8, 28))
    assert text("sms_first_time_2_coupon", customer, settings=plain()) == (
        "Hi Ann! It was great to meet you at Garden Centre. Show this text at checkout for $5 off your next "
        "$30. Good through September 11, 2026. Bye from Garden Centre!\n"
        "Your reward balance is $1,234.\n"
        "Reply STOP to opt out."
    )
    assert text("sms_wholesale", customer, settings=plain()).startswith("Garden Centre: Hi Ann! Thank")
    assert "December 10, 2026. Bye" in text("sms_birthday", customer, date(2026, 11, 1), plain())
    assert "https://shop.example.com/review Bye" in text(
        "sms_first_time_3_review", customer, settings=plain()
    )


@pytest.mark.parametrize(
    ("name", "points", "line"),
    [
        ("sms_first_time_1_thanks", 12, "\nYour reward balance is $12.\n"),
        ("sms_first_time_1_thanks", 0, None),
        ("sms_wholesale", 12, None),
        ("sms_birthday", 12, None),
    ],
)
def test_the_reward_balance_is_named_where_there_is_one(name: str, points: int, line: str | None) -> None:
    body = text(name, a_recipient(points=points))
    assert line in body if line else "balance" not in body


@pytest.mark.parametrize("name", SHIPPED.campaigns)
def test_how_to_opt_out_is_said_where_the_campaign_asks_for_it(name: str) -> None:
    assert text(name, a_recipient()).endswith("STOP to opt out.") == SHIPPED.campaigns[name].opt_out_hint


@pytest.mark.parametrize(
    ("stored", "called"),
    [
        ("  Ann  ", "Ann"),
        ("Mary\tAnn\n", "Mary Ann"),
        ("O’Hare", "O'Hare"),
        ("Jose\u0301", "José"),
        ("Bob & Sue", "Bob & Sue"),
        ('Rob "Bob"', 'Rob "Bob"'),
        ("Katherine (Kate)", "Katherine (Kate)"),
        ("Jean-Luc", "Jean-Luc"),
        ("J.", "J."),
        ("A.J. / Mr. T", "A.J. / Mr. T"),
        ("Ann 🌸", "Ann"),
        ("❤️ Jo", "Jo"),
        ("👩‍🌾Kim", "Kim"),
        ("\u202eAnn\x07\u200b", "Ann"),
        ("प्रिया", "प्रिया"),
        ("x" * 40, "x" * 40),
        ("x" * 41, ""),
        ("🌸", ""),
        ("=SUM(A1)", ""),
        ("{{ 7 * 7 }}", ""),
        ("{% raw %}", ""),
        ("Robert'); --", ""),
        ("518-555-0142", ""),
        ("see evil.example", ""),
        ("---", ""),
        ("\t", ""),
        ("", ""),
    ],
)
def test_what_a_customer_is_called(stored: str, called: str) -> None:
    assert first_name(stored, as_typed) == called


def test_the_name_is_written_as_people_do_and_left_out_where_there_is_none() -> None:
    sender = Sender(COMPANY, SENDER.opt_out_hint, str.capitalize)
    writer = Wording(plain(), "sms_returning_1_thanks", DAY, sender)
    assert writer.message(a_recipient(first_name="ANN ")).startswith("Hi Ann! Thank you")
    assert writer.message(a_recipient(first_name="{{ company }}")).startswith("Hi! Thank you")


@given(st.text(max_size=60))
def test_no_name_does_harm(name: str) -> None:
    body = text("sms_first_time_2_coupon", a_recipient(first_name=name))
    assert "It was great to meet you at Garden Centre." in body
    assert len(body) <= 306
    assert len(body.split("\n")) == 2
    assert all(letter.isprintable() or letter == "\n" for letter in body)


@pytest.mark.parametrize(
    ("coupon", "day", "anchor", "last_sale", "expected"),
    [
        ({"days_after_sale": 14}, "2026-11-20", "2026-11-17", None, "2026-12-01"),
        ({"days_after_sale": 14}, "2026-11-20", "2026-11-17", "2026-11-17", "2026-12-01"),
        ({"days_after_sale": 14}, "2026-11-20", "2026-11-17", "2026-11-19", "2026-12-03"),
        ({"days_after_sale": 14}, "2026-11-20", "2026-11-17", "2026-11-20", "2026-12-04"),
        ({"days_after_sale": 14}, "2026-11-20", "2026-11-17", "2026-11-21", "2026-12-01"),
        ({"days_after_sale": 14}, "2026-11-20", "2026-11-17", "2020-01-01", "2026-12-01"),
        ({"days_after_sale": 14}, "2028-02-16", "2028-02-15", None, "2028-02-29"),
        ({"days_after_sale": 0}, "2026-11-20", "2026-11-19", None, "2026-11-19"),
        ({"until_day_of_next_month": 10}, "2026-11-01", "2026-11-01", None, "2026-12-10"),
        ({"until_day_of_next_month": 10}, "2026-12-01", "2026-12-01", None, "2027-01-10"),
        ({"until_day_of_next_month": 28}, "2027-01-31", "2027-01-31", None, "2027-02-28"),
    ],
)
def test_until_when_a_coupon_is_good(
    coupon: dict[str, int], day: str, anchor: str, last_sale: str | None, expected: str
) -> None:
    last = date.fromisoformat(last_sale) if last_sale else None
    found = expires(CouponSettings(**coupon), date.fromisoformat(day), date.fromisoformat(anchor), last)
    assert found == date.fromisoformat(expected)


def test_a_day_in_words() -> None:
    assert [in_words(date(2028, month, 29)) for month in (2, 12)] == [
        "February 29, 2028",
        "December 29, 2028",
    ]


@pytest.mark.parametrize(
    "template",
    [
        "{{ company.nothing }}",
        "{{ ''.__class__.__mro__ }}",
        "{% extends first_name %}",
        "{{ pick() }}",
        "{{ company + 1 }}",
    ],
)
def test_a_template_that_fails_or_reaches_for_more_than_words_is_named(
    template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    (tmp_path / "sms").mkdir()
    (tmp_path / "sms" / "own.txt").write_text(template)
    (tmp_path / "sms_campaigns.yaml").write_text("campaigns: {sms_wholesale: {template: own.txt}}")
    settings = load_settings(SmsCampaigns, "sms_campaigns")
    with pytest.raises(InvalidSettings, match=r"the template own\.txt cannot be used"):
        text("sms_wholesale", a_recipient(), settings=settings)


def test_what_a_store_adds_to_a_template_is_tidied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    (tmp_path / "sms").mkdir()
    (tmp_path / "sms" / "wholesale.txt").write_text("\n{{ company }}:\x07  hello \t there\r\n\n  Bye  \n\n")
    assert text("sms_wholesale", a_recipient()) == "Garden Centre: hello there\n\nBye"
