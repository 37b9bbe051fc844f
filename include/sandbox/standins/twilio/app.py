"""The application: the login and the form of errors."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from include.sandbox.standins import credentials
from include.sandbox.standins.context import Context
from include.sandbox.standins.twilio import accounts, messages
from include.sandbox.standins.twilio.errors import TwilioError

PREFIX = "/twilio"

_LOGIN = f"{credentials.TWILIO_ACCOUNT_SID}:{credentials.TWILIO_AUTH_TOKEN}"
_AUTHORIZATION = "Basic " + base64.b64encode(_LOGIN.encode()).decode()


def build(context: Context) -> FastAPI:
    """The stand-in's application, to be mounted at `PREFIX`."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.context = context
    app.include_router(accounts.router, prefix="/2010-04-01")
    app.include_router(messages.router, prefix="/2010-04-01")
    app.middleware("http")(_admit)
    app.add_exception_handler(TwilioError, _error)
    app.add_exception_handler(HTTPException, _http_error)
    return app


async def _admit(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    if request.headers.get("authorization") != _AUTHORIZATION:
        refusal = TwilioError(20003)
        return JSONResponse(
            refusal.body,
            status_code=refusal.status,
            headers={"WWW-Authenticate": 'Basic realm="Twilio API"'},
        )
    return await call_next(request)


async def _error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, TwilioError):
        raise error
    return JSONResponse(error.body, status_code=error.status)


async def _http_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    refusal = TwilioError(20404 if error.status_code in (404, 405) else 20500)
    return JSONResponse({**refusal.body, "status": error.status_code}, status_code=error.status_code)
