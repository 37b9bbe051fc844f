"""Which requests each recipient has not been mailed yet: each once, however runs fail.

The ledger has an entry for each request and recipient, which names the mail that it went with; that mail's
own entry says whether it was taken. The first is written before the mail leaves: nothing can go twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Engine, select

from include.database.retries import with_retries
from include.database.values import in_parts
from include.reporting.delivery import KIND as MAIL
from include.reporting.delivery import NOT_SENT
from include.storedb.leads import Lead, Leads
from include.storedb.ledger import Entry, Ledger
from include.storedb.runs import digest
from include.storedb.tables import LEAD, LEDGER

CAMPAIGN = "design_lead_followup"
KIND = "lead_mail"
"""The ledger's kind of a request that is told to a recipient."""

Standing = Literal["waiting", "settled", "unknown"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Requests that go to one recipient in one mail; `anchor` is the mail's in the ledger."""

    recipient: str
    leads: tuple[Lead, ...]

    @property
    def anchor(self) -> str:
        """The same for the same requests, however often they are tried."""
        return digest(*(str(lead.id) for lead in self.leads))[:40]

    @property
    def mail(self) -> Entry:
        """The mail in the ledger."""
        return Entry(MAIL, CAMPAIGN, self.recipient, self.anchor)

    def entries(self) -> list[Entry]:
        """The requests in the ledger, in their order."""
        return [_entry(lead, self.recipient) for lead in self.leads]


def leads_since(leads: Leads, since: datetime) -> list[Lead]:
    """All requests that arrived at or after `since` (UTC, no zone), in the order of their arrival."""
    wanted = select(LEAD.c.id).where(LEAD.c.received_at >= since).order_by(LEAD.c.received_at, LEAD.c.id)

    def work() -> list[int]:
        with leads.engine.connect() as connection:
            return list(connection.scalars(wanted))

    ids = with_retries(work)
    found = leads.by_id(ids)
    return [found[lead_id] for lead_id in ids if lead_id in found]


def batches(
    engine: Engine, leads: Sequence[Lead], recipients: Iterable[str], *, again: bool = False
) -> list[Batch]:
    """What each recipient is to be mailed; a recipient for whom there is nothing has no batch.

    `again`: also the requests of mails of which nobody knows whether they came.
    """
    every = list(recipients)
    standings = _standings(engine, [_entry(lead, one) for lead in leads for one in every])
    wanted = ("waiting", "unknown") if again else ("waiting",)
    found = [
        Batch(one, tuple(lead for lead in leads if standings[_entry(lead, one).hash()] in wanted))
        for one in every
    ]
    return [batch for batch in found if batch.leads]


def put_down(ledger: Ledger, batch: Batch) -> None:
    """Write down, before the mail leaves, with which mail the requests go."""
    for entry in batch.entries():
        ledger.claim(entry)
        ledger.close(entry, "unknown", vendor_id=batch.anchor, detail="is told by the mail of this anchor")


def settle(ledger: Ledger, batch: Batch) -> None:
    """Write down that the mail of the requests was taken."""
    for entry in batch.entries():
        ledger.close(entry, "sent", vendor_id=batch.anchor)


def _entry(lead: Lead, recipient: str) -> Entry:
    return Entry(KIND, CAMPAIGN, recipient, str(lead.id))


def _standings(engine: Engine, entries: Sequence[Entry]) -> dict[str, Standing]:
    """How requests stand, by the hashes of their entries; one that nobody wrote down waits."""
    own = _rows(engine, [entry.hash() for entry in entries])
    mails = {
        entry.hash(): Entry(MAIL, CAMPAIGN, entry.recipient, own[entry.hash()][2] or "").hash()
        for entry in entries
        if entry.hash() in own
    }
    told = _rows(engine, sorted(set(mails.values())))
    found: dict[str, Standing] = {entry.hash(): "waiting" for entry in entries}
    for key, (status, _, _) in own.items():
        mail = told.get(mails[key])
        found[key] = "settled" if status == "sent" else _of_mail(mail)
    return found


def _of_mail(mail: tuple[str, str, str | None] | None) -> Standing:
    if mail is None:
        return "waiting"
    status, detail, _ = mail
    if status in ("sent", "refused"):
        return "settled"
    return "waiting" if status == "unknown" and detail.startswith(NOT_SENT) else "unknown"


def _rows(engine: Engine, hashes: Sequence[str]) -> dict[str, tuple[str, str, str | None]]:
    """Status, detail and vendor's id of entries, by their hashes."""
    columns = (LEDGER.c.entry_hash, LEDGER.c.status, LEDGER.c.detail, LEDGER.c.vendor_id)
    found: dict[str, tuple[str, str, str | None]] = {}

    def work(part: Sequence[str]) -> None:
        with engine.connect() as connection:
            for key, status, detail, vendor_id in connection.execute(
                select(*columns).where(LEDGER.c.entry_hash.in_(part))
            ):
                found[key] = (status, detail or "", vendor_id)

    for part in in_parts(hashes):
        with_retries(lambda part=part: work(part))  # type: ignore[misc]
    return found
