"""What competitors.yaml takes, and how it says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.competitors.evidence import without_secrets
from include.competitors.settings import CompetitorSettings
from include.errors import InvalidSettings
from include.settings.loader import load_settings


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("{table: ''}", "sites.greenfields.table"),
        ("{steps: [{click: a}]}", "the first step must be 'open'"),
        ("{steps: [{open: /, click: a}]}", "exactly one of open, fill, click, wait_for"),
        ("{steps: [{open: /}, {fill: a}]}", "fill needs 'with: login' or 'with: password'"),
        ("{steps: [{open: /}, {fill: a, with: secret}]}", "'login' or 'password'"),
        ("{steps: [{open: '//evil.example/'}]}", "steps.0.open"),
        ("{paging: {next: a, most_pages: 0}}", "paging.most_pages"),
        ("{columns: {size: Pot}, colums: 1}", "colums"),
        ("{password: geheim}", "sites.greenfields.password"),
    ],
)
def test_a_mistake_is_named(change: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "competitors.yaml").write_text(f"sites: {{greenfields: {change}}}")
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    with pytest.raises(InvalidSettings, match=words.replace("(", r"\(")):
        load_settings(CompetitorSettings, "competitors")


def test_a_store_switches_a_site_off_in_its_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "competitors.yaml").write_text("sites: {greenfields: {enabled: false}}")
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    settings = load_settings(CompetitorSettings, "competitors")
    assert settings.enabled == {}
    assert set(settings.sites) == {"greenfields"}


def test_a_kept_page_has_no_secret_in_any_spelling() -> None:
    html = (
        '<meta name="csrf-token" content="t0ken"><input type="hidden" name="csrf" value="t0ken">'
        '<p>me@x.example / p&amp;ss "1"</p>'
        '<a href="?u=me%40x.example&amp;p=p%26ss+%221%22">x</a><b>Hosta $5</b>'
    )
    kept = without_secrets(html, ('p&ss "1"', "me@x.example"))
    assert "Hosta $5" in kept
    for secret in ("t0ken", "p&amp;ss", "p%26ss", "me@x", "me%40x"):
        assert secret not in kept
