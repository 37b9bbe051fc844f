"""A letter as a mail to one recipient."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP

from include.reporting.letter import PICTURE, Letter
from include.storedb.ledger import Entry

_LONGEST_SUBJECT = 200


def as_message(
    letter: Letter, entry: Entry, sender: Address, at: datetime, headers: Mapping[str, str] | None = None
) -> EmailMessage:
    """The mail to the ledger entry's recipient: mixed(alternative(text, related(HTML, pictures)), files).

    `at` is the moment of sending, with its zone; `headers` are further ones of this recipient's. The
    Message-ID is the same however often the entry's mail is built, so that one that came twice after all can
    be told.
    """
    message = EmailMessage(policy=SMTP)
    message["Subject"] = one_line(letter.subject)[:_LONGEST_SUBJECT]
    message["From"] = sender
    message["To"] = Address(addr_spec=entry.recipient)
    message["Date"] = at
    message["Message-ID"] = message_id(entry, sender)
    # No holiday replies to a machine.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content(letter.text)
    ids = {image.name: f"{image.name}.{entry.hash()[:16]}@{sender.domain}" for image in letter.images}
    html = PICTURE.sub(lambda found: f'src="cid:{ids[found[1]]}"', letter.html)
    message.add_alternative(html, subtype="html")
    part = message.get_payload(1)
    assert isinstance(part, MIMEPart)  # noqa: S101
    for image in letter.images:
        name = f"{image.name}.{image.kind}"
        cid = f"<{ids[image.name]}>"
        part.add_related(image.content, "image", image.kind, cid=cid, filename=name, disposition="inline")
    for file in letter.attachments:
        main, _, sub = file.content_type.partition("/")
        message.add_attachment(file.content, maintype=main, subtype=sub, filename=one_line(file.name))
    return message


def message_id(entry: Entry, sender: Address) -> str:
    """The Message-ID of an entry's mail."""
    return f"<{entry.hash()}@{sender.domain}>"


def one_line(text: str) -> str:
    """Without line breaks and other control characters, which would begin a header of their own."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
