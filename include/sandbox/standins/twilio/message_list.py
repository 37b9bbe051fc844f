"""The list of messages: filters and pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection, Select, and_, func, or_, select

from include.sandbox.standins import credentials
from include.sandbox.standins.state import texts
from include.sandbox.standins.twilio.errors import TwilioError

_PER_PAGE = 50
_MOST_PER_PAGE = 1000
# A page token says where the page begins: after or before the message with the rest of the token as its id.
_AFTER, _BEFORE = "PA", "PB"


def read_page(connection: Connection, path: str, parameters: Mapping[str, str], now: float) -> dict[str, Any]:
    """A page of the messages that fit `parameters`, newest first, as rows under `messages`.

    Pages are found by their token, so that messages which come in meanwhile move nothing; without a token it
    is the first page, whatever `Page` says.
    """
    filters = {
        name: value for name, value in parameters.items() if name not in ("Page", "PageSize", "PageToken")
    }
    size = _size(parameters.get("PageSize"))
    token = parameters.get("PageToken", "")
    page = _number(parameters.get("Page", "0")) if token else 0
    chosen = _filtered(select(texts), filters, now)
    if token:
        start = _start(connection, token)
        older = token.startswith(_AFTER)
        chosen = chosen.where(texts.c.id < start if older else texts.c.id > start)
    forward = not token.startswith(_BEFORE)
    order = texts.c.id.desc() if forward else texts.c.id.asc()
    found = [dict(row) for row in connection.execute(chosen.order_by(order).limit(size + 1)).mappings()]
    more, rows = len(found) > size, found[:size]
    if not forward:
        rows.reverse()

    def uri(number: int, marker: str = "") -> str:
        paging = {"PageSize": size, "Page": number, **({"PageToken": marker} if marker else {})}
        return f"{path}?{urlencode({**filters, **paging})}"

    has_next = bool(rows) and (more if forward else True)
    has_previous = bool(rows) and page > 0
    return {
        "messages": rows,
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(0, len(rows) - 1),
        "uri": uri(page, token),
        "first_page_uri": uri(0),
        "previous_page_uri": uri(page - 1, _BEFORE + rows[0]["sid"]) if has_previous else None,
        "next_page_uri": uri(page + 1, _AFTER + rows[-1]["sid"]) if has_next else None,
    }


def _filtered(chosen: Select[Any], filters: Mapping[str, str], now: float) -> Select[Any]:
    for name, value in filters.items():
        match name:
            case "To":
                chosen = chosen.where(texts.c.to_number == value)
            case "From" if value == credentials.TWILIO_FROM_NUMBER:
                # The service's sender is known once the text was sent.
                by_service = and_(texts.c.from_number.is_(None), texts.c.leaves <= now)
                chosen = chosen.where(or_(texts.c.from_number == value, by_service))
            case "From":
                chosen = chosen.where(texts.c.from_number == value)
            case "DateSent" | "DateSent<" | "DateSent>":
                chosen = _sent(chosen, name.removeprefix("DateSent"), value, now)
    return chosen


def _sent(chosen: Select[Any], compare: str, value: str, now: float) -> Select[Any]:
    """Only what was sent: a text in the queue has no such date, so that no such filter finds it."""
    chosen = chosen.where(texts.c.leaves <= now, texts.c.canceled.is_(None))
    moment, is_day = _moment(value)
    if compare == "" or is_day:
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        first, after = day.timestamp(), (day + timedelta(days=1)).timestamp()
        if compare != "<":
            chosen = chosen.where(texts.c.leaves >= first)
        return chosen.where(texts.c.leaves < after) if compare != ">" else chosen
    # Dates are shown in whole seconds, and compared as they are shown.
    seconds = func.floor(texts.c.leaves)
    return chosen.where(seconds <= moment.timestamp() if compare == "<" else seconds >= moment.timestamp())


def _moment(value: str) -> tuple[datetime, bool]:
    """The moment, and whether it is a whole day; GMT where no zone is named."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        pass
    else:
        return datetime(day.year, day.month, day.day, tzinfo=UTC), True
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise TwilioError(20001) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC), False


def _start(connection: Connection, token: str) -> int:
    if not token.startswith((_AFTER, _BEFORE)):
        raise TwilioError(20001)
    found = connection.scalar(select(texts.c.id).where(texts.c.sid == token[2:]))
    if found is None:
        raise TwilioError(20001)
    return int(found)


def _size(value: str | None) -> int:
    return min(max(1, _number(value)), _MOST_PER_PAGE) if value else _PER_PAGE


def _number(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() else 0
