"""Leaving a mailing list by the signed link of a mail. Looking at it changes nothing: mail scanners do so."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Engine
from starlette.exceptions import HTTPException

from include.inbound.form_bodies import says_one_click
from include.inbound.form_pages import FormPages
from include.inbound.guards import from_database
from include.storedb.mail_links import MailLinks, MailList
from include.storedb.newsletter import Newsletter
from include.storedb.runs import moment
from include.storedb.stock_requests import StockRequests

_WHAT: dict[MailList, str] = {
    "newsletter": "our newsletter",
    "stock": "mails about items that are back in stock",
}

log = logging.getLogger(__name__)


def add_unsubscribe(
    router: APIRouter, engine: Engine, links: MailLinks | None, pages: FormPages, often: Any, seldom: Any
) -> None:
    """Give `router` the routes of the links; without `links` they answer 503."""

    def read(token: str) -> tuple[str, MailList]:
        if links is None:
            raise HTTPException(503, "Links cannot be read here; please write to us.")
        found = links.read(token)
        if found is None:
            log.warning("refused a link to unsubscribe: it is not signed by us")
            raise HTTPException(403, "This link is incomplete. Please open it from the mail again.")
        return found

    @router.get("/unsubscribe/{token}", dependencies=[often])
    async def ask(token: str) -> Response:
        email, mail_list = read(token)
        return pages.unsubscribe(email, _WHAT[mail_list])

    @router.post("/unsubscribe/{token}", dependencies=[seldom])
    async def unsubscribe(token: str, request: Request) -> Response:
        email, mail_list = read(token)
        if not await says_one_click(request):
            raise HTTPException(400, "List-Unsubscribe=One-Click is expected")
        await from_database(lambda: _leave(engine, email, mail_list))
        log.info("somebody left: %s", mail_list)
        return pages.message("You are off the list", [f"{email} gets no more of {_WHAT[mail_list]}."])


def _leave(engine: Engine, email: str, mail_list: MailList) -> None:
    if mail_list == "newsletter":
        Newsletter(engine).unsubscribe(email, moment())
    else:
        StockRequests(engine).withdraw(email)
