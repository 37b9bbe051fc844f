"""What a text costs: how the network counts its characters."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.messaging.segments import measure
from include.sandbox.standins.twilio.segments import segments as twilio_counts

steady = settings(derandomize=True, deadline=None, database=None)

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments", "left"),
    [
        ("", "GSM-7", 0, 0, 0),
        ("a", "GSM-7", 1, 1, 159),
        ("a" * 160, "GSM-7", 160, 1, 0),
        ("a" * 161, "GSM-7", 161, 2, 145),
        ("a" * 306, "GSM-7", 306, 2, 0),
        ("a" * 307, "GSM-7", 307, 3, 152),
        ("€" * 80, "GSM-7", 160, 1, 0),
        ("a" * 159 + "€", "GSM-7", 161, 2, 145),
        ("é" * 160, "GSM-7", 160, 1, 0),
        ("line\r\nline\n", "GSM-7", 11, 1, 149),
        ("\u4e2d" * 70, "UCS-2", 70, 1, 0),
        ("\u4e2d" * 71, "UCS-2", 71, 2, 63),
        ("a" * 69 + "’", "UCS-2", 70, 1, 0),
        ("a" * 70 + "’", "UCS-2", 71, 2, 63),
        ("a" * 68 + "🌱", "UCS-2", 70, 1, 0),
        ("a" * 69 + "🌱", "UCS-2", 71, 2, 63),
        ("🌱" * 35, "UCS-2", 70, 1, 0),
        (FAMILY, "UCS-2", 8, 1, 62),
        ("€’", "UCS-2", 2, 1, 68),
        ("\ud83c", "UCS-2", 1, 1, 69),
    ],
)
def test_how_a_text_is_sent(text: str, encoding: str, units: int, segments: int, left: int) -> None:
    found = measure(text)
    assert (found.encoding, found.units, found.segments, found.left) == (encoding, units, segments, left)


def test_an_escape_pair_moves_to_the_next_segment_as_a_whole() -> None:
    text = "a" * 152 + "€" + "a" * 152
    assert measure(text).units == 306
    assert (measure(text).segments, measure(text).left) == (3, 152)


def test_an_emoji_moves_to_the_next_segment_as_a_whole() -> None:
    text = "a" * 66 + "🌱" + "a" * 66
    assert measure(text).units == 134
    assert (measure(text).segments, measure(text).left) == (3, 66)


def test_an_author_learns_which_characters_are_dear() -> None:
    assert measure("Don’t miss “it” – 5 € off’ 🌱 `now`\t").dear == ("’", "“", "”", "–", "🌱", "`", "\t")
    assert measure("Café: 5 € [off] {now} ~ §1 Ñandu").dear == ()
    assert measure("garçon").dear == ("ç",)


def test_a_link_counts_as_its_characters() -> None:
    link = "https://example.com/review?store=1&from=text"
    assert measure(f"Tell us: {link}").units == len("Tell us: ") + len(link)


@steady
@given(st.text(max_size=700))
def test_no_segment_holds_more_than_it_can_and_none_is_left_nearly_empty(text: str) -> None:
    found = measure(text)
    single, part = (160, 153) if found.encoding == "GSM-7" else (70, 67)
    if found.segments <= 1:
        assert found.units <= single
    else:
        # At the end of each full segment at most one unit stays empty, where a pair did not fit.
        assert found.segments * part - found.left - (found.segments - 1) <= found.units
        assert found.units <= found.segments * part - found.left
    assert bool(found.dear) == (found.encoding == "UCS-2")


@steady
@given(st.text(alphabet=st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=700))
def test_the_stand_in_of_twilio_counts_alike_where_nothing_is_a_pair(text: str) -> None:
    if text and not set(text) & set("\f^{}\\[~]|€"):
        assert measure(text).segments == twilio_counts(text)


@steady
@given(st.text(min_size=1, max_size=400), st.text(max_size=50))
def test_more_text_is_never_cheaper(text: str, more: str) -> None:
    assert measure(text + more).segments >= measure(text).segments
