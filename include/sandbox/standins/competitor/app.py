"""The site: a login with a form token and a cookie, and a price list that a script fetches."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime
from hmac import compare_digest
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from include.sandbox.standins import credentials
from include.sandbox.standins.answers import Answer
from include.sandbox.standins.competitor import page_html
from include.sandbox.standins.competitor.price_list import lines, pages
from include.sandbox.standins.context import Context, context_of
from include.sandbox.standins.faults import Fault, FaultKind

PREFIX = "/competitor"
DAY_FILE = "competitor_day.txt"
"""A file in the stand-ins' folder with a day (YYYY-MM-DD) whose list the site shows instead of today's."""

_SESSION, _FORM = "greenfields_session", "greenfields_form"
_PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="14">'
    '<text y="11" font-size="11">$</text></svg>'
)
_WITHOUT_TABLE = "<p>Our list is being renewed. Please come back later.</p>"


def build(context: Context) -> FastAPI:
    """The stand-in's application, to be mounted at `PREFIX`."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.context = context
    app.state.sessions = set()
    app.add_api_route("/login", show_login, methods=["GET"])
    app.add_api_route("/login", log_in, methods=["POST"])
    app.add_api_route("/home", show_home)
    app.add_api_route("/availability", show_availability)
    app.add_api_route("/availability/rows", show_rows)
    app.add_api_route("/pictures/price.svg", show_picture)
    return app


def fault_answer(fault: Fault, _context: Context) -> Answer:
    """An ordered error status."""
    body = page_html.page("Error", f"<p>Error {fault.status}</p>").encode()
    headers = [("Content-Type", "text/html; charset=utf-8")]
    if fault.retry_after is not None:
        headers.append(("Retry-After", str(round(fault.retry_after))))
    return Answer(fault.status or 503, tuple(headers), body)


def show_login() -> HTMLResponse:
    """The form, with a token that only this browser has."""
    token = secrets.token_urlsafe(24)
    answer = HTMLResponse(page_html.login(token))
    answer.set_cookie(_FORM, token, path=PREFIX, httponly=True, samesite="strict")
    return answer


async def log_in(request: Request) -> Response:
    """Let in who has the account's password and the form's token."""
    fields = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
    token = request.cookies.get(_FORM, "")
    if not token or not compare_digest(fields.get("csrf", "").encode(), token.encode()):
        raise HTTPException(403, "The form is too old")
    account, password = fields.get("account", ""), fields.get("password", "")
    wanted = (credentials.COMPETITOR_USER, credentials.COMPETITOR_PASSWORD)
    if _ordered(request, "refuse_login") or (account, password) != wanted:
        return HTMLResponse(page_html.login(token, refused=account))
    session = secrets.token_urlsafe(24)
    request.app.state.sessions.add(session)
    answer = RedirectResponse(f"{PREFIX}/home", status_code=303)
    answer.set_cookie(_SESSION, session, path=PREFIX, httponly=True, samesite="strict")
    return answer


def show_home(request: Request) -> Response:
    """The page behind the login."""
    return HTMLResponse(page_html.home()) if _is_known(request) else _to_login()


def show_availability(request: Request) -> Response:
    """The page of the list."""
    return HTMLResponse(page_html.availability()) if _is_known(request) else _to_login()


def show_rows(request: Request, page: Annotated[int, Query(ge=1)] = 1) -> Response:
    """One page of the list, for the script."""
    if not _is_known(request):
        raise HTTPException(401)
    if _ordered(request, "no_table"):
        return HTMLResponse(_WITHOUT_TABLE)
    context = context_of(request)
    day = _day(context)
    all_lines = lines(context.engine, day)
    last = "no" if page < pages(all_lines) else "yes"
    return HTMLResponse(page_html.table(all_lines, page, f"{day:%B %d}"), headers={"X-Last-Page": last})


def show_picture() -> Response:
    """A price that only people can read."""
    return Response(_PICTURE, media_type="image/svg+xml")


def _ordered(request: Request, kind: FaultKind) -> bool:
    fault = context_of(request).faults.take("competitor", request.method, request.url.path, {kind})
    if fault is not None:
        request.state.fault = fault.kind
    return fault is not None


def _day(context: Context) -> date:
    file = context.state_dir / DAY_FILE
    if file.exists():
        return date.fromisoformat(file.read_text().strip())
    return datetime.now(UTC).astimezone(context.time_zone).date()


def _is_known(request: Request) -> bool:
    return request.cookies.get(_SESSION) in request.app.state.sessions


def _to_login() -> Response:
    return RedirectResponse(f"{PREFIX}/login", status_code=303)
