"""A mail before it is addressed: the same for all its recipients, and for the page that is kept of it."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from include.errors import InvalidRequest
from include.files import StoragePath, write_atomically

# Escaped data holds no quotation marks, so that nothing but a template can refer to a picture.
PICTURE = re.compile(r'src="cid:([A-Za-z0-9_-]+)"')
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True)
class Image:
    """A picture within the text; `name` is how the HTML refers to it, `alt` what it says to who cannot see
    it, `width` what it shall take on the page, in pixels.
    """

    name: str
    content: bytes
    alt: str
    width: int = 632

    @property
    def kind(self) -> str:
        """What it is: png, or jpeg."""
        return "jpeg" if self.content.startswith(_JPEG) else "png"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with the mail; `content_type` such as text/csv."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """Subject, both forms of the text, pictures and files.

    `html` refers to its pictures as `cid:` and their names. Raises `InvalidRequest` when it refers to one
    that is not there.
    """

    subject: str
    html: str
    text: str
    images: tuple[Image, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    def __post_init__(self) -> None:
        names = [image.name for image in self.images]
        if wrong := [name for name in names if not _NAME.fullmatch(name) or names.count(name) > 1]:
            raise InvalidRequest(f"{wrong[0]!r} is no name for a picture, or the name of two")
        if missing := sorted(set(PICTURE.findall(self.html)) - set(names)):
            raise InvalidRequest(f"the letter shows pictures that it does not have: {', '.join(missing)}")


def write_letter(letter: Letter, path: StoragePath) -> None:
    """Keep a letter for another task."""
    fields = {
        "subject": letter.subject,
        "html": letter.html,
        "text": letter.text,
        "images": [[i.name, _encoded(i.content), i.alt, i.width] for i in letter.images],
        "attachments": [[a.name, a.content_type, _encoded(a.content)] for a in letter.attachments],
    }
    write_atomically(path, gzip.compress(json.dumps(fields).encode()))


def read_letter(path: StoragePath) -> Letter:
    """What `write_letter` kept."""
    with path.open("rb") as file:
        fields = json.loads(gzip.decompress(file.read()))
    images: Iterable[list] = fields["images"]
    files: Iterable[list] = fields["attachments"]
    return Letter(
        fields["subject"],
        fields["html"],
        fields["text"],
        tuple(Image(name, base64.b64decode(content), alt, width) for name, content, alt, width in images),
        tuple(Attachment(name, kind, base64.b64decode(content)) for name, kind, content in files),
    )


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()
