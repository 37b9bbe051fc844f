"""Messages: create one, list them, fetch one."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from sqlalchemy import Engine, Select, func, insert, select
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from include.sandbox.standins import credentials
from include.sandbox.standins.context import context_of
from include.sandbox.standins.state import opt_outs, texts
from include.sandbox.standins.twilio.accounts import check_account
from include.sandbox.standins.twilio.errors import TwilioError
from include.sandbox.standins.twilio.sending import OutgoingMessage, read_message, segments

router = APIRouter()

_PER_PAGE = 50
_MOST_PER_PAGE = 1000


@router.post("/Accounts/{account_sid}/Messages.json")
async def create_message(request: Request, account_sid: str) -> JSONResponse:
    """Take a message: 201 with the status that it begins with. Asking twice sends twice, as with Twilio."""
    check_account(account_sid)
    message = read_message(await request.body(), datetime.now(UTC))
    row = await run_in_threadpool(_keep, context_of(request).engine, message)
    return JSONResponse(_resource(row, created=True), status_code=201)


@router.get("/Accounts/{account_sid}/Messages.json")
def read_messages(request: Request, account_sid: str) -> dict[str, Any]:
    """A page of messages, newest first; `To`, `From`, `DateSent`, `DateSent<` and `DateSent>` filter."""
    check_account(account_sid)
    parameters = dict(request.query_params)
    page = _number(parameters.pop("Page", "0"))
    size = min(max(1, _number(parameters.pop("PageSize", str(_PER_PAGE)))), _MOST_PER_PAGE)
    parameters.pop("PageToken", None)
    chosen = _filtered(select(texts), parameters)
    rows = chosen.order_by(texts.c.id.desc()).limit(size).offset(page * size)
    with context_of(request).engine.connect() as connection:
        total = connection.scalar(select(func.count()).select_from(chosen.subquery())) or 0
        found = [dict(row) for row in connection.execute(rows).mappings()]
    path = f"/2010-04-01/Accounts/{account_sid}/Messages.json"

    def uri(number: int) -> str:
        return f"{path}?{urlencode({**parameters, 'PageSize': size, 'Page': number})}"

    return {
        "messages": [_resource(row) for row in found],
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(0, len(found) - 1),
        "uri": uri(page),
        "first_page_uri": uri(0),
        "previous_page_uri": uri(page - 1) if page else None,
        "next_page_uri": uri(page + 1) if (page + 1) * size < total else None,
    }


@router.get("/Accounts/{account_sid}/Messages/{sid}.json")
def read_message_resource(request: Request, account_sid: str, sid: str) -> dict[str, Any]:
    """One message with what became of it."""
    check_account(account_sid)
    with context_of(request).engine.connect() as connection:
        row = connection.execute(select(texts).where(texts.c.sid == sid)).mappings().one_or_none()
    if row is None:
        raise TwilioError(20404)
    return _resource(dict(row))


def opt_out(engine: Engine, number: str) -> None:
    """Note that the owner of `number` (E.164) answered STOP: texts to it are refused (21610) from now on."""
    statement = sqlite_insert(opt_outs).values(number=number, at=time.time()).on_conflict_do_nothing()
    with engine.begin() as connection:
        connection.execute(statement)


def _keep(engine: Engine, message: OutgoingMessage) -> dict[str, Any]:
    row = {
        "sid": ("MM" if message.media else "SM") + secrets.token_hex(16),
        "at": time.time(),
        "to_number": message.to_number,
        "from_number": message.from_number,
        "service_sid": message.service_sid,
        "body": message.body,
        "media": message.media,
        "segments": segments(message.body),
        "send_at": message.send_at.timestamp() if message.send_at else None,
    }
    with engine.begin() as connection:
        if connection.scalar(select(opt_outs.c.number).where(opt_outs.c.number == message.to_number)):
            raise TwilioError(21610)
        connection.execute(insert(texts), [row])
    return row


def _filtered(chosen: Select[Any], parameters: Mapping[str, str]) -> Select[Any]:
    sent = func.coalesce(texts.c.send_at, texts.c.at)
    for name, value in parameters.items():
        match name:
            case "To":
                chosen = chosen.where(texts.c.to_number == value)
            case "From":
                sender = func.coalesce(texts.c.from_number, credentials.TWILIO_FROM_NUMBER)
                chosen = chosen.where(sender == value)
            case "DateSent":
                day = _moment(value).replace(hour=0, minute=0, second=0, microsecond=0)
                chosen = chosen.where(sent >= day.timestamp(), sent < (day + timedelta(days=1)).timestamp())
            case "DateSent<":
                chosen = chosen.where(sent <= _moment(value).timestamp())
            case "DateSent>":
                chosen = chosen.where(sent >= _moment(value).timestamp())
    return chosen


def _resource(row: Mapping[str, Any], *, created: bool = False) -> dict[str, Any]:
    """A message as Twilio shows it; its sender and the number of its parts are known once it was sent."""
    scheduled = row["send_at"] is not None and row["send_at"] > time.time()
    waiting = created or scheduled
    by_service = row["service_sid"] is not None
    if scheduled:
        status = "scheduled"
    elif created:
        status = "accepted" if by_service else "queued"
    else:
        status = "delivered"
    sender = row["from_number"]
    if sender is None and not waiting:
        sender = credentials.TWILIO_FROM_NUMBER
    uri = f"/2010-04-01/Accounts/{credentials.TWILIO_ACCOUNT_SID}/Messages/{row['sid']}"
    sent = None if waiting else _rfc_2822(row["send_at"] or row["at"])
    return {
        "sid": row["sid"],
        "account_sid": credentials.TWILIO_ACCOUNT_SID,
        "messaging_service_sid": row["service_sid"],
        "to": row["to_number"],
        "from": sender,
        "body": row["body"],
        "status": status,
        "direction": "outbound-api",
        "num_segments": "0" if by_service and waiting else str(row["segments"]),
        "num_media": str(len(row["media"])),
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "error_message": None,
        "api_version": "2010-04-01",
        "date_created": _rfc_2822(row["at"]),
        "date_updated": _rfc_2822(row["at"]),
        "date_sent": sent,
        "uri": f"{uri}.json",
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }


def _number(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() else 0


def _moment(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise TwilioError(20001) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _rfc_2822(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(int(seconds), UTC))
