"""Pages: which one was asked for, and what an answer says about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection, Row, Select, func

from include.sandbox.standins.bigcommerce.errors import BigCommerceError
from include.sandbox.standins.bigcommerce.filters import number

PER_PAGE = 50
MOST_PER_PAGE = 250


@dataclass(frozen=True)
class Page:
    """Page `number`, counted from 1, of pages with `limit` rows."""

    number: int
    limit: int

    parameters: Mapping[str, str] = field(default_factory=dict)
    """What else was asked for: it goes into the links."""

    def read(self, connection: Connection, chosen: Select[Any]) -> tuple[Sequence[Row[Any]], dict[str, Any]]:
        """The page's rows of all that are chosen, and the `meta` part of the answer."""
        counted = chosen.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)
        rows = connection.execute(chosen.limit(self.limit).offset((self.number - 1) * self.limit)).all()
        return rows, self._meta(connection.scalar(counted) or 0, len(rows))

    def _meta(self, total: int, count: int) -> dict[str, Any]:
        last = max(1, -(-total // self.limit))
        links = {"current": self._link(self.number)}
        if self.number > 1:
            links["previous"] = self._link(self.number - 1)
        if self.number < last:
            links["next"] = self._link(self.number + 1)
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

    def _link(self, number: int) -> str:
        return "?" + urlencode({**self.parameters, "page": number, "limit": self.limit})


def asked_page(parameters: dict[str, str]) -> Page:
    """Take `page` and `limit` out of a version 3 request's parameters; raises 413 for more than 250 rows."""
    page = number(parameters.pop("page", "1"), "page")
    limit = number(parameters.pop("limit", str(PER_PAGE)), "limit")
    if limit > MOST_PER_PAGE:
        raise BigCommerceError(413, f"The limit may not be greater than {MOST_PER_PAGE}.")
    return Page(page, limit, dict(parameters))
