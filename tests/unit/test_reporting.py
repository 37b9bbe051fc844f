"""Letters: their parts as mail programs read them, their page, and who gets them."""

from __future__ import annotations

import base64
import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from include.campaigns.report import CampaignReport, CampaignTexts, Comparison, Group
from include.campaigns.report_letter import campaign_letter
from include.campaigns.report_stats import Share, difference, verdict
from include.errors import InvalidRequest, InvalidSettings
from include.periods import Period
from include.reporting import charts
from include.reporting.delivery import mail_to
from include.reporting.letter import Attachment, Image, Letter, read_letter, write_letter
from include.reporting.message import as_message
from include.reporting.page import as_page
from include.reporting.rendering import columns, compose
from include.reporting.settings import ReportSettings, mail_address, report_settings
from include.settings.loader import load_settings

SENDER = Address("Garden, Centre", addr_spec="reports@store.example")
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOSTILE = '</td><script>alert(1)</script><img src="cid:secret"> "=1+1" {{ 7 * 7 }}\r\nBcc: all@example.com'


def texts(title: str, **more: Any) -> CampaignTexts:
    numbers: dict[str, Any] = {
        "audience": 1234, "planned": 1100, "sent": 1050, "delivered": 1001, "failed": 37, "unknown": 2,
        "skipped": 70, "held_out": 64, "opt_outs": 9, "cost": Decimal("12.3456"), "priced": 1050,
    }  # fmt: skip
    return CampaignTexts(title=title, **numbers | more)


def report(title: str = "Birthday") -> CampaignReport:
    texted = Group(Share(90, 300), Share(21, 300), Decimal("4321.50"))
    held_out = Group(Share(10, 60), Share(1, 60), Decimal("410.00"))
    shares = texted.bought, held_out.bought
    return CampaignReport(
        period=Period(date(2026, 10, 9), date(2026, 11, 19)),
        compared=Period(date(2026, 10, 9), date(2026, 11, 5)),
        follow_days=14,
        smallest_group=30,
        campaigns=[texts(title), texts("Wholesale")],
        total=texts("All campaigns", audience=2468),
        failures=[(f"{title} is not in service", 37)],
        skips=[("opted out", 70)],
        comparisons=[Comparison(title, texted, held_out, difference(*shares), verdict(*shares, 30))],
    )


def read_mail(letter: Letter) -> EmailMessage:
    entry = mail_to("ada@example.com", "weekly", "w1", letter).entry
    message = as_message(letter, entry, SENDER, AT)
    return message_from_bytes(message.as_bytes(policy=policy.SMTP), policy=policy.default)


def words(html: str) -> str:
    """What a reader sees of a page."""
    parser, seen = HTMLParser(), list[str]()
    parser.handle_data = seen.append  # type: ignore[method-assign, assignment]
    parser.feed(html)
    return " ".join(" ".join(seen).split())


def test_a_mail_is_built_as_mail_programs_expect_it() -> None:
    mail = read_mail(campaign_letter(report()))
    assert mail.get_content_type() == "multipart/mixed"
    alternative, attachment = mail.iter_parts()
    assert alternative.get_content_type() == "multipart/alternative"
    text, related = alternative.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert related.get_content_type() == "multipart/related"
    html, *pictures = related.iter_parts()
    assert html.get_content_type() == "text/html"
    shown = set(re.findall(r'src="cid:([^"]+)"', html.get_content()))
    carried = {str(picture["Content-ID"]).strip("<>") for picture in pictures}
    assert shown == carried
    assert len(shown) == 2
    assert all(picture.get_content_disposition() == "inline" for picture in pictures)
    assert attachment.get_content_disposition() == "attachment"
    assert attachment.get_filename() == "text_campaigns_2026-10-09_2026-11-19.csv"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert str(mail["From"]) == '"Garden, Centre" <reports@store.example>'
    assert mail["Date"].datetime == AT


def test_text_page_and_mail_say_the_same_numbers() -> None:
    letter = campaign_letter(report())
    seen = words(letter.html)
    numbers = re.findall(r"\$?\d[\d,.]*\d %|\$[\d,.]+|\b\d[\d,]*\b", letter.text)
    assert {"2,468", "1,001", "$12.35"} <= set(numbers)
    assert "90 (30.0 %)" in letter.text
    assert [number for number in numbers if number not in seen] == []
    found = report().comparisons[0].difference
    assert found is not None
    rate, low, high = (f"{100 * value:+.1f}" for value in (found.rate, found.low, found.high))
    for form in (letter.text, seen):
        assert f"{rate} points ({low} to {high}): more bought" in form


def test_hostile_titles_stay_text_everywhere() -> None:
    letter = campaign_letter(report(HOSTILE))
    page = as_page(letter).decode()
    for html in (letter.html, page):
        assert "<script" not in html
        assert 'src="cid:secret"' not in html
        assert "&lt;script&gt;alert(1)" in html
        assert "{{ 7 * 7 }}" in html
    lines = letter.text.splitlines()
    assert not any(line.startswith("Bcc:") for line in lines)
    rows = letter.attachments[0].content.decode("utf-8-sig")
    assert rows.count("\nWholesale") == 1
    mail = read_mail(Letter(HOSTILE, letter.html, letter.text, letter.images))
    assert mail["Bcc"] is None
    assert "Bcc: all@example.com" in mail["Subject"]
    formula = campaign_letter(report("=HYPERLINK(1)")).attachments[0].content.decode("utf-8-sig")
    assert "\n'=HYPERLINK(1)," in formula


def test_a_page_needs_nothing_but_itself() -> None:
    letter = campaign_letter(report())
    page = as_page(letter).decode()
    assert "cid:" not in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert [base64.b64decode(one) for one in pictures] == [image.content for image in letter.images]
    assert "default-src &#x27;none&#x27;" in page


def test_a_letter_is_small_enough_for_a_mail_program() -> None:
    # Gmail cuts mails off after 102 KB of HTML; wider than 680 pixels they are scrolled sideways.
    letter = campaign_letter(report())
    assert len(letter.html.encode()) < 102_000
    assert max(int(width) for width in re.findall(r'width="(\d+)"', letter.html)) <= 680


def test_a_letter_is_kept_for_another_task(tmp_path: Path) -> None:
    letter = campaign_letter(report())
    write_letter(letter, tmp_path / "letter")
    assert read_letter(tmp_path / "letter") == letter


def test_the_same_entry_has_the_same_message_id_and_others_have_others() -> None:
    letter = Letter("Weekly", "<html></html>", "First")
    ids = [
        as_message(letter, mail_to(to, "weekly", week, letter).entry, SENDER, AT)["Message-ID"]
        for to, week in (("ada@example.com", "w1"), ("ada@example.com", "w1"), ("ada@example.com", "w2"))
    ]
    assert ids[0] == ids[1] != ids[2]


def test_a_picture_that_is_missing_or_twice_there_is_an_error() -> None:
    picture = Image("sales", b"png", "Sales")
    with pytest.raises(InvalidRequest, match="costs"):
        Letter("x", '<img src="cid:costs">', "x", (picture,))
    with pytest.raises(InvalidRequest, match="sales"):
        Letter("x", "x", "x", (picture, picture))


def test_a_store_has_templates_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "notice.html").write_text("<b>{{ name }}</b> at {{ store }}")
    (tmp_path / "mail" / "notice.txt").write_text("{{ name }} {{ price | money }}")
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    letter = compose("notice", "Notice", {"name": "Fern & Co", "price": 1234.5})
    assert letter.html == "<b>Fern &amp; Co</b> at Garden Centre"
    assert letter.text == "Fern & Co $1,234.50"
    with pytest.raises(InvalidSettings, match=r"notice\.html.*name"):
        compose("notice", "Notice", {"price": 1})


def test_plain_text_tables_line_up() -> None:
    table = columns([["Ferns", "1"], ["Seeds"], ["花", "1,234"]], ("Item", "Sold"))
    assert table.splitlines() == ["Item    Sold", "------------", "Ferns      1", "Seeds", "花     1,234"]


@pytest.mark.parametrize("stacked", [False, True])
def test_a_chart_is_twice_as_sharp_as_it_is_large(stacked: bool) -> None:
    from PIL import Image as Picture

    values: dict[str, list[float | None]] = {"a": [1.0, 2.0], "b": [3.0, 0.0 if stacked else None]}
    image = charts.grouped_bars("x", "$5 off $30", "alt", ["$5_off$30", "Two\n^{"], values, stacked=stacked)
    line = charts.lines("y", "Sales", "alt", ["Mon", "Tue", "Wed"], {"now": [1, None, 3]})
    for one in (image, line):
        picture = Picture.open(io.BytesIO(one.content))
        assert picture.width == 2 * one.width <= 2 * 680
        # Its own light paper, so that dark mode does not show through.
        assert picture.convert("RGBA").getpixel((2, 2)) == (255, 255, 255, 255)


def test_charts_leave_pyplot_alone() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from include.reporting import charts; before = 'matplotlib' in sys.modules;"
        "charts.bars('x', 't', 'a', ['l'], [1]); print(before, 'matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(
    "value",
    [
        "", "nobody", "a@b", "a b@example.com", "a@example.com, b@example.com", "Ada <ada@example.com>",
        "a@example.com\nBcc: b@example.com", "ä@example.com", "a@-x.com", "@example.com", "a@@example.com",
        f"{'a' * 190}@b.com",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="address"):
        mail_address(value)


def test_a_store_names_its_own_recipients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    own = tmp_path / "reports.yaml"
    own.write_text(
        "groups: {managers: [Ada@Store.Example, bob@store.example], board: [ADA@store.example]}\n"
        "reports: {sms_campaign_report: [managers, board]}"
    )
    found = load_settings(ReportSettings, "reports")
    assert found.recipients("sms_campaign_report") == ["Ada@store.example", "bob@store.example"]
    with pytest.raises(InvalidSettings, match="weekly"):
        found.recipients("weekly")
    for wrong in ("groups: {managers: [nobody]}", "reports: {sms_campaign_report: [bosses]}"):
        own.write_text(wrong)
        with pytest.raises(InvalidSettings, match=r"nobody|bosses"):
            load_settings(ReportSettings, "reports")


def test_the_shipped_settings_send_every_report_to_somebody() -> None:
    settings = report_settings()
    assert all(settings.recipients(name) for name in settings.reports)


# R. G. Newcombe, Statistics in Medicine 17 (1998), table II, method 10.
@pytest.mark.parametrize(
    ("texted", "held_out", "low", "high"),
    [
        (Share(56, 70), Share(48, 80), 0.0524, 0.3339),
        (Share(9, 10), Share(3, 10), 0.1705, 0.8090),
        (Share(6, 7), Share(2, 7), 0.0582, 0.8062),
        (Share(5, 56), Share(0, 29), -0.0381, 0.1926),
        (Share(0, 10), Share(0, 20), -0.1611, 0.2775),
        (Share(10, 10), Share(0, 20), 0.6791, 1.0000),
    ],
)
def test_the_interval_is_the_published_one(texted: Share, held_out: Share, low: float, high: float) -> None:
    found = difference(texted, held_out)
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


def test_few_customers_say_nothing() -> None:
    assert verdict(Share(20, 29), Share(0, 400), 30) == "too few to say"
    assert verdict(Share(20, 30), Share(0, 400), 30) == "more"
    assert verdict(Share(0, 400), Share(20, 30), 30) == "less"
    assert verdict(Share(10, 100), Share(9, 100), 30) == "no clear difference"
    assert verdict(Share(0, 0), Share(0, 0), 0) == "too few to say"


def test_an_attachment_keeps_its_bytes() -> None:
    content = bytes(range(256))
    letter = Letter(
        "x", "<html></html>", "x", (), (Attachment("a\r\nb.xlsx", "application/vnd.ms-excel", content),)
    )
    (attached,) = read_mail(letter).iter_attachments()
    assert attached.get_payload(decode=True) == content
    assert attached.get_filename() == "a b.xlsx"
