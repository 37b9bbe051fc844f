"""The file of leads that the web form appends to: every row is imported once, while it is being written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from include.changes import Reject
from include.files import StoragePath
from include.leads.lead import FIELDS, as_lead
from include.storedb.form_files import DATE, read_form_file
from include.storedb.leads import Lead, Leads

COLUMNS = (DATE, *FIELDS)
"""The heading of the file."""


@dataclass(frozen=True, slots=True)
class LeadFile:
    """What is in the file: leads, and the rows that are none, with line and reason."""

    leads: tuple[Lead, ...] = ()
    rejects: tuple[Reject, ...] = ()


def import_leads(path: StoragePath, zone: ZoneInfo, leads: Leads) -> tuple[int, tuple[Reject, ...]]:
    """Store the file's leads that are not stored yet; returns their number and the rows set aside."""
    found = read_lead_file(path, zone)
    return leads.add(found.leads), found.rejects


def read_lead_file(path: StoragePath, zone: ZoneInfo) -> LeadFile:
    """All complete leads of the file; see `read_form_file` for what is read while it is being written."""
    found = read_form_file(path, COLUMNS, zone, _lead, _parts)
    leads = tuple(replace(row.value, source_key=row.source_key) for row in found.rows)
    return LeadFile(leads, found.rejects)


def _lead(texts: Mapping[str, str], received_at: datetime) -> Lead:
    return as_lead(texts, received_at, "csv", "")


def _parts(lead: Lead) -> Sequence[str]:
    """The same for a row that a spreadsheet has stored again: it changes line ends."""
    texts = [" ".join(getattr(lead, name).split()) for name in FIELDS if name != "interested_in"]
    return (*texts, *lead.interested_in)
