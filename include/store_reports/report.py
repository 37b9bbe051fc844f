"""The two reports: their sections one after the other, those that fail with what went wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy.exc import SQLAlchemyError

from include.errors import BadCredentials, Deadlock, RetailOpsError, VendorUnavailable
from include.privacy import masked
from include.store_reports import cost, goods, item_checks, payments, people, revenue
from include.store_reports.figures import Figures
from include.store_reports.sections import FailedSection, Section

log = logging.getLogger(__name__)

Make = Callable[[Figures], Section]

REVENUE_SECTIONS: Mapping[str, Make] = {
    payments.TITLE: payments.payments,
    revenue.TITLE: revenue.revenue,
    cost.TITLE: cost.cost,
}
HISTORY_SECTIONS: Mapping[str, Make] = {
    revenue.TITLE: revenue.revenue,
    cost.TITLE: cost.cost,
    people.REPS: people.sales_reps,
    people.WHOLESALE: people.wholesale,
    goods.TOP: goods.top_items,
    goods.CATEGORIES: goods.categories,
}
PRESENT_SECTIONS: Mapping[str, Make] = {
    goods.LOW: goods.low_stock,
    item_checks.ITEMS: item_checks.item_file,
    item_checks.PHOTOS: item_checks.photos,
}
ADMIN_SECTIONS: Mapping[str, Make] = {**HISTORY_SECTIONS, **PRESENT_SECTIONS}
"""Sections that tell of the past, and those that tell how things stand now."""

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class StoreReport:
    """The report of the morning of `day`. `may_pass`: some section failed of what may pass by itself."""

    day: date
    sections: tuple[Section | FailedSection, ...]
    may_pass: bool = False

    @property
    def failed(self) -> tuple[FailedSection, ...]:
        """What could not be made."""
        return tuple(one for one in self.sections if isinstance(one, FailedSection))


def store_report(figures: Figures, makers: Mapping[str, Make]) -> StoreReport:
    """Make every section. Raises the first error when none of them can be made."""
    sections: list[Section | FailedSection] = []
    errors: list[Exception] = []
    for title, make in makers.items():
        try:
            sections.append(make(figures))
        except Exception as error:
            log.exception("The section %s could not be made", title)
            sections.append(FailedSection(title, _class_of(error), _words(error)))
            errors.append(error)
    if errors and len(errors) == len(makers):
        raise errors[0]
    may_pass = any(isinstance(error, VendorUnavailable | Deadlock) for error in errors)
    return StoreReport(figures.days.day, tuple(sections), may_pass)


def _class_of(error: Exception) -> str:
    # What the driver calls it says more than SQLAlchemy's wrapper.
    inner = getattr(error, "orig", None) if isinstance(error, SQLAlchemyError) else None
    return type(inner or error).__name__


def _words(error: Exception) -> str:
    """For staff; what databases and programs say may name hosts, accounts and statements, and is logged."""
    if isinstance(error, VendorUnavailable | Deadlock):
        return "Counterpoint's database did not answer in time; the log of the task write says more."
    if isinstance(error, BadCredentials):
        return "Counterpoint's database refuses the login; mend the connection counterpoint."
    if isinstance(error, RetailOpsError):
        return masked(str(error))[:_LONGEST]
    if isinstance(error, SQLAlchemyError):
        return "Counterpoint's database refuses the question; the log of the task write says why."
    return "this is a fault of the program; the log of the task write says where."
