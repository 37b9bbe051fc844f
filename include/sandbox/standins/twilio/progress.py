"""How a text moves on by itself: queued, sending, sent, delivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from include.sandbox.standins.twilio.fates import EXPIRED, Fate

# The share of the way that a text spends in the queue; half of that time it is "queued", then "sending".
_IN_QUEUE = 2 / 3
FINAL = frozenset({"delivered", "undelivered", "failed", "canceled", "received"})


@dataclass(frozen=True, slots=True)
class Course:
    """When a text leaves the queue and when its end is known, in seconds since the epoch, and what it is."""

    leaves: float
    settles: float
    fate: Fate


def course(start: float, seconds: float, validity: int, fate: Fate) -> Course:
    """The course of a text that begins at `start` and takes so many `seconds` in all.

    One that would stay in the queue longer than its `validity` (seconds) fails with 30036.
    """
    in_queue = seconds * _IN_QUEUE
    if in_queue > validity:
        return Course(start + validity, start + validity, EXPIRED)
    leaves = start + in_queue
    return Course(leaves, leaves if fate.outcome == "failed" else start + seconds, fate)


def status_of(row: Mapping[str, Any], now: float) -> str:
    """The status of a text at `now`."""
    if row["canceled"] is not None:
        return "canceled"
    if row["send_at"] is not None and now < row["send_at"]:
        return "scheduled"
    start = row["send_at"] or row["at"]
    if now >= row["settles"]:
        return str(row["outcome"])
    if now >= row["leaves"]:
        return "sent"
    return first_status(row) if now < (start + row["leaves"]) / 2 else "sending"


def first_status(row: Mapping[str, Any]) -> str:
    """The status with which a text that is sent at once begins."""
    return "accepted" if row["service_sid"] else "queued"
