"""A received mail, taken apart for reading."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from pathlib import Path


@dataclass(frozen=True)
class Attachment:
    """A part that is not the mail's text; `index` finds it again."""

    index: int
    name: str
    content_type: str
    bytes: int


@dataclass(frozen=True)
class Letter:
    """A mail: headers, the two forms of its text, and what is attached."""

    headers: list[tuple[str, str]]
    html: str
    text: str
    attachments: list[Attachment]


def read_letter(file: Path, part_url: str) -> Letter:
    """Take a .eml file apart; the HTML's attached pictures are shown from `part_url` + index."""
    message = _message(file)
    html_part = message.get_body(("html",))
    text_part = message.get_body(("plain",))
    html = _text(html_part)
    attachments: list[Attachment] = []
    for index, part in enumerate(_parts(message)):
        if part is html_part or part is text_part:
            continue
        content_id = str(part.get("Content-ID", "")).strip("<> ")
        if content_id:
            shown = re.sub(rf"cid:{re.escape(content_id)}(?![\w.@-])", f"{part_url}{index}", html)
            if shown != html:
                html = shown
                continue
        payload = part.get_payload(decode=True)
        length = len(payload) if isinstance(payload, bytes) else 0
        name = part.get_filename() or f"part {index + 1}"
        attachments.append(Attachment(index, name, part.get_content_type(), length))
    names = ("From", "To", "Cc", "Bcc", "Reply-To", "Date")
    headers = [(name, str(message[name])) for name in names if message[name]]
    return Letter(headers, html, _text(text_part), attachments)


def read_attachment(file: Path, index: int) -> tuple[str, str, bytes] | None:
    """Name, content type and content of a part; None when there is no such part."""
    parts = _parts(_message(file))
    if not 0 <= index < len(parts):
        return None
    payload = parts[index].get_payload(decode=True)
    if not isinstance(payload, bytes):
        return None
    return parts[index].get_filename() or f"part-{index + 1}", parts[index].get_content_type(), payload


def _message(file: Path) -> EmailMessage:
    return message_from_bytes(file.read_bytes(), policy=policy.default)


def _parts(message: EmailMessage) -> list[MIMEPart]:
    return [part for part in message.walk() if not part.is_multipart()]


def _text(part: MIMEPart | None) -> str:
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError):
        # An unknown or wrong character set must not hide the rest of the mail.
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", errors="replace") if isinstance(payload, bytes) else ""
