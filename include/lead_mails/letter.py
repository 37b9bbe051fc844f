"""The mail about new requests for a landscape design."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from include.lead_mails.settings import LeadMailSettings
from include.reporting.letter import Letter
from include.reporting.rendering import compose
from include.storedb.leads import Lead

DisplayPhone = Callable[[str], str | None]
"""A phone as people write it, (###) ###-####; None for what is no number."""


@dataclass(frozen=True, slots=True)
class Card:
    """A request as the mail shows it; every text may be empty. `dial` and `write` are links' addresses."""

    name: str
    received: str
    urgent: bool
    timeline: str
    phone: str
    dial: str
    email: str
    write: str
    address: tuple[str, ...]
    map_link: str
    interests: tuple[str, ...]
    comments: tuple[str, ...]
    customer: str


def lead_letter(
    leads: Sequence[Lead], settings: LeadMailSettings, zone: ZoneInfo, display_phone: DisplayPhone
) -> Letter:
    """The letter about these requests, at least one, urgent ones first."""
    cards = [card(lead, settings, zone, display_phone) for lead in leads]
    ordered = sorted(cards, key=lambda one: not one.urgent)
    urgent = sum(one.urgent for one in cards)
    subject = "1 new design request" if len(cards) == 1 else f"{len(cards)} new design requests"
    if urgent:
        subject += f", {urgent} urgent" if len(cards) > 1 else ", urgent"
    data = {"cards": ordered, "urgent": urgent, "worklist_url": settings.worklist_url}
    return compose("design_leads", subject, data)


def card(lead: Lead, settings: LeadMailSettings, zone: ZoneInfo, display_phone: DisplayPhone) -> Card:
    """One request's fields as people read them."""
    phone, email = display_phone(lead.phone), _shown(lead.email)
    place = " ".join(filter(None, (lead.state, lead.zip_code)))
    address = tuple(map(_shown, filter(None, (lead.street, ", ".join(filter(None, (lead.city, place)))))))
    return Card(
        name=_shown(" ".join(filter(None, (lead.first_name, lead.last_name)))) or "No name given",
        received=american(lead.received_at.replace(tzinfo=UTC).astimezone(zone)),
        urgent=settings.is_urgent(lead.timeline),
        timeline=_shown(lead.timeline),
        phone=phone or _shown(lead.phone),
        dial=f"tel:+1{''.join(filter(str.isdigit, phone))}" if phone else "",
        email=email,
        write=f"mailto:{quote(email, safe='@')}" if _is_address(email) else "",
        address=address,
        map_link=f"https://www.google.com/maps/search/?api=1&query={quote(', '.join(address))}"
        if lead.street and lead.city
        else "",
        interests=tuple(map(_shown, lead.interested_in)),
        comments=tuple(filter(None, map(_shown, lead.comments.split("\n")))),
        customer=lead.cust_no or "",
    )


def american(moment: datetime) -> str:
    """A moment such as 5/3/2026 2:05:09 PM, whatever the machine's language."""
    hour, half = moment.hour % 12 or 12, "AM" if moment.hour < 12 else "PM"
    return f"{moment.month}/{moment.day}/{moment.year} {hour}:{moment:%M:%S} {half}"


def _shown(text: str) -> str:
    """In one line, without what turns the direction of letters or cannot be seen."""
    seen = "".join(letter for letter in text if letter.isspace() or unicodedata.category(letter)[0] != "C")
    return " ".join(seen.split())


def _is_address(text: str) -> bool:
    name, _, domain = text.partition("@")
    return bool(name) and "." in domain and "@" not in domain and " " not in text
