"""The file of leads: what is read while the web form writes it, what is set aside, what is imported once."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import URL

from include.database.engines import engine_for
from include.errors import InvalidRequest
from include.leads.lead import as_lead, repaired_zip
from include.leads.lead_files import COLUMNS, import_leads, read_lead_file
from include.leads.states import state_code
from include.storedb.leads import Lead, Leads
from include.storedb.migrate import upgrade

NEW_YORK = ZoneInfo("America/New_York")
HEADING = ",".join(COLUMNS)
ROW = {
    "date": "2026-05-07 09:12:11",
    "first_name": "Ann",
    "last_name": "Lee",
    "email": "ann@example.com",
    "phone": "518-555-0142",
    "interested_in": "['Free Sketch', 'Delivery & Placement']",
    "timeline": "Today",
    "street": "1 Main St",
    "city": "Kent",
    "state": "NY",
    "zip_code": "12345",
    "comments": "A patio",
}


def line(**over: str) -> str:
    """A row as the web form writes it."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow((ROW | over).values())
    return out.getvalue()


class LeadFolder:
    """A file that grows, and what is read from it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "design_request_leads.csv"

    def holds(self, *parts: str, encoding: str = "utf-8") -> LeadFolder:
        self.path.write_bytes("".join(parts).encode(encoding))
        return self

    def leads(self) -> list[Lead]:
        return list(read_lead_file(self.path, NEW_YORK).leads)

    def rejects(self) -> list[str]:
        return [f"{one.key}: {one.reason}" for one in read_lead_file(self.path, NEW_YORK).rejects]

    def names(self) -> list[str]:
        return [lead.first_name for lead in self.leads()]


@pytest.fixture
def file(tmp_path: Path) -> LeadFolder:
    return LeadFolder(tmp_path)


def test_a_row_becomes_a_lead_with_all_it_says(file: LeadFolder) -> None:
    (lead,) = file.holds(HEADING, "\n", line()).leads()
    assert lead == Lead(
        received_at=datetime(2026, 5, 7, 13, 12, 11),
        source="csv",
        source_key=lead.source_key,
        first_name="Ann",
        last_name="Lee",
        email="ann@example.com",
        phone="518-555-0142",
        interested_in=("Free Sketch", "Delivery & Placement"),
        timeline="Today",
        street="1 Main St",
        city="Kent",
        state="NY",
        zip_code="12345",
        comments="A patio",
    )
    assert len(lead.source_key) == 64


@pytest.mark.parametrize(
    "content",
    ["", HEADING, f"{HEADING}\n", f"{HEADING}\r\n\r\n", f"{HEADING}\n,,,,,,,,,,,\n", "date,first_na"],
)
def test_nothing_is_in_an_empty_file_or_none(file: LeadFolder, content: str) -> None:
    assert file.leads() == []
    assert (file.holds(content).leads(), file.rejects()) == ([], [])


@pytest.mark.parametrize(
    "comments",
    [
        'A wall, 3" wide, "nice" one',
        "first line\nsecond line\n\nfourth",
        "tulips \U0001f337\U0001f1fa\U0001f1f8 and \u2764\ufe0f",
        "; drop table lead; -- '",
        '"',
        "2026-05-07, that is when I need it\n2026-05-08,or then",
        "José wants\tcafé tables",
    ],
)
def test_comments_are_kept_to_the_letter(file: LeadFolder, comments: str) -> None:
    file.holds(HEADING, "\n", line(comments=comments), line(first_name="Bob"))
    assert [lead.comments for lead in file.leads()] == [comments, "A patio"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_will_do(file: LeadFolder, end: str) -> None:
    rows = [HEADING + "\n", line(), line(first_name="Bob")]
    assert file.holds(*(row.replace("\n", end) for row in rows)).names() == ["Ann", "Bob"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_spreadsheets_encodings_do_not_matter(file: LeadFolder, encoding: str) -> None:
    file.holds(HEADING, "\n", line(first_name="Zoë"), encoding=encoding)
    assert file.names() == ["Zoë"]


def test_columns_may_stand_in_another_order_and_new_ones_are_ignored(file: LeadFolder) -> None:
    heading = ["Referrer", *reversed(COLUMNS)]
    cells = ["a friend", *(ROW[name] for name in reversed(COLUMNS))]
    out = io.StringIO()
    csv.writer(out).writerows([[name.upper() for name in heading], cells])
    (lead,) = file.holds(out.getvalue()).leads()
    assert (lead.first_name, lead.zip_code, lead.comments) == ("Ann", "12345", "A patio")


def test_a_file_without_a_heading_has_the_usual_columns(file: LeadFolder) -> None:
    assert file.holds(line(), line(first_name="Bob")).names() == ["Ann", "Bob"]


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        (HEADING.replace("zip_code", "zip") + "\n" + line(), "zip_code"),
        ("item,price\n1,2\n", "date, first_name"),
    ],
)
def test_another_file_is_refused_with_the_columns_it_lacks(
    file: LeadFolder, content: str, missing: str
) -> None:
    with pytest.raises(InvalidRequest, match=f"design_request_leads.csv lacks the columns {missing}"):
        file.holds(content).leads()


def test_a_unicode_text_file_of_a_spreadsheet_is_refused(file: LeadFolder) -> None:
    with pytest.raises(InvalidRequest, match="is it UTF-8"):
        file.holds(HEADING, "\n", line(), encoding="utf-16").leads()


def test_every_cut_of_the_file_gives_leads_that_stay(file: LeadFolder) -> None:
    rows = [
        line(comments='one, "two"\n2026-05-07 comes \U0001f337\nlast'),
        line(first_name="Bob", comments='3" deep'),
        line(first_name="Zoë"),
    ]
    whole = file.holds(HEADING, "\r\n", *rows).leads()
    content = file.path.read_bytes()
    assert len(whole) == 3
    for size in range(len(content)):
        file.path.write_bytes(content[:size])
        found = read_lead_file(file.path, NEW_YORK)
        assert (list(found.leads), found.rejects) == (whole[: len(found.leads)], ()), content[:size]


BROKEN = {
    "too few": "2026-05-07 09:00:00,Bob,Lee\n",
    "too many": line(first_name="Bob").replace("1 Main St", "1, Main St"),
    "an open quotation mark": '2026-05-07 09:00:00,"Bob,Lee,,,,,,,,,\n',
    "an open one and more lines": '2026-05-07 09:00:00,Bob,Lee,,,,,,,,,"I want\na patio\n',
    "a closed one in the middle": '2026-05-07 09:00:00,"Bob" B,Lee,,,,,,,,,\n',
    "two that close each other": (
        '2026-05-07 09:00:00,Bob,Lee,,,,,,,,,"3\n2026-05-07 09:00:01,"Jim,Lee,,,,,,,,,\n'
    ),
    "no date": line(first_name="Bob", date="yesterday"),
    "an impossible date": line(first_name="Bob", date="2026-02-30 10:00:00"),
    "a date of another age": line(first_name="Bob", date="0026-02-03"),
    "an endless name": line(first_name="B" * 256),
    "an endless comment": line(comments="B" * 10_001),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_row_is_set_aside_by_its_line_and_the_rows_around_it_are_read(
    file: LeadFolder, kind: str
) -> None:
    file.holds(HEADING, "\n", line(comments="two\nlines"), BROKEN[kind], line(first_name="Zoe"))
    assert file.names() == ["Ann", "Zoe"]
    rejects = file.rejects()
    assert rejects[0].startswith("design_request_leads.csv, line 4: ")
    assert not any(name in " ".join(rejects) for name in ("Bob", "Lee", "patio"))


def test_a_mark_that_never_closes_at_the_end_waits_until_a_row_follows(file: LeadFolder) -> None:
    open_row = BROKEN["an open one and more lines"]
    file.holds(HEADING, "\n", line(), open_row)
    assert (file.names(), file.rejects()) == (["Ann"], [])
    file.holds(HEADING, "\n", line(), open_row, line(first_name="Zoe"))
    assert (file.names(), len(file.rejects())) == (["Ann", "Zoe"], 1)


@pytest.mark.parametrize(
    ("date", "utc"),
    [
        ("2026-05-07 09:12:11.123456", datetime(2026, 5, 7, 13, 12, 11, 123456)),
        ("2026-05-07T09:12", datetime(2026, 5, 7, 13, 12)),
        ("2026-01-07 23:59:59", datetime(2026, 1, 8, 4, 59, 59)),
        ("05/07/2026 09:12:11 PM", datetime(2026, 5, 8, 1, 12, 11)),
        ("5/7/2026 9:12", datetime(2026, 5, 7, 13, 12)),
        ("5/7/26 9:12", datetime(2026, 5, 7, 13, 12)),
        ("2026-05-07", datetime(2026, 5, 7, 4)),
        ("2026-05-07T09:12:00Z", datetime(2026, 5, 7, 9, 12)),
        ("2026-11-01 01:30:00", datetime(2026, 11, 1, 5, 30)),
        ("2026-03-08 02:30:00", datetime(2026, 3, 8, 7, 30)),
    ],
)
def test_dates_are_the_stores_in_any_usual_notation(file: LeadFolder, date: str, utc: datetime) -> None:
    (lead,) = file.holds(HEADING, "\n", line(date=date)).leads()
    assert lead.received_at == utc


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("02861", "02861"), ("2861.0", "02861"), ("2861", "02861"), ("12345.00", "12345"), ("501", "00501"),
        ("12345-6789", "12345-6789"), ("123456789", "12345-6789"), ("28611234", "02861-1234"),
        ("K1A 0B6", "K1A 0B6"), ("", ""), ("12", "12"), ("n/a", "n/a"),
    ],
)  # fmt: skip
def test_zip_codes_get_back_what_a_spreadsheet_took(typed: str, code: str) -> None:
    assert repaired_zip(typed) == code


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("ny", "NY"), ("New York", "NY"), (" new  york ", "NY"), ("N.Y.", "NY"), ("massachusetts", "MA"),
        ("Washington, D.C.", "DC"), ("Washington", "WA"), ("North Carolina", "NC"), ("West Virginia", "WV"),
        ("Puerto Rico", "PR"), ("British Columbia", "British Co"), ("Ontario", "Ontario"), ("", ""),
    ],
)  # fmt: skip
def test_states_become_codes_and_unknown_ones_are_cut(typed: str, code: str) -> None:
    assert state_code(typed) == code


@pytest.mark.parametrize(
    ("given_by_form", "ticked"),
    [
        (["Sketch", " Patio "], ("Sketch", "Patio")),
        ("['Sketch', \"Delivery & Placement\"]", ("Sketch", "Delivery & Placement")),
        ('["Sketch"]', ("Sketch",)),
        ("Sketch, Patio", ("Sketch", "Patio")),
        ("[Sketch, Patio]", ("Sketch", "Patio")),
        ("__import__('os').getcwd()", ("__import__('os').getcwd()",)),
        ("[]", ()), ("", ()), (None, ()), ([None, ""], ()),
    ],
)  # fmt: skip
def test_services_are_read_from_lists_and_from_their_text(
    given_by_form: Any, ticked: tuple[str, ...]
) -> None:
    lead = as_lead({"interested_in": given_by_form}, datetime(2026, 5, 7), "form", "1")
    assert lead.interested_in == ticked


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"first_name": ["Ann"]}, "first_name is list"),
        ({"phone": {"number": 1}}, "phone is dict"),
        ({"email": "x" * 256}, "email has 256 characters"),
        ({"interested_in": {"a": 1}}, "interested_in is dict"),
        ({"interested_in": ["x"] * 51}, "interested_in has 51 entries"),
        ({"comments": True}, "comments is bool"),
    ],
)
def test_what_is_no_text_is_refused_by_the_name_of_its_field(values: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        as_lead(values, datetime(2026, 5, 7), "form", "1")


def test_a_form_may_send_little_and_odd_things() -> None:
    values = {
        "first_name": " Ann\x00\tMarie ",
        "state": "State",
        "zip_code": 2861,
        "comments": "a\r\nb\ud800",
        "x": 1,
    }
    lead = as_lead(values, datetime(2026, 5, 7), "form", "1")
    assert (lead.first_name, lead.state, lead.zip_code, lead.comments) == ("Ann Marie", "", "02861", "a\nb")
    assert lead.last_name == ""


@pytest.fixture
def leads(tmp_path: Path) -> Leads:
    url = URL.create("sqlite", database=str(tmp_path / "store.db"))
    upgrade(url)
    return Leads(engine_for(url))


def test_each_row_is_imported_once_however_often_and_while_the_file_grows(
    file: LeadFolder, leads: Leads
) -> None:
    twice = line(first_name="Bob")
    file.holds(HEADING, "\n", line(), twice, twice, line(first_name="Zoe")[:-9])
    assert [import_leads(file.path, NEW_YORK, leads)[0] for _ in range(2)] == [3, 0]
    file.holds(HEADING, "\n", line(), twice, twice, line(first_name="Zoe"), twice)
    assert import_leads(file.path, NEW_YORK, leads)[0] == 2
    assert [lead.first_name for lead in leads.new()] == ["Ann", "Bob", "Bob", "Zoe", "Bob"]


def test_a_file_stored_again_by_a_spreadsheet_has_the_same_rows(file: LeadFolder, leads: Leads) -> None:
    file.holds(HEADING, "\n", line(zip_code="02861", comments="a\nb"), line(first_name="Zoë"))
    assert import_leads(file.path, NEW_YORK, leads)[0] == 2
    again = (
        line(date="5/7/2026 9:12", zip_code="2861", comments="a\r\nb"),
        line(date="5/7/2026 9:12", first_name="Zoë"),
    )
    file.holds(HEADING, "\r\n", *again, encoding="cp1252")
    assert import_leads(file.path, NEW_YORK, leads)[0] == 0


def test_a_mended_row_is_imported_and_rejects_are_told_each_time(file: LeadFolder, leads: Leads) -> None:
    file.holds(HEADING, "\n", line(), BROKEN["too many"])
    for _ in range(2):
        assert len(import_leads(file.path, NEW_YORK, leads)[1]) == 1
    file.holds(HEADING, "\n", line(), line(first_name="Bob"))
    assert import_leads(file.path, NEW_YORK, leads) == (1, ())


def test_a_large_file_is_read_as_a_whole(file: LeadFolder, leads: Leads) -> None:
    rows = [line(email=f"a{n}@example.com", comments="x\ny") for n in range(20_000)]
    bad = BROKEN["an open quotation mark"]
    file.holds(HEADING, "\n", *(row + bad if n % 1000 == 0 else row for n, row in enumerate(rows)))
    added, rejects = import_leads(file.path, NEW_YORK, leads)
    assert (added, len(rejects)) == (20_000, 20)


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)


@given(st.lists(st.lists(CELL, min_size=11, max_size=11), max_size=5))
def test_whatever_is_typed_makes_one_lead_for_each_row(tmp_path_factory: Any, cells: list[list[str]]) -> None:
    file = LeadFolder(tmp_path_factory.mktemp("leads"))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([["2026-05-07 09:00:00", *row] for row in cells])
    assert len(file.holds(out.getvalue()).leads()) == len(cells)
