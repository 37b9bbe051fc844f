"""Where the forms' contents go. The same form twice, from a double click or a retry, is one row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from include.inbound.form_fields import DesignForm, NewsletterForm, StockForm
from include.storedb.leads import Lead, Leads
from include.storedb.newsletter import Newsletter
from include.storedb.runs import digest
from include.storedb.stock_requests import StockRequest, StockRequests


@dataclass(frozen=True)
class Stored:
    """Whether a form's content is new, or else what is wrong with it, by field."""

    is_new: bool = False
    errors: tuple[tuple[str, str], ...] = ()


def store_design(engine: Engine, form: DesignForm, now: datetime) -> Stored:
    """A new lead; the same one again on the same or the next day (UTC) is known."""
    leads = Leads(engine)
    today, yesterday = (_key(form, day) for day in (now, now - timedelta(days=1)))
    if leads.known([yesterday]):
        return Stored()
    values = form.model_dump()
    return Stored(leads.add([Lead(received_at=now, source="form", source_key=today, **values)]) == 1)


def _key(form: DesignForm, day: datetime) -> str:
    texts = [" ".join(value) if isinstance(value, tuple) else value for value in form.model_dump().values()]
    return digest("design form", f"{day:%Y-%m-%d}", *(text.casefold() for text in texts))


def store_stock(engine: Engine, form: StockForm, now: datetime) -> Stored:
    """A request that waits for its item, if the web shop sells it; nobody knows while it was never read."""
    requests = StockRequests(engine)
    sells = requests.sells(form.sku)
    if sells is False:
        words = "We do not know this item number. Please look for it on the item's page."
        return Stored(errors=(("sku", words),))
    request = StockRequest(
        item_key=form.sku,
        email=form.email,
        created_at=now,
        name=form.name,
        phone=form.phone or None,
        text_consent=form.text_consent,
        verified=sells is True,
    )
    return Stored(requests.add(request))


def store_newsletter(engine: Engine, form: NewsletterForm, now: datetime) -> Stored:
    """An address on the list, from now on."""
    return Stored(Newsletter(engine).subscribe(form.email, now, form.birth_month))
