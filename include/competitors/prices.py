"""What a price list's cell says: an amount, a range, so many for so much, or why there is no price."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

SOLD_OUT = "sold out"
ON_REQUEST = "on request"
NO_PRICE = "no price shown"
AS_PICTURE = "shown as a picture"
UNCLEAR = "not understood"

PICTURE = "(picture)"
"""What stands for a picture without words."""

EACH = "each"
_SMALLEST = Decimal("0.0001")
_LARGEST = Decimal(10) ** 8

_CURRENCIES = {
    "$": "USD", "us$": "USD", "usd": "USD", "€": "EUR", "eur": "EUR", "euro": "EUR", "£": "GBP",
    "gbp": "GBP", "ca$": "CAD", "c$": "CAD", "cad": "CAD",
}  # fmt: skip
_SIGN = r"us\$|ca\$|c\$|usd|euro|eur|gbp|cad|[$€£]"
_NUMBER = r"\d{1,3}(?:[.,]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?|[.,]\d+"
_AMOUNT = rf"(?:(?:{_SIGN})\s*)?(?:{_NUMBER})(?:\s*(?:¢|(?:{_SIGN})(?![a-z])))?"

_GONE = re.compile(r"\b(?:sold[ -]?out|out of stock|unavailable|not available|n/a|discontinued)(?![a-z])")
_ASK = re.compile(
    r"\b(?:call|ask|inquire|enquire|e-?mail us|contact|(?:up)?on request|p\.?o\.?a|t\.?b\.?[ad]|quote"
    r"|market price)\b"
)
_REGULAR = re.compile(
    rf"\b(?:was|reg(?:ular(?:ly)?)?\.?|list(?: price)?|msrp|orig(?:inal(?:ly)?)?\.?|before)\s*:?"
    rf"\s*({_AMOUNT})"
)
_FILLER = re.compile(r"\b(?:now|sale|special|only|today|your price|price|net|just)\b\s*:?|[:*;]")
_SO_MANY_FOR = re.compile(rf"^(\d+)\s*(?:for\s*({_AMOUNT})|/\s*((?:{_SIGN})\s*(?:{_NUMBER})))")
_RANGE = re.compile(rf"^({_AMOUNT})\s*(?:-|to\b)\s*({_AMOUNT})")
_FROM = re.compile(rf"^(?:(?:from|starting at|as low as)\s*({_AMOUNT})|({_AMOUNT})\s*(?:\+|and up\b))")
_ONE = re.compile(rf"^({_AMOUNT})")
_BUNDLE = re.compile(r"^\s*(?:/|per\b|a\b|for a\b|-|,)?\s*([a-z]+)\s+of\s+(\d+)\s*$")
_COUNTED = re.compile(r"^\s*(?:/|per\b)\s*(\d+)\s*-?\s*([a-z]*)\.?\s*$")
_PER = re.compile(r"^\s*(?:/|per\b|a\b)?\s*([a-z]+(?: [a-z]+)?)?\.?\s*$")
_UNITS = {
    "ea": EACH, "each": EACH, "pc": EACH, "pcs": EACH, "piece": EACH, "plant": EACH, "pot": EACH,
    "doz": "dozen", "dz": "dozen", "lbs": "lb", "pound": "lb", "yd": "yard", "yds": "yard", "pk": "pack",
    "pkg": "pack", "cs": "case",
}  # fmt: skip
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))


@dataclass(frozen=True, slots=True)
class Price:
    """A price as it was read. Without a price, `reason` says why and all amounts are None.

    `low` to `high` is what `quantity` pieces cost together, in `currency` (ISO code); they are equal unless
    the list has a range, and `high` is None where it says "from". `unit` is what is sold: "each", or "flat",
    "lb" and the like. `regular` is the price before a reduction, for the same quantity.
    """

    text: str
    low: Decimal | None = None
    high: Decimal | None = None
    quantity: int = 1
    unit: str = EACH
    currency: str = "USD"
    regular: Decimal | None = None
    reason: str | None = None

    @property
    def each(self) -> Decimal | None:
        """The lowest price of one piece, to a hundredth of a cent; None where that is unknown."""
        if self.low is None or (self.unit != EACH and self.quantity == 1):
            return None
        return (self.low / self.quantity).quantize(_SMALLEST)

    @property
    def is_range(self) -> bool:
        """Whether there is more than one price."""
        return self.low is not None and self.high != self.low


def parse_price(text: str) -> Price:
    """Read a price; what cannot be read for certain has a reason instead of an amount. It never raises."""
    shown = " ".join(unicodedata.normalize("NFKC", text).split())
    words = shown.translate(_DASHES).casefold()
    if words == PICTURE:
        return Price(shown, reason=AS_PICTURE)
    if not words.strip(" -./"):
        return Price(shown, reason=NO_PRICE)
    if _GONE.search(words):
        return Price(shown, reason=SOLD_OUT)
    if _ASK.search(words):
        return Price(shown, reason=ON_REQUEST)
    return _read(shown, words)


def _read(shown: str, words: str) -> Price:
    currency = _currency(words)
    regular: Decimal | None = None
    if found := _REGULAR.search(words):
        regular = _amount(found[1], currency)
        words = words[: found.start()] + " " + words[found.end() :]
    words = " ".join(_FILLER.sub(" ", words).split()).strip(" ,")
    quantity, low, high, rest = _amounts(words, currency)
    unit = _unit(rest)
    if low is None or unit is None or (regular is None and found):
        return Price(shown, reason=UNCLEAR)
    if low == 0:
        return Price(shown, reason=NO_PRICE)
    kind, count = unit
    if (high is not None and high < low) or (count > 1 and quantity > 1):
        return Price(shown, reason=UNCLEAR)
    return Price(shown, low, high, max(quantity, count), kind, currency, regular)


def _amounts(words: str, currency: str) -> tuple[int, Decimal | None, Decimal | None, str]:
    """Quantity, lowest and highest amount, and what follows them."""
    if found := _SO_MANY_FOR.match(words):
        low = _amount(found[2] or found[3], currency)
        quantity = int(found[1]) if len(found[1]) < 6 else 0
        return (quantity or 1, low if quantity else None, low, words[found.end() :])
    if found := _RANGE.match(words):
        low, high = (_amount(found[n], currency) for n in (1, 2))
        return 1, low if high is not None else None, high, words[found.end() :]
    if found := _FROM.match(words):
        return 1, _amount(found[1] or found[2], currency), None, words[found.end() :]
    if found := _ONE.match(words):
        low = _amount(found[1], currency)
        return 1, low, low, words[found.end() :]
    return 1, None, None, words


def _unit(rest: str) -> tuple[str, int] | None:
    """The unit and how many pieces it holds (1 where that is not said); None when it cannot be read."""
    if found := _BUNDLE.match(rest):
        return _bounded(_UNITS.get(found[1], found[1]), found[2])
    if found := _COUNTED.match(rest):
        return _bounded(_UNITS.get(found[2], found[2]) or EACH, found[1])
    if found := _PER.match(rest):
        words = found[1] or EACH
        unit = _UNITS.get(words, words)
        return unit[:40], 12 if unit == "dozen" else 1
    return None


def _bounded(unit: str, count: str) -> tuple[str, int] | None:
    pieces = int(count) if len(count) < 6 else 0
    return (unit[:40], pieces) if pieces else None


def _currency(words: str) -> str:
    signs = {_CURRENCIES[sign] for sign in re.findall(rf"(?<![a-z])(?:{_SIGN})(?![a-z])", words)}
    return signs.pop() if len(signs) == 1 else "USD"


def _amount(text: str, currency: str) -> Decimal | None:
    """The number in `text`; None where it is too large or too fine to be a price."""
    in_cents = "¢" in text
    found = re.search(_NUMBER, text)
    digits = found[0] if found else ""
    comma_decides = currency == "EUR"
    last = max(digits.rfind("."), digits.rfind(","))
    if last >= 0:
        mark, decimals = digits[last], len(digits) - last - 1
        grouped = decimals == 3 and (mark == "," or comma_decides) and last > 0
        if "." in digits and "," in digits and decimals == 3:
            return None
        whole = re.sub("[.,]", "", digits if grouped else digits[:last])
        digits = whole if grouped else f"{whole or 0}.{digits[last + 1 :]}"
    if len(digits) > 20 or not re.fullmatch(r"[0-9]+(?:\.[0-9]{1,4})?", digits):
        return None
    value = Decimal(digits) / (100 if in_cents else 1)
    return value if value < _LARGEST else None
