"""The store reports' days, closed days, settings, files and letters, without a database."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from pydantic import ValidationError

from include.errors import InvalidSettings, VendorUnavailable
from include.periods import Period
from include.reporting.page import as_page
from include.store_reports.days import last_week, newest_days, report_days, weekday_before
from include.store_reports.figures import Figures
from include.store_reports.files import as_csv, as_workbook
from include.store_reports.letter import as_letter, written
from include.store_reports.report import StoreReport, store_report
from include.store_reports.sections import (
    Chart,
    Column,
    FailedSection,
    Kind,
    Section,
    Table,
    Tile,
    change,
    share,
)
from include.store_reports.settings import StoreReportSettings, store_report_settings
from include.store_reports.words import span

SETTINGS = store_report_settings()


def settings(**over: Any) -> StoreReportSettings:
    return StoreReportSettings.model_validate(SETTINGS.model_dump() | over)


def test_weeks_run_from_sunday_to_saturday() -> None:
    for back in range(800):
        day = date(2028, 3, 12) - timedelta(days=back)
        week = last_week(day)
        assert (week.first.isoweekday(), week.last.isoweekday()) == (7, 6)
        assert (week.end - week.first).days == 7
        # It is over, and no whole week has passed since.
        assert timedelta(days=1) <= day - week.last <= timedelta(days=7)
        before = weekday_before(week)
        assert (before.first.isoweekday(), before.last.isoweekday()) == (7, 6)
        assert 363 <= (week.first - before.first).days <= 366


def test_on_a_sunday_the_week_ended_yesterday() -> None:
    assert last_week(date(2026, 11, 22)) == Period(date(2026, 11, 15), date(2026, 11, 21))
    assert last_week(date(2026, 11, 21)) == Period(date(2026, 11, 8), date(2026, 11, 14))


def test_months_and_years_at_their_edges() -> None:
    first = report_days(date(2027, 1, 1), 6, 3, 45)
    assert first.month_to_date[0] == Period(date(2026, 12, 1), date(2026, 12, 31))
    assert first.year_to_date[1] == Period(date(2025, 1, 1), date(2025, 12, 31))
    assert [one.first for one in first.months] == [date(y, 12, 1) for y in (2026, 2025, 2024)]

    leap = report_days(date(2028, 3, 1), 6, 5, 45)
    assert leap.through == date(2028, 2, 29)
    assert [one.last for one in leap.month_to_date] == [
        date(2028, 2, 29), date(2027, 2, 28), date(2026, 2, 28), date(2025, 2, 28), date(2024, 2, 29),
    ]  # fmt: skip
    assert [one.last.day for one in leap.months] == [29, 28, 28, 28, 29]
    assert leap.months[0].first == date(2028, 2, 1)
    assert report_days(date(2028, 2, 29), 6, 3, 45).forecast.first == date(2027, 2, 28)


def test_everything_compared_is_read() -> None:
    for day in (date(2027, 1, 1), date(2027, 1, 4), date(2028, 2, 29), date(2026, 7, 7)):
        days = report_days(day, 6, 3, 45)
        every = (*days.months, *days.month_to_date, *days.year_to_date, *map(weekday_before, days.weeks))
        assert days.since <= min(one.first for one in every)
        assert days.since <= weekday_before(Period(days.through, days.through)).first


def test_closed_days() -> None:
    closed = settings(closed={"weekdays": ["sunday"], "every_year": ["12-25", "02-29"],
                              "days": ["2027-03-26"], "open": ["2026-12-20"]}).closed  # fmt: skip
    shut = [date(2026, 11, 22), date(2026, 12, 25), date(2028, 2, 29), date(2027, 3, 26)]
    assert all(map(closed.closes, shut))
    assert not any(map(closed.closes, (date(2026, 12, 20), date(2026, 11, 21), date(2028, 2, 28))))
    monday = date(2026, 11, 23)
    assert newest_days(monday, closed.closes) == [date(2026, 11, 21), date(2026, 11, 22)]
    assert newest_days(date(2026, 11, 24), closed.closes) == [monday]
    assert newest_days(date(2026, 12, 26), closed.closes)[0] == date(2026, 12, 24)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"closed": {"every_year": ["25.12."]}}, "month and day"),
        ({"closed": {"weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
                                  "sunday"]}}, "one day of the week"),
        ({"channels": [{"title": "A", "stores": ["1"]}, {"title": "B", "stores": [" 1 "]}]}, "1 stands"),
        ({"pay_codes": [{"title": "A", "codes": ["MC", "mc"]}]}, "MC stands twice"),
        ({"items": SETTINGS.items.model_dump() | {"binding_id": "B("}}, "regular expression"),
        ({"channels": [{"title": "A", "stores": [1]}]}, "must be in quotes"),
    ],
)  # fmt: skip
def test_wrong_settings_say_what_is_wrong(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        settings(**wrong)


def test_own_settings_replace_single_values(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "store_reports.yaml").write_text("low_stock: {at_most: 7}\n")
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    store_report_settings.cache_clear()
    try:
        assert store_report_settings().low_stock.at_most == 7
        assert store_report_settings().low_stock.rows == SETTINGS.low_stock.rows
        (tmp_path / "store_reports.yaml").write_text("top_itemz: 7\n")
        store_report_settings.cache_clear()
        with pytest.raises(InvalidSettings, match="top_itemz"):
            store_report_settings()
    finally:
        store_report_settings.cache_clear()


def test_nothing_grows_from_nothing() -> None:
    assert change(Decimal(3), Decimal(2)) == Decimal("0.5")
    assert change(Decimal(1), Decimal(3)) == Decimal("-0.6667")
    assert [change(Decimal(3), before) for before in (None, Decimal(0), Decimal(-1))] == [None] * 3
    shares = [share(Decimal(1), whole) for whole in (None, Decimal(0), Decimal(4))]
    assert shares == [None, None, Decimal("0.25")]


@pytest.mark.parametrize(
    ("cell", "kind", "words"),
    [
        (None, "money", "–"), (Decimal("-1234.5"), "money", "-$1,234.50"), ("closed", "money", "closed"),
        (Decimal("1234.5"), "dollars", "$1,234"), (Decimal("-0.75"), "dollars", "-$1"),
        (Decimal("1234.5"), "amount", "1,234.50"), (Decimal("0.0000"), "amount", "–"),
        (Decimal("0.0625"), "change", "+6.2 %"), (Decimal("-1.5"), "change", "-150.0 %"),
        (Decimal("2.5000"), "quantity", "2.5"), (Decimal("1200.0000"), "quantity", "1,200"),
        (0, "count", "0"), (date(2026, 5, 3), "day", "May 3, 2026"),
    ],
)  # fmt: skip
def test_cells_in_words(cell: Any, kind: Kind, words: str) -> None:
    assert written(cell, kind) == words


def test_spans_in_words() -> None:
    assert span(Period(date(2026, 11, 8), date(2026, 11, 14))) == "Nov 8 – 14, 2026"
    assert span(Period(date(2026, 10, 25), date(2026, 11, 1))) == "Oct 25 – Nov 1, 2026"
    assert span(Period(date(2026, 12, 27), date(2027, 1, 2))) == "Dec 27, 2026 – Jan 2, 2027"
    assert span(Period(date(2026, 12, 27), date(2026, 12, 27))) == "Dec 27, 2026"


HARD = Table(
    "Hard/to:name it [really] and much too long",
    "Hard <things>",
    (Column("Item"), Column("Sold", "quantity"), Column("Day", "day"), Column("Price", "money", mail=False)),
    [
        ["A group"],
        ["=1+1", Decimal("2.5000"), date(2026, 11, 20), Decimal("19.9900")],
        ['3" pot, <b>&\x0b', None, date(2026, 11, 21), Decimal(100)],
        ["last", Decimal(7), date(2026, 11, 22), None],
    ],
    total=["Sum", Decimal("9.5"), None, Decimal("119.99")],
    mail_rows=3,
    csv=True,
)


def test_a_workbook_holds_numbers_days_and_texts_as_such() -> None:
    content = as_workbook([HARD, HARD])
    assert content == as_workbook([HARD, HARD])
    book = load_workbook(io.BytesIO(content))
    assert len(set(book.sheetnames)) == 2
    rows = list(book.worksheets[1].iter_rows(values_only=True))
    assert rows[0] == ("Item", "Sold", "Day", "Price")
    assert rows[1][:2] == ("A group", None)
    assert rows[2][0] == "=1+1"
    assert rows[2][1] == pytest.approx(2.5)
    assert book.worksheets[0]["A3"].data_type == "s"
    assert rows[-1][3] == pytest.approx(119.99)
    assert str(rows[2][2]).startswith("2026-11-20")


def test_a_csv_opens_without_surprises() -> None:
    rows = list(csv.reader(io.StringIO(as_csv(HARD).decode("utf-8-sig"))))
    assert rows[2] == ["'=1+1", "2.50", "2026-11-20", "19.99"]
    assert rows[3][0] == '3" pot, <b>&'
    assert rows[-1] == ["Sum", "9.50", "", "119.99"]


def test_a_letter_of_everything_a_section_may_hold() -> None:
    many = {f"store {n}": [Decimal(n), None] for n in range(9)}
    report = StoreReport(
        date(2026, 11, 20),
        (
            Section(
                "First <b>",
                (HARD, Table("Empty", "None of it", (Column("A"),), [])),
                notes=("A note & more",),
                tiles=(Tile(Decimal("1234.6"), "in all", Decimal("0.1")), Tile(Decimal(-2), "less")),
                charts=(Chart("bars", "one", "Bars", ["a", "b"], many),
                        Chart("lines", "two", "L", ["a"], {"x": [None]})),
            ),
            FailedSection("Second", "OperationalError", "the database said no"),
        ),
    )  # fmt: skip
    for template in ("admin_report", "revenue_report"):
        letter = as_letter(template, "Morning report", "Nov 20, 2026", report, "Left out, since.")
        assert "missing" in letter.subject
        assert "First &lt;b&gt;" in letter.html
        assert "=1+1" in letter.html
        assert "1 more in the workbook" in letter.html
        assert "19.99" not in letter.html
        for words in (
            "OperationalError: the database said no",
            "Left out, since.",
            "$1,235",
            "-$2",
            "Second",
        ):
            assert words in letter.html, words
            assert words in letter.text, words
        assert [file.name.rpartition(".")[2] for file in letter.attachments] == ["xlsx", "csv"]
        assert {image.name for image in letter.images} == {"chart-one", "chart-two"}
        assert as_page(letter).count(b"data:image/png") == 2


def test_a_failing_section_says_so_and_the_others_are_made() -> None:
    def read(_: Any) -> list[Any]:
        raise VendorUnavailable("db.internal:1433 of sa closed the connection")

    figures = Figures(read, date(2026, 11, 20), SETTINGS, ["1"])

    def fine(_: Figures) -> Section:
        return Section("Fine")

    def broken(_: Figures) -> Section:
        raise KeyError("secret")

    def asking(found: Figures) -> Section:
        return Section(str(found.first_day))

    report = store_report(figures, {"Fine": fine, "Broken": broken})
    assert [one.title for one in report.failed] == ["Broken"]
    assert (report.failed[0].error, report.may_pass) == ("KeyError", False)
    assert "secret" not in report.failed[0].words
    report = store_report(figures, {"Fine": fine, "Asking": asking})
    assert report.may_pass
    assert "db.internal" not in report.failed[0].words
    with pytest.raises(VendorUnavailable):
        store_report(figures, {"Asking": asking, "Broken": broken})
