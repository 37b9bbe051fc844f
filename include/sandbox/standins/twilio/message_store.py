"""The messages that the stand-in holds: taken in, called off, and made to arrive."""

from __future__ import annotations

import secrets
import time
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, or_, select, update

from include.sandbox.standins import credentials
from include.sandbox.standins.state import callbacks, texts, writing
from include.sandbox.standins.twilio.errors import TwilioError
from include.sandbox.standins.twilio.fates import fate_of
from include.sandbox.standins.twilio.habits import read_habits
from include.sandbox.standins.twilio.progress import FINAL, course, status_of
from include.sandbox.standins.twilio.segments import segments
from include.sandbox.standins.twilio.sending import OutgoingMessage

# A callback comes after the answer to the request.
_CALLBACK_DELAY_SECONDS = 0.05
OUTBOUND, INBOUND = "outbound-api", "inbound"


def keep(engine: Engine, message: OutgoingMessage) -> dict[str, Any]:
    """Take a message in; raises `TwilioError` for a recipient to whom Twilio refuses to send."""
    at = time.time()
    with engine.connect() as connection:
        fate = fate_of(connection, message.to_number)
        habits = read_habits(connection)
    start = message.send_at.timestamp() if message.send_at else at
    way = course(start, habits.seconds, message.validity, fate)
    row = {
        "sid": new_sid(bool(message.media)),
        "direction": OUTBOUND,
        "at": at,
        "to_number": message.to_number,
        "from_number": message.from_number,
        "service_sid": message.service_sid,
        "body": message.body,
        "media": message.media,
        # A message with media is one, however long its text is.
        "segments": 1 if message.media else segments(message.body),
        "send_at": message.send_at.timestamp() if message.send_at else None,
        "callback": message.callback,
        "leaves": way.leaves,
        "settles": way.settles,
        "outcome": way.fate.outcome,
        "error_code": way.fate.error_code,
        "canceled": None,
    }
    # Nothing was read in this transaction, so that the lock is held for the insert alone.
    with engine.begin() as connection:
        connection.execute(insert(texts), [row])
        if message.callback:
            connection.execute(insert(callbacks), _callbacks(row, habits.out_of_order))
    return row


def receive(engine: Engine, number: str, body: str, media: list[str]) -> dict[str, Any]:
    """Take in what the owner of `number` wrote to the store."""
    at = time.time()
    row = {
        "sid": new_sid(bool(media)),
        "direction": INBOUND,
        "at": at,
        "to_number": credentials.TWILIO_FROM_NUMBER,
        "from_number": number,
        "service_sid": credentials.TWILIO_MESSAGING_SERVICE_SID,
        "body": body,
        "media": media,
        "segments": 1 if media else segments(body),
        "send_at": None,
        "callback": None,
        "leaves": at,
        "settles": at,
        "outcome": "received",
        "error_code": None,
        "canceled": None,
    }
    with engine.begin() as connection:
        connection.execute(insert(texts), [row])
    return row


def change(engine: Engine, sid: str, *, cancel: bool, redact: bool) -> dict[str, Any]:
    """Call a scheduled message off, or delete the text of one that is done with.

    Raises `TwilioError` when it is too late for the one or too early for the other.
    """
    now = time.time()
    with writing(engine) as connection:
        row = find(connection, sid)
        if cancel and status_of(row, now) != "scheduled":
            raise TwilioError(30409)
        if redact and status_of(row, now) not in FINAL:
            raise TwilioError(20009)
        values: dict[str, Any] = {"body": ""} if redact else {}
        if cancel:
            values["canceled"] = now
            connection.execute(delete(callbacks).where(callbacks.c.sid == sid))
            if row["callback"]:
                connection.execute(insert(callbacks), [_callback(sid, "canceled", now)])
        if values:
            connection.execute(update(texts).where(texts.c.sid == sid).values(values))
        return {**row, **values}


def find(connection: Connection, sid: str) -> dict[str, Any]:
    """One message; raises `TwilioError` 20404 when there is none."""
    row = connection.execute(select(texts).where(texts.c.sid == sid)).mappings().one_or_none()
    if row is None:
        raise TwilioError(20404)
    return dict(row)


def finish_texts(engine: Engine) -> int:
    """Let all texts that are under way arrive, or fail, now, with their callbacks; returns how many.

    Scheduled ones stay scheduled.
    """
    now = time.time()
    under_way = (
        texts.c.settles > now,
        texts.c.canceled.is_(None),
        or_(texts.c.send_at.is_(None), texts.c.send_at <= now),
    )
    with writing(engine) as connection:
        theirs = callbacks.c.sid.in_(select(texts.c.sid).where(*under_way))
        connection.execute(update(callbacks).where(theirs, callbacks.c.due > now).values(due=now))
        sooner = {"leaves": func.min(texts.c.leaves, now), "settles": now}
        return connection.execute(update(texts).where(*under_way).values(sooner)).rowcount


def new_sid(media: bool) -> str:
    """A new message's id."""
    return ("MM" if media else "SM") + secrets.token_hex(16)


def _callbacks(row: dict[str, Any], out_of_order: bool) -> list[dict[str, Any]]:
    """What is reported about a text: that it was sent, and its end. The status it begins with is not."""
    ends = _callback(row["sid"], row["outcome"], row["settles"])
    if row["outcome"] == "failed":
        return [ends]
    if out_of_order:
        return [ends, _callback(row["sid"], "sent", row["settles"])]
    return [_callback(row["sid"], "sent", row["leaves"]), ends]


def _callback(sid: str, status: str, at: float) -> dict[str, Any]:
    due = at + _CALLBACK_DELAY_SECONDS
    return {"sid": sid, "status": status, "due": due, "tries": 0, "answer": None, "done": False}
