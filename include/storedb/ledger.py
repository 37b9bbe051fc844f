"""The ledger of everything that leaves the house and cannot be taken back."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Engine, and_, insert, select, update
from sqlalchemy.exc import IntegrityError

from include.database.retries import with_retries
from include.storedb.runs import RunContext, digest, moment
from include.storedb.tables import LEDGER

Outcome = Literal["sent", "refused", "unknown"]
CLAIMED = "claimed"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is sent to whom for which occasion: one row, ever.

    `kind` is the sort of thing ("text", "mail", "coupon"), `anchor` the occasion's date or number.
    """

    kind: str
    campaign: str
    recipient: str
    anchor: str

    def hash(self) -> str:
        """The entry's unique key."""
        return digest(self.kind, self.campaign, self.recipient, self.anchor)


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer to a claim: send only when `granted`; otherwise `status` says how the entry stands."""

    entry: Entry
    granted: bool
    status: str
    vendor_id: str | None = None


class Ledger:
    """Claims, and closes what was claimed, for one task."""

    def __init__(self, engine: Engine, run: RunContext) -> None:
        self.engine = engine
        self.run = run
        self.owner = uuid.uuid4().hex

    def claim(self, entry: Entry) -> Claim:
        """Ask to send. Of any number of processes asking for the same entry, one is granted.

        What another process claimed and never closed is not granted either: it may have been sent. It stands
        as `claimed` until `unclosed` finds it and it was reconciled with the vendor.
        """
        row = {
            "entry_hash": entry.hash(),
            "kind": entry.kind,
            "campaign": entry.campaign,
            "recipient": entry.recipient,
            "anchor": entry.anchor,
            "status": CLAIMED,
            "attempts": 1,
            "owner": self.owner,
            "claimed_at": moment(),
            **self.run.columns(),
        }

        def work() -> Claim:
            try:
                with self.engine.begin() as connection:
                    connection.execute(insert(LEDGER), row)
                return Claim(entry, granted=True, status=CLAIMED)
            except IntegrityError:
                return self._existing(entry)

        return with_retries(work)

    def _existing(self, entry: Entry) -> Claim:
        wanted = select(LEDGER.c.status, LEDGER.c.vendor_id, LEDGER.c.owner).where(
            LEDGER.c.entry_hash == entry.hash()
        )
        with self.engine.connect() as connection:
            row = connection.execute(wanted).one()
        # A commit whose acknowledgement was lost is retried by `claim`: then the row found is our own.
        ours = row.owner == self.owner and row.status == CLAIMED
        return Claim(entry, granted=ours, status=row.status, vendor_id=row.vendor_id)

    def reopen(self, entry: Entry) -> bool:
        """Take over an entry that was proved not to have been sent; False when another process was faster."""
        again = (
            update(LEDGER)
            .where(and_(LEDGER.c.entry_hash == entry.hash(), LEDGER.c.status.in_((CLAIMED, "unknown"))))
            .where(LEDGER.c.owner != self.owner)
            .values(
                status=CLAIMED,
                owner=self.owner,
                attempts=LEDGER.c.attempts + 1,
                claimed_at=moment(),
                closed_at=None,
                **self.run.columns(),
            )
        )

        def work() -> bool:
            with self.engine.begin() as connection:
                return connection.execute(again).rowcount == 1

        return with_retries(work)

    def close(
        self, entry: Entry, outcome: Outcome, *, vendor_id: str | None = None, detail: str = ""
    ) -> None:
        """Write down the outcome; a `sent` entry stays sent whatever is said later."""
        closing = (
            update(LEDGER)
            .where(and_(LEDGER.c.entry_hash == entry.hash(), LEDGER.c.status != "sent"))
            .values(status=outcome, vendor_id=vendor_id, detail=detail, closed_at=moment())
        )

        def work() -> None:
            with self.engine.begin() as connection:
                connection.execute(closing)

        with_retries(work)

    def unclosed(self, kind: str, campaign: str, anchors: Iterable[str]) -> Sequence[Entry]:
        """Entries whose outcome is not known: claimed and never closed, or closed as unknown."""
        wanted = select(LEDGER.c.kind, LEDGER.c.campaign, LEDGER.c.recipient, LEDGER.c.anchor).where(
            LEDGER.c.kind == kind,
            LEDGER.c.campaign == campaign,
            LEDGER.c.anchor.in_(list(anchors)),
            LEDGER.c.status.in_((CLAIMED, "unknown")),
        )
        with self.engine.connect() as connection:
            return [Entry(*row) for row in connection.execute(wanted.order_by(LEDGER.c.id))]
