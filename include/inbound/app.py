"""What the internet may call: Twilio's routes and the web forms. They check, write down and answer.

DAGs do the work later.
"""

from __future__ import annotations

import logging
from typing import Any
from xml.sax.saxutils import escape

from fastapi import Depends, FastAPI, Request, Response
from sqlalchemy import Engine, text
from starlette.exceptions import HTTPException

from include.inbound.forms import WebForms, add_forms
from include.inbound.guards import from_database, rate_limit
from include.inbound.incoming import Form, read_form, reply_event, status_event
from include.inbound.signature import HEADER, Signature
from include.storedb.runs import moment
from include.storedb.text_events import TextEvent, TextEvents

STATUS_PATH, REPLY_PATH, HEALTH_PATH = "/twilio/status", "/twilio/reply", "/health"

log = logging.getLogger(__name__)


def build(
    engine: Engine,
    signature: Signature | None,
    *,
    requests_per_minute: int,
    help_text: str,
    forms: WebForms | None = None,
) -> FastAPI:
    """The application. Without a `signature` to check it answers 503 to Twilio and says so in /health.

    It has web forms where `forms` says how they are.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    events = TextEvents(engine)
    within_rate = Depends(rate_limit(requests_per_minute))

    async def keep(event: TextEvent) -> None:
        is_new = await from_database(lambda: events.add(event))
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
        await from_database(lambda: _ask(engine))
        return {"status": "ok" if signature else "not set up; the log says what is missing"}

    if forms:
        add_forms(app, engine, forms)
    return app


async def _signed_form(request: Request, signature: Signature | None) -> Form:
    if signature is None:
        raise HTTPException(503)
    form = await read_form(request)
    url = request.url
    if not signature.holds(url.path, url.query, form, request.headers.get(HEADER)):
        log.warning("refused a request to %s: its signature is missing or wrong", url.path)
        raise HTTPException(403)
    return form


def _ask(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))


def _twiml(message: str) -> str:
    inside = f"<Message>{escape(message)}</Message>" if message else ""
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{inside}</Response>'
