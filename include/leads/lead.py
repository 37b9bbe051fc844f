"""A lead from what somebody typed into the web form, or into its file."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from include.errors import InvalidRequest
from include.storedb.leads import Lead, Source
from include.storedb.tables import TYPED
from include.storedb.typed import length, one_line, plain, repaired_number

FIELDS = (
    "first_name", "last_name", "email", "phone", "interested_in", "timeline", "street", "city", "state",
    "zip_code", "comments",
)  # fmt: skip
"""What a person is asked for, in the order of the lead file."""

MOST_COMMENTS = 10_000
"""Characters."""

_MOST_INTERESTS = 50
# What the web form's list of states shows before one is chosen.
_NO_STATE = "state"


def as_lead(values: Mapping[str, Any], received_at: datetime, source: Source, source_key: str) -> Lead:
    """A new lead from texts by field; what is missing is empty, unknown fields are ignored.

    Blanks are tidied and nothing else is taken away. ZIP codes get back what a spreadsheet took from them
    ("2861.0" is 02861). `received_at` is UTC without a zone. Raises `InvalidRequest` naming the field for one
    that is too long or no text.
    """
    lines = (name for name in FIELDS if name not in ("interested_in", "comments"))
    texts: dict[str, Any] = {name: _line(name, values.get(name)) for name in lines}
    if texts["state"].casefold() == _NO_STATE:
        texts["state"] = ""
    texts["zip_code"] = repaired_zip(texts["zip_code"])
    return Lead(
        received_at=received_at,
        source=source,
        source_key=source_key,
        interested_in=_interests(values.get("interested_in")),
        comments=_comments(values.get("comments")),
        **texts,
    )


def repaired_zip(text: str) -> str:
    """A ZIP code with the zeros that a spreadsheet took and without its decimals; others as they are."""
    code = repaired_number(text)
    if code.isascii() and code.isdecimal():
        if 3 <= len(code) <= 5:
            return code.zfill(5)
        if 7 <= len(code) <= 9:
            return f"{code.zfill(9)[:5]}-{code.zfill(9)[5:]}"
    return code


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} is {type(value).__name__}, a text is expected")
    return plain(value)


def _line(name: str, value: Any) -> str:
    line = one_line(_text(name, value))
    if length(line) > TYPED:
        raise InvalidRequest(f"{name} has {length(line)} characters, {TYPED} are the most")
    return line


def _comments(value: Any) -> str:
    text = _text("comments", value).strip()
    if len(text) > MOST_COMMENTS:
        raise InvalidRequest(f"comments has {len(text)} characters, {MOST_COMMENTS} are the most")
    return text


def _interests(value: Any) -> tuple[str, ...]:
    """The services ticked, from a list, the text of a list, or words between commas."""
    ticked = _listed(value) if isinstance(value, str) else value
    if ticked is None:
        return ()
    if not isinstance(ticked, list | tuple):
        raise InvalidRequest(f"interested_in is {type(ticked).__name__}, a list of texts is expected")
    if len(ticked) > _MOST_INTERESTS:
        raise InvalidRequest(f"interested_in has {len(ticked)} entries, {_MOST_INTERESTS} are the most")
    return tuple(filter(None, (_line("interested_in", one) for one in ticked)))


def _listed(text: str) -> Any:
    text = text.strip()
    if text.startswith("["):
        for read in (json.loads, ast.literal_eval):
            try:
                return read(text)
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                continue
    return text.strip("[]").split(",")
