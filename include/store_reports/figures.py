"""What the sections of one report share: each kind of figure is read once, when a section first asks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

from include.counterpoint.items import Item, Read, as_items, folded, items
from include.periods import Period
from include.store_reports import queries
from include.store_reports.days import ReportDays, report_days
from include.store_reports.queries import as_day, exact
from include.store_reports.settings import OTHER_STORES, StoreReportSettings

NOTHING = Decimal(0)
Photos = Callable[[], Collection[str]]
"""The names of the photo files."""


@dataclass(slots=True)
class DayFigures:
    """One business day of one channel: net sales and cost in dollars, all tickets and wholesale ones."""

    amount: Decimal = NOTHING
    cost: Decimal = NOTHING
    tickets: int = 0
    wholesale: int = 0


@dataclass(frozen=True, slots=True)
class Sold:
    """Net sales in dollars and in selling units, returns taken off."""

    amount: Decimal
    quantity: Decimal


class Figures:
    """Reads for the sections of the report of one morning; `read` asks Counterpoint."""

    def __init__(
        self,
        read: Read,
        day: date,
        settings: StoreReportSettings,
        locations: Collection[str],
        photos: Photos | None = None,
    ) -> None:
        self.read, self.settings, self.locations, self.photos = read, settings, locations, photos
        self.days: ReportDays = report_days(day, settings.weeks, settings.years, settings.forecast_days)

    @cached_property
    def _by_day(self) -> dict[tuple[date, str], DayFigures]:
        period = Period(self.days.since, self.days.through)
        found: dict[tuple[date, str], DayFigures] = {}
        spellings: dict[str, set[str]] = {one.title: set(one.stores) for one in self.settings.channels}
        for row in self.read(queries.tickets_by_day(period, self.settings.wholesale_category)):
            day, channel = as_day(row.BUS_DAT), self.settings.channel_of(row.STR_ID)
            spellings.get(channel, set()).add(row.STR_ID)
            one = found.setdefault((day, channel), DayFigures())
            one.tickets += int(row.tickets or 0)
            one.wholesale += int(row.wholesale or 0)
        for row in self.read(queries.sales_by_day(period, list(spellings.values()))):
            day, left, spent = as_day(row.BUS_DAT), exact(row.amount), exact(row.cost)
            for place, channel in enumerate(spellings):
                amount, cost = exact(getattr(row, f"amount_{place}")), exact(getattr(row, f"cost_{place}"))
                one = found.setdefault((day, channel), DayFigures())
                one.amount, one.cost, left, spent = amount, cost, left - amount, spent - cost
            if left or spent:
                other = found.setdefault((day, OTHER_STORES), DayFigures())
                other.amount, other.cost = left, spent
        return found

    @cached_property
    def first_day(self) -> date | None:
        """The first business day that the tickets know."""
        rows = self.read(queries.first_day())
        return as_day(rows[0][0]) if rows and rows[0][0] is not None else None

    @cached_property
    def channels(self) -> list[str]:
        """The channels' titles; that of stores without a channel only where they sold something."""
        named = [one.title for one in self.settings.channels]
        return [*named, *sorted({channel for _, channel in self._by_day} - set(named))]

    def of(self, period: Period, channels: Iterable[str] | None = None) -> DayFigures | None:
        """A period's figures of some channels (without: of all); None for days before the history."""
        if self.first_day is None or period.last < self.first_day:
            return None
        wanted, sum_ = list(self.channels if channels is None else channels), DayFigures()
        for place in range((period.end - period.first).days):
            day = period.first + timedelta(days=place)
            for one in (self._by_day[day, channel] for channel in wanted if (day, channel) in self._by_day):
                sum_.amount += one.amount
                sum_.cost += one.cost
                sum_.tickets += one.tickets
                sum_.wholesale += one.wholesale
        return sum_

    def is_whole(self, period: Period) -> bool:
        """Whether the history covers the whole period, closed days at its beginning set aside."""
        if self.first_day is None:
            return False
        day = period.first
        while day < self.first_day and self.settings.closed.closes(day):
            day += timedelta(days=1)
        return day >= self.first_day

    def is_closed(self, day: date) -> bool:
        """Whether the tills were closed on that day."""
        return self.settings.closed.closes(day) and not any(
            (one := self._by_day.get((day, channel))) is not None and (one.tickets or one.amount)
            for channel in self.settings.tills
        )

    def open_days(self, period: Period) -> int:
        """On how many days of the period the tills were open."""
        length = (period.end - period.first).days
        return sum(not self.is_closed(period.first + timedelta(days=place)) for place in range(length))

    @cached_property
    def windows(self) -> dict[str, Period]:
        """The stretches of days whose best sellers are listed."""
        month = self.days.month_to_date
        return {
            "last week": self.days.last_week,
            "month to date": month[0],
            "the same month a year before": month[1],
            f"the next {self.settings.forecast_days} days, a year before": self.days.forecast,
        }

    @cached_property
    def sold(self) -> Sequence[Mapping[str, Sold]]:
        """Net sales by item, for each of the windows."""
        found: list[dict[str, Sold]] = [{} for _ in self.windows]
        for row in self.read(queries.sales_by_item(list(self.windows.values()))):
            item = folded(row.item)
            for place, sold in enumerate(found):
                amount, quantity = (exact(getattr(row, f"{kind}_{place}")) for kind in ("amount", "quantity"))
                if item and (amount or quantity):
                    sold[item] = Sold(amount, quantity)
        return found

    @cached_property
    def items(self) -> dict[str, Item]:
        """The item file by item number."""
        return {item.key: item for item in as_items(self.read(items(self.locations)))}

    @cached_property
    def web_names(self) -> dict[str, tuple[str, str]]:
        """Web title and variant name by item number, as codes are compared."""
        rows = self.read(queries.web_names())
        return {
            folded(row.ITEM_NO): (folded(row.ADDL_DESCR_1), folded(row.USR_PROF_ALPHA_17)) for row in rows
        }

    @cached_property
    def web_descriptions(self) -> dict[str, str]:
        """The beginning of each web description, long enough to tell whether it is a short one."""
        # A character has one byte at least.
        rows = self.read(queries.web_descriptions(self.settings.items.short_description))
        return {folded(row.ITEM_NO): row.description or "" for row in rows}

    @cached_property
    def in_web_categories(self) -> frozenset[str]:
        """The items that some web category shows."""
        return frozenset(folded(row.ITEM_NO) for row in self.read(queries.in_web_categories()))

    def name_of(self, item: str) -> str:
        """An item's description."""
        known = self.items.get(item)
        if known is None:
            return "(no longer in the item file)"
        return (known.description or "").strip() or "(no description)"
