"""Best sellers, what of them is short, and categories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal

from include.counterpoint.items import folded
from include.store_reports import queries
from include.store_reports.figures import Figures, Sold
from include.store_reports.queries import exact
from include.store_reports.sections import Chart, Column, Row, Section, Table, share
from include.store_reports.words import span

TOP, LOW, CATEGORIES = "Top items", "Low stock", "Categories"
NO_CATEGORY = "(no category)"
_ITEMS = (
    Column("Item"),
    Column("SKU"),
    Column("Revenue", "money"),
    Column("Sold", "quantity"),
    Column("In stock", "quantity"),
)
_SHORT = ("Last week", "Month", "Month, year before", "Coming, year before")
Ranked = Callable[[Sold], Decimal]
_BY: tuple[tuple[str, Ranked], ...] = (
    ("by revenue", lambda sold: sold.amount),
    ("by pieces", lambda sold: sold.quantity),
)


def best(sold: Mapping[str, Sold], by: Ranked, most: int) -> list[str]:
    """The item numbers of the best sellers, the best first; what came back on balance is none."""
    chosen = [item for item in sold if by(sold[item]) > 0]
    return sorted(chosen, key=lambda item: (-by(sold[item]), item))[:most]


def top_items(figures: Figures) -> Section:
    """The best sellers of each window by revenue and by pieces, with what is in stock now."""
    tables, settings = [], figures.settings
    for place, (title, window) in enumerate(figures.windows.items()):
        sold = figures.sold[place]
        for words, by in _BY:
            rows = [_row(figures, item, sold[item]) for item in best(sold, by, settings.top_items)]
            heading = f"{title[0].upper()}{title[1:]}, {words} ({span(window)})"
            name = f"{_SHORT[place]} {words}"
            tables.append(Table(name, heading, _ITEMS, rows, mail_rows=settings.mail_rows))
    return Section(TOP, tuple(tables), notes=("All channels, returns taken off; stock of all locations.",))


def low_stock(figures: Figures) -> Section:
    """Of what sold best in the coming weeks of last year, the items of which little is left."""
    settings = figures.settings.low_stock
    title = f"the next {figures.settings.forecast_days} days, a year before"
    window, sold = figures.windows[title], figures.sold[list(figures.windows).index(title)]
    short = []
    for item in best(sold, _BY[0][1], settings.best_sellers):
        stock = figures.items[item].available if item in figures.items else None
        if stock is not None and stock <= settings.at_most:
            short.append(_row(figures, item, sold[item]))
    table = Table("Low stock", "", _ITEMS, short[: settings.rows], mail_rows=2 * figures.settings.mail_rows)
    words = (
        f"Of the {settings.best_sellers} best sellers of {span(window)}, those of which at most "
        f"{settings.at_most} are available now: {len(short)}."
    )
    return Section(LOW, (table,), notes=(words,))


def categories(figures: Figures) -> Section:
    """Last week's best categories at the tills, each with its best items."""
    week, settings = figures.days.last_week, figures.settings
    names = {folded(row.CATEG_COD): (row.DESCR or "").strip() for row in figures.read(queries.categories())}
    sold: dict[str, dict[str, Sold]] = defaultdict(dict)
    for row in figures.read(queries.sales_by_category(week, settings.till_stores)):
        of_category, item = sold[folded(row.category)], folded(row.item)
        before = of_category.get(item, Sold(Decimal(0), Decimal(0)))
        of_category[item] = Sold(before.amount + exact(row.amount), before.quantity + exact(row.quantity))
    amounts = {
        category: sum((one.amount for one in of.values()), Decimal(0)) for category, of in sold.items()
    }
    pieces = {
        category: sum((one.quantity for one in of.values()), Decimal(0)) for category, of in sold.items()
    }
    shown = sorted(amounts, key=lambda category: (-amounts[category], category))[: settings.categories]
    every = sum(amounts.values(), Decimal(0))
    rows: list[Row] = []
    details: dict[str, list[Row]] = {words: [] for words, _ in _BY}
    for category in shown:
        name = names.get(category) or category or NO_CATEGORY
        leader = best(sold[category], _BY[0][1], 1)
        first = figures.name_of(leader[0]) if leader and leader[0] else ""
        part = share(amounts[category], every)
        rows.append([name, first, amounts[category], part, pieces[category]])
        for words, by in _BY:
            items = best(sold[category], by, settings.category_items)
            details[words] += [[name, *_row(figures, item, sold[category][item])] for item in items]
    columns = (
        Column("Category"),
        Column("Best item"),
        Column("Revenue", "money"),
        Column("Share", "percent"),
        Column("Pieces", "quantity"),
    )
    tables = [Table("Categories", "", columns, rows)]
    for words, _ in _BY:
        within = (Column("Category"), *_ITEMS)
        tables.append(Table(f"Categories, items {words}", "", within, details[words], mail_rows=0))
    chart = Chart(
        "bars",
        "categories",
        "Best categories of last week",
        [str(row[0]) for row in rows],
        {"Revenue": [amounts[category] for category in shown]},
    )
    note = f"Tills, {span(week)}. The workbook has the best {settings.category_items} items of each."
    return Section(CATEGORIES, tuple(tables), notes=(note,), charts=(chart,) if rows else ())


def _row(figures: Figures, item: str, sold: Sold) -> Row:
    known = figures.items.get(item)
    number = known.number.strip() if known else item
    return [figures.name_of(item), number, sold.amount, sold.quantity, known.available if known else None]
