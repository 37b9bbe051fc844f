"""The application: who may come in, how often, and in what form errors are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from include.sandbox.standins import credentials
from include.sandbox.standins.bigcommerce import (
    brands,
    categories,
    coupons,
    images,
    product_writes,
    products,
    store,
    variants,
)
from include.sandbox.standins.bigcommerce.errors import BigCommerceError, error_body
from include.sandbox.standins.context import Context, context_of

PREFIX = "/stores"
# These answer a wrong token in words, not in JSON.
_PLAIN_401 = ("v3/catalog/brands", "v3/catalog/trees")
_RESOURCES = (store, products, product_writes, variants, images, categories, brands, coupons)


def build(context: Context) -> FastAPI:
    """The stand-in's application, to be mounted at `PREFIX`."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.context = context
    for resource in _RESOURCES:
        app.include_router(resource.router, prefix="/{store_hash}")
    app.middleware("http")(_admit)
    app.add_exception_handler(BigCommerceError, _error)
    app.add_exception_handler(HTTPException, _http_error)
    return app


async def _admit(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    quota = context_of(request).quota
    within_quota = quota.spend()
    refusal = _refusal(request, within_quota)
    response = _answer(request, refusal) if refusal else await call_next(request)
    response.headers.update(quota.headers())
    return response


def _refusal(request: Request, within_quota: bool) -> BigCommerceError | None:
    token = request.headers.get("x-auth-token")
    if token is None:
        return BigCommerceError(401, "X-Auth-Token header is required")
    if token != credentials.BIGCOMMERCE_TOKEN:
        return BigCommerceError(401)
    if _parts(request)[0] != credentials.BIGCOMMERCE_STORE_HASH:
        return BigCommerceError(403)
    return None if within_quota else BigCommerceError(429)


def _parts(request: Request) -> list[str]:
    """The store hash, and the resource: the path from the version on."""
    return [*request.url.path.removeprefix(f"{PREFIX}/").split("/", 1), ""]


def _answer(request: Request, error: BigCommerceError) -> Response:
    resource = _parts(request)[1]
    if resource.startswith("v2") and error.status == 422:
        # Version 2 knows no 422.
        error = BigCommerceError(400, error.title, error.errors)
    if error.status == 401 and resource.startswith(_PLAIN_401):
        return Response(error.title, status_code=401, media_type="plain/text")
    body = error_body(resource, error, instance=request.url.path)
    return JSONResponse(body, status_code=error.status)


async def _error(request: Request, error: Exception) -> Response:
    if not isinstance(error, BigCommerceError):
        raise error
    return _answer(request, error)


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return _answer(request, BigCommerceError(error.status_code))
