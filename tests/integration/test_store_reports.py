"""The store reports' numbers: against other ways of counting, and on every database."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from openpyxl import load_workbook
from sqlalchemy import URL, Engine, event, insert, select
from sqlalchemy.schema import CreateView

from include.counterpoint.tables import (
    AR_CUST,
    EC_CATEG_ITEM,
    EC_ITEM_DESCR,
    IM_INV,
    IM_ITEM,
    PS_DOC_PMT,
    PS_STR,
    PS_TKT_HIST,
    PS_TKT_HIST_LIN,
    PS_TKT_HIST_PMT,
    SY_GFC,
    SY_USR,
    metadata,
)
from include.database.engines import engine_for
from include.periods import Period
from include.sandbox.seed import seed
from include.sandbox.seed.database import view_definitions
from include.settings import store_settings
from include.store_reports.figures import Figures
from include.store_reports.letter import as_letter
from include.store_reports.payments import read_payments
from include.store_reports.report import ADMIN_SECTIONS, REVENUE_SECTIONS, StoreReport, store_report
from include.store_reports.sections import Section
from include.store_reports.settings import StoreReportSettings, store_report_settings
from tests.databases import KINDS, fresh_database
from tests.integration.conftest import TODAY

Read = Callable[[Any], list[Any]]
SETTINGS = store_report_settings()
LAST_WEEK = Period(date(2026, 11, 8), date(2026, 11, 14))
BOTH = {**ADMIN_SECTIONS, **REVENUE_SECTIONS}


def reader(engine: Engine) -> Read:
    def read(statement: Any) -> list[Any]:
        with engine.connect() as connection:
            return list(connection.execute(statement))

    return read


def report_of(
    engine: Engine,
    day: date = TODAY,
    settings: StoreReportSettings = SETTINGS,
    photos: Sequence[str] = (),
) -> StoreReport:
    figures = Figures(reader(engine), day, settings, store_settings().stock_locations, lambda: photos)
    return store_report(figures, BOTH)


def tables(report: StoreReport) -> dict[str, Any]:
    assert report.failed == ()
    sections = [one for one in report.sections if isinstance(one, Section)]
    return {table.name: table for section in sections for table in section.tables}


def rows(table: Any, *titles: str) -> list[tuple[Any, ...]]:
    """The columns of that name, of the rows that are no titles."""
    places = [[column.title for column in table.columns].index(title) for title in titles]
    return [tuple(row[place] for place in places) for row in table.rows if len(row) > 1]


class Books:
    """The store's tables in pandas."""

    def __init__(self, engine: Engine) -> None:
        self.lines = pd.read_sql(select(PS_TKT_HIST_LIN), engine)
        self.tickets = pd.read_sql(select(PS_TKT_HIST), engine)
        self.items = pd.read_sql(select(IM_ITEM), engine)
        stock = pd.read_sql(select(IM_INV), engine)
        here = stock[stock.LOC_ID.isin(store_settings().stock_locations)]
        self.stock = here.groupby("ITEM_NO").QTY_AVAIL.sum().astype(float)
        self.items["stock"] = self.items.ITEM_NO.map(self.stock)
        for frame in (self.lines, self.tickets):
            frame["day"] = pd.to_datetime(frame.BUS_DAT).dt.date
        self.lines = self.lines[self.lines.LIN_TYP.isin(["S", "R"])]
        for column in ("EXT_PRC", "EXT_COST", "QTY_SOLD"):
            self.lines[column] = self.lines[column].astype(float)

    def within(self, period: Period, *stores: str) -> pd.DataFrame:
        found = self.lines[(self.lines.day >= period.first) & (self.lines.day <= period.last)]
        return found[found.STR_ID.isin(stores)] if stores else found

    def tickets_within(self, period: Period) -> pd.DataFrame:
        return self.tickets[(self.tickets.day >= period.first) & (self.tickets.day <= period.last)]

    def best(self, period: Period, column: str, most: int) -> list[tuple[str, float]]:
        sums = self.within(period).groupby("ITEM_NO")[column].sum().round(4)
        ordered = sorted(sums.items(), key=lambda one: (-one[1], one[0]))
        return [(str(item), float(value)) for item, value in ordered if value > 0][:most]


@pytest.fixture(scope="module")
def engine(seeded: Path) -> Engine:
    return engine_for(URL.create("sqlite", database=str(seeded / "counterpoint.db")))


@pytest.fixture(scope="module")
def books(engine: Engine) -> Books:
    return Books(engine)


@pytest.fixture(scope="module")
def report(engine: Engine) -> StoreReport:
    return report_of(engine)


def test_revenue_agrees_with_pandas(books: Books, report: StoreReport) -> None:
    found = tables(report)
    yesterday = TODAY - timedelta(days=1)
    for table, place, period in (
        ("Days", 0, Period(yesterday, yesterday)),
        ("Weeks", 0, LAST_WEEK),
        ("Weeks", 5, Period(date(2026, 10, 4), date(2026, 10, 10))),
        ("Months and years", 0, Period(date(2026, 11, 1), yesterday)),
        ("Months and years", 2, Period(date(2024, 11, 1), date(2024, 11, 19))),
        ("Months and years", 3, Period(date(2026, 10, 1), date(2026, 10, 31))),
        ("Months and years", 7, Period(date(2025, 1, 1), date(2025, 11, 19))),
    ):
        titles = ("Store", "Web shop", "Total", "Tickets", "Wholesale")
        shop, web, total, tickets, wholesale = rows(found[table], *titles)[place]
        for value, stores in ((shop, ["1"]), (web, ["WEB"]), (total, ["1", "WEB"])):
            assert float(value) == pytest.approx(books.within(period, *stores).EXT_PRC.sum())
        assert shop + web == total > 0
        assert tickets == len(books.tickets_within(period))
        assert 0 <= wholesale < tickets
    changes = rows(found["Weeks"], "Total", "52 weeks before", "Change")
    for place, (now, before, grown) in enumerate(changes):
        first = LAST_WEEK.first - timedelta(weeks=52 + place)
        expected = books.within(Period(first, first + timedelta(days=6))).EXT_PRC.sum()
        assert float(before) == pytest.approx(expected)
        assert float(grown) == pytest.approx(float(now) / expected - 1, abs=1e-3)
    # The history begins in May 2024: a year of which a part is missing is not compared.
    assert rows(found["Months and years"], "Total", "Change")[7:] == [
        (rows(found["Months and years"], "Total")[7][0], None),
        (None, None),
    ]
    by_day = {row[0]: row for row in found["Day by day"].rows}
    assert max(by_day) == yesterday
    assert (
        sum(row[3] for day, row in by_day.items() if LAST_WEEK.first <= day <= LAST_WEEK.last)
        == changes[0][0]
    )


def test_wholesale_tickets_agree_with_pandas(engine: Engine, books: Books, report: StoreReport) -> None:
    customers = pd.read_sql(
        select(AR_CUST.c.CUST_NO, AR_CUST.c.NAM).where(AR_CUST.c.CATEG_COD == "WHOLESALE"), engine
    )
    found = tables(report)
    week = books.tickets_within(LAST_WEEK)
    theirs = week[week.CUST_NO.isin(customers.CUST_NO)]
    assert rows(found["Weeks"], "Wholesale")[0] == (len(theirs),)
    lines = books.within(LAST_WEEK).merge(theirs[["DOC_ID", "CUST_NO"]], on="DOC_ID")
    sums = lines.groupby("CUST_NO").EXT_PRC.sum().sort_values(ascending=False)
    shown = rows(found["Wholesale customers"], "Customer", "Tickets", "Revenue")
    names = customers.set_index("CUST_NO").NAM.str.strip()
    assert [name for name, *_ in shown] == [names[number] for number in sums.index[:10]]
    assert [float(amount) for *_, amount in shown] == pytest.approx(list(sums[:10]))
    assert sum(count for _, count, _ in shown) == lines[lines.CUST_NO.isin(sums.index[:10])].DOC_ID.nunique()
    totals = rows(found["Wholesale totals"], "Customers", "Revenue")
    assert totals[1][0] == len(sums)
    assert float(totals[1][1]) == pytest.approx(sums.sum())


def test_cost_agrees_with_pandas(books: Books, report: StoreReport) -> None:
    shown = rows(tables(report)["Cost and margin"], "", "Revenue", "Cost of goods", "Margin", "Margin %")
    for place, stores in ((0, ["1"]), (1, ["WEB"]), (2, ["1", "WEB"])):
        lines = books.within(LAST_WEEK, *stores)
        _, revenue, cost, margin, part = shown[place]
        assert float(cost) == pytest.approx(lines.EXT_COST.sum())
        assert revenue - cost == margin
        assert float(part) == pytest.approx(1 - lines.EXT_COST.sum() / lines.EXT_PRC.sum(), abs=1e-3)


def test_sales_reps_agree_with_pandas(engine: Engine, books: Books, report: StoreReport) -> None:
    lines = books.within(LAST_WEEK, "1")
    names = {row.USR_ID: row.NAM for row in reader(engine)(select(SY_USR))}
    expected = lines.groupby("SLS_REP").agg(amount=("EXT_PRC", "sum"), tickets=("DOC_ID", "nunique"))
    expected = expected.sort_values("amount", ascending=False)[: SETTINGS.sales_reps]
    shown = rows(tables(report)["Sales reps"], "Sales rep", "Tickets", "Revenue", "Each ticket")
    assert [(name, tickets) for name, tickets, *_ in shown] == [
        (names[rep], row.tickets) for rep, row in expected.iterrows()
    ]
    for (_, tickets, amount, each), (_, row) in zip(shown, expected.iterrows(), strict=True):
        assert float(amount) == pytest.approx(row.amount)
        assert each * tickets == pytest.approx(amount)


def test_best_sellers_and_low_stock_agree_with_pandas(
    engine: Engine, books: Books, report: StoreReport
) -> None:
    found = tables(report)
    coming = Period(date(2025, 11, 20), date(2026, 1, 4))
    windows = {
        "Last week": LAST_WEEK,
        "Month": Period(date(2026, 11, 1), date(2026, 11, 19)),
        "Month, year before": Period(date(2025, 11, 1), date(2025, 11, 19)),
        "Coming, year before": coming,
    }
    for name, window in windows.items():
        for words, title, column in (("by revenue", "Revenue", "EXT_PRC"), ("by pieces", "Sold", "QTY_SOLD")):
            shown = [(item, float(value)) for item, value in rows(found[f"{name} {words}"], "SKU", title)]
            assert shown == [(item, pytest.approx(v)) for item, v in books.best(window, column, 15)]
    stock = books.items.set_index("ITEM_NO").stock
    best = [item for item, _ in books.best(coming, "EXT_PRC", 500)]
    expected = [(item, float(stock[item])) for item in best if item in stock and stock[item] <= 50]
    assert [(item, float(left)) for item, left in rows(found["Low stock"], "SKU", "In stock")] == expected[
        :100
    ]
    # Exactly as many as the limit are few, too.
    left = max(int(value) for _, value in expected if value > 0 and value == int(value))
    fewer = SETTINGS.model_dump() | {
        "low_stock": SETTINGS.low_stock.model_dump() | {"at_most": left, "rows": 500}
    }
    limited = tables(report_of(engine, settings=StoreReportSettings.model_validate(fewer)))["Low stock"]
    assert {item for item, _ in rows(limited, "SKU", "In stock")} == {i for i, v in expected if v <= left}
    gone = [row for row in found["Coming, year before by revenue"].rows if row[1] not in stock]
    assert all(row[0] == "(no longer in the item file)" and row[4] is None for row in gone)


def test_categories_agree_with_pandas(books: Books, report: StoreReport) -> None:
    found = tables(report)
    lines = books.within(LAST_WEEK, "1").assign(code=lambda frame: frame.CATEG_COD.str.upper())
    sums = lines.groupby("code").EXT_PRC.sum().sort_values(ascending=False)
    shown = rows(found["Categories"], "Category", "Revenue", "Share")
    assert [float(amount) for _, amount, _ in shown] == pytest.approx(list(sums[:10]))
    assert float(shown[0][2]) == pytest.approx(sums.iloc[0] / sums.sum(), abs=1e-3)
    best = lines[lines.code == sums.index[0]].groupby("ITEM_NO").QTY_SOLD.sum()
    theirs = [row for row in rows(found["Categories, items by pieces"], "Category", "SKU", "Sold")
              if row[0] == shown[0][0]]  # fmt: skip
    assert [float(row[2]) for row in theirs] == sorted(best[best > 0], reverse=True)[:10]


def test_item_checks_agree_with_pandas(engine: Engine, books: Books) -> None:
    found = tables(report_of(engine, photos=["x.jpg"]))
    items = books.items[books.items.ADDL_DESCR_1.str.strip().str.upper() != "EXCLUDE"]
    bound = items[items.USR_PROF_ALPHA_16.notna()]
    items = items[items.CATEG_COD.str.strip().str.upper() != "SERVICES"]
    active, stock = items.STAT == "A", items.stock.fillna(0)
    buffered = (stock - items.PROF_NO_1.astype(float).fillna(0)).clip(lower=0).astype(int)
    on_web, visible = items.IS_ECOMM_ITEM == "Y", items.USR_CPC_IS_ENABLED == "Y"
    shown = {row.ITEM_NO for row in reader(engine)(select(EC_CATEG_ITEM.c.ITEM_NO))}
    descriptions = {row.ITEM_NO: row.HTML_DESCR or "" for row in reader(engine)(select(EC_ITEM_DESCR))}
    long = items.ITEM_NO.map(lambda item: len(descriptions.get(item, "").encode()) >= 60)
    alone = items.USR_PROF_ALPHA_16.isna() | (items.IS_ADM_TKT == "Y")
    for name, chosen in {
        "Negative stock": stock < 0,
        "Inactive with stock": (items.STAT == "V") & (stock > 0),
        "Not on the web": active & (stock > 0) & ~on_web,
        "Not visible": active & on_web & ~visible & (buffered > 0),
        "No web category": active & ~items.ITEM_NO.isin(shown),
        "No category": active & items.CATEG_COD.isna(),
        "Web descriptions": active & on_web & alone & (buffered > 0) & ~long,
        "Items without photo": on_web & (buffered > 0),
    }.items():
        listed = {sku for (sku,) in rows(found[name], "SKU")} if name in found else set()
        assert listed == set(items[chosen].ITEM_NO.str.strip()), name
    parents = bound.groupby(bound.USR_PROF_ALPHA_16.str.upper()).IS_ADM_TKT.apply(
        lambda flags: (flags == "Y").sum()
    )
    problems = rows(found["Binding ids"], "Binding id", "Problem")
    assert {key for key, words in problems if words == "no item is its parent"} == set(
        parents[parents == 0].index
    )
    assert {key for key, words in problems if "are its parent" in words} == set(parents[parents > 1].index)
    assert {words.split()[0] for _, words in problems} >= {"no", "2", "1", "the"}


def test_photos_are_found_however_they_are_spelled(engine: Engine, books: Books) -> None:
    everything = tables(report_of(engine))
    (first,), (second,), *rest = rows(everything["Items without photo"], "SKU")
    product = rows(everything["Products without photo"], "Binding id")[0][0]
    photos = [f"{first.lower()}.JPG", f"{second}^1.jpg", f"{product.lower()}.jpg", "Thumbs.db"]
    found = tables(report_of(engine, photos=photos))
    assert rows(found["Items without photo"], "SKU") == rest
    assert (product,) not in rows(found["Products without photo"], "Binding id")


def test_payments_agree_with_pandas_and_with_the_tickets(
    engine: Engine, books: Books, report: StoreReport
) -> None:
    found = tables(report)
    payments = pd.read_sql(select(PS_TKT_HIST_PMT), engine).merge(
        books.tickets[["DOC_ID", "POST_DAT"]], on="DOC_ID"
    )
    payments["posted"] = pd.to_datetime(payments.POST_DAT).dt.date
    week = payments[(payments.posted >= LAST_WEEK.first) & (payments.posted <= LAST_WEEK.last)]
    for store in ("1", "WEB"):
        shown = [row for row in found[f"Payments {store}"].rows if not row[0].startswith("−")]
        table = {row[0].rpartition(": ")[2]: row for row in shown}
        expected = week[store == week.STR_ID].groupby("PAY_COD").AMT.sum()
        named = {"CASH": "Cash", "CHECK": "Checks", "GIFT": "Gift cards redeemed", "LOYALTY": "Reward points",
                 "STORE CRED": "Store credit"}  # fmt: skip
        for code, amount in expected.items():
            row = table.get(str(code)) or table[named.get(str(code), "Cards")]
            assert float(row[-1]) == pytest.approx(float(amount)), code
            assert sum(row[1:-1]) == row[-1]
    # Over the whole history what is left of the payments is what the tickets' goods cost.
    history = Period(date(2024, 1, 1), TODAY)
    stores = read_payments(reader(engine), history)
    days = [history.first + timedelta(days=place) for place in range((history.end - history.first).days)]
    for store, one in stores.items():
        assert float(one.revenue(days)) == pytest.approx(
            float(books.lines[store == books.lines.STR_ID].EXT_PRC.sum())
        )


def test_few_statements_however_much_there_is(engine: Engine) -> None:
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    report_of(engine)
    event.remove(engine, "before_cursor_execute", note)
    assert len(seen) == len(set(seen)) <= 20


SUNDAY = date(2026, 5, 10)
MONDAY = SUNDAY + timedelta(days=1)


def ticket(
    number: int, day: date, store: str | None, lines: Sequence[tuple[Any, ...]], customer: str = "CASH"
) -> dict[str, Any]:
    """A ticket; its lines are (kind, item, category, quantity, price, cost)."""
    return {"number": number, "day": day, "store": store, "lines": lines, "customer": customer}


def book(engine: Engine, *tickets: dict[str, Any]) -> None:
    with engine.begin() as connection:
        for one in tickets:
            key = {"DOC_ID": one["number"], "BUS_DAT": one["day"], "STR_ID": one["store"]}
            head = {"TKT_NO": f"T{one['number']}", "POST_DAT": one["day"], "CUST_NO": one["customer"]}
            connection.execute(insert(PS_TKT_HIST), key | head)
            for place, (kind, item, category, quantity, price, cost) in enumerate(one["lines"]):
                line = {
                    "LIN_SEQ_NO": place, "LIN_TYP": kind, "ITEM_NO": item, "CATEG_COD": category,
                    "QTY_SOLD": quantity, "EXT_PRC": price, "EXT_COST": cost, "SLS_REP": "ann ",
                }  # fmt: skip
                connection.execute(insert(PS_TKT_HIST_LIN), key | line)


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Counterpoint's tables and views without a row, on each kind of database."""
    with fresh_database(request.param, tmp_path) as url:
        engine = engine_for(url)
        with engine.connect() as connection:
            metadata.create_all(connection)
            for name, query in view_definitions().items():
                connection.execute(CreateView(query, name))
            connection.commit()
        yield engine


def test_an_empty_store_gets_a_proper_mail(empty: Engine) -> None:
    report = report_of(empty)
    assert report.failed == ()
    for template in ("admin_report", "revenue_report"):
        letter = as_letter(template, "Morning report", "Nov 20, 2026", report)
        assert "None" not in letter.html.replace("None of", "")
        assert "$0" in letter.text
        load_workbook(io.BytesIO(letter.attachments[0].content))


def test_what_counts_as_revenue(empty: Engine) -> None:
    several = SETTINGS.model_dump() | {
        "channels": [
            {"title": "Tills", "stores": ["1", "2 "], "till": True},
            {"title": "Web", "stores": ["web"]},
        ]
    }
    settings = StoreReportSettings.model_validate(several)
    saturday, year_before = SUNDAY - timedelta(days=1), SUNDAY - timedelta(days=364)
    with empty.begin() as connection:
        connection.execute(
            insert(AR_CUST), {"CUST_NO": "w-1", "NAM": None, "CATEG_COD": "wholesale ", "LOY_PTS_BAL": 0}
        )
        connection.execute(insert(IM_ITEM), {"ITEM_NO": "a1", "LONG_DESCR": "Aster"})
        connection.execute(insert(SY_USR), {"USR_ID": "ANN", "NAM": "Ann"})
    book(
        empty,
        ticket(1, saturday, "1", [("S", "A1", "X", 3, 30, 10), ("U", "A1", "X", 3, 30, 10)]),
        # A return counts once, whichever sign it was written with.
        ticket(2, saturday, "2", [("R", "a1 ", "x", -1, -10, -4), ("r", "A1", "X", 1, 5, 2)], "W-1"),
        ticket(3, saturday, "WEB", [("S", None, None, 1, Decimal("0.3333"), None)]),
        ticket(4, saturday, "9", [("S", "GONE", "X", 1, 7, 1), ("S", "A1", None, None, None, None)]),
        ticket(5, SUNDAY, "web", [("S", "A1", "X", 1, 40, 20)]),
        ticket(6, year_before, "WEB", [("S", "A1", "X", 1, 20, 20)]),
        ticket(7, year_before - timedelta(days=1), "1", [("S", "A1", "X", 1, 10, 5)]),
        ticket(8, date(2023, 1, 2), None, [("S", "A1", "X", 1, 10, 5)]),
    )
    found = tables(report_of(empty, MONDAY, settings))
    days = rows(
        found["Days"], "Tills", "Web", "Other stores", "Total", "52 weeks before", "Change", "Tickets"
    )
    # On Monday the last open day, Saturday, and the closed Sunday with what the web sold.
    assert days[0] == (15, Decimal("0.3333"), 7, Decimal("22.3333"), 10, Decimal("1.2333"), 4)
    assert days[1] == ("closed", 40, 0, 40, 20, 1, 1)
    assert rows(found["Weeks"], "Total", "Wholesale", "Days open")[0] == (Decimal("22.3333"), 1, 6)
    assert rows(found["Cost and margin"], "", "Cost of goods")[0] == ("Tills", 4)
    assert rows(found["Sales reps"], "Sales rep", "Tickets", "Revenue") == [("Ann", 2, 15)]
    assert rows(found["Wholesale customers"], "Customer", "Revenue") == [("w-1", -15)]
    best = rows(found["Last week by revenue"], "Item", "SKU", "Revenue", "Sold")
    assert best == [("Aster", "a1", 15, 1), ("(no longer in the item file)", "GONE", 7, 1)]
    assert rows(found["Categories"], "Category", "Revenue", "Pieces") == [("X", 15, 1)]


def test_what_is_wrong_with_binding_ids(empty: Engine) -> None:
    items = [
        ("A", "B0001", "Y", "Small"), ("B", " b0001", "N", "large"),
        ("C", "B12", "Y", "Red"), ("D", "B0002", "N", "Red"), ("E", "B0002", "N", "red "),
        ("F", "B0003", "Y", None), ("G", "B0003", "y", "Blue"),
    ]  # fmt: skip
    with empty.begin() as connection:
        for number, binding, parent, variant in items:
            row = {"USR_PROF_ALPHA_16": binding, "IS_ADM_TKT": parent, "USR_PROF_ALPHA_17": variant}
            connection.execute(insert(IM_ITEM), {"ITEM_NO": number, "ADDL_DESCR_1": None} | row)
        hidden = {"ITEM_NO": "H", "ADDL_DESCR_1": "exclude", "USR_PROF_ALPHA_16": "XX"}
        connection.execute(insert(IM_ITEM), hidden)
    assert [tuple(row) for row in tables(report_of(empty))["Binding ids"].rows] == [
        ("B0002", "D, E", "no item is its parent"),
        ("B0002", "D, E", "the variant name Red stands twice"),
        ("B0003", "F, G", "2 items are its parent"),
        ("B0003", "F, G", "1 items have no variant name"),
        ("B12", "C", "does not look like a binding id"),
    ]


def test_a_closed_day_is_not_compared(empty: Engine) -> None:
    # A Thursday; 52 weeks before, the tills were closed.
    day = date(2026, 12, 24)
    closed = {"closed": {"weekdays": ["sunday"], "every_year": ["12-25"]}}
    settings = StoreReportSettings.model_validate(SETTINGS.model_dump() | closed)
    year_before = day - timedelta(days=364)
    assert year_before == date(2025, 12, 25)
    sold = [("S", "A", "X", 1, 10, 5)]
    book(
        empty,
        ticket(1, date(2024, 1, 1), "1", sold),
        ticket(2, day, "1", sold),
        ticket(3, year_before, "WEB", sold),
    )
    after = day + timedelta(days=1)
    titles = ("Store", "Web shop", "52 weeks before", "Change")
    assert rows(tables(report_of(empty, after, settings))["Days"], *titles) == [(10, 0, "closed", None)]
    # Had the tills sold something on that day, they would have been open.
    book(empty, ticket(4, year_before, "1", [("S", "A", "X", 1, 40, 5)]))
    assert rows(tables(report_of(empty, after, settings))["Days"], *titles) == [(10, 0, 50, Decimal("-0.8"))]


def test_what_counts_as_payment(empty: Engine) -> None:
    monday, saturday = date(2026, 11, 9), date(2026, 11, 14)
    paid: list[tuple[date, str, str | None, int]] = [
        (monday, "1", "VISA", 100),
        (monday, "1", "visa", 20),
        (saturday, "1", "CASH", -5),
        (saturday, "2", "BITCOIN", 9),
        (saturday, "2", None, 1),
        (date(2026, 11, 15), "1", "CASH", 1000),
    ]
    deposited: list[tuple[str, str, int | None, datetime]] = [
        ("VISA", "N", 30, datetime(2026, 11, 9, 23, 59)),
        ("visa", "n", 5, datetime(2026, 11, 9, 8)),
        ("CHECK", "N", 7, datetime(2026, 11, 14, 23, 59, 59)),
        ("CASH", "Y", 99, datetime(2026, 11, 14)),
        ("CASH", "N", 99, datetime(2026, 11, 15)),
        ("CASH", "N", None, datetime(2026, 11, 14)),
    ]
    cards: list[tuple[int | None, int]] = [(25, 9), (50, 9), (None, 14), (1, 7)]
    with empty.begin() as connection:
        connection.execute(insert(PS_STR), {"STR_ID": "1", "DESCR": "Barn"})
        for number, (day, store, code, amount) in enumerate(paid):
            key = {"DOC_ID": number, "BUS_DAT": day, "STR_ID": store}
            connection.execute(insert(PS_TKT_HIST), key | {"TKT_NO": f"T{number}", "POST_DAT": day})
            payment = {"PMT_SEQ_NO": 1, "PAY_COD": code, "AMT": amount}
            connection.execute(insert(PS_TKT_HIST_PMT), key | payment)
        for number, (code, final, taken, at) in enumerate(deposited):
            deposit = {"PAY_COD": code, "FINAL_PMT": final, "AMT": taken, "PAY_DAT": at}
            key = {"DOC_ID": number, "PMT_SEQ_NO": 1, "STR_ID": "1"}
            connection.execute(insert(PS_DOC_PMT), key | deposit)
        for number, (sold_for, day_of_month) in enumerate(cards):
            sold = {
                "ORIG_AMT": sold_for,
                "ORIG_DAT": datetime(2026, 11, day_of_month, 12),
                "ORIG_STR_ID": "1",
            }
            connection.execute(insert(SY_GFC), {"GFC_NO": str(number)} | sold)
    found = tables(report_of(empty))
    barn = found["Payments 1"]
    assert barn.title == "Barn (1)"
    on = {row[0]: (row[2], row[7], row[8]) for row in [*barn.rows, barn.total]}
    assert on["Cards"] == (120, 0, 120)
    assert on["Payments"] == (120, -5, 115)
    assert on["− Deposits: VISA"] == (-35, 0, -35)
    assert on["− Deposits: CHECK"] == (0, -7, -7)
    assert on["− Gift cards sold"] == (-75, 0, -75)
    assert on["Revenue"] == (10, -12, -2)
    other = {row[0]: row[8] for row in found["Payments 2"].rows}
    assert (other["Other: BITCOIN"], other["Other: (no pay code)"], other["Other, all"]) == (9, 1, 10)
    assert found["Payments all stores"].total[8] == 8
    assert sum(row[6] for row in found["Pay codes"].rows if row[2] == "payment") == 125


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "sqlite"])
def test_every_server_answers_as_sqlite_does(kind: str, tmp_path: Path) -> None:
    made = []
    for one in ("sqlite", kind):
        with fresh_database(one, tmp_path) as url:
            seed(url.render_as_string(hide_password=False), until=TODAY, scale=0.02)
            made.append(report_of(engine_for(url), photos=["1001.jpg"]))
    assert made[0].failed == ()
    for expected, found in zip(made[0].sections, made[1].sections, strict=True):
        assert found == expected, expected.title
    assert len(made[0].sections) == len(BOTH)
