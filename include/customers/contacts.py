"""The first contact of people (`CONTCT_1`): their own first and last name, where nothing stands there yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from include.changes import Change, Plan
from include.counterpoint.items import Read, folded, folded_in_sql, trimmed_in_sql
from include.counterpoint.tables import AR_CUST
from include.customers.names import full_name
from include.customers.upkeep_settings import ContactSettings, CustomerSettings


@dataclass(frozen=True, slots=True)
class Person:
    """A customer who is a person; texts as stored, NULL is None."""

    number: str
    first: str | None
    last: str | None
    contact: str | None


def plan_contacts(read: Read, settings: CustomerSettings) -> Plan:
    """Give people without a first contact their own name as one; `considered` counts all people."""
    (people,) = read(select(func.count()).select_from(AR_CUST).where(_is_person()))
    changes = contacts(as_people(read(people_without_contact())), settings.contacts)
    return Plan(tuple(changes), people[0])


def people_without_contact() -> Select[Any]:
    """People whose first contact is NULL or blank, by number, for `as_people`."""
    customer = AR_CUST.c
    contact = trimmed_in_sql(customer.CONTCT_1)
    return (
        select(customer.CUST_NO, customer.FST_NAM, customer.LST_NAM, customer.CONTCT_1)
        .where(_is_person(), customer.CONTCT_1.is_(None) | (contact == ""))
        .order_by(customer.CUST_NO)
    )


def _is_person() -> ColumnElement[bool]:
    return folded_in_sql(AR_CUST.c.CUST_NAM_TYP) == "P"


def as_people(rows: Iterable[Any]) -> list[Person]:
    """Typed people from the rows of `people_without_contact`."""
    return [Person(row.CUST_NO, row.FST_NAM, row.LST_NAM, row.CONTCT_1) for row in rows]


def contacts(people: Iterable[Person], settings: ContactSettings) -> list[Change]:
    """The contact of each person who has a name and none that is the till's placeholder."""
    changes = []
    for person in people:
        name = full_name(person.first, person.last)
        if not name or (person.contact or "").strip() or _is_skipped(person, settings):
            continue
        reason = "a person without a first contact: first and last name"
        changes.append(Change("AR_CUST", person.number, "CONTCT_1", person.contact, name, reason))
    return changes


def _is_skipped(person: Person, settings: ContactSettings) -> bool:
    first, last = folded(person.first), folded(person.last)
    halves = (first == settings.placeholder.first, last == settings.placeholder.last)
    is_placeholder = all(halves) if settings.skip_when == "both" else any(halves)
    return is_placeholder or (settings.complete_names_only and not (first and last))
