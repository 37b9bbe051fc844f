"""Which customers have the e-mail addresses and phone numbers of leads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from include.counterpoint.items import Read, folded_in_sql
from include.counterpoint.tables import AR_CUST
from include.counterpoint.tables_customers import WALK_IN
from include.leads.customer_record import LeadRules, Normalise
from include.leads.lead_settings import MatchSettings
from include.storedb.leads import Lead

_SEPARATORS = re.compile(r"[\s;,]+")
_DIGITS = re.compile(r"[0-9]")
_PLAIN = re.compile(r"[\s0-9().,/_'\"+-]*")


def customers(match: MatchSettings, *conditions: ColumnElement[bool]) -> Select[Any]:
    """All customers (or those that meet the conditions) with anything in a field to match leads by."""
    columns = [AR_CUST.c[name] for name in (*match.emails, *match.phones)]
    some = or_(*(column.is_not(None) for column in columns))
    return select(AR_CUST.c.CUST_NO, *columns).where(
        some, folded_in_sql(AR_CUST.c.CUST_NO) != WALK_IN, *conditions
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """The addresses and numbers that are looked for; nothing blank is among them."""

    emails: frozenset[str]
    phones: frozenset[str]

    @classmethod
    def of(cls, leads: Iterable[Lead], rules: LeadRules) -> Wanted:
        """Those of some leads."""
        every = list(leads)
        emails = frozenset(filter(None, map(rules.email, every)))
        return cls(emails, frozenset(filter(None, map(rules.phone, every))))


@dataclass(slots=True)
class Known:
    """Customers who have one of the wanted addresses or numbers: the lowest customer number of each.

    `count` is the number of customers looked at.
    """

    emails: dict[str, str] = field(default_factory=dict)
    phones: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def customer(self, lead: Lead, rules: LeadRules) -> str | None:
        """The customer of a lead, by e-mail address first."""
        return self.emails.get(rules.email(lead) or "") or self.phones.get(rules.phone(lead) or "")


def known_customers(rows: Iterable[Any], wanted: Wanted, rules: LeadRules) -> Known:
    """Who of the rows of `customers` is wanted; memory does not grow with the number of customers."""
    known, match = Known(), rules.settings.match
    tails = frozenset(phone[-10:] for phone in wanted.phones)
    width = 1 + len(match.emails)
    for row in rows:
        known.count += 1
        number: str = row[0]
        for text in filter(None, row[1:width]):
            for email in _SEPARATORS.split(text.lower()):
                if email in wanted.emails:
                    _lower(known.emails, email, number)
        for text in filter(None, row[width:]):
            phone = _phone(text, tails, rules.normalise)
            if phone in wanted.phones:
                _lower(known.phones, phone, number)
    return known


def _phone(text: str, tails: frozenset[str], normalise: Normalise) -> str:
    """The number in `text`; empty when none of the wanted ones can be, which is cheap to see."""
    digits = "".join(_DIGITS.findall(text))
    if _PLAIN.fullmatch(text) and not any(digits[n : n + 10] in tails for n in range(len(digits) - 9)):
        return ""
    return normalise(text) or ""


def _lower(found: dict[str, str], key: str, number: str) -> None:
    found[key] = min(number, found.get(key, number), key=lambda one: (len(one), one))


def customer_finder(read: Read, rules: LeadRules) -> Callable[[Lead], str | None]:
    """A function that asks Counterpoint for the present customer of one lead."""
    match = rules.settings.match

    def find(lead: Lead) -> str | None:
        conditions = []
        if email := rules.email(lead):
            conditions += [
                func.lower(AR_CUST.c[name]).contains(email, autoescape=True) for name in match.emails
            ]
        if phone := rules.phone(lead):
            # Its last digits in their order, whatever stands between them.
            pattern = f"%{'%'.join(phone[-7:])}%"
            conditions += [AR_CUST.c[name].like(pattern) for name in match.phones]
        if not conditions:
            return None
        rows = read(customers(match, or_(*conditions)))
        return known_customers(rows, Wanted.of([lead], rules), rules).customer(lead, rules)

    return find
