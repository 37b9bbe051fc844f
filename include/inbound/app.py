"""The service that Twilio calls. It checks, writes down and answers; DAGs do the work later."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from xml.sax.saxutils import escape

from fastapi import Depends, FastAPI, Request, Response
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from include.errors import RetailOpsError
from include.inbound.incoming import Form, read_form, reply_event, status_event
from include.inbound.signature import HEADER, Signature
from include.storedb.runs import moment
from include.storedb.text_events import TextEvent, TextEvents

T = TypeVar("T")

STATUS_PATH, REPLY_PATH, HEALTH_PATH = "/twilio/status", "/twilio/reply", "/health"
# Twilio waits for 15 seconds, all its tries together.
DATABASE_SECONDS = 5.0

log = logging.getLogger(__name__)


def build(
    engine: Engine, signature: Signature | None, *, requests_per_minute: int, help_text: str
) -> FastAPI:
    """The application. Without a `signature` to check it answers 503 to Twilio and says so in /health."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    events = TextEvents(engine)
    within_rate = Depends(_rate_limit(requests_per_minute))

    async def keep(event: TextEvent) -> None:
        is_new = await _from_database(lambda: events.add(event))
        log.info("%s %s: %s", "new" if is_new else "known", event.kind, event.status or event.meaning)

    @app.post(STATUS_PATH, dependencies=[within_rate])
    async def status(request: Request) -> Response:
        await keep(status_event(await _signed_form(request, signature), moment()))
        return Response(status_code=204)

    @app.post(REPLY_PATH, dependencies=[within_rate])
    async def reply(request: Request) -> Response:
        form = await _signed_form(request, signature)
        event = reply_event(form, moment())
        await keep(event)
        # Where Twilio found out by itself that help is wanted, it has answered, too.
        wants_help = event.meaning == "help" and not form.get("OptOutType")
        return Response(_twiml(help_text if wants_help else ""), media_type="text/xml")

    @app.get(HEALTH_PATH, dependencies=[within_rate])
    async def health() -> dict[str, Any]:
        await _from_database(lambda: _ask(engine))
        return {"status": "ok" if signature else "not set up; the log says what is missing"}

    return app


def _rate_limit(per_minute: int) -> Callable[[Request], Awaitable[None]]:
    limiter, most = FixedWindowRateLimiter(MemoryStorage()), RateLimitItemPerMinute(per_minute)

    async def check(request: Request) -> None:
        if not limiter.hit(most, request.client.host if request.client else ""):
            raise HTTPException(429, headers={"Retry-After": "60"})

    return check


async def _signed_form(request: Request, signature: Signature | None) -> Form:
    if signature is None:
        raise HTTPException(503)
    form = await read_form(request)
    url = request.url
    if not signature.holds(url.path, url.query, form, request.headers.get(HEADER)):
        log.warning("refused a request to %s: its signature is missing or wrong", url.path)
        raise HTTPException(403)
    return form


async def _from_database(work: Callable[[], T]) -> T:
    """What `work` returns; answers 503 when the database cannot say, so that Twilio comes again."""
    try:
        return await asyncio.wait_for(asyncio.to_thread(work), DATABASE_SECONDS)
    except (SQLAlchemyError, RetailOpsError, TimeoutError) as error:
        # Not its words: they may quote the customer.
        log.error("the store database failed: %s", type(error).__name__)
        raise HTTPException(503) from None


def _ask(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))


def _twiml(message: str) -> str:
    inside = f"<Message>{escape(message)}</Message>" if message else ""
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{inside}</Response>'
