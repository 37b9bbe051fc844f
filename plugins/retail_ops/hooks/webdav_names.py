"""Names of files on a WebDAV server: checked, quoted for the wire, and the names of unfinished uploads."""

from __future__ import annotations

import re
import secrets
from urllib.parse import quote, unquote

from include.errors import InvalidRequest

_TEMPORARY = re.compile(r"^part-[0-9a-f]{8}-")
_LONGEST_KEPT = 100


def remote_name(remote: str) -> str:
    """A name below the WebDAV folder as `folder/sub/file`; "" is the folder itself.

    Blanks, `^`, `#`, `%`, `&` and umlauts are ordinary letters. Raises `InvalidRequest` for `.` and `..`, for
    backslashes (some servers take them for slashes) and for control characters.
    """
    parts = [part for part in remote.split("/") if part]
    for part in parts:
        if part in {".", ".."} or "\\" in part or not part.isprintable():
            raise InvalidRequest(f"the remote name {remote!r} is refused: {part!r} may not be part of it")
    return "/".join(parts)


def quoted(name: str) -> str:
    """A checked name with every character escaped that means something in a URL."""
    return quote(name, safe="/")


def fit_to_move_to(name: str) -> bool:
    """Whether servers agree about this name when a MOVE says it.

    Some unpack the Destination header before taking it apart, so that `;` or `?` ends the name and `%20`
    becomes a blank: the content would then land on another file.
    """
    return not set(";?") & set(name) and unquote(name) == name


def folder_of(name: str) -> str:
    """The folder that a checked name lies in; "" is the WebDAV folder itself."""
    return name.rpartition("/")[0]


def temporary_beside(name: str) -> str:
    """A new name in the same folder for an upload that is not finished.

    The end of the name, with its extension, stays: some servers accept only the kinds of files they know.
    """
    folder, slash, file = name.rpartition("/")
    return f"{folder}{slash}part-{secrets.token_hex(4)}-{file[-_LONGEST_KEPT:]}"


def is_temporary(name: str) -> bool:
    """Whether a checked name is that of an unfinished upload."""
    return _TEMPORARY.match(name.rpartition("/")[2]) is not None
