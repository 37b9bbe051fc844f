"""The application: the two-part login and the form of errors."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from include.sandbox.standins import credentials
from include.sandbox.standins.context import Context
from include.sandbox.standins.counterpoint_api import company, customers
from include.sandbox.standins.counterpoint_api.errors import CounterpointError

PREFIX = "/counterpoint-api"

_LOGIN = (
    f"{credentials.COUNTERPOINT_COMPANY}.{credentials.COUNTERPOINT_USER}:{credentials.COUNTERPOINT_PASSWORD}"
)
_AUTHORIZATION = "Basic " + base64.b64encode(_LOGIN.encode()).decode()


def build(context: Context) -> FastAPI:
    """The stand-in's application, to be mounted at `PREFIX`."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.context = context
    app.include_router(company.router)
    app.include_router(customers.router)
    app.middleware("http")(_admit)
    app.add_exception_handler(CounterpointError, _error)
    app.add_exception_handler(HTTPException, _http_error)
    return app


async def _admit(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    if request.headers.get("authorization") != _AUTHORIZATION:
        refusal = CounterpointError(401, "ERROR_UNKNOWN", "Company, user name or password is not right")
    elif request.headers.get("apikey") != credentials.COUNTERPOINT_API_KEY:
        refusal = CounterpointError(403, "ERROR_INVALID_APIKEY", "The API key is missing or not valid")
    else:
        return await call_next(request)
    return JSONResponse(refusal.body, status_code=refusal.status)


async def _error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, CounterpointError):
        raise error
    return JSONResponse(error.body, status_code=error.status)


async def _http_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = "ERROR_RECORD_NOT_FOUND" if error.status_code == 404 else "ERROR_UNKNOWN"
    body = CounterpointError(error.status_code, code, str(error.detail)).body
    return JSONResponse(body, status_code=error.status_code)
