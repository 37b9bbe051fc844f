"""The pages: the outbox itself, one mail, one file."""

from __future__ import annotations

import mimetypes
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from include.sandbox.standins.context import Context, context_of
from include.sandbox.standins.outbox import files, letters, wording
from include.sandbox.standins.outbox.contents import MANY, SECTIONS, read_contents, read_mail

router = APIRouter(prefix="/outbox")

_HERE = Path(__file__).parent / "templates"

# What is shown came from outside: no scripts, nothing from other places, and no guessing of types.
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_CONTENT_HEADERS = {
    **_PAGE_HEADERS,
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:",
}
_NO_PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 160">'
    '<rect width="160" height="160" fill="#8883"/>'
    '<text x="80" y="84" text-anchor="middle" font-family="sans-serif" font-size="13" fill="#888">no preview'
    "</text></svg>"
)


@router.get("")
def show_outbox(request: Request, show: str | None = None) -> HTMLResponse:
    """The outbox; `show` names a section of which everything is wanted."""
    everything_of = show if show in SECTIONS else None
    context = context_of(request)
    contents = read_contents(context, everything_of)
    return _page(context, "outbox.html", contents=contents, everything_of=everything_of, most=MANY)


@router.get("/style.css")
def read_style() -> FileResponse:
    """The pages' style."""
    return FileResponse(_HERE / "style.css", headers={"Cache-Control": "no-cache"})


@router.get("/mails/{number}")
def show_mail(request: Request, number: int) -> HTMLResponse:
    """One mail: its text, its HTML, its attachments."""
    row, file = _mail(request, number)
    letter = letters.read_letter(file, _part_url(number))
    return _page(context_of(request), "mail.html", mail=row, letter=letter)


@router.get("/mails/{number}/html")
def show_mail_html(request: Request, number: int) -> HTMLResponse:
    """The HTML of a mail, shut in: it can run nothing and load nothing from outside."""
    _, file = _mail(request, number)
    return HTMLResponse(letters.read_letter(file, _part_url(number)).html, headers=_CONTENT_HEADERS)


@router.get("/mails/{number}/source")
def read_mail_source(request: Request, number: int) -> FileResponse:
    """The mail as it came in, to be saved."""
    _, file = _mail(request, number)
    return FileResponse(
        file, media_type="message/rfc822", filename=f"mail-{number}.eml", headers=_CONTENT_HEADERS
    )


@router.get("/mails/{number}/parts/{index}")
def read_mail_part(request: Request, number: int, index: int) -> Response:
    """An attachment: pictures to be shown, everything else to be saved."""
    _, file = _mail(request, number)
    part = letters.read_attachment(file, index)
    if part is None:
        raise HTTPException(404, "The mail has no such part")
    name, content_type, content = part
    shown = content_type in ("image/png", "image/jpeg", "image/gif", "image/webp")
    disposition = f"{'inline' if shown else 'attachment'}; filename*=utf-8''{quote(name)}"
    headers = {**_CONTENT_HEADERS, "Content-Disposition": disposition}
    return Response(content, media_type=content_type, headers=headers)


@router.get("/files/{path:path}")
def show_file(request: Request, path: str) -> HTMLResponse:
    """One file: what it is, and its beginning."""
    context = context_of(request)
    file = _file(context, path)
    stored = files.describe(context.webdav_dir, file)
    shown = None if stored.is_image else files.preview(file)
    return _page(context, "file.html", file=stored, preview=shown)


@router.get("/raw/{path:path}")
def read_file(request: Request, path: str) -> FileResponse:
    """A file as it was uploaded."""
    file = _file(context_of(request), path)
    content_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    shown = file.suffix.lower() in files.IMAGE_SUFFIXES
    return FileResponse(
        file,
        media_type=content_type,
        filename=file.name,
        content_disposition_type="inline" if shown else "attachment",
        headers=_CONTENT_HEADERS,
    )


@router.get("/thumbnails/{path:path}")
def read_thumbnail(request: Request, path: str) -> Response:
    """A small picture of an uploaded picture."""
    context = context_of(request)
    content = files.thumbnail(_file(context, path), context.state_dir / "thumbnails")
    if content is None:
        return Response(_NO_PICTURE, media_type="image/svg+xml", headers=_CONTENT_HEADERS)
    return Response(content, media_type="image/webp", headers=_CONTENT_HEADERS)


def _page(context: Context, template: str, **values: Any) -> HTMLResponse:
    environment = _environment(context.time_zone)
    html = environment.get_template(template).render(time_zone=str(context.time_zone), **values)
    return HTMLResponse(html, headers=_PAGE_HEADERS)


@lru_cache
def _environment(time_zone: ZoneInfo) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(wording.filters(time_zone, lambda: datetime.now(UTC)))
    return environment


def _mail(request: Request, number: int) -> tuple[dict[str, Any], Path]:
    context = context_of(request)
    row = read_mail(context, number)
    file = context.mail_dir / row["file"] if row else None
    if row is None or file is None or not file.exists():
        raise HTTPException(404, "There is no such mail")
    return row, file


def _part_url(number: int) -> str:
    return f"/outbox/mails/{number}/parts/"


def _file(context: Context, path: str) -> Path:
    file = files.find_file(context.webdav_dir, path)
    if file is None:
        raise HTTPException(404, "There is no such file")
    return file
