"""The comparison as a mail and a page."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from include.competitors.comparison import ComparedRow, Comparison, SiteList
from include.competitors.comparison_files import CSV_TYPE, XLSX_TYPE, as_csv, as_workbook
from include.competitors.history import Move
from include.reporting.letter import Attachment, Letter
from include.reporting.rendering import compose, money

TEMPLATE = "competitor_prices"
MOST_ROWS = 40
"""Rows of each table in the mail; the files have all of them."""


def as_letter(comparison: Comparison) -> Letter:
    """The letter, with the comparison as CSV and workbook."""
    name = f"competitor_prices_{comparison.day.isoformat()}"
    moved = sum(len(site.moves) for site in comparison.sites)
    data: dict[str, Any] = {
        "comparison": comparison,
        "moved_count": moved,
        "compared_heading": ("Our item", "Theirs", "Ours", "We are dearer by"),
        "compared": [_compared(row) for row in comparison.rows if row.share is not None][:MOST_ROWS],
        "unclear": [_unclear(row) for row in comparison.rows if row.share is None][:MOST_ROWS],
        "moves_heading": ("Product", "What", "Before", "Now", "Change"),
        "moves": [
            (site, [_moved(move) for move in site.moves[:MOST_ROWS]]) for site in _with_moves(comparison)
        ],
        "most_rows": MOST_ROWS,
    }
    what = f"{moved} prices moved" if moved else "no price moved"
    return compose(
        TEMPLATE,
        f"Competitor prices: {what}",
        data,
        attachments=(
            Attachment(f"{name}.csv", CSV_TYPE, as_csv(comparison)),
            Attachment(f"{name}.xlsx", XLSX_TYPE, as_workbook(comparison)),
        ),
    )


def _with_moves(comparison: Comparison) -> list[SiteList]:
    return [site for site in comparison.sites if site.moves]


def _compared(row: ComparedRow) -> tuple[str, str, str, str]:
    mark = "" if row.basis == "confirmed" else " (not confirmed)"
    return (f"{row.our_name}{mark}", money(row.theirs), money(row.ours), _signed(row.share))


def _unclear(row: ComparedRow) -> tuple[str, str, str]:
    return row.our_name, row.their_price, row.note


def _moved(move: Move) -> tuple[str, str, str, str, str]:
    return (
        f"{move.name} {move.size}".strip(),
        move.kind,
        move.before,
        move.now,
        _signed(move.share),
    )


def _signed(share: Decimal | None) -> str:
    return "" if share is None else f"{share * 100:+.1f} %"
