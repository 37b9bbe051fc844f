"""Reading what a form or a script has posted: fields from a browser's form or from JSON."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from include.inbound.incoming import parse_form, read_body

_FORM, _JSON, _MULTIPART = "application/x-www-form-urlencoded", "application/json", "multipart/form-data"
_LISTS = frozenset({"interested_in"})


def wants_json(request: Request) -> bool:
    """Whether a script has sent the form."""
    return _content_type(request.headers) == _JSON


async def read_values(request: Request) -> dict[str, Any]:
    """The fields that were sent; answers 415, 413, 408 or 400 for what is no form."""
    kind = _content_type(request.headers)
    if kind not in (_FORM, _JSON):
        raise HTTPException(415, f"{_FORM} or {_JSON} is expected")
    body = await read_body(request)
    if kind == _JSON:
        return _from_json(body)
    form = parse_form(body)
    return {name: form.getlist(name) if name in _LISTS else form[name] for name in form}


async def says_one_click(request: Request) -> bool:
    """Whether `List-Unsubscribe=One-Click` was posted, in either kind of form (RFC 8058)."""
    body = await read_body(request)
    if _content_type(request.headers) == _MULTIPART:

        async def stream() -> AsyncIterator[bytes]:
            yield body

        try:
            parser = MultiPartParser(request.headers, stream(), max_files=0, max_fields=10)  # type: ignore[arg-type]
            found = (await parser.parse()).get("List-Unsubscribe")
        except (MultiPartException, KeyError):
            return False
    else:
        found = parse_form(body).get("List-Unsubscribe")
    return found == "One-Click"


def _content_type(headers: Headers) -> str:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _from_json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(400, "the JSON cannot be read") from None
    if not isinstance(found, dict):
        raise HTTPException(400, "an object with the form's fields is expected")
    return found
