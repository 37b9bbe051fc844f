"""What a WebDAV server says about its files (the answer to PROPFIND)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import ParseError

from retail_ops.hooks.vendor_answers import http_date

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

QUESTION = (
    b'<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop>'
    b"<resourcetype/><getcontentlength/><getetag/><getlastmodified/></prop></propfind>"
)


@dataclass(frozen=True)
class RemoteFile:
    """A file or folder on the server.

    `path` counts from the WebDAV folder; `size` is in bytes, None where the server does not say; `modified`
    is in UTC; `sha256` is set by the calls that have read the content.
    """

    path: str
    size: int | None = None
    etag: str | None = None
    modified: datetime | None = None
    sha256: str | None = None
    is_folder: bool = False


def entries(xml: bytes, asked: str) -> list[RemoteFile]:
    """The entry asked for and, after it, those inside it.

    Paths are built from `asked` and the last part of each address, so that servers behind a proxy, which know
    themselves by another address, are read as well. Raises `ValueError` for what is not a WebDAV answer.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(xml)
    except (ParseError, DefusedXmlException) as error:
        raise ValueError(f"no WebDAV answer: {type(error).__name__}") from None
    if root.tag != "{DAV:}multistatus":
        raise ValueError(f"no WebDAV answer: {root.tag}")
    found = [(_parts(answer), answer) for answer in root.iter("{DAV:}response")]
    if not found:
        raise ValueError("an empty WebDAV answer")
    depth = min(len(parts) for parts, _ in found)
    own = next(answer for parts, answer in found if len(parts) == depth)
    inside = [(parts[-1], answer) for parts, answer in found if len(parts) > depth]
    prefix = f"{asked}/" if asked else ""
    return [
        _entry(asked, own),
        *(_entry(prefix + name, answer) for name, answer in sorted(inside, key=_name)),
    ]


def bare_etag(etag: str | None) -> str | None:
    """An etag without the quotes that headers have and some servers leave out in listings."""
    return (etag or "").strip().removeprefix("W/").strip('"') or None


def _name(pair: tuple[str, Element]) -> str:
    return pair[0]


def _parts(answer: Element) -> list[str]:
    path = urlsplit((answer.findtext("{DAV:}href") or "").strip()).path
    return [unquote(part) for part in path.split("/") if part]


def _entry(path: str, answer: Element) -> RemoteFile:
    values = {prop.tag: prop for prop in _known(answer)}

    def text(name: str) -> str | None:
        prop = values.get(f"{{DAV:}}{name}")
        return (prop.text or "").strip() or None if prop is not None else None

    kind = values.get("{DAV:}resourcetype")
    size = text("getcontentlength")
    return RemoteFile(
        path=path,
        size=int(size) if size and size.isdigit() else None,
        etag=bare_etag(text("getetag")),
        modified=http_date(text("getlastmodified")),
        is_folder=kind is not None and kind.find("{DAV:}collection") is not None,
    )


def _known(answer: Element) -> Iterator[Element]:
    for status in answer.iter("{DAV:}propstat"):
        if " 200" in (status.findtext("{DAV:}status") or " 200"):
            for prop in status.iter("{DAV:}prop"):
                yield from prop
