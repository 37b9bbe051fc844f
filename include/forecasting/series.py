"""Daily sales of one thing: the whole shop, a category, an item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from include.forecasting.settings import Level, Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, order=True)
class SeriesKey:
    """Which series: its source, level, and the code of the category or item (empty for the total)."""

    source: Source
    level: Level
    code: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.source, self.level, self.code) if part)


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Sums of days in the store's money: `values[0]` is that of `first`, one for each day up to the last one
    known.

    `open` says on which of these days the source sold anything at all: elsewhere the shop was closed, which
    is something else than a day on which nobody wanted this item.
    """

    key: SeriesKey
    name: str
    first: date
    values: Floats
    open: Flags

    @property
    def end(self) -> date:
        """The day after the last known one."""
        return self.first + timedelta(days=len(self.values))

    def before(self, day: date) -> Series:
        """The same series as it was known on the morning of `day`."""
        count = max(0, (day - self.first).days)
        return Series(self.key, self.name, self.first, self.values[:count], self.open[:count])

    def as_dict(self) -> dict[str, Any]:
        """For JSON; see `from_dict`."""
        return {
            "key": [self.key.source, self.key.level, self.key.code],
            "name": self.name,
            "first": self.first.isoformat(),
            "values": self.values.tolist(),
            "open": self.open.astype(int).tolist(),
        }


def from_dict(fields: Mapping[str, Any]) -> Series:
    """The series that `Series.as_dict` wrote."""
    import numpy as np

    return Series(
        SeriesKey(*fields["key"]),
        fields["name"],
        date.fromisoformat(fields["first"]),
        np.array(fields["values"], dtype=float),
        np.array(fields["open"], dtype=bool),
    )


def as_series(
    key: SeriesKey, name: str, sums: Mapping[date, float], shop: Mapping[date, float], end: date
) -> Series | None:
    """The series from its first day with sales to the day before `end`; None when it has none before it.

    `shop` are the sums of the whole source, which tell the open days.
    """
    import numpy as np

    sold = [day for day, amount in sums.items() if day < end and amount]
    if not sold:
        return None
    first = min(sold)
    days = [first + timedelta(days=n) for n in range((end - first).days)]
    values = np.array([float(sums.get(day, 0)) for day in days])
    return Series(key, name, first, values, np.array([bool(shop.get(day)) for day in days]))
