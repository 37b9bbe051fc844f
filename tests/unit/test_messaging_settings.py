"""What a store may set for its texts, and what it is told when a slip would cost money or break the law."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from pathlib import Path

import pytest

from include.errors import InvalidSettings
from include.messaging.settings import MessagingSettings, messaging_settings
from include.settings import load_settings


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    return tmp_path / "messaging.yaml"


def test_the_shipped_file_is_lawful() -> None:
    shipped = messaging_settings()
    assert (shipped.hours.start, shipped.hours.end, shipped.hours.store_zone_only) == (
        time(8),
        time(21),
        False,
    )
    assert (shipped.cap.texts, shipped.cap.hours) == (2, 24)
    assert "STOP" in shipped.opt_out_hint


def test_a_store_replaces_single_values(own: Path) -> None:
    own.write_text('hours: {start: "10:00", end: "18:30"}\nprices: {segment: 0.02}\n', encoding="utf-8")
    found = load_settings(MessagingSettings, "messaging")
    assert (found.hours.start, found.hours.end, found.hours.last_minutes) == (time(10), time(18, 30), 15)
    assert found.prices.segment == Decimal("0.02")
    assert found.prices.media_message == messaging_settings().prices.media_message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hours: {end: 20:30}", r"hours\.end: .*in quotes.*found 1230"),
        ('hours: {end: "24:00"}', r"hours\.end: .*found '24:00'"),
        ('hours: {end: "8 pm"}', r"hours\.end: .*found '8 pm'"),
        ('hours: {start: "07:59"}', r"hours: .*between 08:00 and 21:00"),
        ('hours: {end: "21:01"}', r"hours: .*between 08:00 and 21:00"),
        ('hours: {start: "18:00", end: "09:00"}', r"hours: .*end has to be .*after start"),
        ('hours: {start: "20:50"}', r"hours: .*more than last_minutes \(15\) after start"),
        ("hours: {last_minutes: 0}", r"hours\.last_minutes: .*found 0"),
        ("cap: {texts: 0}", r"cap\.texts: .*found 0"),
        ("strikes: {unreachable: 1}", r"strikes\.unreachable: .*found 1"),
        ("prices: {segment: -0.01}", r"prices\.segment: .*found -0.01"),
        ("prices: {segment: 0.79 cents}", r"prices\.segment: .*0.79 cents"),
        ("company: '  '", r"company: .*found '  '"),
        ("company: Garden 🌱", r"company: .*twice as dear: 🌱"),
        ("opt_out_hint: Text STOP if you don’t want these", r"opt_out_hint: .*twice as dear: ’"),
        ("opt_out_hint: Call us to get off the list", r"opt_out_hint: .*a word that Twilio obeys: STOP"),
        ("opt_out_hint: We never stopped growing", r"opt_out_hint: .*a word that Twilio obeys"),
        ("segments_per_second: 0", r"segments_per_second: .*found 0"),
        ("hold_out_share: 5", r"hold_out_share: .*found 5"),
        ("quiet: {}", r"quiet: Extra inputs"),
    ],
)
def test_a_slip_is_named_with_field_and_value(own: Path, text: str, expected: str) -> None:
    own.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidSettings, match=expected):
        load_settings(MessagingSettings, "messaging")


@pytest.mark.parametrize("hint", ["Reply STOP to opt out.", 'Text "stop" to end', "(STOP ends these texts)"])
def test_hints_that_twilio_obeys(own: Path, hint: str) -> None:
    own.write_text(f"opt_out_hint: '{hint}'", encoding="utf-8")
    found = load_settings(MessagingSettings, "messaging")
    assert found.opt_out_hint == hint


def test_what_a_text_costs(own: Path) -> None:
    own.write_text("prices: {segment: 0.01, media_message: 0.03}", encoding="utf-8")
    prices = load_settings(MessagingSettings, "messaging").prices
    assert prices.cost("a" * 160) == Decimal("0.01")
    assert prices.cost("a" * 161) == Decimal("0.02")
    assert prices.cost("a" * 159 + "🌱") == Decimal("0.03")
    assert prices.cost("a" * 500, media=True) == Decimal("0.03")
    assert prices.cost("") == 0
