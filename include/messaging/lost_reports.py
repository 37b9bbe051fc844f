"""What Twilio's own list of messages tells: ends and prices of texts, and replies that never reached us."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice

from sqlalchemy import Engine

from include.messaging.events import has_ended, status_updates
from include.messaging.feedback_settings import FeedbackSettings
from include.messaging.refusals import REFUSALS, Action
from include.storedb.text_events import TextEvent, TextEvents
from include.storedb.text_outcomes import ENDS, TextOutcomes

_PAGE = 1000
_MOST_MESSAGES = 200_000
_MOST_REFUSED = 5000
_CODES = [code for code, known in REFUSALS.items() if known.action is not Action.NOTHING]
# Clocks differ; a text waits in Twilio's queue for up to ten hours.
_CLOCKS, _QUEUE = timedelta(minutes=10), timedelta(hours=11)


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """A message of Twilio's list: the report or reply that it amounts to, and its price in dollars."""

    event: TextEvent
    price: Decimal | None = None


Listed = Callable[[datetime, datetime], Iterator[Message]]
"""Lists the messages that were sent between two moments (UTC, no zone)."""


def look(engine: Engine, listed: Listed, settings: FeedbackSettings, now: datetime) -> Counter[str]:
    """Ask Twilio for the texts that should have an end and a price by `now` (UTC, no zone), if there are any.

    Ends become the same events as callbacks make, so that the same follows from them; so do the refusals that
    Twilio gave at once. Returns how many messages were `listed`, texts `ended` or got a price (`priced`),
    refusals were `refused`, and `replies` were found that nobody had told us of.
    """
    outcomes, events, counts = TextOutcomes(engine), TextEvents(engine), Counter[str]()
    since = now - settings.look_back
    refused = outcomes.refused(since, _CODES, _MOST_REFUSED)
    events.add_reports(refused)
    counts["refused"] += len(refused)
    for first, last in spans(outcomes.wanting(since, now - settings.look_after), now):
        left = _MOST_MESSAGES - counts["listed"]
        messages = islice(listed(first, last), max(0, left))
        while page := list(islice(messages, _PAGE)):
            counts["listed"] += len(page)
            counts += _take(outcomes, events, page)
    return counts


def spans(moments: Iterable[datetime], now: datetime) -> list[tuple[datetime, datetime]]:
    """The stretches of time in which texts that were handed over at `moments` (in order) have left."""
    found: list[tuple[datetime, datetime]] = []
    for moment in moments:
        first, last = moment - _CLOCKS, min(moment + _QUEUE, now + _CLOCKS)
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return found


def _take(outcomes: TextOutcomes, events: TextEvents, page: list[Message]) -> Counter[str]:
    known = outcomes.statuses(message.event.sid for message in page)
    ours = [message for message in page if message.event.sid in known]
    ends = [message.event for message in ours if has_ended(message.event)]
    ends = [event for event in ends if known[event.sid] not in ENDS]
    events.add_reports(ends)
    # Also here: the callback may have come, and been put away, before the text was known to be ours.
    ended = outcomes.write(status_updates(ends, known))
    prices = {message.event.sid: message.price for message in ours if message.price is not None}
    priced = outcomes.write_prices(prices)
    replies = [message.event for message in page if message.event.kind == "reply"]
    found = sum(events.add(_safe(events, reply)) for reply in events.unknown(replies))
    return Counter({"ended": ended, "priced": priced, "replies": found})


def _safe(events: TextEvents, reply: TextEvent) -> TextEvent:
    """What a reply still means when others may have come since: a late START must not undo a newer STOP."""
    if reply.meaning != "start":
        later = events.of_phones([reply.phone], reply.received_at) if reply.meaning == "stop" else []
        if not any(event.meaning == "start" for event in later):
            return reply
    return reply.as_for_people()
