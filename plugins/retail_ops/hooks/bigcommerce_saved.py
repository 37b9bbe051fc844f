"""What BigCommerce's answer to a batch of changed products says about each of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import requests

from include.privacy import masked
from retail_ops.hooks.bigcommerce_lists import body_of, rows_of

# Prices keep four decimals.
_CLOSE = 1e-4
_LONGEST = 400


class Saved:
    """The answer to a batch: the products as they are now, and (207) what was not saved."""

    def __init__(self, answer: requests.Response, path: str) -> None:
        body = body_of(answer, path)
        self._products = {row["id"]: row for row in rows_of(body.get("data"), path)}
        self._problems = _problems(body.get("errors"))
        self._status = answer.status_code
        self.in_part = answer.status_code == 207

    def __str__(self) -> str:
        return f"BigCommerce answered {self._status}"

    def words(self) -> str:
        """The vendor's reasons, to be put at the end of a message."""
        words = "; ".join(f"{field}: {reason}" for field, reason in self._problems.items())
        return f": {masked(words)[:_LONGEST]}" if words else ""

    def not_taken(self, place: int, product: Mapping[str, Any]) -> tuple[str, ...] | None:
        """The fields that have another value than was sent, or are said not to be saved.

        `place` is the product's in the batch. None when the answer does not show the product. A field that
        the answer does not show counts as taken.
        """
        shown = self._products.get(product["id"])
        if shown is None:
            return None
        named = {name for key in self._problems for name in _fields(key, place, product)}
        return tuple(
            name
            for name, value in product.items()
            if name in named or (name in shown and not _same(value, shown[name]))
        )


def _problems(errors: Any) -> dict[str, str]:
    inner = errors.get("errors") if isinstance(errors, Mapping) else None
    return {str(key): str(reason) for key, reason in inner.items()} if isinstance(inner, Mapping) else {}


def _fields(key: str, place: int, product: Mapping[str, Any]) -> set[str]:
    """The product's fields that an error's key means: "3.custom_url.url" is about the fourth product."""
    parts = key.split(".")
    sent = set(product) - {"id"}
    if not parts[0].isdecimal():
        return sent & set(parts)
    if int(parts[0]) != place:
        return set()
    return sent & set(parts[1:]) or sent


def _same(sent: Any, kept: Any) -> bool:
    match sent:
        case float():
            return isinstance(kept, int | float) and math.isclose(sent, kept, abs_tol=_CLOSE)
        case Mapping():
            return isinstance(kept, Mapping) and all(
                _same(value, kept.get(name)) for name, value in sent.items()
            )
        case list() | tuple():
            return isinstance(kept, list) and _same_members(list(sent), kept)
        case _:
            return bool(sent == kept)


def _same_members(sent: list[Any], kept: list[Any]) -> bool:
    # The shop keeps ids in an order of its own.
    if all(isinstance(member, int | str) for member in (*sent, *kept)):
        return set(sent) == set(kept)
    return len(sent) == len(kept) and all(map(_same, sent, kept))
