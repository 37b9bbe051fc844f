"""The shipped campaigns are those of the store's plan, and a slip in the settings is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from include.campaigns.settings import SmsCampaigns
from include.errors import InvalidSettings
from include.settings import load_settings

SHIPPED = load_settings(SmsCampaigns, "sms_campaigns")
TWO_WEEKS, TENTH = ("days_after_sale", 14), ("until_day_of_next_month", 10)

# Campaign, schedule, category, anchor, days after, only returning customers, coupon, image, rewards.
PLAN: list[tuple[str, str, str, str, int | None, bool, tuple[str, int] | None, bool, bool]] = [
    ("sms_first_time_1_thanks", "30 18 * * *", "RETAIL", "first_sale", 1, False, None, False, True),
    ("sms_first_time_2_coupon", "0 19 * * *", "RETAIL", "first_sale", 3, False, TWO_WEEKS, True, True),
    ("sms_first_time_3_review", "30 11 * * *", "RETAIL", "first_sale", 7, False, None, False, True),
    ("sms_returning_1_thanks", "30 11 * * *", "RETAIL", "last_sale", 1, True, None, False, True),
    ("sms_returning_2_coupon", "0 19 * * *", "RETAIL", "last_sale", 1, True, TWO_WEEKS, True, True),
    ("sms_returning_3_review", "30 15 * * *", "RETAIL", "last_sale", 7, True, None, False, True),
    ("sms_birthday", "0 9 1 * *", "any", "birth_month", None, False, TENTH, True, False),
    ("sms_wholesale", "30 10 * * *", "WHOLESALE", "last_sale", 1, False, None, False, False),
    ("sms_win_back", "0 11 15 * *", "RETAIL", "segment", None, False, TENTH, False, True),
]
OFF = {"sms_win_back"}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    (tmp_path / "sms").mkdir()
    return tmp_path


def load(own: Path, text: str) -> SmsCampaigns:
    (own / "sms_campaigns.yaml").write_text(text, encoding="utf-8")
    return load_settings(SmsCampaigns, "sms_campaigns")


def test_the_shipped_campaigns_are_those_of_the_plan() -> None:
    found: list[Any] = []
    for name, campaign in SHIPPED.campaigns.items():
        audience, coupon = campaign.audience, campaign.coupon
        until = coupon and next((key, value) for key, value in coupon if value is not None)
        found.append((
            name, campaign.send.cron, audience.category, audience.anchor, audience.days_after,
            audience.returning, until, campaign.media is not None, campaign.reward_balance,
        ))  # fmt: skip
        assert campaign.enabled == (name not in OFF)
    assert SHIPPED.campaigns["sms_win_back"].audience.segments == ("Lost big spenders",)
    assert found == PLAN


def test_a_store_changes_single_values_takes_campaigns_out_and_adds_its_own(own: Path) -> None:
    (own / "sms" / "quiet_year.txt").write_text("{{ company }} misses you{{ expires }}")
    found = load(
        own,
        """
farewells: [Bye!]
campaigns:
  sms_returning_2_coupon: {audience: {days_after: 3, segments: [Champions, Regulars]}}
  sms_returning_3_review: {audience: {anchor: first_sale, category: " retail "}}
  sms_wholesale: null
  sms_quiet_year:
    title: A year without a visit
    audience: {category: RETAIL, anchor: last_sale, days_after: 365}
    send: {at: "10:05"}
    template: quiet_year.txt
    coupon: {until_day_of_next_month: 1}
    priority: 90
""",
    )
    assert found.farewells == ("Bye!",)
    assert found.greetings == SHIPPED.greetings
    assert found.campaigns["sms_returning_2_coupon"].audience.days_after == 3
    assert found.campaigns["sms_returning_2_coupon"].audience.segments == ("Champions", "Regulars")
    assert found.campaigns["sms_returning_2_coupon"].audience.returning
    assert found.campaigns["sms_returning_3_review"].audience.category == "RETAIL"
    assert found.campaigns["sms_quiet_year"].send.cron == "5 10 * * *"
    assert "sms_wholesale" not in found.campaigns
    assert len(found.campaigns) == len(PLAN)


@pytest.mark.parametrize(
    ("campaign", "slip", "expected"),
    [
        ("sms_birthday", "send: {at: 18:30}", r"send\.at: .*in quotes \(found 1110\)"),
        ("sms_birthday", "send: {at: '24:00'}", r"send\.at: .*found '24:00'"),
        ("sms_birthday", "send: {at: 9am}", r"send\.at: .*found '9am'"),
        ("sms_birthday", "send: {day_of_month: null}", r"birthday\.send: .*day_of_month is needed"),
        ("sms_birthday", "send: {day_of_month: 31}", r"send\.day_of_month: .*found 31"),
        ("sms_wholesale", "send: {day_of_month: 1}", r"wholesale\.send: .*leave out"),
        ("sms_wholesale", "audience: {days_after: -1}", r"audience\.days_after: .*found -1"),
        ("sms_wholesale", "audience: {days_after: null}", r"audience\.days_after: .*after the last_sale\?"),
        ("sms_birthday", "audience: {days_after: 3}", r"audience\.days_after: .*no day.*found 3"),
        ("sms_birthday", "audience: {returning: yes}", r"audience\.returning: .*found True"),
        ("sms_win_back", "send: {day_of_month: null}", r"back\.send: .*day_of_month is needed"),
        ("sms_win_back", "audience: {segments: []}", r"audience\.segments: .*which segments\?"),
        ("sms_win_back", "audience: {segments: [Champion]}", r"segments\.0: .*Champions.*found 'Champion'"),
        ("sms_win_back", "audience: {days_after: 3}", r"audience\.days_after: .*no day.*found 3"),
        ("sms_win_back", "audience: {returning: yes}", r"audience\.returning: .*found True"),
        (
            "sms_win_back",
            "coupon: {days_after_sale: 14, until_day_of_next_month: null}",
            r"back\.coupon: .*a segment has no sale to count from",
        ),
        ("sms_wholesale", "audience: {anchor: first_sail}", r"audience\.anchor: .*found 'first_sail'"),
        ("sms_wholesale", "audience: {category: RETIAL}", r"audience\.category: .*found 'RETIAL'"),
        ("sms_wholesale", "template: wholesail.txt", r"template: .*no such.*birthday.txt.*found 'wholesail"),
        ("sms_wholesale", "template: ../sms/wholesale.txt", r"template: .*no such template"),
        ("sms_wholesale", "template: _message.txt", r"template: .*no such template"),
        ("sms_wholesale", "template: birthday.txt", r"wholesale\.coupon: .*says when a coupon expires"),
        ("sms_wholesale", "coupon: {days_after_sale: 9}", r"wholesale\.coupon: .*must say when"),
        ("sms_birthday", "coupon: null", r"birthday\.coupon: .*birthday.txt says when .*found None"),
        (
            "sms_birthday",
            "coupon: {days_after_sale: 14, until_day_of_next_month: null}",
            r"birthday\.coupon: .*no sale to count from",
        ),
        ("sms_birthday", "coupon: {days_after_sale: 14}", r"birthday\.coupon: .*either days_after_sale or"),
        ("sms_birthday", "coupon: {until_day_of_next_month: 31}", r"until_day_of_next_month: .*found 31"),
        ("sms_birthday", "media: card.png", r"media: .*https.*found 'card\.png'"),
        ("sms_birthday", "media: ftp://example.com/card.png", r"media: .*https.*found 'ftp:"),
        ("sms_birthday", "media: 'https://example.com/'", r"media: .*names no file.*found 'https:"),
        ("sms_birthday", "media: ''", r"media: .*https.*found ''"),
        ("sms_birthday", "media: 'https://example.com/a card.png'", r"media: .*no blanks"),
        ("sms_birthday", "media: 'https:///card.png'", r"media: .*https"),
        ("sms_birthday", "prefix: '{store}:'", r"prefix: .*only \{company\}.*found '\{store\}:'"),
        ("sms_birthday", "priority: 0", r"priority: .*found 0"),
        ("sms_birthday", "titel: x", r"sms_birthday\.titel: Extra inputs"),
        ("birthday_sms", "title: x", r"campaigns: .*'birthday_sms' is no name"),
        ("sms_Birthday", "title: x", r"campaigns: .*'sms_Birthday' is no name"),
        ("sms_birthday-2", "title: x", r"campaigns: .*'sms_birthday-2' is no name"),
        ("sms_birthday", "hold_out_share: 5", r"hold_out_share: .*found 5"),
    ],
)
def test_a_slip_is_named_with_file_field_and_value(
    own: Path, campaign: str, slip: str, expected: str
) -> None:
    with pytest.raises(InvalidSettings, match=expected) as problem:
        load(own, f"campaigns: {{{campaign}: {{{slip}}}}}")
    assert str(own / "sms_campaigns.yaml") in str(problem.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("greetings: []", r"greetings"),
        ("farewells: ['  ']", r"farewells\.0: .*found '  '"),
        ("farewells: ['Bye {first_name}']", r"farewells\.0: .*only \{company\}"),
        ("review_link: example.com/review", r"review_link: .*https"),
        ("campaigns: []", r"campaigns: .*found \[\]"),
        ("segments_days: 31", r"segments_days: .*less than or equal to 30"),
        ("campagnes: {}", r"campagnes: Extra inputs"),
    ],
)
def test_a_slip_outside_the_campaigns_is_named(own: Path, text: str, expected: str) -> None:
    with pytest.raises(InvalidSettings, match=expected):
        load(own, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ frist_name }}", r"own.txt cannot be used: frist_name: no such word; there are company, "),
        ("{% extends '_message.txt' %}\n{% block body %}", r"own.txt cannot be used: line 2: "),
        ("Hi!\n{{ first_name | propper }}", r"own.txt cannot be used: line 2: No filter named 'propper'"),
        ("{% extends '_gone.txt' %}", r"own.txt cannot be used: '_gone.txt' not found"),
        ("{% include '_broken.txt' %}", r"_broken.txt cannot be used: line 1: "),
        ("{% include '_asks.txt' %}", r"own.txt cannot be used: last_name: no such word"),
    ],
)
def test_a_template_that_would_fail_is_found_when_settings_are_read(
    own: Path, text: str, expected: str
) -> None:
    for name, content in (("own", text), ("_broken", "{% if %}"), ("_asks", "{{ last_name }}")):
        (own / "sms" / f"{name}.txt").write_text(content)
    with pytest.raises(InvalidSettings, match=rf"sms_wholesale\.template: .*{expected}.*found 'own.txt'"):
        load(own, "campaigns: {sms_wholesale: {template: own.txt}}")
