"""Which numbers are texted: every notation of one, and nothing that only looks like one."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from include.messaging.phones import NoPhone, Phone, as_e164, read_phone
from include.privacy import masked
from include.sandbox.seed.dirt_customers import _GARBAGE_PHONES, _PHONE_NOTATIONS
from include.sandbox.seed.phones import NUMBERS, number

steady = settings(derandomize=True, deadline=None, database=None)


def phone(text: str) -> Phone:
    found = read_phone(text)
    assert isinstance(found, Phone), found
    return found


@pytest.mark.parametrize(
    "text",
    [
        "518-555-0142",
        "(518) 555-0142",
        "(518)555-0142",
        "(518) 555 0142",
        "518.555.0142",
        "518 555 0142",
        "5185550142",
        "  518-555-0142  ",
        "1-518-555-0142",
        "15185550142",
        "+1 (518) 555-0142",
        "+15185550142",
        "(+1) 518 555 0142",
        "5185550142.0",
        "15185550142.0",
        "+15185550142.00",
        "518--555--0142",
        "518_555_0142",
        "518/555-0142",
        "518-555-0142,",
        "'5185550142",
        "518-555-0142\r\n",
        "518\u00a0555\u00a00142",
        "518\u2011555\u20130142",
        "\u202a+1 (518) 555\u20110142\u202c",
        "５１８-555-0142",
    ],
)
def test_every_notation_is_the_same_number(text: str) -> None:
    assert as_e164(text) == "+15185550142"


def test_the_forms_of_a_number() -> None:
    found = phone("5185550142")
    assert (found.e164, found.counterpoint, found.display) == (
        "+15185550142",
        "518-555-0142",
        "(518) 555-0142",
    )


def test_two_notations_are_one_telephone() -> None:
    assert len({phone("518.555.0142"), phone("+1 518 555 0142"), phone("518-555-0143")}) == 2


def test_a_number_does_not_show_in_logs() -> None:
    found = phone("518-555-0142")
    assert f"{found!r} {found} {[found]}" == "Phone(***42) Phone(***42) [Phone(***42)]"
    assert found.masked == masked("518-555-0142")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "no number is given"),
        ("", "no number is given"),
        ("   ", "no number is given"),
        ("-", "no number is given"),
        ("() -", "no number is given"),
        ("None", "words for a number"),
        ("N/A", "words for a number"),
        ("call shop", "words for a number"),
        ("nan", "words for a number"),
        ("call 518-555-0142", "something beside"),
        ("518-555-0142 (husband)", "something beside"),
        ("518-555-0142 x", "something beside"),
        ("518-555-0142;", "something beside"),
        ("5185550142 call in the evening only, never before eight o'clock please", "something beside"),
        ("518-555-0142" + "\t" * 60 + "x", "something beside"),
        ("518+5550142", "something beside"),
        ("++15185550142", "something beside"),
        ("5.185550142E9", "something beside"),
        ("٥١٨٥٥٥٠١٤٢", "something beside"),
        ("518-555-0142 x3", "extension"),
        ("518-555-0142x12", "extension"),
        ("518-555-0142, ext. 12", "extension"),
        ("518-555-0142 EXTENSION 12", "extension"),
        ("518-555-0142;ext=3", "extension"),
        ("518-555-0142 #3", "extension"),
        ("555-0142", "area code may be missing"),
        ("518-555-01", "area code may be missing"),
        ("123", "area code may be missing"),
        ("911", "area code may be missing"),
        ("72345", "area code may be missing"),
        ("+1518555014", "too few digits"),
        ("518-555-0142 / 0143", "may be two"),
        ("518-555-0142, 518-555-0143", "may be two"),
        ("51855501420", "may be two"),
        ("+1 1 518 555 0142", "may be two"),
        ("0518 555 0142", "may be two"),
        ("+5185550142", "USA or Canada"),
        ("+44 7911 123456", "USA or Canada"),
        ("011 44 7911 123456", "USA or Canada"),
        ("242-365-1234", "USA or Canada"),
        ("809-220-1234", "USA or Canada"),
        ("000-000-0000", "made up"),
        ("111-111-1111", "made up"),
        ("555-555-5555", "made up"),
        ("999-999-9999", "made up"),
        ("518-555-5555", "made up"),
        ("518-555-1234", "made up"),
        ("518-555-1212", "made up"),
        ("518-222-2222", "made up"),
        ("123-456-7890", "made up"),
        ("234-567-8901", "made up"),
        ("9876543210", "made up"),
        ("118-234-5678", "no such number"),
        ("518-123-4567", "no such number"),
        ("518-911-2345", "no such number"),
        ("710-234-5678", "no such number"),
        ("800-234-5678", "toll-free"),
        ("888-234-5678", "toll-free"),
        ("900-234-5678", "toll-free"),
        ("500-234-5678", "toll-free"),
        ("600-234-5678", "toll-free"),
    ],
)
def test_what_is_no_number_is_refused_with_a_reason(text: str | None, reason: str) -> None:
    found = read_phone(text)
    assert isinstance(found, NoPhone), found
    assert reason in found.reason
    assert as_e164(text) is None


@pytest.mark.parametrize("text", ["416-234-5678", "787-234-5678", "671-777-1234", "907-234-5678"])
def test_canada_and_the_territories_count(text: str) -> None:
    assert as_e164(text) == f"+1{text.replace('-', '')}"


def test_every_number_of_the_sandbox_is_one() -> None:
    wrong = {number(index): read_phone(number(index)) for index in range(0, NUMBERS, 7)}
    assert {text: found for text, found in wrong.items() if not isinstance(found, Phone)} == {}
    assert all(phone(text).counterpoint == text for text in wrong)


@pytest.mark.parametrize("index", range(len(_PHONE_NOTATIONS)))
def test_the_notations_of_the_sandbox_are_read(index: int) -> None:
    assert as_e164(_PHONE_NOTATIONS[index]("518-555-0142")) == "+15185550142"


@pytest.mark.parametrize("text", _GARBAGE_PHONES)
def test_the_garbage_of_the_sandbox_is_refused(text: str) -> None:
    assert as_e164(text) is None


@steady
@given(st.text(max_size=80) | st.text(alphabet="0123456789+-.() x#,e\u202a", max_size=40))
@example("1" * 5000)
@example("\x00518-555-0142")
@example("-" * 100_000 + "1")
@example("1" * 100_000 + "+")
def test_any_text_gives_a_number_that_reads_as_itself_or_a_reason_without_digits(text: str) -> None:
    found = read_phone(text)
    if isinstance(found, NoPhone):
        assert found.reason
        assert not any(letter.isdigit() for letter in found.reason)
    else:
        assert {read_phone(found.e164), read_phone(found.counterpoint), read_phone(found.display)} == {found}


@steady
@given(
    st.integers(0, NUMBERS - 1).map(number),
    st.sampled_from(["", "1", "+1", "1-", "+1 ", "(+1)"]),
    st.lists(st.sampled_from(["", " ", "-", ".", "/", ") ", "\u2013"]), min_size=9, max_size=9),
)
def test_what_stands_between_the_digits_does_not_matter(text: str, before: str, between: list[str]) -> None:
    digits = text.replace("-", "")
    noisy = (
        before + digits[0] + "".join(mark + digit for mark, digit in zip(between, digits[1:], strict=True))
    )
    assert as_e164(noisy) == f"+1{digits}"


@pytest.mark.parametrize(
    ("text", "zones"),
    [
        ("518-555-0142", {"America/New_York"}),
        ("312-555-0142", {"America/Chicago"}),
        ("808-555-0142", {"Pacific/Honolulu"}),
        ("416-555-0142", {"America/Toronto"}),
        ("602-555-0142", {"America/Phoenix"}),
        ("208-555-0142", {"America/Boise", "America/Los_Angeles"}),
        ("684-733-1234", {"Pacific/Pago_Pago"}),
    ],
)
def test_the_zones_of_an_area_code(text: str, zones: set[str]) -> None:
    assert set(phone(text).zones) == {ZoneInfo(name) for name in zones}


def test_an_area_code_without_a_known_zone_has_none() -> None:
    assert Phone("2222345678").zones == ()
