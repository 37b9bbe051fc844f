"""The file in which the sandbox's web form leaves requests for a landscape design."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time, timedelta
from pathlib import Path

from include.files import write_atomically

FILE = "design_request_leads.csv"
HEADING = (
    "date", "first_name", "last_name", "email", "phone", "interested_in", "timeline", "street", "city",
    "state", "zip_code", "comments",
)  # fmt: skip
# Hours before yesterday evening, and what somebody typed: names in capitals, a phone with dots, a second
# request, no phone, a number that is none, commas, quotes, line breaks and emoji.
_REQUESTS = (
    (70, "ROSALIND", "O'HARE", "rosalind.ohare@example.com", "518.555.0161", "['Free sketch']", "Spring",
     "12 Mill Road", "Chatham", "New York", "12037", "Full shade, wet soil"),
    (46, "miguel", "de la cruz", "m.delacruz@example.com", "(518) 555-0162", "['On-site consultation']",
     "Today", "4 Elm St, Apt 2", "Albany", "NY", "12207", 'About 30" of slope\nbehind the house'),
    (22, "Rosalind", "O'Hare", "rosalind.ohare@example.com", "", "['Scaled drawing']", "Spring",
     "12 Mill Road", "Chatham", "New York", "12037", "Second thought: a pond?"),
    (21, "Anne-Marie", "Leclair", "annemarie@example.com", "+1 518 555 0163",
     "['Free sketch', 'Professional installation']", "Summer", "9 Quarry Lane", "Pittsfield", "Massachusetts",
     "01201", "Thank you \N{HIBISCUS}"),
    (3, "Test", "Test", "not an address", "555-5555", "[]", "", "", "", "State", "", "asdf"),
)  # fmt: skip


def fill_lead_file(path: Path, today: date) -> int:
    """Write the requests of a few people, unless the file is there; returns how many were written."""
    if path.exists():
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    evening = datetime.combine(today, time(20))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADING)
    for hours, *cells in _REQUESTS:
        writer.writerow([f"{evening - timedelta(days=1, hours=hours):%Y-%m-%d %H:%M:%S}", *cells])
    write_atomically(path, out.getvalue().encode())
    return len(_REQUESTS)
