"""Messages: create one, list them, fetch one, change one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from sqlalchemy import Engine
from sqlalchemy.dialects.sqlite import insert

from include.sandbox.standins import credentials
from include.sandbox.standins.context import context_of
from include.sandbox.standins.state import opt_outs
from include.sandbox.standins.twilio.accounts import check_account
from include.sandbox.standins.twilio.errors import MESSAGES, TwilioError, fault_answer
from include.sandbox.standins.twilio.message_list import read_page
from include.sandbox.standins.twilio.message_store import change, find, keep
from include.sandbox.standins.twilio.progress import FINAL, first_status, status_of
from include.sandbox.standins.twilio.sending import read_message

router = APIRouter()

_PRICE_OF_A_PART = 0.0079
_PRICE_WITH_MEDIA = 0.02


@router.post("/Accounts/{account_sid}/Messages.json")
async def create_message(request: Request, account_sid: str) -> Response:
    """Take a message: 201 with the status that it begins with. Asking twice sends twice, as with Twilio."""
    check_account(account_sid)
    message = read_message(await request.body(), datetime.now(UTC))
    context = context_of(request)
    row = await run_in_threadpool(keep, context.engine, message)
    if message.callback:
        request.app.state.callbacks.wake()
    fault = context.faults.take("twilio", "POST", request.url.path, {"error_after_accepting"})
    if fault is not None:
        # The journal reads from here what was done to the request.
        request.state.fault = fault.kind
        answer = fault_answer(fault, context)
        return Response(answer.body, answer.status, dict(answer.headers))
    return JSONResponse(_resource(row, row["at"], created=True), status_code=201)


@router.get("/Accounts/{account_sid}/Messages.json")
def read_messages(request: Request, account_sid: str) -> dict[str, Any]:
    """A page of messages, newest first; `To`, `From`, `DateSent`, `DateSent<` and `DateSent>` filter."""
    check_account(account_sid)
    now = time.time()
    path = f"/2010-04-01/Accounts/{account_sid}/Messages.json"
    with context_of(request).engine.connect() as connection:
        page = read_page(connection, path, request.query_params, now)
    return {**page, "messages": [_resource(row, now) for row in page["messages"]]}


@router.get("/Accounts/{account_sid}/Messages/{sid}.json")
def read_message_resource(request: Request, account_sid: str, sid: str) -> dict[str, Any]:
    """One message with what became of it."""
    check_account(account_sid)
    with context_of(request).engine.connect() as connection:
        return _resource(find(connection, sid), time.time())


@router.post("/Accounts/{account_sid}/Messages/{sid}.json")
async def change_message(request: Request, account_sid: str, sid: str) -> JSONResponse:
    """Call a scheduled message off (`Status=canceled`), or delete the text of a sent one (`Body=`)."""
    check_account(account_sid)
    form = parse_qs((await request.body()).decode(), keep_blank_values=True)
    cancel, redact = form.get("Status"), form.get("Body")
    if cancel not in (None, ["canceled"]) or redact not in (None, [""]):
        raise TwilioError(20001)
    context = context_of(request)
    row = await run_in_threadpool(
        change, context.engine, sid, cancel=cancel is not None, redact=redact is not None
    )
    if row["callback"]:
        request.app.state.callbacks.wake()
    return JSONResponse(_resource(row, time.time()))


def opt_out(engine: Engine, number: str) -> None:
    """Note that the owner of `number` (E.164) answered STOP: texts to it are refused (21610) from now on."""
    statement = insert(opt_outs).values(number=number, at=time.time()).on_conflict_do_nothing()
    with engine.begin() as connection:
        connection.execute(statement)


def _resource(row: Mapping[str, Any], now: float, *, created: bool = False) -> dict[str, Any]:
    """A message as Twilio shows it; its sender and the number of its parts are known once it was sent."""
    status = status_of(row, now)
    if created and status != "scheduled":
        status = first_status(row)
    waiting = created or now < row["leaves"] or status == "canceled"
    by_service = row["service_sid"] is not None
    sender = row["from_number"]
    if sender is None and not waiting:
        sender = credentials.TWILIO_FROM_NUMBER
    code = row["error_code"] if status in ("failed", "undelivered") else None
    uri = f"/2010-04-01/Accounts/{credentials.TWILIO_ACCOUNT_SID}/Messages/{row['sid']}"
    return {
        "sid": row["sid"],
        "account_sid": credentials.TWILIO_ACCOUNT_SID,
        "messaging_service_sid": row["service_sid"],
        "to": row["to_number"],
        "from": sender,
        "body": row["body"],
        "status": status,
        "direction": row["direction"],
        "num_segments": "0" if by_service and waiting else str(row["segments"]),
        "num_media": str(len(row["media"])),
        "price": None if created else _price(row, status),
        "price_unit": "USD",
        "error_code": code,
        "error_message": None if code is None else MESSAGES[code],
        "api_version": "2010-04-01",
        "date_created": _rfc_2822(row["at"]),
        "date_updated": _rfc_2822(row["at"] if created else _updated(row, now)),
        "date_sent": None if waiting else _rfc_2822(row["leaves"]),
        "uri": f"{uri}.json",
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }


def _price(row: Mapping[str, Any], status: str) -> str | None:
    """What it cost, known at the end; nothing is charged for what was never sent."""
    if status not in FINAL or status in ("failed", "canceled"):
        return None
    return f"-{_PRICE_WITH_MEDIA if row['media'] else row['segments'] * _PRICE_OF_A_PART:.5f}"


def _updated(row: Mapping[str, Any], now: float) -> float:
    moments = (row["at"], row["leaves"], row["settles"])
    return float(row["canceled"] or max(moment for moment in moments if moment <= max(now, row["at"])))


def _rfc_2822(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(int(seconds), UTC))
