"""The morning report on 5,000,000 ticket lines: a few statements for all sections, against one for each
section, period and channel on headers and lines, as scripts ask that call Counterpoint's report procedure.
`python -m benchmarks.admin_report 200000` takes fewer lines.

Both ways run on the same store (SQLite), each in a process of its own, and must find the same numbers. What
they have in common is left out: the item file's checks, the charts, the mail.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select

from benchmarks.measuring import ROOT, in_own_process, show_and_store
from benchmarks.planning import Reader, add_lines, engine_of
from include.counterpoint.items import folded_in_sql
from include.counterpoint.tables import AR_CUST, IM_INV, IM_ITEM, PS_TKT_HIST, PS_TKT_HIST_LIN
from include.periods import Period
from include.sandbox.seed import seed
from include.store_reports import cost, goods, people, revenue
from include.store_reports.days import weekday_before
from include.store_reports.figures import Figures
from include.store_reports.queries import total, within
from include.store_reports.settings import store_report_settings

DAY = date(2026, 11, 20)
LINES = 5_000_000
LINES_OF_SCALE_1 = 450_000
ROUNDS = 2
LINE, TICKET = PS_TKT_HIST_LIN.c, PS_TKT_HIST.c
SECTIONS = (
    revenue.revenue, cost.cost, people.sales_reps, people.wholesale, goods.top_items, goods.low_stock,
    goods.categories,
)  # fmt: skip
Answer = dict[str, Any]


class Counting(Reader):
    """A reader that counts its statements."""

    statements = 0

    def __call__(self, query: Select[Any]) -> list[Any]:
        self.statements += 1
        return super().__call__(query)


def figures_of(read: Counting) -> Figures:
    return Figures(read, DAY, store_report_settings(), ["1"])


def at_once(folder: Path) -> Callable[[], Answer]:
    """All sections as the report makes them; answers some of their numbers."""
    read = Counting(folder)
    figures = figures_of(read)

    def measured() -> Answer:
        for make in SECTIONS:
            make(figures)
        found = [figures.of(period, [channel]) for period in periods(figures) for channel in figures.channels]
        best = goods.best(figures.sold[0], lambda sold: sold.amount, figures.settings.top_items)
        return {
            "statements": read.statements,
            "revenue": [float(round(one.amount, 2)) if one else 0.0 for one in found],
            "best": best,
        }

    return measured


def one_by_one(folder: Path) -> Callable[[], Answer]:
    """The same sections, each number by a statement of its own."""
    read = Counting(folder)
    figures = figures_of(read)

    def measured() -> Answer:
        revenues = [
            float(round(read(query)[0][0] or 0, 2)) for query in revenue_queries(figures, LINE.EXT_PRC)
        ]
        for query in (*ticket_queries(figures), *cost_queries(figures), *people_queries(figures)):
            read(query)
        best = [_ranked(read, window, order, 15) for window in figures.windows.values() for order in ORDERS]
        _ranked(read, figures.days.forecast, LINE.EXT_PRC, figures.settings.low_stock.best_sellers)
        ask_categories(read, figures)
        return {"statements": read.statements, "revenue": revenues, "best": best[0]}

    return measured


ORDERS = (LINE.EXT_PRC, LINE.QTY_SOLD)


def periods(figures: Figures) -> list[Period]:
    """The periods of the section of revenue, with those that they are compared with."""
    days = figures.days
    yesterday = Period(days.through, days.through)
    aligned = [yesterday, *days.weeks]
    dated = (*days.months, *days.month_to_date, *days.year_to_date)
    return [*aligned, *map(weekday_before, aligned), *dated]


def stores(figures: Figures) -> Iterator[str]:
    return (store for channel in figures.settings.channels for store in channel.stores)


def lines_of(period: Period, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """The sales of a period by their tickets' headers, as Counterpoint's own report procedure finds them."""
    sale = LINE.LIN_TYP.in_(["S", "R"]) & (TICKET.DOC_ID == LINE.DOC_ID) & within(TICKET.BUS_DAT, [period])
    for condition in conditions:
        sale &= condition
    return sale


def net(value: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((LINE.LIN_TYP.in_(["R"]), -func.abs(value)), else_=value)


def in_store(store: str) -> ColumnElement[bool]:
    return LINE.STR_ID.in_([store])


def revenue_queries(figures: Figures, value: ColumnElement[Any]) -> Iterator[Select[Any]]:
    for period in periods(figures):
        for store in stores(figures):
            yield select(total(net(value))).where(lines_of(period, in_store(store)))


def ticket_queries(figures: Figures) -> Iterator[Select[Any]]:
    """How many tickets, and how many of retail and wholesale customers."""
    for period in periods(figures):
        here = within(TICKET.BUS_DAT, [period])
        yield select(func.count()).select_from(PS_TKT_HIST).where(here)
        for category in ("RETAIL", "WHOLESALE"):
            of_customers = select(func.count()).select_from(PS_TKT_HIST)
            of_customers = of_customers.join(AR_CUST, AR_CUST.c.CUST_NO == TICKET.CUST_NO)
            yield of_customers.where(here, AR_CUST.c.CATEG_COD.in_([category]))


def cost_queries(figures: Figures) -> Iterator[Select[Any]]:
    days = figures.days
    pairs = (days.last_week, weekday_before(days.last_week), *days.months[:2], *days.month_to_date[:2])
    for period in (*pairs, *days.year_to_date[:2]):
        for store in stores(figures):
            yield select(total(net(LINE.EXT_COST))).where(lines_of(period, in_store(store)))


def people_queries(figures: Figures) -> Iterator[Select[Any]]:
    week = figures.days.last_week
    amount = total(net(LINE.EXT_PRC)).label("amount")
    reps = select(LINE.SLS_REP, func.count(LINE.DOC_ID.distinct()), amount)
    yield (
        reps.where(lines_of(week, LINE.STR_ID == "1"))
        .group_by(LINE.SLS_REP)
        .order_by(amount.desc())
        .limit(10)
    )
    for most in (10, None):
        theirs = select(TICKET.CUST_NO, amount).where(AR_CUST.c.CUST_NO == TICKET.CUST_NO)
        theirs = theirs.where(lines_of(week), AR_CUST.c.CATEG_COD.in_(["WHOLESALE"])).group_by(TICKET.CUST_NO)
        yield theirs.order_by(amount.desc()).limit(most)


def _ranked(
    read: Counting, window: Period, value: ColumnElement[Any], most: int, *conditions: ColumnElement[bool]
) -> list[str]:
    """The best items of a window, then name and stock of each."""
    item, sold = folded_in_sql(LINE.ITEM_NO), total(net(value)).label("sold")
    wanted = select(item, sold).where(lines_of(window, LINE.ITEM_NO.is_not(None), *conditions))
    found = [row[0] for row in read(wanted.group_by(item).order_by(sold.desc(), item).limit(most))]
    for number in found:
        read(select(IM_ITEM.c.LONG_DESCR).where(number == IM_ITEM.c.ITEM_NO))
        read(select(func.sum(IM_INV.c.QTY_AVAIL)).where(number == IM_INV.c.ITEM_NO, IM_INV.c.LOC_ID == "1"))
    return found


def ask_categories(read: Counting, figures: Figures) -> None:
    week, till = figures.days.last_week, in_store("1")
    amount = total(net(LINE.EXT_PRC)).label("amount")
    wanted = select(LINE.CATEG_COD, amount).where(lines_of(week, till)).group_by(LINE.CATEG_COD)
    for row in read(wanted.order_by(amount.desc()).limit(10)):
        for order in ORDERS:
            _ranked(read, week, order, 10, till, row[0] == LINE.CATEG_COD)


def main(lines: int = LINES) -> None:
    """Make the store, measure both ways in turn, print and store the ratio."""
    place = Path(os.environ.get("RETAIL_OPS_VAR") or ROOT / "var")
    place.mkdir(parents=True, exist_ok=True)
    # The store fills more than a gigabyte, which is too much for where some machines keep temporary files.
    with tempfile.TemporaryDirectory(prefix="admin-report-", dir=place) as name:
        folder = Path(name)
        engine = engine_of(folder)
        seed(engine.url.render_as_string(), until=DAY, scale=lines / LINES_OF_SCALE_1)
        add_lines(engine, lines)
        engine.dispose()
        ways = {"all sections at once": at_once, "section by section": one_by_one}
        rounds = [
            {way: in_own_process(partial(work), folder) for way, work in ways.items()} for _ in range(ROUNDS)
        ]
    rows = []
    for way in ways:
        best = min((one[way] for one in rounds), key=lambda found: found["seconds"])
        rows.append(
            {
                "way": way,
                "statements": best["answer"]["statements"],
                "seconds": best["seconds"],
                "MB": best["peak_mb"] - best["base_mb"],
            }
        )
    ours, theirs = (rounds[0][way]["answer"] for way in ways)
    same = ours["best"] == theirs["best"] and all(
        abs(a - b) < 0.02 for a, b in zip(ours["revenue"], theirs["revenue"], strict=True)
    )
    notes = [
        f"{lines:,} ticket lines on SQLite, the best of {ROUNDS} rounds",
        f"section by section takes {rows[1]['seconds'] / rows[0]['seconds']:.1f} times as long",
        f"{len(ours['revenue'])} revenues and the best sellers agree: {'yes' if same else 'NO'}",
    ]
    show_and_store("admin_report", rows, notes)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
