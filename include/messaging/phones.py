"""Telephone numbers as tills and web forms contain them, and the one form in which the house keeps them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo

from phonenumbers import (
    PhoneNumber,
    PhoneNumberType,
    is_valid_number,
    number_type,
    region_code_for_number,
)
from phonenumbers.timezone import time_zones_for_geographical_number

# The Caribbean shares +1 but is abroad: dear to text, and a favourite of fraud.
_REGIONS = frozenset({"US", "CA", "PR", "VI", "GU", "MP", "AS"})

# Numbers are ported between networks, so the library can only tell that a line is a person's or a house's;
# whether it takes texts, Twilio says (21614). Toll-free, premium, "follow me" and satellite numbers are
# nobody's mobile.
_TYPES = frozenset({PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE})

_SPREADSHEET_NUMBER = re.compile(r"(\+?1?\d{10})\.0+")
_EXTENSION = re.compile(r"\d[ .,;:-]*(?:x|ext[a-z]*|#)[ .:=]*\d", re.IGNORECASE)
_BESIDE_DIGITS = re.compile(r"[\s().,/_'\"+-]*")
_BESIDE = "there is something beside the number"
_RUN = "01234567890123456789"


@dataclass(frozen=True, slots=True, repr=False)
class Phone:
    """A number of the USA or Canada that may be a person's. `national` is its ten digits."""

    national: str

    @property
    def e164(self) -> str:
        """As Twilio wants it, `+1##########`."""
        return f"+1{self.national}"

    @property
    def counterpoint(self) -> str:
        """As Counterpoint masks it, `###-###-####`."""
        return f"{self.national[:3]}-{self.national[3:6]}-{self.national[6:]}"

    @property
    def display(self) -> str:
        """For people, `(###) ###-####`."""
        return f"({self.national[:3]}) {self.national[3:6]}-{self.national[6:]}"

    @property
    def masked(self) -> str:
        """For logs: the last two digits."""
        return f"***{self.national[-2:]}"

    @property
    def zones(self) -> tuple[ZoneInfo, ...]:
        """Time zones in which the area code lies, often one; none where the library does not know."""
        names = time_zones_for_geographical_number(_library_number(self.national))
        # An area code that the library has no zone for gets all zones of +1, from Bermuda to Guam.
        return () if set(names) == _everywhere() else tuple(ZoneInfo(name) for name in names)

    def __repr__(self) -> str:
        return f"Phone({self.masked})"


@dataclass(frozen=True, slots=True)
class NoPhone:
    """What was no number that can be texted; `reason` is in words for the staff, without the number."""

    reason: str


def read_phone(text: str | None) -> Phone | NoPhone:
    """The number that `text` holds, in any notation, or why there is none.

    Dots, blanks, brackets, dashes, a leading 1 or +1 and a spreadsheet's trailing `.0` do not matter. Words
    beside the number are refused, for "call 518-..., no texts" is a wish; so is an extension, behind which
    there is a switchboard. So are numbers that tills are given instead of one: 555-5555, 000-000-0000.
    """
    plain = _plain(text)
    if _EXTENSION.search(plain):
        return NoPhone("it has an extension; a switchboard takes no texts")
    if not _BESIDE_DIGITS.fullmatch(re.sub(r"[0-9]", "", plain)):
        number = any(letter.isdigit() for letter in plain)
        return NoPhone(_BESIDE if number else "there are words for a number")
    dialled = re.sub(r"[^0-9+]", "", plain)
    national = dialled[-10:]
    reason = _wrong_length(dialled) or _made_up(national) or _out_of_reach(national)
    return NoPhone(reason) if reason else Phone(national)


def as_e164(text: str | None) -> str | None:
    """The number in `text` as `+1##########`; None where `read_phone` finds none."""
    found = read_phone(text)
    return found.e164 if isinstance(found, Phone) else None


def _plain(text: str | None) -> str:
    # Numbers copied from a telephone's address book carry invisible marks and dashes of their own.
    letters = unicodedata.normalize("NFKC", text or "")
    kinds = ((letter, unicodedata.category(letter)) for letter in letters)
    plain = "".join("-" if kind == "Pd" else letter for letter, kind in kinds if kind != "Cf").strip()
    spreadsheet = _SPREADSHEET_NUMBER.fullmatch(plain)
    return spreadsheet[1] if spreadsheet else plain


def _wrong_length(dialled: str) -> str | None:
    plus, digits = dialled.startswith("+"), dialled.removeprefix("+")
    if not digits:
        return "no number is given"
    if "+" in digits:
        return _BESIDE
    if (plus and digits[0] != "1") or (digits.startswith("011") and len(digits) > 11):
        return "it is not a number of the USA or Canada"
    if len(digits) < (11 if plus else 10):
        return "it has too few digits; the area code may be missing"
    if len(digits) > 11 or (len(digits) == 11 and digits[0] != "1"):
        return "it has too many digits; they may be two numbers"
    return None


def _made_up(national: str) -> str | None:
    exchange, line = national[3:6], national[6:]
    # Nobody has a number of the exchange 555: it holds directory assistance and, for fiction, 0100 to 0199.
    fictitious = exchange == "555" and not line.startswith("01")
    repeated = len(set(national[3:])) == 1
    if fictitious or repeated or national in _RUN or national in _RUN[::-1]:
        return "it looks made up"
    return None


def _out_of_reach(national: str) -> str | None:
    number = _library_number(national)
    if national[4:6] == "11" or not is_valid_number(number):
        return "there is no such number"
    if number_type(number) not in _TYPES:
        return "it is a toll-free, pay or service number, which takes no texts"
    if region_code_for_number(number) not in _REGIONS:
        return "it is not a number of the USA or Canada"
    return None


def _library_number(national: str) -> PhoneNumber:
    return PhoneNumber(country_code=1, national_number=int(national))


@cache
def _everywhere() -> frozenset[str]:
    return frozenset(time_zones_for_geographical_number(PhoneNumber(country_code=1, national_number=0)))
