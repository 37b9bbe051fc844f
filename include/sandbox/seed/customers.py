"""The rows of the customers, in blocks, so that a large store does not need much memory."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np

from include.sandbox.seed import dirt_customers, phones
from include.sandbox.seed import words_people as words
from include.sandbox.seed.item_rows import Columns, moments
from include.sandbox.seed.people import People
from include.sandbox.seed.randomness import Generator, Integers, Texts, objects, pick, some
from include.sandbox.seed.seasons import Calendar
from include.sandbox.seed.trading import Accounts

BLOCK = 20_000
_FIRST_NUMBER = 100_001
_CHANNELS = ("SMS_1", "SMS_2", "EMAIL_1", "EMAIL_2")


def numbers(people: People) -> Texts:
    """The customer numbers, in order of arrival."""
    return objects([str(_FIRST_NUMBER + position) for position in range(people.size)])


def walk_in() -> Columns:
    """The anonymous customer of the till."""
    return {
        "CUST_NO": ["CASH"], "NAM": ["Cash Customer"], "NAM_UPR": ["CASH CUSTOMER"], "CUST_NAM_TYP": ["B"],
        "CUST_TYP": ["C"], "CATEG_COD": ["RETAIL"], "LOY_PTS_BAL": [0.0],
        "INCLUDE_IN_MARKETING_MAILOUTS": ["N"],
    }  # fmt: skip


def _plain(text: str) -> str:
    """Letters a to z only, for an e-mail address."""
    letters = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in letters if "a" <= letter <= "z")


def _maybe(rng: Generator, values: list[Any], share: float) -> list[Any]:
    """That share of the values, None for the others."""
    return [
        value if hit else None
        for value, hit in zip(values, (rng.random(len(values)) < share).tolist(), strict=True)
    ]


class CustomerRows:
    """Makes the rows of `AR_CUST`, `AR_SHIP_ADRS` and `AR_LOY_PT_ADJ_HIST` once trading is complete."""

    def __init__(
        self,
        people: People,
        accounts: Accounts,
        earned: Integers,
        redeemed: Integers,
        calendar: Calendar,
        rng: Generator,
    ) -> None:
        self._people, self._accounts, self._calendar, self._rng = people, accounts, calendar, rng
        self._earned, self._redeemed = earned, redeemed
        self._numbers = numbers(people)
        self._phones = rng.permutation(phones.NUMBERS).tolist()

    def blocks(self) -> Iterator[tuple[Columns, Columns, Columns]]:
        """The columns of the three tables, some thousand customers at a time."""
        for first in range(0, self._people.size, BLOCK):
            yield self._block(np.arange(first, min(first + BLOCK, self._people.size)))

    def _block(self, members: Integers) -> tuple[Columns, Columns, Columns]:
        people, rng = self._people, self._rng
        identity = self._identity(members)
        rows = {
            "CUST_NO": self._numbers[members].tolist(),
            **identity,
            **self._contact(members, identity["FST_NAM"], identity["LST_NAM"]),
            **self._address(members),
            **self._history(members),
            **self._profile(members),
        }
        untidy = np.flatnonzero(~people.tidy[members]).tolist()
        dirt_customers.soil(rows, untidy, rng)
        self._derived_names(rows, members)
        adjusted = self._loyalty(rows, members)
        self._consent(rows)
        return rows, self._ship_addresses(rows), adjusted

    def _identity(self, members: Integers) -> Columns:
        rng, size = self._rng, len(members)
        wholesale = self._people.wholesale[members]
        business = rng.random(size) < np.where(wholesale, 0.85, 0.01)
        return {
            "FST_NAM": pick(rng, words.FIRST_NAMES, size),
            "LST_NAM": pick(rng, words.LAST_NAMES, size),
            "CUST_NAM_TYP": np.where(business, "B", "P").tolist(),
            "CUST_TYP": np.where(wholesale, "A", "C").tolist(),
            "CATEG_COD": np.where(wholesale, "WHOLESALE", "RETAIL").tolist(),
            "STR_ID": ["1"] * size,
        }

    def _contact(self, members: Integers, first: list[str], last: list[str]) -> Columns:
        rng, size = self._rng, len(members)
        number = [self._phones[member % phones.NUMBERS] for member in members.tolist()]
        phone = [phones.number(index) for index in number]
        tidy = self._people.tidy[members]
        has_mail = (rng.random(size) < np.where(self._people.out_of_state[members], 1.0, 0.62)) | tidy
        domains = pick(rng, ("example.com", "example.net"), size)
        mails = [
            f"{_plain(one)}.{_plain(other)}{member}@{domain}" if wanted else None
            for one, other, member, domain, wanted in zip(
                first, last, members.tolist(), domains, has_mail.tolist(), strict=True
            )
        ]
        others = [phones.number(index) for index in rng.integers(0, phones.NUMBERS, size).tolist()]
        return {
            "PHONE_1": phone,
            "MBL_PHONE_1": _maybe(rng, others, 0.02),
            "PHONE_2": _maybe(rng, others[::-1], 0.03),
            "MBL_PHONE_2": [None] * size,
            "EMAIL_ADRS_1": mails,
            "EMAIL_ADRS_2": _maybe(rng, [f"second{member}@example.net" for member in members.tolist()], 0.02),
        }

    def _address(self, members: Integers) -> Columns:
        rng, size = self._rng, len(members)
        houses = rng.integers(1, 900, size).tolist()
        streets = zip(
            houses, pick(rng, words.STREETS, size), pick(rng, words.STREET_KINDS, size), strict=True
        )
        known = rng.random(size) < np.where(self._people.out_of_state[members], 1.0, 0.7)
        away = pick(rng, words.OTHER_STATES, size)
        home = (words.HOME_STATE, words.HOME_ZIP)
        places = [
            far if out else home
            for far, out in zip(away, self._people.out_of_state[members].tolist(), strict=True)
        ]
        zips = [
            f"{place[1]}{tail:03d}"
            for place, tail in zip(places, rng.integers(1, 999, size).tolist(), strict=True)
        ]
        values: Columns = {
            "ADRS_1": [f"{house} {street} {kind}" for house, street, kind in streets],
            "CITY": pick(rng, words.TOWNS, size),
            "STATE": [place[0] for place in places],
            "ZIP_COD": zips,
        }
        keep = known.tolist()
        return {
            name: [v if k else None for v, k in zip(column, keep, strict=True)]
            for name, column in values.items()
        }

    def _history(self, members: Integers) -> Columns:
        accounts = self._accounts
        midnight = self._calendar.dates().astype("datetime64[s]")
        bought = accounts.last[members] >= 0
        first = midnight[np.where(bought, accounts.first[members], 0)].tolist()
        last = midnight[np.where(bought, accounts.last[members], 0)].tolist()
        amount = (accounts.last_cents[members] / 100).tolist()
        has = bought.tolist()
        return {
            "FST_SAL_DAT": [value if hit else None for value, hit in zip(first, has, strict=True)],
            "LST_SAL_DAT": [value if hit else None for value, hit in zip(last, has, strict=True)],
            "LST_SAL_AMT": [value if hit else None for value, hit in zip(amount, has, strict=True)],
            "NO_OF_ORDS": accounts.tickets[members].tolist(),
        }

    def _profile(self, members: Integers) -> Columns:
        rng, size = self._rng, len(members)
        wholesale = self._people.wholesale[members].tolist()
        months = [f"{m:02d}" if padded else str(m) for m, padded in zip(
            rng.integers(1, 13, size).tolist(), (rng.random(size) < 0.15).tolist(), strict=True)]  # fmt: skip
        spouses = [str(month) for month in rng.integers(1, 13, size).tolist()]
        letters = _maybe(rng, pick(rng, "EEEEDDDCCBA", size), 0.85)
        tiers = _maybe(rng, pick(rng, "22222333451", size), 0.8)
        texting = pick(rng, "YYYYYYYN", size)
        tidy = self._people.tidy[members].tolist()
        changed = moments(rng, self._calendar.until, 700, size)
        e_commerce = self._people.out_of_state[members] | (rng.random(size) < 0.25)
        return {
            "PROF_COD_1": [
                letter if company else None for letter, company in zip(letters, wholesale, strict=True)
            ],
            "PROF_COD_2": _maybe(rng, months, 0.32),
            "PROF_COD_3": _maybe(rng, spouses, 0.08),
            "PROF_ALPHA_1": [
                tier if company else None for tier, company in zip(tiers, wholesale, strict=True)
            ],
            "INCLUDE_IN_MARKETING_MAILOUTS": [
                "Y" if sure else yes for yes, sure in zip(texting, tidy, strict=True)
            ],
            "IS_ECOMM_CUST": np.where(e_commerce, "Y", "N").tolist(),
            "LST_MAINT_DT": changed,
            "RS_UTC_DT": [moment + timedelta(hours=5) for moment in changed],
        }

    def _derived_names(self, rows: Columns, members: Integers) -> None:
        """Full, upper-case and contact names as the till derives them from what was typed."""
        rng, size = self._rng, len(members)
        companies = [
            f"{family} {word} {kind}"[:40]
            for family, word, kind in zip(
                pick(rng, words.LAST_NAMES, size), pick(rng, words.COMPANY_WORDS, size),
                pick(rng, words.COMPANY_KINDS, size), strict=True,
            )
        ]  # fmt: skip
        public = (rng.random(size) < 0.08).tolist()
        bodies = pick(rng, words.PUBLIC_BODIES, size)
        people = [
            " ".join(part for part in pair if part)[:40] or None
            for pair in zip(rows["FST_NAM"], rows["LST_NAM"], strict=True)
        ]
        business = [kind == "B" for kind in rows["CUST_NAM_TYP"]]
        names = [
            (body if is_public else company) if is_business else person
            for body, is_public, company, is_business, person in zip(
                bodies, public, companies, business, people, strict=True
            )
        ]
        rows["NAM"] = names
        for column in ("NAM", "FST_NAM", "LST_NAM"):
            rows[f"{column}_UPR"] = [None if name is None else name.upper() for name in rows[column]]
        rows["CONTCT_1"] = _maybe(rng, people, 0.85)
        rows["CONTCT_2"] = _maybe(rng, pick(rng, words.FIRST_NAMES, size), 0.03)

    def _loyalty(self, rows: Columns, members: Integers) -> Columns:
        """Points earned, redeemed and corrected, a few to below zero. Returns the rows of the corrections."""
        rng, size = self._rng, len(members)
        earned, redeemed = self._earned[members], self._redeemed[members]
        loyal = self._people.loyal[members]
        adjusted = np.zeros(size, np.int64)
        for position in some(rng, np.flatnonzero(loyal), 0.01, 2):
            adjusted[position] = int(rng.integers(5, 50))
        for position in some(rng, np.flatnonzero(loyal & ~self._people.tidy[members]), 0.004, 3):
            adjusted[position] = redeemed[position] - earned[position] - int(rng.integers(1, 40))
        rows["LOY_PGM_COD"] = ["BASIC" if member else None for member in loyal.tolist()]
        rows["LOY_PTS_BAL"] = (earned - redeemed + adjusted).astype(float).tolist()
        rows["TOT_LOY_PTS_EARND"] = earned.astype(float).tolist()
        rows["TOT_LOY_PTS_RDM"] = redeemed.astype(float).tolist()
        rows["TOT_LOY_PTS_ADJ"] = adjusted.astype(float).tolist()
        companies = self._people.wholesale[members].tolist()
        rows["LOY_CARD_NO"] = [
            f"L{number}" if member else "VOID" if company else None
            for number, member, company in zip(rows["CUST_NO"], loyal.tolist(), companies, strict=True)
        ]
        corrected = np.flatnonzero(adjusted).tolist()
        return {
            "CUST_NO": [rows["CUST_NO"][position] for position in corrected],
            "LST_MAINT_DT": moments(rng, self._calendar.until, 300, len(corrected)),
        }

    def _consent(self, rows: Columns) -> None:
        """Consent per channel, as the store's own columns hold it."""
        rng, size = self._rng, len(rows["CUST_NO"])
        texts = rows["INCLUDE_IN_MARKETING_MAILOUTS"]
        mails = pick(rng, "YYYYN", size)
        since = moments(rng, self._calendar.until, 900, size)
        contacts = dict(zip(_CHANNELS, ("PHONE_1", "PHONE_2", "EMAIL_ADRS_1", "EMAIL_ADRS_2"), strict=True))
        for channel, contact in contacts.items():
            answers = texts if channel.startswith("SMS") else mails
            given = [a if c else "N" for a, c in zip(answers, rows[contact], strict=True)]
            rows[f"{channel}_IS_SUB"] = given
            rows[f"{channel}_OPT_IN_DT"] = [
                day if a == "Y" else None for a, day in zip(given, since, strict=True)
            ]
            rows[f"{channel}_LST_MAINT_DT"] = [
                day if c else None for c, day in zip(rows[contact], since, strict=True)
            ]
        rows["MARKETING_MAILOUT_OPT_IN_DAT"] = rows["SMS_1_OPT_IN_DT"]

    def _ship_addresses(self, rows: Columns) -> Columns:
        placed = [
            position
            for position, adrs in enumerate(rows["ADRS_1"])
            if adrs and rows["IS_ECOMM_CUST"][position] == "Y"
        ]
        chosen = sorted(some(self._rng, placed, 0.25))
        return {
            "CUST_NO": [rows["CUST_NO"][position] for position in chosen],
            "SHIP_ADRS_ID": ["1"] * len(chosen),
            **{
                name: [rows[name][position] for position in chosen]
                for name in ("NAM", "ADRS_1", "CITY", "STATE", "ZIP_COD")
            },
        }
