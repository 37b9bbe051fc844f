"""The ledger of everything that leaves the house and cannot be taken back."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
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
    """The answer to a claim: send only when `granted`; otherwise `status` says how the entry stands.

    `attempts` is how often the entry had been claimed at that moment.
    """

    entry: Entry
    granted: bool
    status: str
    vendor_id: str | None = None
    attempts: int = 1


class Ledger:
    """Claims, and closes what was claimed, for one task."""

    def __init__(self, engine: Engine, run: RunContext) -> None:
        self.engine = engine
        self.run = run

    def claim(self, entry: Entry) -> Claim:
        """Ask to send. However often and by whom an entry is asked for, one claim is granted.

        What was claimed and never closed is not granted either: it may have been sent. It stands as `claimed`
        until `unclosed` finds it and it was reconciled with the vendor.
        """
        owner = uuid.uuid4().hex
        row = {
            "entry_hash": entry.hash(),
            "kind": entry.kind,
            "campaign": entry.campaign,
            "recipient": entry.recipient,
            "anchor": entry.anchor,
            "status": CLAIMED,
            "attempts": 1,
            "owner": owner,
            "claimed_at": moment(),
            **self.run.columns(),
        }

        def work() -> Claim:
            try:
                with self.engine.begin() as connection:
                    connection.execute(insert(LEDGER), row)
                return Claim(entry, granted=True, status=CLAIMED)
            except IntegrityError:
                return self._existing(entry, owner)

        return with_retries(work)

    def _existing(self, entry: Entry, owner: str) -> Claim:
        columns = (LEDGER.c.status, LEDGER.c.vendor_id, LEDGER.c.owner, LEDGER.c.attempts)
        wanted = select(*columns).where(LEDGER.c.entry_hash == entry.hash())
        with self.engine.connect() as connection:
            row = connection.execute(wanted).one()
        # A commit whose acknowledgement was lost is retried by `claim`: then the row found is our own.
        ours = row.owner == owner and row.status == CLAIMED
        return Claim(entry, ours, row.status, row.vendor_id, row.attempts)

    def reopen(self, found: Claim) -> bool:
        """Take over an entry that was proved not to have been sent; True allows to send it.

        `found` is what `unclosed` or `claim` said before the vendor was asked. False when another process has
        taken the entry over since.
        """
        owner = uuid.uuid4().hex
        row = LEDGER.c.entry_hash == found.entry.hash()
        again = (
            update(LEDGER)
            .where(row, LEDGER.c.status.in_((CLAIMED, "unknown")), LEDGER.c.attempts == found.attempts)
            .values(
                status=CLAIMED,
                owner=owner,
                attempts=found.attempts + 1,
                claimed_at=moment(),
                closed_at=None,
                **self.run.columns(),
            )
        )

        def work() -> bool:
            with self.engine.begin() as connection:
                if connection.execute(again).rowcount == 1:
                    return True
                # As in `claim`: a commit whose acknowledgement was lost has made the row our own.
                return connection.execute(select(LEDGER.c.owner).where(row)).scalar() == owner

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

    def unclosed(
        self, kind: str, campaign: str, anchors: Iterable[str], claimed_before: datetime
    ) -> Sequence[Claim]:
        """Claims whose outcome is not known: never closed, or closed as unknown.

        Only claims made before `claimed_before` (UTC, no zone): for a younger one another process may be
        sending at this moment.
        """
        wanted = select(LEDGER).where(
            LEDGER.c.kind == kind,
            LEDGER.c.campaign == campaign,
            LEDGER.c.anchor.in_(list(anchors)),
            LEDGER.c.status.in_((CLAIMED, "unknown")),
            LEDGER.c.claimed_at < claimed_before,
        )
        with self.engine.connect() as connection:
            return [
                Claim(
                    Entry(row.kind, row.campaign, row.recipient, row.anchor),
                    False,
                    row.status,
                    row.vendor_id,
                    row.attempts,
                )
                for row in connection.execute(wanted.order_by(LEDGER.c.id))
            ]
