"""Matching competitors' products with our items, what staff decide, what moved, and the comparison."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import create_engine, insert

from include.competitors.comparison import ComparedRow, SiteList, compare
from include.competitors.comparison_files import as_csv, as_workbook
from include.competitors.goods import goods
from include.competitors.history import as_price_on_day, moves
from include.competitors.letter import as_letter
from include.competitors.matching import Matcher, OurItem, our_items
from include.competitors.reading import Offer, as_offer
from include.competitors.review import append_candidates, candidate_lines, read_decisions
from include.competitors.settings import MatchSettings
from include.counterpoint.tables import IM_ITEM
from include.errors import InvalidRequest

DAY, BEFORE = date(2026, 11, 20), date(2026, 11, 19)
SETTINGS = MatchSettings(sure=97, candidate=80)


def item(number: str, name: str, size: str, retail: str = "10", wholesale: str = "7") -> OurItem:
    return OurItem(number, f"{name} {size}", size, Decimal(retail), Decimal(wholesale), (goods(name, size),))


ITEMS = [
    item("100", "Blue Angel Hosta", "1 Gal"),
    item("101", "Blue Angel Hosta", "3 Gal", "30", "20"),
    item("102", "Patriot Hosta", "1 Gal"),
    item("0012", "Crème Garland", "Large"),
    item("103", "Sweet Million Tomato", "6 Pack", "6", "4"),
]


def offer(name: str, size: str = "", price: str = "$8.00") -> Offer:
    return as_offer(name, size, "", price)


def compared(*offers: Offer, path: Path | None = None, **known: Any) -> tuple[Any, list[Any]]:
    site = SiteList("green", "Green", "wholesale", offers, read_on=DAY, **known)
    decisions = read_decisions(path or Path("/nowhere/matches.csv"))
    return compare(DAY, [site], ITEMS, Matcher(ITEMS, SETTINGS), decisions)


@pytest.mark.parametrize(
    ("name", "size", "number"),
    [
        ("Hosta 'Blue Angel'", "#1", "100"),
        ("HOSTA BLUE ANGEL 3 GAL.", "", "101"),
        ("Hosta, Blue Angel", "03 gallon", "101"),
        ("creme garland", "LG", "0012"),
        ("Tomato Sweet Million", "6-pk", "103"),
    ],
)
def test_the_same_goods_are_known_however_they_are_written(name: str, size: str, number: str) -> None:
    (best, *_) = Matcher(ITEMS, SETTINGS).candidates(offer(name, size))
    assert (best.item.number, best.sure) == (number, True)


@pytest.mark.parametrize(
    ("name", "size"), [("Blue Angel Hosta", "#5"), ("Blue Angel Hosta", ""), ("Red Oak", "#1"), ("", "#1")]
)
def test_another_size_or_another_plant_is_no_candidate(name: str, size: str) -> None:
    assert Matcher(ITEMS, SETTINGS).candidates(offer(name, size)) == []


def test_two_items_that_are_as_alike_are_a_question_for_a_person() -> None:
    twins = [*ITEMS, item("999", "Hosta Blue Angel", "1 Gal")]
    found = Matcher(twins, SETTINGS).candidates(offer("Hosta 'Blue Angel'", "#1"))
    assert {candidate.item.number for candidate in found} == {"100", "999"}
    assert not any(candidate.sure for candidate in found)


def test_the_item_file_is_read_without_inactive_items() -> None:
    engine = create_engine("sqlite://")
    IM_ITEM.create(engine)
    rows: Sequence[dict[str, Any]] = [
        {"ITEM_NO": "A", "STAT": "A", "LONG_DESCR": "BLUE ANGEL HOSTA 1 GAL", "USR_PROF_ALPHA_15": "1 Gal"},
        {"ITEM_NO": "V", "STAT": "V", "LONG_DESCR": "Patriot Hosta 1 Gal", "USR_PROF_ALPHA_15": "1 Gal"},
        {"ITEM_NO": "N", "STAT": "a", "DESCR": "NAMELESS", "LONG_DESCR": None},
    ]
    with engine.begin() as connection:
        for row in rows:
            connection.execute(insert(IM_ITEM), row)
        found = our_items(lambda query: connection.execute(query).all())
    assert [(one.number, one.goods[0].words, one.goods[0].size) for one in found] == [
        ("A", "blue angel hosta", "1 gal"),
        ("N", "nameless", ""),
    ]


def test_what_staff_decide_counts_and_stays_to_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "matches.csv"
    asked = offer("Crème Garlands", "LG")
    _, wanted = compared(asked, path=path)
    lines = candidate_lines(wanted, read_decisions(path), DAY)
    assert append_candidates(path, lines) == len(lines) > 0
    comparison, _ = compared(asked, path=path)
    assert comparison.rows == ()
    assert comparison.undecided == len(lines)

    # As a spreadsheet leaves it: another encoding, zeros gone, a note in a column of its own.
    edited = path.read_bytes().decode().replace("\r\n,green", "\r\nYes,green", 1) + ",,,,\r\n"
    edited = edited.replace(",0012,", ",12,")
    path.write_bytes(edited.encode("cp1252"))
    comparison, wanted = compared(asked, path=path)
    (row,) = comparison.rows
    assert (row.item, row.basis) == (lines[0][4], "confirmed")
    before = path.read_bytes()
    assert append_candidates(path, candidate_lines(wanted, read_decisions(path), DAY)) == 0
    assert path.read_bytes() == before


def test_a_rejected_pair_is_never_compared_and_a_line_by_hand_is(tmp_path: Path) -> None:
    path = tmp_path / "matches.csv"
    heading = "decision,site,their_name,their_size,our_item,our_name,our_size,likeness,found_on,pair"
    path.write_text(
        f"{heading}\nno,green,Hosta 'Blue Angel',#1,100\nyes,green,Giant leaf,,102\nmaybe,green,X,,1\n"
        "yes,green,Other,,777\n"
    )
    comparison, wanted = compared(offer("Hosta 'Blue Angel'", "#1"), offer("Giant Leaf"), path=path)
    assert [(row.their_name, row.item) for row in comparison.rows] == [("Giant Leaf", "102")]
    assert "100" not in {candidate.item.number for _, _, candidate in wanted}
    decisions = read_decisions(path)
    (reject,) = decisions.rejects
    assert (reject.key, "'maybe'" in reject.reason) == ("matches.csv, line 4", True)
    assert set(decisions.by_hand.values()) == {"102", "777"}


def test_a_list_saved_with_semicolons_is_refused_instead_of_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "matches.csv"
    path.write_text("decision;site;their_name\nyes;green;Hosta\n")
    with pytest.raises(InvalidRequest, match="save it as CSV with commas"):
        read_decisions(path)


def row_of(price: str, name: str = "Hosta 'Blue Angel'", size: str = "#1") -> ComparedRow:
    comparison, _ = compared(offer(name, size, price))
    (row,) = comparison.rows
    assert isinstance(row, ComparedRow)
    return row


def test_prices_are_compared_for_one_piece_with_the_price_that_the_site_is_for() -> None:
    row = row_of("3 for $24")
    assert (row.theirs, row.ours) == (Decimal(8), Decimal(7))
    assert (row.difference, row.share) == (Decimal("-1.00"), Decimal("-0.1250"))
    pack = row_of("$5.00 / 6 pack", "Sweet Million Tomato", "6 pack")
    assert (pack.theirs, pack.ours) == (Decimal(5), Decimal(4))


@pytest.mark.parametrize(
    ("price", "note"),
    [
        ("call", "on request"),
        ("12,50 €", "in EUR"),
        ("$20 / flat", "sold by the flat"),
        ("Sold out", "sold out"),
    ],
)
def test_what_cannot_be_compared_says_why(price: str, note: str) -> None:
    row = row_of(price)
    assert (row.share, row.note) == (None, note)


def test_what_moved_since_the_last_list() -> None:
    old = {"up": "$5", "down": "3 for $12", "gone": "$5", "out": "$5", "back": "sold out", "same": "$5.00",
           "asked": "$5", "unlike": "$5/flat", "euro": "$5"}  # fmt: skip
    new = {"up": "$6", "down": "$3.50", "new": "$5", "out": "sold out", "back": "$5", "same": "5.00 ea",
           "asked": "call", "unlike": "$4/flat", "euro": "5 €"}  # fmt: skip
    days = [
        [as_price_on_day("green", day, offer(name, "#1", price)) for name, price in found.items()]
        for day, found in ((BEFORE, old), (DAY, new))
    ]
    found = {move.name: (move.kind, move.share) for move in moves(*days)}
    assert found.pop("up") == ("up", Decimal("0.2000"))
    assert found.pop("down") == ("down", Decimal("-0.1250"))
    assert found.pop("unlike") == ("down", Decimal("-0.2000"))
    assert {name: kind for name, (kind, _) in found.items()} == {
        "new": "new", "gone": "gone", "out": "sold out", "back": "back", "asked": "changed", "euro": "changed"
    }  # fmt: skip
    assert moves(days[1], days[1]) == []
    tiny = [[as_price_on_day("green", DAY, offer("tiny", "#1", price))] for price in ("99999 for 1¢", "$5")]
    assert [move.name for move in moves(*tiny)] == ["tiny"]


def test_files_and_letter_say_the_same_and_are_the_same_each_time() -> None:
    offers = (offer("Hosta 'Blue Angel'", "#1", "$8"), offer("=cmd|' /C calc'!A0", "#1"))
    old = [as_price_on_day("green", BEFORE, offer("Hosta 'Blue Angel'", "#1", "$4"))]
    now = [as_price_on_day("green", DAY, one) for one in offers]
    comparison, _ = compared(*offers, since=BEFORE, moves=tuple(moves(old, now)))
    assert as_workbook(comparison) == as_workbook(comparison)
    book = load_workbook(io.BytesIO(as_workbook(comparison)))
    (row,) = list(book["Compared"].iter_rows(min_row=2, values_only=True))
    assert (row[5], row[8]) == ("100", 7)
    products = [one[3] for one in book["Moved"].iter_rows(min_row=2, values_only=True)]
    assert products == ["Hosta 'Blue Angel'", "'=cmd|' /C calc'!A0"]
    assert (
        as_csv(comparison)
        .decode("utf-8-sig")
        .splitlines()[1]
        .startswith("Green,Hosta 'Blue Angel',#1,$8,8,100")
    )
    letter = as_letter(comparison)
    assert letter.subject == "Competitor prices: 2 prices moved"
    for text in (letter.html, letter.text):
        assert "+100.0 %" in text
        assert "-12.5 %" in text


def test_a_night_without_news_is_told_apart() -> None:
    quiet, _ = compared(offer("Aster", "#1"), since=BEFORE)
    failed, _ = compared(since=BEFORE, failed=True)
    first, _ = compared(offer("Aster", "#1"))
    assert (quiet.has_news, failed.has_news, first.has_news) == (False, True, True)
