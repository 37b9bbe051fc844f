"""Which web sites may send a form, and what a browser may do with our pages."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.requests import Request

_OURS = frozenset({None, "same-origin", "none"})


def may_send(request: Request, sites: Sequence[str], public_url: str) -> bool:
    """Whether the page that sends a form is ours or one of `sites`.

    Browsers say so with every form (`Origin`), and scripts of other sites cannot change it. What is no
    browser says nothing, and abuses no visitor.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site") in _OURS
    if origin.lower() in sites:
        return True
    # A proxy may hide the name by which the visitor knows us; then public_url has it.
    own = {request.headers.get("Host", "").lower(), urlsplit(public_url).netloc.lower()} - {""}
    return urlsplit(origin).netloc.lower() in own


def page_headers(sites: Sequence[str]) -> dict[str, str]:
    """Headers of a page that `sites` may show in a frame: no scripts, nothing from other places."""
    ancestors = " ".join(("'self'", *sites)) if sites else "'none'"
    return {
        "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
        f"base-uri 'none'; frame-ancestors {ancestors}",
        "X-Content-Type-Options": "nosniff",
        # Not no-referrer: with it a browser would not say which page sends a form.
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        "X-Robots-Tag": "noindex, nofollow",
        "Cache-Control": "no-store",
    } | ({} if sites else {"X-Frame-Options": "DENY"})
