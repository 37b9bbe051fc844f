"""The settings of the item upkeep and the e-mail lists, and what a store is told when it slips."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.catalog.item_log import ITEM_LOGS
from include.catalog.upkeep_settings import UpkeepSettings
from include.customers.settings import EmailListSettings
from include.errors import InvalidSettings
from include.settings import load_settings


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    return tmp_path


def upkeep(own: Path, text: str) -> UpkeepSettings:
    (own / "product_upkeep.yaml").write_text(text, encoding="utf-8")
    return load_settings(UpkeepSettings, "product_upkeep")


def test_the_shipped_files_are_complete() -> None:
    shipped = load_settings(UpkeepSettings, "product_upkeep")
    written = shipped.model_dump(exclude_unset=True)
    assert {name: set(part) for name, part in written.items()} == {
        name: set(part) for name, part in shipped.model_dump().items()
    }, "every setting is in the file, so that staff find it"
    assert set(shipped.budgets) <= set(ITEM_LOGS)
    assert set(load_settings(EmailListSettings, "email_lists").segments) == {"retail", "wholesale"}


def test_codes_are_compared_without_capitals_and_blanks(own: Path) -> None:
    brands = upkeep(own, "brands: {company: ' house ', vendors: {' hilltop': Store}}").brands
    assert (brands.company, brands.vendors) == ("HOUSE", {"BONNIE": "BONNIE", "HILLTOP": "STORE"})


def test_a_store_takes_entries_of_a_map_out_and_replaces_lists(own: Path) -> None:
    text = "buffers: {brands: {BONNIE: null}, categories: {POTTERY: [{buffer: 9}]}}\nbrands: {patterns: []}"
    found = upkeep(own, text)
    assert found.buffers.brands == {}
    assert [tier.buffer for tier in found.buffers.categories["POTTERY"]] == [9]
    assert "TREES" in found.buffers.categories
    assert found.brands.patterns == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("inactive: {below: -1}", "inactive.below"),
        ("inactive: {blow: 1}", "inactive.blow: Extra inputs"),
        ("inactive: {leave: {categories: [1001]}}", "inactive.leave.categories.0.*1001 must be in quotes"),
        ("inactive: {leave: {words: [' ']}}", "inactive.leave.words.0"),
        ("inactive: {reactivate: perhaps}", "inactive.reactivate"),
        ("brands: {company: null}", "brands.company.*None must be in quotes"),
        ("brands: {company: ' '}", "brands.company.*nothing but blanks"),
        ("brands: {vendors: {1001: STORE}}", "brands.vendors.*1001 must be in quotes"),
        ("brands: {vendors: {no: STORE}}", "brands.vendors.*False must be in quotes"),
        ("brands: {vendors: {V: STORE, 'v ': STORE}}", "brands.vendors.*named twice.*: V"),
        ("brands: {patterns: [{pattern: '(oak', brand: X}]}", r"patterns.0.pattern.*no valid regular"),
        ("brands: {patterns: [{pattern: 'a)|(b', brand: X}]}", r"patterns.0.pattern.*no valid regular"),
        ("brands: {patterns: [{pattern: '', brand: X}]}", "patterns.0.pattern.*must name something"),
        ("brands: {patterns: [{pattern: '  ', brand: X}]}", "patterns.0.pattern.*must name something"),
        ("brands: {patterns: [{pattern: 'oak|', brand: X}]}", "patterns.0.pattern.*must name something"),
        ("brands: {patterns: [{pattern: '.*', brand: X}]}", "patterns.0.pattern.*must name something"),
        ("brands: {patterns: [{pattern: oak}]}", "patterns.0.brand: Field required"),
        ("brands: {budget: {max_share: 45}}", "brands.budget.max_share"),
        ("buffers: {base: -1}", "buffers.base"),
        ("buffers: {base: 2.5}", "buffers.base"),
        ("buffers: {brands: {A: '3'}}", "buffers.brands.A"),
        ("buffers: {categories: {A: []}}", "categories.*A needs exactly one tier without 'above'"),
        ("buffers: {categories: {A: [{above: 5, buffer: 1}]}}", "A needs exactly one tier without"),
        ("buffers: {categories: {A: [{buffer: 1}, {buffer: 2}]}}", "A needs exactly one tier without"),
        (
            "buffers: {categories: {A: [{buffer: 1}, {above: 5, buffer: 1}, {above: 5.0, buffer: 2}]}}",
            "A has two tiers above the same price",
        ),
        ("buffers: {categories: {A: [{buffer: 1}, {above: 0, buffer: 1}]}}", "categories.A.1.above"),
        ("buffers: {categories: {A: [{buffer: 1}, {above: -5, buffer: 1}]}}", "categories.A.1.above"),
        ("buffers: {categories: {A: [{buffer: 1}, {above: .nan, buffer: 1}]}}", "categories.A.1.above"),
        ("buffers: {categories: {A: [{buffer: -1}]}}", "categories.A.0.buffer"),
        ("buffers: {categories: {A: 3}}", "categories.A"),
    ],
)
def test_a_slip_is_named_with_field_and_value(own: Path, text: str, expected: str) -> None:
    with pytest.raises(InvalidSettings, match=expected):
        upkeep(own, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("folder: /srv", "folder"),
        ("folder: ../outside", "folder"),
        ("smallest_share: 2", "smallest_share"),
        ("segments: {retail: {file: a/b.csv}}", "segments.retail.file"),
        ("segments: {retail: {file: list.txt}}", "segments.retail.file"),
        ("segments: {retail: {columns: []}}", "segments.retail.columns"),
        ("segments: {retail: {columns: [{heading: A, shows: address}]}}", "segments.retail.columns.0.shows"),
        ("segments: {retail: {file: WHOLESALE_customers.csv}}", "two lists have the same file"),
    ],
)
def test_a_slip_in_the_email_lists_is_named_too(own: Path, text: str, expected: str) -> None:
    (own / "email_lists.yaml").write_text(text)
    with pytest.raises(InvalidSettings, match=expected):
        load_settings(EmailListSettings, "email_lists")
