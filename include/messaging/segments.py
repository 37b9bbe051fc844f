"""How long a text is for the network, which is what it costs and how fast it goes out.

A text goes in segments: one of 160 GSM-7 or 70 UCS-2 units, or several of 153 or 67, because each then
carries a header. The count is of what is sent: a link counts as its characters.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

# 3GPP TS 23.038: the default alphabet without the escape, and what is written as escape and a letter.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = frozenset("\f^{}\\[~]|€")
_GSM7 = _BASIC | _ESCAPED

Encoding = Literal["GSM-7", "UCS-2"]
_ROOM: dict[Encoding, tuple[int, int]] = {"GSM-7": (160, 153), "UCS-2": (70, 67)}


@dataclass(frozen=True, slots=True)
class TextLength:
    """A text as the network counts it.

    `units` are septets or 16-bit words. `left` is how many more fit without another segment. `dear` are the
    characters that force UCS-2 and so more than halve a segment's room, each once in their order; an author
    can often do without them.
    """

    encoding: Encoding
    units: int
    segments: int
    left: int
    dear: tuple[str, ...]


def measure(text: str) -> TextLength:
    """How `text` is sent. An empty one takes no segment."""
    dear = tuple(dict.fromkeys(letter for letter in text if letter not in _GSM7))
    encoding: Encoding = "UCS-2" if dear else "GSM-7"
    widths = [_width(letter, encoding) for letter in text]
    single, part = _ROOM[encoding]
    units = sum(widths)
    if units <= single:
        return TextLength(encoding, units, min(units, 1), single - units if units else 0, dear)
    segments, used = _packed(widths, part)
    return TextLength(encoding, units, segments, part - used, dear)


def _width(letter: str, encoding: Encoding) -> int:
    if encoding == "GSM-7":
        return 2 if letter in _ESCAPED else 1
    return 2 if ord(letter) > 0xFFFF else 1


def _packed(widths: Iterable[int], room: int) -> tuple[int, int]:
    """Segments, and units used of the last: a pair that does not fit moves to the next segment as a whole."""
    segments, used = 1, 0
    for width in widths:
        if used + width > room:
            segments, used = segments + 1, 0
        used += width
    return segments, used
