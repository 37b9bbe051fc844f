"""What Twilio checks before it takes a message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from include.sandbox.standins import credentials
from include.sandbox.standins.twilio.errors import TwilioError

LONGEST_BODY = 1600
MOST_MEDIA = 10
LONGEST_VALIDITY = 36_000
"""Seconds that a text may wait to be sent; also what holds where the request names none."""

_LONGEST_URL = 4000

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_SENDER = re.compile(r"\+[1-9]\d{6,14}|\d{3,8}|[A-Za-z0-9 ]{1,11}")

# The senders that Twilio's test credentials give a fixed meaning.
_MAGIC_SENDERS = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}

_SCHEDULE_WINDOW = (timedelta(minutes=5), timedelta(days=35))


@dataclass(frozen=True)
class OutgoingMessage:
    """A message that was asked for and is well-formed. `send_at` is None for "now".

    `validity` is how many seconds it may wait to be sent.
    """

    to_number: str
    from_number: str | None
    service_sid: str | None
    body: str
    media: list[str]
    send_at: datetime | None
    validity: int
    callback: str | None


def read_message(form_body: bytes, now: datetime) -> OutgoingMessage:
    """Read the form of a create request at `now` (UTC); raises `TwilioError` for what Twilio refuses."""
    form = parse_qs(form_body.decode(), keep_blank_values=True)
    value = {name: values[-1] for name, values in form.items()}
    to_number = value.get("To", "").strip()
    service_sid = value.get("MessagingServiceSid") or None
    from_number = value.get("From") or None
    body = value.get("Body", "")
    media = [url for url in form.get("MediaUrl", []) if url]
    if not to_number:
        raise TwilioError(21604)
    if not _E164.fullmatch(to_number):
        raise TwilioError(21211)
    if service_sid is None and from_number is None:
        raise TwilioError(21603)
    if not body and not media and not value.get("ContentSid"):
        raise TwilioError(21602)
    if len(body) > LONGEST_BODY:
        raise TwilioError(21617)
    if service_sid is not None and service_sid != credentials.TWILIO_MESSAGING_SERVICE_SID:
        raise TwilioError(21701)
    if from_number is not None:
        _check_sender(from_number)
    _check_media(media)
    return OutgoingMessage(
        to_number=to_number,
        from_number=from_number,
        service_sid=service_sid,
        body=body,
        media=media,
        send_at=_send_at(value, service_sid, now),
        validity=_validity(value.get("ValidityPeriod")),
        callback=_callback(value.get("StatusCallback")),
    )


def _check_sender(number: str) -> None:
    if number in _MAGIC_SENDERS:
        raise TwilioError(_MAGIC_SENDERS[number])
    if not _SENDER.fullmatch(number):
        raise TwilioError(21212)
    if number != credentials.TWILIO_FROM_NUMBER:
        raise TwilioError(21606)


def _check_media(media: list[str]) -> None:
    if len(media) > MOST_MEDIA:
        raise TwilioError(21623)
    if not all(_is_address(url) for url in media):
        raise TwilioError(21620)


def _validity(value: str | None) -> int:
    if not value:
        return LONGEST_VALIDITY
    number = int(value) if re.fullmatch(r"[0-9]{1,9}", value) else 0
    if not 1 <= number <= LONGEST_VALIDITY:
        raise TwilioError(21624)
    return number


def _callback(url: str | None) -> str | None:
    if not url:
        return None
    if not _is_address(url) or "_" in (urlsplit(url).hostname or ""):
        raise TwilioError(21609)
    return url


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and len(url) <= _LONGEST_URL


def _send_at(value: dict[str, str], service_sid: str | None, now: datetime) -> datetime | None:
    if value.get("ScheduleType") != "fixed":
        return None
    if service_sid is None:
        raise TwilioError(35118)
    if not value.get("SendAt"):
        raise TwilioError(35111)
    try:
        send_at = datetime.fromisoformat(value["SendAt"])
    except ValueError:
        raise TwilioError(35114) from None
    if send_at.tzinfo is None:
        send_at = send_at.replace(tzinfo=UTC)
    earliest, latest = _SCHEDULE_WINDOW
    if not now + earliest <= send_at <= now + latest:
        raise TwilioError(35114)
    return send_at
