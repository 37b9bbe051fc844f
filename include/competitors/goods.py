"""Names of goods and their sizes, brought to one way of writing."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from include.storedb.runs import digest

_UNITS = {
    "gal": "gal", "gallon": "gal", "gallons": "gal", "g": "gal", "in": "in", "inch": "in", "inches": "in",
    '"': "in", "''": "in", "pack": "pack", "packs": "pack", "pk": "pack", "ct": "pack", "count": "pack",
    "lb": "lb", "lbs": "lb", "qt": "qt", "quart": "qt", "pt": "pt", "pint": "pt",
    "oz": "oz", "ft": "ft", "'": "ft", "cu ft": "cu ft", "cf": "cu ft", "yard": "yard", "yd": "yard",
}  # fmt: skip
_MEASURE = re.compile(
    r"(?P<number>\d+(?:\.\d+)?)\s*-?\s*"
    r"(?P<unit>cu\.? ?ft\.?|gallons?|gal|g|inch(?:es)?|in|\"|''|packs?|pk|ct|count|lbs?|qt|quart|pt|pint|oz"
    r"|ft|'|cf|yard|yd)"
    r"(?![a-z])\.?"
)
_NURSERY = re.compile(r"#\s*(\d+)(?!\d)")
_BASKET = re.compile(r"\bhanging basket\b|\bh\.?b\.?(?![a-z])|\bbasket\b")
_WORDS = re.compile(r"\b(?:(small|sm)|(medium|med)|(large|lg|lge))\b\.?")
_SIZE_WORDS = ("small", "medium", "large")
_QUOTES = str.maketrans({"“": '"', "”": '"', "″": '"', "’": "'", "′": "'", "‘": "'"})
_FILLING = frozenset({"pot", "container", "cont", "nursery", "the", "a", "of", "with"})


@dataclass(frozen=True, slots=True)
class Goods:
    """A name in plain words and a size such as "3 gal"; an empty size means that none is known."""

    words: str
    size: str

    @property
    def key(self) -> str:
        """64 characters that stay the same however name and size are spaced, accented or abbreviated."""
        return digest(self.words, self.size)


def goods(name: str, size: str = "") -> Goods:
    """Name and size in one way of writing; a size in the name counts where there is no other."""
    words, in_name = _without_size(plain(name))
    _, known = _without_size(plain(size))
    left = re.sub(r"[^\w ]+", " ", words)
    kept = [word for word in left.split() if word not in _FILLING]
    return Goods(" ".join(kept), known or in_name or " ".join(plain(size).split()))


def plain(text: str) -> str:
    """Small letters without accents, each blank one space."""
    apart = unicodedata.normalize("NFKD", text.translate(_QUOTES)).casefold()
    return " ".join("".join(letter for letter in apart if not unicodedata.combining(letter)).split())


def _without_size(text: str) -> tuple[str, str]:
    """The text without its size, and the size."""
    found = _MEASURE.search(text)
    if found:
        number = found["number"]
        number = number.rstrip("0").rstrip(".") if "." in number else number
        unit = _UNITS[found["unit"].replace(".", "").replace("cuft", "cu ft")]
        rest, size = text[: found.start()] + " " + text[found.end() :], f"{int_text(number)} {unit}"
        if basket := _BASKET.search(rest):
            rest, size = rest[: basket.start()] + " " + rest[basket.end() :], f"{size} basket"
        return rest, size
    if numbered := _NURSERY.search(text):
        return text[: numbered.start()] + " " + text[numbered.end() :], f"{int_text(numbered[1])} gal"
    if word := _WORDS.search(text):
        size = _SIZE_WORDS[next(n for n, group in enumerate(word.groups()) if group)]
        return text[: word.start()] + " " + text[word.end() :], size
    return text, ""


def int_text(number: str) -> str:
    """A number without leading zeros."""
    return number.lstrip("0") or "0" if "." not in number else number
