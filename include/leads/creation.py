"""Carries out what `plan_new_customers` decided; no lead ever becomes two customers.

Counterpoint does not recognize a request that it gets twice. So each creation is claimed in the ledger first.
One whose answer never came stays open, and is only tried again when the customer is proved not to exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from include.changes import Change, Result
from include.database.values import in_parts
from include.errors import (
    OutcomeUnknown,
    RetailOpsError,
    VendorRefusal,
    VendorUnavailable,
)
from include.leads.customer_record import LeadRules
from include.leads.new_customer_log import NewCustomerLog
from include.leads.new_customers import CUSTOMER, LEAD_ROW, NEW
from include.privacy import masked
from include.storedb.leads import Lead, Leads
from include.storedb.ledger import Claim, Entry, Ledger
from include.storedb.runs import moment

KIND, CAMPAIGN = "customer", "lead"
MOST_ATTEMPTS = 5
_MOST_LOST = 3
# Refusals that say nothing about the lead: a person has to mend the API server's settings.
_OUR_FAULT = frozenset({"ERROR_INVALID_CONFIGURATION"})


def create_customers(
    changes: Sequence[Change],
    leads: Leads,
    post: Callable[[dict[str, Any]], str],
    ledger: Ledger,
    find: Callable[[Lead], str | None],
    log: NewCustomerLog,
    *,
    rules: LeadRules,
    settled_before: datetime,
) -> Iterator[list[Result]]:
    """Settle the leads of a plan one by one; yields one list of results for each change.

    - `post` sends the body of a new customer and returns its number. - `find` says whose customer a lead is
    at this moment. - `settled_before` (UTC, no zone): a creation without an answer that was begun later may
    still be under way at the server, and waits for the next run.

    What Counterpoint refuses rejects its lead. What it does not answer fails by itself and is looked into by
    the next run; after `MOST_ATTEMPTS` its lead is rejected. The third in a row that is not answered, or
    refused, raises its error, as do wrong credentials and other errors that every lead would meet.
    """
    work = _Creation(leads, post, ledger, find, log, rules)
    work.look_around(changes, settled_before)
    for change in changes:
        yield [work.carry_out(change)]


class _Creation:
    def __init__(
        self,
        leads: Leads,
        post: Callable[[dict[str, Any]], str],
        ledger: Ledger,
        find: Callable[[Lead], str | None],
        log: NewCustomerLog,
        rules: LeadRules,
    ) -> None:
        self._leads, self._post, self._ledger, self._find = leads, post, ledger, find
        self._log, self._rules = log, rules
        self._stored: dict[int, Lead] = {}
        self._open: dict[str, Claim] = {}
        self._settled: set[str] = set()
        self._failures = 0

    def look_around(self, changes: Sequence[Change], settled_before: datetime) -> None:
        """Read how the leads stand, those of the same persons included, and which creations are open."""
        same = {int(str(change.new)) for change in changes if change.target == CUSTOMER and change.new != NEW}
        self._stored = self._leads.by_id({int(str(change.key)) for change in changes} | same)
        anchors = [str(change.key) for change in changes]
        everything = moment() + timedelta(days=1)
        for part in in_parts(anchors):
            for claim in self._ledger.unclosed(KIND, CAMPAIGN, part, everything):
                self._open[claim.entry.anchor] = claim
            settled = self._ledger.unclosed(KIND, CAMPAIGN, part, settled_before)
            self._settled |= {claim.entry.anchor for claim in settled}

    def carry_out(self, change: Change) -> Result:
        lead = self._stored.get(int(str(change.key)))
        if lead is None:
            return Result(change, "conflicted", "the lead is gone")
        if lead.status != "new":
            was_rejected = lead.status == "rejected"
            return Result(change, "applied", f"was {lead.status} already", set_aside=was_rejected)
        if change.target == LEAD_ROW:
            return self._write_down(change, lead)
        if change.new != NEW:
            return self._follow(change, lead)
        return self._create(change, lead)

    def _write_down(self, change: Change, lead: Lead) -> Result:
        if change.new == "rejected":
            return self._reject(change, lead, change.reason)
        number = str(change.new)
        if str(lead.id) in self._open:
            return self._created(change, lead, number, self._open[str(lead.id)].entry)
        return self._matched(change, lead, number, change.reason)

    def _follow(self, change: Change, lead: Lead) -> Result:
        first = self._stored.get(int(str(change.new)))
        if first is None or not first.cust_no:
            return Result(change, "skipped", f"waits for lead {change.new}, which is no customer yet")
        return self._matched(change, lead, first.cust_no, change.reason)

    def _create(self, change: Change, lead: Lead) -> Result:
        anchor = str(lead.id)
        found, number = self._open.get(anchor), self._find(lead)
        if number:
            if found:
                return self._created(change, lead, number, found.entry)
            return self._matched(change, lead, number, "has become a customer since the plan was made")
        recipient = self._rules.recipient(lead)
        if not recipient:
            return self._reject(change, lead, "has no valid phone number or e-mail address any more")
        if found is None:
            claim = self._ledger.claim(Entry(KIND, CAMPAIGN, recipient, anchor))
            if not claim.granted:
                return self._claimed(change, lead, claim)
        else:
            claim = found
            if anchor not in self._settled:
                return Result(change, "skipped", "its creation was begun a moment ago and has no answer yet")
            if claim.attempts >= MOST_ATTEMPTS:
                self._ledger.close(claim.entry, "refused", detail=f"no answer {claim.attempts} times")
                return self._reject(change, lead, f"Counterpoint failed {claim.attempts} times to create it")
            if not self._ledger.reopen(claim):
                return Result(change, "skipped", "another run is creating it")
        return self._send(change, lead, claim.entry)

    def _claimed(self, change: Change, lead: Lead, claim: Claim) -> Result:
        if claim.status == "sent" and claim.vendor_id:
            return self._created(change, lead, claim.vendor_id, claim.entry)
        if claim.status == "refused":
            return self._reject(change, lead, "Counterpoint refused it before")
        return Result(change, "skipped", "another run is creating it")

    def _send(self, change: Change, lead: Lead, entry: Entry) -> Result:
        try:
            number = self._post(self._rules.record(lead)).strip()
            if not number:
                raise OutcomeUnknown("Counterpoint did not say the number of the customer that it created")
        except VendorRefusal as error:
            if error.code in _OUR_FAULT:
                self._ledger.close(entry, "unknown", detail=masked(str(error)))
                raise
            self._ledger.close(entry, "refused", detail=masked(str(error)))
            self._settle(change, replace(lead, status="rejected", message=masked(str(error))))
            self._count(error)
            # The server's own words may repeat what the customer typed; they stay with the lead.
            words = f"Counterpoint refuses it ({error.code or error.status}), as the lead's message says"
            return Result(change, "failed", words, set_aside=True)
        except (OutcomeUnknown, VendorUnavailable) as error:
            self._ledger.close(entry, "unknown", detail=masked(str(error)))
            self._count(error)
            return Result(change, "failed", masked(str(error)), retry=True)
        except RetailOpsError as error:
            self._ledger.close(entry, "unknown", detail=masked(str(error)))
            raise
        self._failures = 0
        return self._created(change, lead, number, entry)

    def _count(self, error: RetailOpsError) -> None:
        self._failures += 1
        if self._failures == _MOST_LOST:
            raise error

    def _created(self, change: Change, lead: Lead, number: str, entry: Entry) -> Result:
        # The lead last: whatever is cut off before finds it new, and its claim with it.
        self._log.write(number, self._rules.record(lead))
        self._ledger.close(entry, "sent", vendor_id=number)
        self._settle(
            change, replace(lead, status="created", cust_no=number, message=self._rules.left_out(lead))
        )
        return Result(change, "applied", f"customer {number}")

    def _matched(self, change: Change, lead: Lead, number: str, why: str) -> Result:
        self._settle(change, replace(lead, status="matched", cust_no=number, message=why))
        return Result(change, "applied", f"customer {number}")

    def _reject(self, change: Change, lead: Lead, why: str) -> Result:
        self._settle(change, replace(lead, status="rejected", message=why))
        return Result(change, "applied", why, set_aside=True)

    def _settle(self, change: Change, lead: Lead) -> None:
        lead_id = int(str(change.key))
        self._leads.settle(lead_id, lead.status, cust_no=lead.cust_no, message=lead.message)
        self._stored[lead_id] = lead
