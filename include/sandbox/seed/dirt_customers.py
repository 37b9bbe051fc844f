"""What is wrong with a real customer file: names, phones, addresses and codes as people type them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from include.sandbox.seed import words_people as words
from include.sandbox.seed.randomness import Generator, some

Rows = dict[str, list[Any]]

_GARBAGE_PHONES = (
    "N/A",
    "none",
    "",
    "call husband",
    "518-555-01",
    "555-0142",
    "123",
    "000-000-0000",
    "518-555-0142 x3",
)
_GARBAGE_MAILS = (
    "none",
    "no email",
    "",
    "jane@example,com",
    "bob at example.com",
    "JOE@EXAMPLE.COM",
    "  ann@example.net ",
)
_PLACEHOLDERS = (
    ("Change", "Name"),
    ("Change", "Name"),
    ("CHANGE", "NAME"),
    ("Change", None),
    ("Change", "Name "),
)
_ODD_MONTHS = ("13", "", "04 ", "0", " 7")


def _digits(phone: str) -> str:
    return phone.replace("-", "")


_PHONE_NOTATIONS: tuple[Callable[[str], str], ...] = (
    lambda phone: f"+1 ({phone[:3]}) {phone[4:]}",
    lambda phone: phone.replace("-", "."),
    lambda phone: f"{_digits(phone)}.0",
    lambda phone: f"+1{_digits(phone)}",
    lambda phone: f"1-{phone}",
    lambda phone: f"({phone[:3]}) {phone[4:]}",
    _digits,
    lambda phone: f" {phone} ",
)


def _names(rows: Rows, untidy: list[int], rng: Generator) -> None:
    first, last = rows["FST_NAM"], rows["LST_NAM"]
    for position in some(rng, untidy, 0.12):
        first[position], last[position] = first[position].upper(), last[position].upper()
    for position in some(rng, untidy, 0.02):
        first[position], last[position] = first[position].lower(), last[position].lower()
    for position in some(rng, untidy, 0.015, 2):
        first[position] += "  "
    for position in some(rng, untidy, 0.01, 2):
        last[position] += " "
    for position in some(rng, untidy, 0.004, 2):
        last[position] = f"{last[position]} {('III', 'Jr', 'Sr.')[position % 3]}"
    for number, position in enumerate(some(rng, untidy, 0.01, len(words.HARD_NAMES))):
        first[position], last[position] = words.HARD_NAMES[number % len(words.HARD_NAMES)]
    for number, position in enumerate(some(rng, untidy, 0.005, len(_PLACEHOLDERS))):
        first[position], last[position] = _PLACEHOLDERS[number % len(_PLACEHOLDERS)]


def _phones(rows: Rows, untidy: list[int], rng: Generator) -> None:
    phone = rows["PHONE_1"]
    valid = list(phone)
    for position in some(rng, untidy, 0.09):
        phone[position] = None
    for number, position in enumerate(some(rng, untidy, 0.03, len(_PHONE_NOTATIONS))):
        phone[position] = _PHONE_NOTATIONS[number % len(_PHONE_NOTATIONS)](valid[position])
    shared = some(rng, untidy, 0.02, 6)
    for one, other in zip(shared[::2], shared[1::2], strict=False):
        phone[one] = phone[other] = valid[other]
    for position in some(rng, untidy, 0.002, 3):
        rows["MBL_PHONE_1"][position] = valid[(position + 1) % len(valid)]
    for number, position in enumerate(some(rng, untidy, 0.004, len(_GARBAGE_PHONES))):
        phone[position] = _GARBAGE_PHONES[number % len(_GARBAGE_PHONES)]


def _mails(rows: Rows, untidy: list[int], rng: Generator) -> None:
    mail = rows["EMAIL_ADRS_1"]
    for number, position in enumerate(some(rng, untidy, 0.003, len(_GARBAGE_MAILS))):
        mail[position] = _GARBAGE_MAILS[number % len(_GARBAGE_MAILS)]
    for position in some(rng, untidy, 0.03):
        if mail[position]:
            mail[position] = mail[position].upper()


def _addresses(rows: Rows, untidy: list[int], rng: Generator) -> None:
    placed = [position for position in untidy if rows["STATE"][position] == words.HOME_STATE]
    for number, position in enumerate(some(rng, placed, 0.03, len(words.STATE_SPELLINGS))):
        rows["STATE"][position] = words.STATE_SPELLINGS[number % len(words.STATE_SPELLINGS)]
    for position in some(rng, placed, 0.01, 2):
        rows["ZIP_COD"][position] = f"{rows['ZIP_COD'][position]}.0"
    for position in some(rng, placed, 0.02, 2):
        rows["ZIP_COD"][position] = f"{rows['ZIP_COD'][position]}-0123"
    for position in some(rng, placed, 0.01, 2):
        rows["ADRS_1"][position] = f'{rows["ADRS_1"][position]}, Apt "B"'
    zips = rows["ZIP_COD"]
    far = [position for position in untidy if zips[position] and zips[position].startswith("0")]
    for position in some(rng, far, 0.1):
        rows["ZIP_COD"][position] = rows["ZIP_COD"][position][1:]
    for position in some(rng, far, 0.05):
        rows["STATE"][position] = "Massachuse"


def _codes(rows: Rows, untidy: list[int], rng: Generator) -> None:
    people = [position for position in untidy if rows["CUST_NAM_TYP"][position] == "P"]
    for position in some(rng, people, 0.01, 2):
        rows["CUST_NAM_TYP"][position] = "p"
    retail = [position for position in untidy if rows["CATEG_COD"][position] == "RETAIL"]
    for position in some(rng, retail, 0.003, 2):
        rows["CATEG_COD"][position] = "retail"
    for position in some(rng, retail, 0.002, 1):
        rows["CATEG_COD"][position] = None
    for number, position in enumerate(some(rng, untidy, 0.003, len(_ODD_MONTHS))):
        rows["PROF_COD_2"][position] = _ODD_MONTHS[number % len(_ODD_MONTHS)]
    for position in some(rng, untidy, 0.005, 2):
        rows["INCLUDE_IN_MARKETING_MAILOUTS"][position] = None


def _twins(rows: Rows, untidy: list[int], rng: Generator) -> None:
    """The same person a second time under another number."""
    pairs = some(rng, untidy, 0.01, 4)
    for one, other in zip(pairs[::2], pairs[1::2], strict=False):
        for column in ("FST_NAM", "LST_NAM", "PHONE_1", "EMAIL_ADRS_1", "ADRS_1", "CITY", "STATE", "ZIP_COD"):
            rows[column][one] = rows[column][other]


def soil(rows: Rows, untidy: list[int], rng: Generator) -> None:
    """Spoil the customers at the positions `untidy` in place: each kind at least once."""
    _twins(rows, untidy, rng)
    _names(rows, untidy, rng)
    _phones(rows, untidy, rng)
    _mails(rows, untidy, rng)
    _addresses(rows, untidy, rng)
    _codes(rows, untidy, rng)
