"""The forms' pages: they need no script, and everything that somebody typed is escaped."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from include.inbound.form_fields import MOST_COMMENTS
from include.inbound.origins import page_headers
from include.inbound.settings import FormSettings

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "web"


@dataclass(frozen=True)
class Sent:
    """What a form shows when it comes back: what was typed, and what is wrong with it, by field."""

    values: Mapping[str, Any]
    errors: Mapping[str, str]
    notice: str = ""


EMPTY = Sent({}, {})


class FormPages:
    """Renders the templates of `templates/web` for a store."""

    def __init__(self, settings: FormSettings, store: str) -> None:
        self._headers = page_headers(settings.sites)
        self._alone = page_headers(())
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals.update(
            store=store,
            settings=settings,
            text_consent=settings.text_consent.replace("{store}", store),
            timelines=[(one, one) for one in settings.timelines],
            months=list(enumerate(calendar.month_name))[1:],
            most_comments=MOST_COMMENTS,
        )
        self._environment = environment

    def form(self, name: str, ticket: str, sent: Sent = EMPTY, status: int = 200) -> HTMLResponse:
        """A form, empty or as it was sent."""
        page = self._environment.get_template(f"{name}.html")
        return HTMLResponse(page.render(ticket=ticket, sent=sent), status, headers=self._headers)

    def message(
        self, title: str, words: Sequence[str], status: int = 200, headers: Mapping[str, str] | None = None
    ) -> HTMLResponse:
        """A page that says something."""
        page = self._environment.get_template("message.html").render(title=title, words=words)
        return HTMLResponse(page, status, headers={**self._headers, **(headers or {})})

    def unsubscribe(self, email: str, what: str) -> HTMLResponse:
        """The page that asks whether an address shall leave a list; no other site may frame it."""
        page = self._environment.get_template("unsubscribe.html").render(email=email, what=what)
        return HTMLResponse(page, headers=self._alone)
