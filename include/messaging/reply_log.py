"""The replies as staff read them: one CSV a day, each reply once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from include.counterpoint.items import Read, Stream
from include.counterpoint.tables import AR_CUST
from include.csv_logs import CsvLog
from include.database.values import in_parts
from include.files import StoragePath
from include.messaging.customer_changes import customers_with_phones, owners
from include.messaging.phones import Phone, as_e164, read_phone
from include.spreadsheets import as_text
from include.storedb.text_events import TextEvent

TOPIC = "text_replies"
HEADING = ("date", "cust_no", "name", "phone", "words", "pictures", "meaning", "message")

Writers = Mapping[str, Sequence[tuple[str, str]]]
"""Numbers and names of the customers with a phone (E.164), by phone."""


def writers(stream: Stream, read: Read, phones: Collection[str]) -> Writers:
    """The customers with the phones, in PHONE_1 or MBL_PHONE_1."""
    with stream(customers_with_phones()) as rows:
        found = owners(rows, phones)
    names: dict[str, str] = {}
    every = [owner.number for owner in found]
    for part in in_parts(every):
        columns = (AR_CUST.c.CUST_NO, AR_CUST.c.NAM)
        names |= {
            number: name or "" for number, name in read(select(*columns).where(AR_CUST.c.CUST_NO.in_(part)))
        }
    of_phone: dict[str, list[tuple[str, str]]] = {}
    for owner in found:
        for phone in sorted({as_e164(owner.phone) or "", as_e164(owner.mobile) or ""} & set(phones)):
            of_phone.setdefault(phone, []).append((owner.number, names.get(owner.number, "")))
    return of_phone


def log_replies(
    replies: Iterable[TextEvent],
    customers: Writers,
    path_of: Callable[[str], StoragePath],
    zone: ZoneInfo,
) -> int:
    """Add the replies to the files of the store days on which they came; returns how many were new there.

    `path_of` gives the path of a file's name.
    """
    of_day: dict[date, list[list[str]]] = {}
    for reply in replies:
        when = reply.received_at.replace(tzinfo=UTC).astimezone(zone)
        of_day.setdefault(when.date(), []).append(_cells(reply, when, customers.get(reply.phone, ())))
    return sum(
        CsvLog(path_of(f"{TOPIC}_{day:%m_%d_%y}.csv"), HEADING, lambda cells: tuple(cells[-1:])).add(rows)
        for day, rows in sorted(of_day.items())
    )


def _cells(reply: TextEvent, when: datetime, customers: Sequence[tuple[str, str]]) -> list[str]:
    phone = read_phone(reply.phone)
    texts = (
        "; ".join(number.strip() for number, _ in customers),
        "; ".join(name for _, name in customers),
        phone.display if isinstance(phone, Phone) else reply.phone,
        reply.body or "",
        " ".join(reply.media),
        reply.meaning or "",
        reply.sid,
    )
    return [f"{when:%Y-%m-%d %H:%M:%S}", *(as_text(" ".join(text.split())) for text in texts)]
