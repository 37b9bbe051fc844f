"""Settings that a store edits by hand, and what it is told when it slips."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.errors import InvalidSettings
from include.inventory.settings import InventorySettings
from include.settings import StoreSettings, load_settings


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    return tmp_path


def test_the_shipped_settings_are_valid() -> None:
    assert load_settings(StoreSettings, "store").zone.key == "America/New_York"
    assert set(load_settings(InventorySettings, "inventory").feeds.segments) == {"retail", "wholesale"}


def test_a_store_replaces_single_values_and_keeps_the_rest(own: Path) -> None:
    (own / "inventory.yaml").write_text("feeds:\n  include_sold_out: false\n")
    feeds = load_settings(InventorySettings, "inventory").feeds
    assert feeds.include_sold_out is False
    assert feeds.segments["wholesale"].price == "REG_PRC"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("time_zone: Amerika/New_York", r"time_zone.*no such time zone.*Amerika/New_York"),
        ("timezone: America/New_York", r"timezone: Extra inputs"),
        ("stock_locations: []", r"stock_locations"),
        ("- just a list", r"names with values are expected"),
        ("name: 'open", r"cannot be read"),
        ("name: a\nname: b", r"cannot be read.*'name' stands twice"),
    ],
)
def test_a_slip_is_named_with_file_field_and_value(own: Path, text: str, expected: str) -> None:
    (own / "store.yaml").write_text(text)
    with pytest.raises(InvalidSettings, match=expected) as problem:
        load_settings(StoreSettings, "store")
    assert str(own / "store.yaml") in str(problem.value)


def test_an_empty_file_of_the_store_changes_nothing(own: Path) -> None:
    (own / "store.yaml").write_text("# nothing of our own yet\n")
    assert load_settings(StoreSettings, "store").stock_locations == ("1",)
