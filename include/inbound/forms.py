"""The web forms: design, stock and newsletter, for browsers and for scripts of the store's own sites.

What is sent is checked and written down; nothing else happens before a DAG comes by.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse
from sqlalchemy import Engine
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from include.inbound.form_bodies import read_values, wants_json
from include.inbound.form_fields import DesignForm, FormFields, NewsletterForm, StockForm, read_fields
from include.inbound.form_pages import TEMPLATES, FormPages, Sent
from include.inbound.form_storage import Stored, store_design, store_newsletter, store_stock
from include.inbound.guards import from_database, rate_limit
from include.inbound.origins import may_send
from include.inbound.settings import FormSettings
from include.inbound.tickets import Tickets, Verdict
from include.inbound.unsubscribe import add_unsubscribe
from include.storedb.mail_links import MailLinks
from include.storedb.runs import moment

PREFIX = "/forms"
TRAP = "leave_empty"
"""A field that people do not see: only robots fill it in."""

_HOUR = 3600
_TICKET_WORDS: dict[Verdict, str] = {
    "too fast": "That was very quick. Please look over the form and send it again.",
    "too old": "The form was open for a long time. Nothing is lost: please send it again.",
    "forged": "The form has to be sent once more. Nothing is lost: please send it again.",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WebForms:
    """How the forms of a store are; `links` is None where nobody has set up links to unsubscribe."""

    settings: FormSettings
    store: str
    secret: str = field(repr=False)
    links: MailLinks | None = None
    public_url: str = ""


@dataclass(frozen=True)
class _Kind:
    fields: type[FormFields]
    store: Callable[[Engine, Any, Any], Stored]
    thanks: str


_KINDS = {
    "design": _Kind(DesignForm, store_design, "We have your request and will get in touch with you soon."),
    "stock": _Kind(StockForm, store_stock, "We will write to you as soon as the item is back."),
    "newsletter": _Kind(NewsletterForm, store_newsletter, "You are on the list of our newsletter."),
}


def add_forms(app: FastAPI, engine: Engine, forms: WebForms) -> None:
    """Give `app` the forms' routes, all below /forms."""
    settings, pages = forms.settings, FormPages(forms.settings, forms.store)
    seldom = Depends(rate_limit(settings.posts_per_minute))
    often = Depends(rate_limit(settings.views_per_minute))
    router = APIRouter(prefix=PREFIX)

    @router.get("/style.css")
    async def style() -> Response:
        return FileResponse(TEMPLATES / "style.css", headers={"Cache-Control": "max-age=3600"})

    for name, kind in _KINDS.items():
        form = _Form(name, kind, engine, forms, pages)
        router.add_api_route(f"/{name}", form.show, methods=["GET"], dependencies=[often])
        router.add_api_route(f"/{name}", form.receive, methods=["POST"], dependencies=[seldom])
        router.add_api_route(f"/{name}/ticket", form.ticket, methods=["GET"], dependencies=[often])
        router.add_api_route(f"/{name}/thanks", form.thanks, methods=["GET"], dependencies=[often])
    add_unsubscribe(router, engine, forms.links, pages, often, seldom)
    app.include_router(router)
    _show_refusals(app, pages)
    if settings.sites:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.sites),
            allow_methods=["GET", "POST"],
            allow_headers=["Content-Type"],
        )


class _Form:
    """The routes of one form."""

    def __init__(self, name: str, kind: _Kind, engine: Engine, forms: WebForms, pages: FormPages) -> None:
        self._name, self._kind, self._engine, self._forms, self._pages = name, kind, engine, forms, pages
        self._tickets = Tickets(
            forms.secret,
            fastest=forms.settings.fastest_seconds,
            longest=forms.settings.longest_hours * _HOUR,
        )

    async def show(self, request: Request) -> Response:
        """The empty form; the item of a stock form may stand in the address."""
        sku = request.query_params.get("sku", "")[:40]
        return self._pages.form(self._name, self._tickets.issue(self._name), Sent({"sku": sku}, {}))

    async def ticket(self) -> dict[str, str]:
        """A ticket for a form that a page of the store's own sites draws itself."""
        return {"ticket": self._tickets.issue(self._name)}

    async def thanks(self) -> Response:
        """What somebody sees who has sent the form; sending it again needs a new one."""
        return self._pages.message("Thank you!", [self._kind.thanks])

    async def receive(self, request: Request) -> Response:
        """Check and store what was sent."""
        forms = self._forms
        if forms.settings.check_origin and not may_send(request, forms.settings.sites, forms.public_url):
            log.warning("refused a %s form of another web site", self._name)
            raise HTTPException(403, "This form belongs to another web site.")
        values = await read_values(request)
        ticket = values.get("ticket")
        verdict = self._tickets.check(self._name, ticket if isinstance(ticket, str) else "")
        if values.get(TRAP):
            return self._refused(request, values, verdict, {TRAP: "Leave this field empty."})
        if verdict != "good":
            return self._refused(request, values, verdict, {}, _TICKET_WORDS[verdict])
        found = read_fields(self._kind.fields, values, forms.settings)
        if isinstance(found, dict):
            return self._refused(request, values, verdict, found)
        try:
            stored = await from_database(lambda: self._kind.store(self._engine, found, moment()))
        except HTTPException as error:
            if wants_json(request):
                raise
            return self._refused(request, values, verdict, {}, str(error.detail), error.status_code)
        if stored.errors:
            return self._refused(request, values, verdict, dict(stored.errors))
        log.info("%s %s form", "new" if stored.is_new else "known", self._name)
        if wants_json(request):
            return JSONResponse({"status": "received"}, 202)
        # Another page, so that reloading it sends nothing again.
        return RedirectResponse(f"{PREFIX}/{self._name}/thanks", 303)

    def _refused(
        self,
        request: Request,
        values: Mapping[str, Any],
        verdict: Verdict,
        errors: dict[str, str],
        notice: str = "",
        status: int = 422,
    ) -> Response:
        log.info("refused a %s form: %s, ticket %s", self._name, ", ".join(errors) or "unread", verdict)
        if wants_json(request):
            return JSONResponse({"errors": errors, "message": notice}, status)
        # A ticket that was too young ripens meanwhile.
        keeps = verdict in ("good", "too fast")
        ticket = values["ticket"] if keeps else self._tickets.issue(self._name)
        return self._pages.form(self._name, ticket, Sent(values, errors, notice), status)


def _show_refusals(app: FastAPI, pages: FormPages) -> None:
    """Answer a browser whose form was refused as a whole with a page instead of JSON."""

    async def show(request: Request, error: Exception) -> Response:
        refusal = cast(HTTPException, error)
        if not request.url.path.startswith(f"{PREFIX}/") or wants_json(request):
            return await http_exception_handler(request, refusal)
        words = [
            str(refusal.detail),
            "Nothing was stored. Your browser's back button may bring back your words.",
        ]
        return pages.message("This did not work", words, refusal.status_code, refusal.headers)

    app.add_exception_handler(HTTPException, show)
