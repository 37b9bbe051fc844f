"""Which leads are customers already, which are the same person, and who becomes a new customer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from include.changes import Change, Plan
from include.counterpoint.items import Stream
from include.errors import BudgetExceeded
from include.leads.customer_record import LeadRules
from include.leads.matching import Known, Wanted, customers, known_customers
from include.storedb.leads import Lead

CUSTOMER = "counterpoint_api.customer"
"""Target of a new customer. The key is the lead's id; the new value is `NEW`, or the id of the lead by which
the same person becomes one."""
LEAD_ROW = "lead"
"""Target of what is only written down: the customer that a lead matches, or that it is rejected."""
NEW = "new"


def plan_new_customers(stream: Stream, leads: Sequence[Lead], rules: LeadRules) -> Plan:
    """What becomes of each new lead; `basis` is the number of customers compared with.

    Customers are read once, and not at all without leads. Raises `BudgetExceeded` when a customer would be
    created although next to none were found to compare with.
    """
    if not leads:
        return Plan(basis=0)
    wanted = Wanted.of(leads, rules)
    with stream(customers(rules.settings.match)) as rows:
        known = known_customers(rows, wanted, rules)
    changes = tuple(decided(leads, known, rules))
    fewest = rules.settings.fewest_customers
    if known.count < fewest and any(change.target == CUSTOMER for change in changes):
        raise BudgetExceeded(
            f"{known.count} customers were found to compare the leads with, {fewest} or more are expected: "
            "is Counterpoint empty or its connection pointing elsewhere? Nobody was created."
        )
    return Plan(changes, len(leads), basis=known.count)


def decided(leads: Sequence[Lead], known: Known, rules: LeadRules) -> Iterator[Change]:
    """A change for each lead, in their order: matched, new, the same person as another lead, or rejected.

    Of several leads of one person the first by whom the customer can be reached becomes the customer.
    """
    matches = [known.customer(lead, rules) for lead in leads]
    people = _people([(rules.email(lead), rules.phone(lead)) for lead in leads])
    matched: dict[int, int] = {}
    creators: dict[int, int] = {}
    for place, person in enumerate(people):
        if matches[place]:
            matched.setdefault(person, place)
        if rules.recipient(leads[place]):
            creators.setdefault(person, place)
    for place, (lead, person) in enumerate(zip(leads, people, strict=True)):
        key = str(lead.id)
        if number := matches[place]:
            reason = "is a customer by e-mail address or phone number"
            yield Change(LEAD_ROW, key, "cust_no", None, number, reason)
        elif person in matched:
            other = matched[person]
            reason = f"is the person of lead {leads[other].id}"
            yield Change(LEAD_ROW, key, "cust_no", None, matches[other], reason)
        elif person not in creators:
            reason = "has neither a valid phone number nor an e-mail address that fits the record"
            yield Change(LEAD_ROW, key, "status", "new", "rejected", reason)
        elif creators[person] == place:
            yield Change(CUSTOMER, key, "CUST_NO", None, NEW, "is no customer yet")
        else:
            other = creators[person]
            same = str(leads[other].id)
            yield Change(CUSTOMER, key, "CUST_NO", None, same, f"is the person of lead {same}")


def _people(keys: Sequence[Iterable[str | None]]) -> list[int]:
    """For each lead the place of the first one of the same person, given the addresses and numbers of each.

    Leads that share one are of the same person, and so are two that each share one with a third.
    """
    first = list(range(len(keys)))
    owner: dict[str, int] = {}

    def root(place: int) -> int:
        while first[place] != place:
            first[place] = first[first[place]]
            place = first[place]
        return place

    for place, own in enumerate(keys):
        for key in filter(None, own):
            one, other = sorted((root(owner.setdefault(key, place)), root(place)))
            first[other] = one
    return [root(place) for place in range(len(keys))]
