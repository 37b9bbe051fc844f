"""Payments of a week by store, pay code and day, and the revenue in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from include.counterpoint.items import Read, folded
from include.periods import Period
from include.store_reports import queries
from include.store_reports.figures import NOTHING, Figures
from include.store_reports.queries import as_day, exact
from include.store_reports.sections import Cell, Chart, Column, Row, Section, Table, Tile
from include.store_reports.settings import StoreReportSettings
from include.store_reports.words import short_weekday, span

TITLE = "Payments"
NO_CODE = "(no pay code)"
OTHER = "Other"
PAID, DEPOSIT, GIFT_CARDS = "payment", "deposit taken", "gift cards sold"


def _by_day() -> defaultdict[str, defaultdict[date, Decimal]]:
    return defaultdict(lambda: defaultdict(Decimal))


@dataclass
class StorePayments:
    """One store's days in dollars: payments and deposits by pay code, gift cards sold."""

    paid: dict[str, defaultdict[date, Decimal]] = field(default_factory=_by_day)
    deposits: dict[str, defaultdict[date, Decimal]] = field(default_factory=_by_day)
    gift_cards: defaultdict[date, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    receipts: defaultdict[tuple[str, date], int] = field(default_factory=lambda: defaultdict(int))

    def revenue(self, days: Iterable[date]) -> Decimal:
        """Payments less deposits taken less gift cards sold."""
        wanted = list(days)
        paid, deposits = (_sum(part.values(), wanted) for part in (self.paid, self.deposits))
        return paid - deposits - _sum([self.gift_cards], wanted)

    @property
    def has_any(self) -> bool:
        """Whether anything was taken."""
        return bool(self.paid or self.deposits or self.gift_cards)


def read_payments(read: Read, period: Period) -> dict[str, StorePayments]:
    """What each store took in the period, by store id; those that took nothing are left out."""
    found: defaultdict[str, StorePayments] = defaultdict(StorePayments)
    for row in read(queries.payments(period)):
        store, code, day = found[folded(row.STR_ID)], folded(row.PAY_COD) or NO_CODE, as_day(row.POST_DAT)
        store.paid[code][day] += exact(row.amount)
        store.receipts[code, day] += int(row.tickets or 0)
    for row in read(queries.deposits(period)):
        code = folded(row.PAY_COD) or NO_CODE
        found[folded(row.STR_ID)].deposits[code][as_day(row.PAY_DAT)] += exact(row.AMT)
    for row in read(queries.gift_cards_sold(period)):
        found[folded(row.ORIG_STR_ID)].gift_cards[as_day(row.ORIG_DAT)] += exact(row.ORIG_AMT)
    return {store: found[store] for store in sorted(found) if found[store].has_any}


def payments(figures: Figures) -> Section:
    """Last week's payments, for each store and for all of them."""
    week, settings = figures.days.last_week, figures.settings
    days = [week.first + timedelta(days=place) for place in range((week.end - week.first).days)]
    names = {folded(row.STR_ID): (row.DESCR or "").strip() for row in figures.read(queries.stores())}
    found = read_payments(figures.read, week)
    titles = {store: _store_title(store, names) for store in found}
    tables = [
        _table(titles[store], f"Payments {store or 'no store'}", one, days, settings)
        for store, one in found.items()
    ]
    everything = _together(found.values())
    if len(found) > 1:
        tables.append(_table("All stores", "Payments all stores", everything, days, settings))
    tables.append(_long(found, titles, days, settings))
    revenue = everything.revenue(days)
    return Section(
        TITLE,
        tuple(tables),
        notes=(
            f"{span(week)}. Revenue = payments − deposits taken − gift cards sold. Payments count on the day "
            "they were posted, refunds taken off; deposits are those of orders that are still open.",
        ),
        tiles=(
            Tile(revenue, "revenue of the week"),
            Tile(_sum(everything.paid.values(), days), "payments"),
            Tile(_sum(everything.deposits.values(), days), "deposits taken"),
            Tile(_sum([everything.gift_cards], days), "gift cards sold"),
        ),
        charts=(_chart(found, titles, days),) if found else (),
    )


def grouped(codes: Iterable[str], settings: StoreReportSettings) -> list[tuple[str, list[str]]]:
    """The pay codes that occur in the settings' groups and order; what stands nowhere comes last."""
    left = set(codes)
    found = []
    for group in settings.pay_codes:
        if here := [code for code in group.codes if code in left]:
            found.append((group.title, here))
            left.difference_update(here)
    return [*found, (OTHER, sorted(left))] if left else found


def _table(
    title: str, name: str, store: StorePayments, days: list[date], settings: StoreReportSettings
) -> Table:
    rows: list[Row] = []
    for group, codes in grouped(store.paid, settings):
        if len(codes) == 1 and group != OTHER:
            rows.append(_row(group, [store.paid[codes[0]]], days))
            continue
        rows += [_row(f"{group}: {code}", [store.paid[code]], days) for code in codes]
        if len(codes) > 1:
            rows.append(_row(f"{group}, all", [store.paid[code] for code in codes], days))
    rows.append(_row("Payments", list(store.paid.values()), days))
    for code in sorted(store.deposits):
        rows.append(_row(f"− Deposits: {code}", [store.deposits[code]], days, sign=-1))
    rows.append(_row("− Gift cards sold", [store.gift_cards], days, sign=-1))
    columns = (Column(""), *(Column(short_weekday(day), "amount") for day in days), Column("Week", "amount"))
    total: Row = ["Revenue", *(store.revenue([day]) for day in days), store.revenue(days)]
    return Table(name, title, columns, rows, total=total)


def _row(title: str, parts: list[defaultdict[date, Decimal]], days: list[date], sign: int = 1) -> Row:
    cells: list[Cell] = [title]
    cells += [sign * _sum(parts, [day]) for day in days]
    return [*cells, sign * _sum(parts, days)]


def _long(
    found: Mapping[str, StorePayments],
    titles: Mapping[str, str],
    days: list[date],
    settings: StoreReportSettings,
) -> Table:
    """One row for each day, store and pay code: for files only."""
    columns = (
        Column("Day", "day"), Column("Store"), Column("What"), Column("Group"), Column("Pay code"),
        Column("Tickets", "count"), Column("Amount", "amount"),
    )  # fmt: skip
    rows: list[Row] = []
    for day in days:
        for store, one in found.items():
            for kind, part in ((PAID, one.paid), (DEPOSIT, one.deposits)):
                for group, codes in grouped(part, settings):
                    for code in codes:
                        if day in part[code]:
                            receipts = one.receipts[code, day] if kind == PAID else None
                            rows.append([day, titles[store], kind, group, code, receipts, part[code][day]])
            if day in one.gift_cards:
                rows.append([day, titles[store], GIFT_CARDS, "", "", None, one.gift_cards[day]])
    return Table("Pay codes", "Pay codes", columns, rows, mail_rows=0, csv=True)


def _chart(found: Mapping[str, StorePayments], titles: Mapping[str, str], days: list[date]) -> Chart:
    series = {titles[store]: [one.revenue([day]) for day in days] for store, one in found.items()}
    return Chart("bars", "payments", "Revenue day by day", [short_weekday(day) for day in days], series)


def _together(stores: Iterable[StorePayments]) -> StorePayments:
    all_ = StorePayments()
    for one in stores:
        for ours, theirs in ((all_.paid, one.paid), (all_.deposits, one.deposits)):
            for code, by_day in theirs.items():
                for day, amount in by_day.items():
                    ours[code][day] += amount
        for day, amount in one.gift_cards.items():
            all_.gift_cards[day] += amount
    return all_


def _sum(parts: Iterable[Mapping[date, Decimal]], days: Iterable[date]) -> Decimal:
    wanted = list(days)
    return sum((part.get(day, NOTHING) for part in parts for day in wanted), NOTHING)


def _store_title(store: str, names: Mapping[str, str]) -> str:
    name = names.get(store)
    return f"{name} ({store})" if name and store else name or store or "(no store)"
