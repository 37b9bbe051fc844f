"""Shows the pages below `reports/` of the store's files in the browser, behind Airflow's login.

The api-server mounts this app. Who may see a DAG may see its pages, and what belongs to them. Browsers keep a
page apart from Airflow ("sandbox"), so that its scripts cannot act for its reader. They send no login with
what such a page loads, which is why the script of the charts, public code, needs none.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from airflow.api_fastapi.app import API_ROOT_PATH
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import RedirectResponse

from include.errors import InvalidSettings
from include.files import local_path
from include.reporting.plotly_script import SCRIPT_NAME
from retail_ops.page_link import PAGES
from retail_ops.pages import PREVIEW, REPORTS
from retail_ops.task_run import store_files

TYPES = {"html": "text/html; charset=utf-8", "png": "image/png", "csv": "text/csv; charset=utf-8"}
_SCRIPT_TYPE = "text/javascript; charset=utf-8"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,249}")
_POLICY = (
    "sandbox allow-scripts allow-downloads; default-src 'none'; img-src data: blob:; "
    "style-src 'unsafe-inline'; script-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": _POLICY,
}

app = FastAPI(title="Retail Ops pages", docs_url=None, redoc_url=None, openapi_url=None)
_may_see_the_dag = Depends(requires_access_dag("GET"))


@app.get(f"/{PAGES}/{{name}}")
def script(name: str) -> Response:
    """The script that pages draw their charts with; without a login."""
    return _script(REPORTS, name)


@app.get(f"/{PAGES}/{PREVIEW}/{{name}}")
def preview_script(name: str) -> Response:
    """The script of dry runs' pages; without a login."""
    return _script(REPORTS, PREVIEW, name)


@app.get(f"/{PAGES}/{PREVIEW}/{{dag_id}}/{{path:path}}", dependencies=[_may_see_the_dag])
def preview(dag_id: str, path: str) -> Response:
    """What a dry run of a DAG left."""
    return _page(REPORTS, PREVIEW, dag_id, path)


@app.get(f"/{PAGES}/{{dag_id}}/{{path:path}}", dependencies=[_may_see_the_dag])
def page(dag_id: str, path: str) -> Response:
    """A page of a DAG, or a file of one of its days."""
    return _page(REPORTS, dag_id, path)


@app.exception_handler(HTTPException)
async def refused(request: Request, error: HTTPException) -> Response:
    """Lets people in a browser log in first, and brings them back; a page's address is often kept."""
    if error.status_code != 401 or "text/html" not in request.headers.get("accept", ""):
        return await http_exception_handler(request, error)
    # A proxy may have taken Airflow's own path off.
    place = f"{API_ROOT_PATH}{request.url.path.removeprefix(API_ROOT_PATH).lstrip('/')}"
    return RedirectResponse(f"{API_ROOT_PATH}api/v2/auth/login?next={quote(place, safe='')}")


def _script(*parts: str) -> Response:
    if not SCRIPT_NAME.fullmatch(parts[-1]):
        raise HTTPException(404)
    # The version is in the name: what was fetched once never changes.
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(_content(parts), media_type=_SCRIPT_TYPE, headers=_HEADERS | kept)


def _page(*parts: str) -> Response:
    names = "/".join(parts).split("/")
    kind = names[-1].rpartition(".")[2]
    if kind not in TYPES or not all(map(_NAME.fullmatch, names)):
        raise HTTPException(404)
    headers = _HEADERS | {"Cache-Control": "private, no-cache"}
    if kind == "csv":
        headers["Content-Disposition"] = f'attachment; filename="{names[-1]}"'
    return Response(_content(names), media_type=TYPES[kind], headers=headers)


def _content(names: tuple[str, ...] | list[str]) -> bytes:
    try:
        root = store_files()
    except InvalidSettings as error:
        raise HTTPException(503, str(error)) from None
    path = root.joinpath(*names)
    local, reports = local_path(path), local_path(root / REPORTS)
    # Links lead nowhere else, nor to the pages of another DAG.
    if (
        local is not None
        and reports is not None
        and local.resolve() != reports.resolve().joinpath(*names[1:])
    ):
        raise HTTPException(404)
    try:
        return bytes(path.read_bytes())
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise HTTPException(404) from None
