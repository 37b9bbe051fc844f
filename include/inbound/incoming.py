"""Reading what was posted: a form of limited size, within a limited time, and the event that it describes."""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import datetime
from urllib.parse import parse_qsl

from starlette.datastructures import ImmutableMultiDict
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from include.inbound.words import meaning_of
from include.storedb.text_events import TextEvent

Form = ImmutableMultiDict[str, str]

# The longest text with ten pictures is about 24 KB.
LARGEST_BODY = 64 * 1024
_MOST_FIELDS = 200
_SECONDS = 5.0
_MOST_PICTURES = 10

log = logging.getLogger(__name__)

_SID = re.compile(r"[A-Za-z0-9]{1,64}")
_PHONE = re.compile(r"\+?[0-9]{3,15}")
_STATUS = re.compile(r"[a-z_]{1,20}")


async def read_form(request: Request) -> Form:
    """The form of a request; answers 413, 408 or 400 where it is too large, too slow or no form."""
    return parse_form(await read_body(request))


def parse_form(body: bytes) -> Form:
    """The fields of a form in the browsers' usual notation; answers 400 for anything else."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise HTTPException(400, "the form cannot be read") from None
    return ImmutableMultiDict(pairs)


async def read_body(request: Request) -> bytes:
    """What was posted; answers 413 or 408 where it is too large or too slow."""
    body = bytearray()
    try:
        async with asyncio.timeout(_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > LARGEST_BODY:
                    raise HTTPException(413)
    except (TimeoutError, ClientDisconnect):
        raise HTTPException(408) from None
    return bytes(body)


def status_event(form: Form, now: datetime) -> TextEvent:
    """The event of a status callback, without any field that is not known here."""
    code = form.get("ErrorCode", "")
    return TextEvent(
        kind="status",
        sid=_needed(form, "MessageSid", _SID),
        phone=_needed(form, "To", _PHONE),
        received_at=now,
        status=_needed(form, "MessageStatus", _STATUS),
        error_code=int(code) if code.isascii() and code.isdigit() and 0 < len(code) < 10 else None,
    )


def reply_event(form: Form, now: datetime) -> TextEvent:
    """The event of a reply, with what it means; it has no body when it is a picture only."""
    body = form.get("Body") or None
    pictures = (form.get(f"MediaUrl{number}") for number in range(_MOST_PICTURES))
    return TextEvent(
        kind="reply",
        sid=_needed(form, "MessageSid", _SID),
        phone=_needed(form, "From", _PHONE),
        received_at=now,
        body=body,
        media=tuple(filter(None, pictures)),
        meaning=meaning_of(body, form.get("OptOutType")),
    )


def _needed(form: Form, name: str, pattern: re.Pattern[str]) -> str:
    value = form.get(name, "").strip()
    if not pattern.fullmatch(value):
        wrong = f"the field {name} is " + ("malformed" if value else "missing")
        log.warning("refused a request: %s", wrong)
        raise HTTPException(400, wrong)
    return value
