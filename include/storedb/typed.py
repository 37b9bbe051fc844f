"""What people typed, tidied: the same for web forms and for the files that older ones write."""

from __future__ import annotations

import re
import unicodedata

_UNREAL = re.compile(r"\.0+$")


def plain(text: str) -> str:
    """Composed letters without control characters and halves of characters; line breaks stay, as `\\n`."""
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(
        letter for letter in composed if letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cs")
    )


def one_line(text: str) -> str:
    """`plain` text in which every run of blanks and line breaks is one blank."""
    return " ".join(plain(text).split())


def length(text: str) -> int:
    """Characters as browsers (`maxlength`) and SQL Server count them: an emoji is two."""
    return len(text.encode("utf-16-le")) // 2


def repaired_number(text: str) -> str:
    """A number made of digits without the decimals that a spreadsheet gave it; others as they are."""
    without = _UNREAL.sub("", text)
    return without if without.isascii() and without.isdecimal() else text
