"""Working off what Twilio told and what customers replied; each event until nothing more follows from it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from include.changes import Plan, Reject
from include.counterpoint.items import Stream
from include.messaging.customer_changes import OPT_IN, changes, customers_with_phones, owners
from include.messaging.events import STOP_REASONS, Verdict, concerns_customer, status_updates, verdicts
from include.messaging.phones import as_e164
from include.messaging.settings import StrikeSettings
from include.storedb.suppression import Suppressions
from include.storedb.taken_values import TakenValues
from include.storedb.text_events import TextEvent, TextEvents
from include.storedb.text_outcomes import TextOutcomes

_PAGE = 2000
_MOST_EVENTS = 100_000
_MOST_AT_THE_TILLS = 5000
# Strikes that are older say nothing of a telephone today.
_STRIKES_LAST = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Settled:
    """Events that were worked off, those that wait for another run, and customers who were given up."""

    done: int
    waiting: int
    given_up: tuple[Reject, ...]


@dataclass(frozen=True)
class Feedback:
    """The events of the store database, with what the house has decided about them."""

    engine: Engine
    strikes: StrikeSettings
    zone: ZoneInfo
    events: TextEvents = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "events", TextEvents(self.engine))

    def follow(self, now: datetime, settle_after: timedelta) -> tuple[int, int, int]:
        """Bring texts up to date and suppress phones that take none.

        Reports that concern no customer are done then. One of a text that is not known is kept for
        `settle_after`: the task that sends may not have written its number down yet. Returns how many texts
        changed, how many phones were suppressed and how many events are done; `now` is UTC without a zone.
        """
        outcomes, changed, suppressed, done = TextOutcomes(self.engine), 0, 0, 0
        for page in self._pages():
            reports = [event for event in page if event.kind == "status"]
            known = outcomes.statuses(event.sid for event in reports)
            changed += outcomes.write(status_updates(reports, known))
            suppressed += self.suppress([event for event in page if concerns_customer(event)])
            done += self.events.done(
                event.id or 0
                for event in reports
                if not concerns_customer(event)
                and (event.sid in known or event.received_at < now - settle_after)
            )
        return changed, suppressed, done

    def suppress(self, events: Collection[TextEvent]) -> int:
        """Suppress the phones of the events that say so; returns how many were not suppressed before.

        The present state decides, so that it may be repeated: a phone that was let back since stays so.
        """
        found = [verdict for verdict in self.judged(events) if verdict.suppression]
        suppressions = Suppressions(self.engine)
        before = suppressions.active(verdict.phone for verdict in found)
        for verdict in found:
            if verdict.suppression and before.get(verdict.phone) not in ("opted_out", verdict.suppression):
                suppressions.add(verdict.phone, verdict.suppression, "twilio", verdict.reason, at=verdict.at)
        phones = {verdict.phone for verdict in found}
        return len(suppressions.active(phones).keys() - before.keys())

    def judged(self, events: Collection[TextEvent]) -> list[Verdict]:
        """What the events say of their phones, with those before them in mind."""
        if not events:
            return []
        since = min(event.received_at for event in events) - _STRIKES_LAST
        earlier = self.events.of_phones((event.phone for event in events), since)
        return verdicts(events, earlier, self.strikes, self.zone)

    def concerning(self) -> list[TextEvent]:
        """The oldest events that may change a customer's record."""
        return self._first(concerns_customer)

    def replies(self) -> list[TextEvent]:
        """The oldest replies that change no record."""
        return self._first(lambda event: event.kind == "reply" and not concerns_customer(event))

    @property
    def stopped_before(self) -> Container[str]:
        """The customers whose opt-in was taken because of a STOP, and not given back since."""
        return TakenValues(self.engine, "AR_CUST", OPT_IN, STOP_REASONS)

    def settle(
        self,
        stream: Stream,
        events: Sequence[TextEvent],
        before: Callable[[Sequence[TextEvent]], object],
        give_up: datetime,
    ) -> Settled:
        """Note those of the events as done from which nothing more follows, by what the customers have now.

        The others wait for the next run, but for those received before `give_up` (UTC, no zone). `before` is
        called with what is about to be noted.
        """
        self.suppress(events)
        verdict_of = self.judged(events)
        with stream(customers_with_phones()) as rows:
            found = owners(rows, {verdict.phone for verdict in verdict_of})
        wanted: Plan = changes(verdict_of, found, self.stopped_before)
        numbers = {change.key: change.reason for change in wanted.changes}
        phones = {
            phone: owner.number
            for owner in found
            if owner.number in numbers
            for phone in (as_e164(owner.phone), as_e164(owner.mobile))
        }
        waiting = [event for event in events if event.phone in phones and event.received_at >= give_up]
        kept = {event.id for event in waiting}
        ended = [event for event in events if event.id not in kept]
        before(ended)
        done = self.events.done(event.id or 0 for event in ended)
        dropped = sorted({phones[event.phone] for event in ended if event.phone in phones})
        given_up = (Reject(number, f"could not be changed for days: {numbers[number]}") for number in dropped)
        return Settled(done, len(waiting), tuple(given_up))

    def _first(self, wanted: Callable[[TextEvent], bool]) -> list[TextEvent]:
        found = (event for page in self._pages() for event in page if wanted(event))
        return list(islice(found, _MOST_AT_THE_TILLS))

    def _pages(self) -> Iterator[list[TextEvent]]:
        last = 0
        for _ in range(_MOST_EVENTS // _PAGE):
            page = self.events.unprocessed(_PAGE, last)
            if not page:
                return
            last = page[-1].id or 0
            yield page
