"""The application: the login and the form of errors."""

from __future__ import annotations

import base64

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from include.sandbox.standins import credentials
from include.sandbox.standins.context import Context
from include.sandbox.standins.twilio import accounts, messages
from include.sandbox.standins.twilio.callbacks import Callbacks
from include.sandbox.standins.twilio.errors import TwilioError

PREFIX = "/twilio"

_LOGIN = f"{credentials.TWILIO_ACCOUNT_SID}:{credentials.TWILIO_AUTH_TOKEN}"
_AUTHORIZATION = "Basic " + base64.b64encode(_LOGIN.encode()).decode()


def build(context: Context) -> FastAPI:
    """The stand-in's application, to be mounted at `PREFIX`."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.context = context
    app.state.callbacks = Callbacks(context.engine)
    app.include_router(accounts.router, prefix="/2010-04-01")
    app.include_router(messages.router, prefix="/2010-04-01")
    app.add_middleware(Admission, callbacks=app.state.callbacks)
    app.add_exception_handler(TwilioError, _error)
    app.add_exception_handler(HTTPException, _http_error)
    return app


class Admission:
    """Lets in who has the account's login. It is bare ASGI, as a function would cost a task per request."""

    def __init__(self, app: ASGIApp, callbacks: Callbacks) -> None:
        self._app = app
        self._callbacks = callbacks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or Headers(scope=scope).get("authorization") == _AUTHORIZATION:
            self._callbacks.resume()
            await self._app(scope, receive, send)
            return
        refusal = TwilioError(20003)
        headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'}
        await JSONResponse(refusal.body, refusal.status, headers)(scope, receive, send)


async def _error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, TwilioError):
        raise error
    return JSONResponse(error.body, status_code=error.status)


async def _http_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    refusal = TwilioError(20404 if error.status_code in (404, 405) else 20500)
    return JSONResponse({**refusal.body, "status": error.status_code}, status_code=error.status_code)
