"""What of a lead goes into a customer's record, in the form and the lengths that Counterpoint takes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import String

from include.counterpoint.tables import AR_CUST
from include.leads.lead_settings import LeadSettings
from include.leads.states import state_code
from include.storedb.leads import Lead

Normalise = Callable[[str | None], str | None]
"""A phone number as `+1##########`; None for what is none."""
ProperNames = Callable[[str, str], tuple[str, str]]
"""First and last name with capitals where they belong."""

_EMAIL = re.compile(r"\w[\w.!#$%&'*+/=?^`{|}~-]*@[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)
# Pictures, invisible marks and characters that no font has: tills show question marks for them.
_UNSHOWN = frozenset({"So", "Cf", "Co", "Cn", "Cs", "Cc"})
_PICTURE_MARKS = "\ufe0e\ufe0f\u20e3"


@dataclass(frozen=True)
class LeadRules:
    """How the store reads its leads; `normalise` and `proper_names` are what it uses for all customers."""

    settings: LeadSettings
    normalise: Normalise
    proper_names: ProperNames

    def phone(self, lead: Lead) -> str | None:
        """The phone number as `+1##########`; None where none was given or what was is none."""
        return self.normalise(lead.phone)

    def email(self, lead: Lead) -> str | None:
        """The e-mail address in small letters; None where none was given or what was is none."""
        email = lead.email.strip().lower()
        return email if _EMAIL.fullmatch(email) else None

    def recipient(self, lead: Lead) -> str | None:
        """How to reach the customer: the phone number, else an e-mail address that fits."""
        email = self.email(lead)
        return self.phone(lead) or (email if email and len(email) <= _length("EMAIL_ADRS_1") else None)

    def record(self, lead: Lead) -> dict[str, Any]:
        """The body of `POST /Customer`; what is missing is left to the template of the workgroup.

        Names, street and town are cut to the column's length. An e-mail address that is longer, and a phone
        number that is none, are left out: a piece of one reaches somebody else or nobody.
        """
        first, last = self.proper_names(_shown(lead.first_name), _shown(lead.last_name))
        first = _cut("FST_NAM", first) or self.settings.missing_first_name
        last = _cut("LST_NAM", last) or self.settings.missing_last_name
        email, phone = self.email(lead), self.phone(lead)
        values = {
            "FST_NAM": first,
            "LST_NAM": last,
            # Counterpoint would make it of both names, which can be one character too long.
            "NAM": _cut("NAM", f"{first} {last}"),
            "STR_ID": self.settings.store,
            "EMAIL_ADRS_1": email if email and len(email) <= _length("EMAIL_ADRS_1") else "",
            "PHONE_1": f"{phone[-10:-7]}-{phone[-7:-4]}-{phone[-4:]}" if phone else "",
            "ADRS_1": _cut("ADRS_1", _shown(lead.street)),
            "CITY": _cut("CITY", _shown(lead.city)),
            "STATE": state_code(_shown(lead.state), _length("STATE")),
            "ZIP_COD": _cut("ZIP_COD", _shown(lead.zip_code)),
        }
        customer = {name: value for name, value in values.items() if value}
        return {"Workgroup": self.settings.workgroup, "AR_CUST": customer}

    def left_out(self, lead: Lead) -> str:
        """What was given and could not be stored, in words; empty when nothing was left out."""
        customer = self.record(lead)["AR_CUST"]
        given = {"phone": lead.phone.strip(), "e-mail": lead.email.strip()}
        stored = {"phone": "PHONE_1", "e-mail": "EMAIL_ADRS_1"}
        lost = [name for name, text in given.items() if text and stored[name] not in customer]
        return f"left out, as it is not valid: {', '.join(lost)}" if lost else ""


def _length(column: str) -> int:
    kind = AR_CUST.c[column].type
    return (kind.length if isinstance(kind, String) else None) or 0


def _cut(column: str, text: str) -> str:
    return text[: _length(column)].rstrip()


def _shown(text: str) -> str:
    kept = (c for c in text if unicodedata.category(c) not in _UNSHOWN and c not in _PICTURE_MARKS)
    return " ".join("".join(kept).split())
