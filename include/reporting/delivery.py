"""Letters on their way: each mail claimed in the ledger, none sent twice, none lost without a word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from typing import Any, Literal

from sqlalchemy import select

from include.database.retries import with_retries
from include.errors import BadCredentials, OutcomeUnknown, VendorRefusal, VendorUnavailable
from include.reporting.letter import Letter
from include.reporting.message import as_message, message_id
from include.reporting.smtp import MailServer
from include.storedb.ledger import Claim, Entry, Ledger
from include.storedb.runs import moment
from include.storedb.tables import LEDGER

KIND = "mail"
"""The ledger's kind of all mails."""

NOT_SENT = "not sent: "
"""How the detail of an entry begins whose mail was certainly not accepted: it may be tried again."""

SETTLED = timedelta(minutes=30)
"""A claim that is still open after this is nobody's who is at work."""

Outcome = Literal["sent", "sent_before", "refused", "refused_before", "unknown", "waiting"]


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter to the recipient of a ledger entry of kind "mail"; `headers` are further ones of its own."""

    entry: Entry
    letter: Letter
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one mail.

    `sent` and `refused` are this run's, those with `_before` an earlier run's. `waiting`: not accepted yet,
    to be tried again. `unknown`: it may have been accepted, and is never sent again by itself.
    """

    entry: Entry
    outcome: Outcome
    message: str = ""


def mail_to(recipient: str, report: str, anchor: str, letter: Letter) -> Mail:
    """A mail of a report (or of any other kind of letter) for one occasion, such as a period."""
    return Mail(Entry(KIND, report, recipient, anchor), letter)


class Delivering:
    """Sends mails for one task; `now` is the moment for their Date, with a zone.

    `again`: a person wants mails sent once more whose outcome is unknown.
    """

    def __init__(
        self, server: MailServer, sender: Address, ledger: Ledger, now: datetime, *, again: bool = False
    ) -> None:
        self._server, self._sender, self._ledger = server, sender, ledger
        self._now, self._again = now, again

    def deliver(self, mails: Iterable[Mail]) -> Iterator[Delivery]:
        """Send what was not sent yet, one after the other.

        Raises what concerns every mail: `BadCredentials`, a `VendorRefusal` of the sender, and
        `VendorUnavailable` when no connection can be made; what is left can be sent later.
        """
        for mail in mails:
            yield self._one(mail)

    def _one(self, mail: Mail) -> Delivery:
        entry = mail.entry
        standing = self._standing(entry)
        if standing is not None and not self._may_go_again(standing):
            return self._as_before(entry, standing)
        message = as_message(mail.letter, entry, self._sender, self._now, mail.headers)
        self._server.ready()
        claim = self._ledger.claim(entry)
        if not claim.granted and not (standing is not None and self._taken_over(claim, standing)):
            now_standing = self._standing(entry)
            return self._as_before(entry, now_standing)
        try:
            answer = self._server.send(message, entry.recipient)
        except OutcomeUnknown as error:
            self._ledger.close(entry, "unknown", vendor_id=message_id(entry, self._sender), detail=str(error))
            return Delivery(entry, "unknown", str(error))
        except VendorRefusal as error:
            if error.field == "MAIL":
                # It refuses the sender, and with it every recipient: none of them is to blame.
                self._ledger.close(entry, "unknown", detail=f"{NOT_SENT}{error}")
                raise
            self._ledger.close(entry, "refused", detail=str(error))
            return Delivery(entry, "refused", str(error))
        except (VendorUnavailable, BadCredentials) as error:
            self._ledger.close(entry, "unknown", detail=f"{NOT_SENT}{error}")
            if isinstance(error, BadCredentials):
                raise
            return Delivery(entry, "waiting", str(error))
        self._ledger.close(entry, "sent", vendor_id=message_id(entry, self._sender), detail=answer)
        return Delivery(entry, "sent", answer)

    def _taken_over(self, claim: Claim, standing: Any) -> bool:
        """Reopen the entry as it was found; another process may have been quicker."""
        return claim.attempts == standing.attempts and self._ledger.reopen(claim)

    def _may_go_again(self, standing: Any) -> bool:
        if standing.status == "unknown" and (standing.detail or "").startswith(NOT_SENT):
            return True
        settled = standing.status == "unknown" or standing.claimed_at < moment() - SETTLED
        return self._again and standing.status in ("claimed", "unknown") and settled

    def _as_before(self, entry: Entry, standing: Any) -> Delivery:
        run = self._ledger.run
        ours = standing is not None and (standing.dag_id, standing.run_id) == (run.dag_id, run.run_id)
        if standing is not None and standing.status == "sent":
            return Delivery(entry, "sent" if ours else "sent_before", f"was mailed in run {standing.run_id}")
        if standing is not None and standing.status == "refused":
            return Delivery(entry, "refused" if ours else "refused_before", standing.detail or "")
        words = "an earlier try ended before the mail server's answer came"
        return Delivery(entry, "unknown", (standing.detail if standing is not None else "") or words)

    def _standing(self, entry: Entry) -> Any:
        columns = ("status", "detail", "attempts", "claimed_at", "dag_id", "run_id")
        wanted = select(*(LEDGER.c[name] for name in columns)).where(LEDGER.c.entry_hash == entry.hash())

        def work() -> Any:
            with self._ledger.engine.connect() as connection:
                return connection.execute(wanted).first()

        return with_retries(work)
