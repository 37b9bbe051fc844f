"""The web forms as a visitor reaches them: the real service on a port of this machine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from sqlalchemy import Engine, Table, insert, select

from include.inbound.app import build
from include.inbound.forms import WebForms
from include.inbound.settings import FormSettings, inbound_settings
from include.sandbox.standins.http_server import HttpServer
from include.sandbox.standins.ports import listen
from include.storedb.mail_links import MailLinks
from include.storedb.runs import moment
from include.storedb.tables import WEB_PRODUCT

SECRET = "a-secret-of-the-store"
PUBLIC = "https://forms.store.example"
SHOP = "https://www.store.example"
LINKS = MailLinks(SECRET, PUBLIC)

DESIGN: dict[str, Any] = {
    "first_name": "Ann-Marie",
    "last_name": "O'Hare",
    "email": "Ann@Example.com",
    "phone": "(518) 234-5601",
    "interested_in": ["Patio", "Delivery & placement"],
    "timeline": "Today",
    "street": "1 Main St",
    "city": "Kent",
    "state": "NY",
    "zip_code": "12345",
    "comments": 'A 3" wall,\r\nand tulips 🌷',
}
STOCK = {"sku": "tr-100", "name": "Ann Lee", "email": "ann@example.com"}
NEWSLETTER = {"email": "ann@example.com", "birth_month": "5"}
FORMS: dict[str, dict[str, Any]] = {"design": DESIGN, "stock": STOCK, "newsletter": NEWSLETTER}


class Visitor:
    """Somebody who opens forms and sends them."""

    def __init__(self, base: str) -> None:
        self.base = base

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(self.base + path, headers=headers, timeout=30)

    def post(
        self, path: str, body: Any, headers: Mapping[str, str] | None = None, *, follow: bool = False
    ) -> requests.Response:
        return requests.post(self.base + path, data=body, headers=headers, allow_redirects=follow, timeout=30)

    def ticket(self, form: str) -> str:
        found = re.search(r'name="ticket" value="([^"]+)"', self.get(f"/forms/{form}").text)
        assert found
        return found[1]

    def sends(
        self, form: str, over: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        """Opens a form, fills it in and sends it as a browser does."""
        fields = FORMS[form] | {"ticket": self.ticket(form)} | dict(over or {})
        return self.post(f"/forms/{form}", fields, {"Origin": self.base} | dict(headers or {}))

    def sends_json(
        self, form: str, over: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        """Sends a form as a script does."""
        ticket = self.get(f"/forms/{form}/ticket").json()["ticket"]
        body = json.dumps(FORMS[form] | {"ticket": ticket} | dict(over or {}))
        return self.post(f"/forms/{form}", body, {"Content-Type": "application/json", **(headers or {})})


@contextmanager
def served(
    engine: Engine, *, links: MailLinks | None = LINKS, public_url: str = PUBLIC, **settings: Any
) -> Iterator[Visitor]:
    """The service with the shipped settings but for some; nobody has to wait before sending a form."""
    chosen = inbound_settings().forms.model_dump() | {"fastest_seconds": 0} | settings
    forms = WebForms(FormSettings.model_validate(chosen), "Rose & Thorn", SECRET, links, public_url)
    app = build(engine, None, requests_per_minute=1000, help_text="", forms=forms)
    server = HttpServer(app, listen("127.0.0.1", 0))
    server.start()
    try:
        yield Visitor(f"http://127.0.0.1:{server.port}")
    finally:
        server.stop()


def rows(engine: Engine, table: Table) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(select(table).order_by(table.c.id)))


def sell(engine: Engine, *keys: str) -> None:
    """The web shop sells these items."""
    product = {"product_id": 1, "found_by": "sku", "seen_at": moment()}
    with engine.begin() as connection:
        connection.execute(insert(WEB_PRODUCT), [{"item_key": key, **product} for key in keys])
