"""Text messages as the page shows them: by number, with what became of each, and how all of them fared."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, func, select

from include.sandbox.standins.state import texts
from include.sandbox.standins.twilio.errors import MESSAGES
from include.sandbox.standins.twilio.message_store import INBOUND
from include.sandbox.standins.twilio.progress import status_of

_GOOD = frozenset({"delivered", "received"})
_BAD = frozenset({"undelivered", "failed"})
_REPLIES = "replies"
_UNDER_WAY = "under way"


@dataclass(frozen=True)
class ShownText:
    """One text. `error` is why it did not arrive, in words with the code."""

    at: float
    is_reply: bool
    body: str
    media: list[str]
    segments: int
    send_at: float | None
    status: str
    error: str | None

    @property
    def status_class(self) -> str:
        """How the status is to be coloured."""
        if self.status in _GOOD:
            return "good"
        return "bad" if self.status in _BAD else "notice"


@dataclass(frozen=True)
class Conversation:
    """The texts to and from one number, oldest first."""

    number: str
    texts: list[ShownText]


@dataclass(frozen=True)
class Fared:
    """How many texts came to the same end."""

    what: str
    count: int


def read_conversations(connection: Connection, most: int) -> list[Conversation]:
    """The newest texts by number; the number with the newest of them comes first."""
    now = time.time()
    newest = select(texts).order_by(texts.c.id.desc()).limit(most)
    found: dict[str, list[ShownText]] = {}
    for row in connection.execute(newest).mappings():
        is_reply = row["direction"] == INBOUND
        number = row["from_number"] if is_reply else row["to_number"]
        found.setdefault(number, []).append(_shown(dict(row), now))
    return [Conversation(number, shown[::-1]) for number, shown in found.items()]


def read_fared(connection: Connection) -> list[Fared]:
    """How all texts to customers fared, the most frequent end first; then the replies."""
    now = time.time()
    end = case(
        (texts.c.direction == INBOUND, _REPLIES),
        (texts.c.canceled.is_not(None), "canceled"),
        (texts.c.send_at > now, "scheduled"),
        (texts.c.settles > now, _UNDER_WAY),
        else_=texts.c.outcome,
    )
    code = case((end.in_(sorted(_BAD)), texts.c.error_code))
    count = func.count().label("number")
    rows = connection.execute(select(end, code, count).group_by(end, code)).all()
    ends = [(str(what), error, int(number)) for what, error, number in rows]
    ends.sort(key=lambda row: (row[0] == _REPLIES, -row[2], row[0], row[1] or 0))
    return [Fared(_words(what, error, number), number) for what, error, number in ends]


def _shown(row: Mapping[str, Any], now: float) -> ShownText:
    status = status_of(row, now)
    code = row["error_code"] if status in _BAD else None
    return ShownText(
        at=row["at"],
        is_reply=row["direction"] == INBOUND,
        body=row["body"],
        media=row["media"],
        segments=row["segments"],
        send_at=row["send_at"],
        status=status,
        error=None if code is None else f"{MESSAGES[code]} ({code})",
    )


def _words(what: str, code: int | None, number: int) -> str:
    if what == _REPLIES and number == 1:
        return "reply"
    return what if code is None else f"{what} ({code})"
