"""Customers on their way from the task that reads them to the one that divides them."""

from __future__ import annotations

import gzip
import json
from dataclasses import astuple, dataclass
from decimal import Decimal

from include.segmentation.customers import Apart, Customer, Sorted


@dataclass(frozen=True, slots=True)
class Gathered:
    """The customers of a source, the number of clusters of the last run, and what stands for all of it."""

    found: Sorted
    before: int | None
    made_from: str

    def packed(self) -> bytes:
        """As the content of a file."""
        content = {
            "customers": [astuple(one) for one in self.found.customers],
            "apart": [astuple(one) for one in self.found.apart],
            "before": self.before,
            "made_from": self.made_from,
        }
        return gzip.compress(json.dumps(content, default=str).encode(), mtime=0)


def unpacked(content: bytes) -> Gathered:
    """From the content of a file."""
    read = json.loads(gzip.decompress(content))
    customers = tuple(
        Customer(number, recency, frequency, Decimal(money))
        for number, recency, frequency, money in read["customers"]
    )
    apart = tuple(Apart(number, days, Decimal(money), why) for number, days, money, why in read["apart"])
    return Gathered(Sorted(customers, apart), read["before"], read["made_from"])
