"""What Twilio checks before it takes a message, and how it counts its length."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

from include.sandbox.standins import credentials
from include.sandbox.standins.twilio.errors import TwilioError

LONGEST_BODY = 1600

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_SENDER = re.compile(r"\+[1-9]\d{6,14}|\d{3,8}|[A-Za-z0-9 ]{1,11}")

# The numbers that Twilio's test credentials give a fixed meaning.
_MAGIC_RECIPIENTS = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
_MAGIC_SENDERS = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}

_SCHEDULE_WINDOW = (timedelta(minutes=5), timedelta(days=35))

# The GSM 7-bit alphabet; each character of the second row takes the room of two.
_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_DOUBLE = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True)
class OutgoingMessage:
    """A message that was asked for and is well-formed. `send_at` is None for "now"."""

    to_number: str
    from_number: str | None
    service_sid: str | None
    body: str
    media: list[str]
    send_at: datetime | None


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
    if to_number in _MAGIC_RECIPIENTS:
        raise TwilioError(_MAGIC_RECIPIENTS[to_number])
    send_at = _send_at(value, service_sid, now)
    return OutgoingMessage(to_number, from_number, service_sid, body, media, send_at)


def segments(body: str) -> int:
    """How many parts a text is sent and charged as.

    One part holds 160 GSM-7 or 70 other characters; each of several holds 153 or 67.
    """
    if set(body) <= _GSM7 | _GSM7_DOUBLE:
        length, single, part = sum(2 if mark in _GSM7_DOUBLE else 1 for mark in body), 160, 153
    else:
        # UCS-2 counts 16-bit units, so that an emoji takes two.
        length, single, part = len(body.encode("utf-16-be")) // 2, 70, 67
    return 1 if length <= single else -(-length // part)


def _check_sender(number: str) -> None:
    if number in _MAGIC_SENDERS:
        raise TwilioError(_MAGIC_SENDERS[number])
    if not _SENDER.fullmatch(number):
        raise TwilioError(21212)
    if number != credentials.TWILIO_FROM_NUMBER:
        raise TwilioError(21606)


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
