"""Pages: which one was asked for, and what an answer says about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from include.sandbox.standins.bigcommerce.errors import BigCommerceError

PER_PAGE = 50
MOST_PER_PAGE = 250


@dataclass(frozen=True)
class Page:
    """Page `number`, counted from 1, of pages with `limit` rows."""

    number: int
    limit: int

    @property
    def offset(self) -> int:
        """How many rows come before it."""
        return (self.number - 1) * self.limit

    def meta(self, total: int, count: int, parameters: dict[str, str]) -> dict[str, Any]:
        """The `meta` part of an answer with `count` of `total` rows; `parameters` go into the links."""
        last = max(1, -(-total // self.limit))
        links = {"current": self._link(self.number, parameters)}
        if self.number > 1:
            links["previous"] = self._link(self.number - 1, parameters)
        if self.number < last:
            links["next"] = self._link(self.number + 1, parameters)
        return {
            "pagination": {
                "total": total,
                "count": count,
                "per_page": self.limit,
                "current_page": self.number,
                "total_pages": last,
                "links": links,
            }
        }

    def _link(self, number: int, parameters: dict[str, str]) -> str:
        return "?" + urlencode({**parameters, "page": number, "limit": self.limit})


def asked_page(parameters: dict[str, str]) -> Page:
    """Take `page` and `limit` out of a version 3 request's parameters; raises 413 for more than 250 rows."""
    number = whole_number(parameters.pop("page", "1"), "page")
    limit = whole_number(parameters.pop("limit", str(PER_PAGE)), "limit")
    if limit > MOST_PER_PAGE:
        raise BigCommerceError(413, f"The limit may not be greater than {MOST_PER_PAGE}.")
    return Page(number, limit)


def whole_number(value: str, name: str) -> int:
    """A parameter's value as a number of 1 or more; raises 422 that names the parameter."""
    try:
        number = int(value)
    except ValueError:
        number = 0
    if number < 1:
        raise BigCommerceError(
            422, "The request is not valid", {name: f"{name} must be a number above 0, not {value!r}"}
        )
    return number
