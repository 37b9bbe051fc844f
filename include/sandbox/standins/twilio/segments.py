"""How long a text is for the network: the parts that it is sent and charged as."""

from __future__ import annotations

# The GSM 7-bit alphabet; each character of the second row takes the room of two.
_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_DOUBLE = frozenset("\f^{}\\[~]|€")


def segments(body: str) -> int:
    """How many parts a text is sent and charged as.

    One part holds 160 GSM-7 or 70 other characters; each of several holds 153 or 67. A character that takes
    the room of two (GSM-7 with an escape, an emoji's surrogates) is never split between two parts.
    """
    if set(body) <= _GSM7 | _GSM7_DOUBLE:
        widths, single, part = [2 if mark in _GSM7_DOUBLE else 1 for mark in body], 160, 153
    else:
        widths, single, part = [2 if ord(mark) > 0xFFFF else 1 for mark in body], 70, 67
    if sum(widths) <= single:
        return 1
    parts, used = 1, 0
    for width in widths:
        if used + width > part:
            parts, used = parts + 1, 0
        used += width
    return parts
