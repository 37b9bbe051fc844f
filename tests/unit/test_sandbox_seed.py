"""The simulated store: what every other test and the demo rely on when they use it."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Select, create_engine, func, insert, select, update
from sqlalchemy.dialects import mssql
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import Numeric, String

from include.counterpoint import tables as t
from include.errors import InvalidRequest
from include.sandbox.seed import SeedSummary, cli, is_seeded, phones, seed

UNTIL = date(2026, 5, 7)
SCALE = 0.02
ITEM, CUSTOMER, TICKET, LINE = t.IM_ITEM.c, t.AR_CUST.c, t.PS_TKT_HIST.c, t.PS_TKT_HIST_LIN.c
IS_COUNTED = LINE.LIN_TYP.in_(["S", "R"])


class Store:
    """A filled database and what filling it reported."""

    def __init__(self, folder: Path, until: date = UNTIL, **options: Any) -> None:
        self.url = f"sqlite:///{folder / 'store.db'}"
        self.until = until
        self.summary: SeedSummary = seed(self.url, until=until, **{"scale": SCALE, **options})
        self.engine: Engine = create_engine(self.url)

    def rows(self, query: Select) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(query))

    def values(self, column: Any, *where: Any) -> list[Any]:
        return [row[0] for row in self.rows(select(column).where(*where))]

    def midnight(self, days_ago: int) -> datetime:
        return datetime.combine(self.until - timedelta(days=days_ago), datetime.min.time())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = Store(tmp_path_factory.mktemp("store"))
    yield made
    made.engine.dispose()


def contents(store: Store) -> dict[str, list[Any]]:
    return {name: sorted(store.rows(select(table)), key=repr) for name, table in t.metadata.tables.items()}


def test_the_store_has_the_size_that_was_asked_for(store: Store) -> None:
    rows = store.summary.rows
    assert rows["IM_ITEM"] == 100
    assert rows["AR_CUST"] == 401
    assert 7_400 <= rows["PS_TKT_HIST_LIN"] <= 8_600
    assert all(rows.values()), "every table has rows"
    assert {name: len(found) for name, found in contents(store).items()} == rows
    first, last = store.rows(select(func.min(TICKET.BUS_DAT), func.max(TICKET.BUS_DAT)))[0]
    assert last == UNTIL
    assert timedelta(days=905) <= last - first <= timedelta(days=913)


def test_the_same_arguments_give_the_same_store_and_another_seed_another(
    store: Store, tmp_path: Path
) -> None:
    for name in ("again", "other"):
        (tmp_path / name).mkdir()
    assert contents(Store(tmp_path / "again")) == contents(store)
    other = contents(Store(tmp_path / "other", random_seed=1))
    assert other["IM_ITEM"] != contents(store)["IM_ITEM"]
    assert other["AR_CUST"] != contents(store)["AR_CUST"]


def test_every_text_fits_its_column_and_the_store_s_code_page(store: Store) -> None:
    for table in t.metadata.tables.values():
        for row in store.rows(select(table)):
            for column, value in zip(table.columns, row, strict=True):
                if isinstance(value, str):
                    value.encode("cp1252")
                    if isinstance(column.type, String) and column.type.length:
                        assert len(value) <= column.type.length, (column, value)


def test_tickets_add_up(store: Store) -> None:
    sums = (
        select(LINE.DOC_ID, func.sum(LINE.EXT_PRC).label("price"), func.sum(LINE.EXT_COST).label("cost"))
        .where(IS_COUNTED)
        .group_by(LINE.DOC_ID)
        .subquery()
    )
    rows = store.rows(
        select(TICKET.TOT, TICKET.TOT_EXT_COST, sums.c.price, sums.c.cost).join(
            sums, sums.c.DOC_ID == TICKET.DOC_ID, isouter=True
        )
    )
    without_lines = [row for row in rows if row.price is None]
    assert all(row.TOT == 0 for row in without_lines), "a ticket without lines only takes a deposit"
    assert len(without_lines) < 20
    assert all((row.price, row.cost) == (row.TOT, row.TOT_EXT_COST) for row in rows if row.price is not None)


def test_payments_less_deposits_and_gift_cards_are_the_revenue_of_each_day(store: Store) -> None:
    paid, pay = t.VI_TKT_HIST_PAY_COD.c, t.PS_DOC_PMT.c
    day: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for store_id, posted, amount in store.rows(select(paid.STR_ID, paid.POST_DAT, paid.NET_PMT_AMT)):
        day[store_id, posted] += amount
    for store_id, paid_on, amount in store.rows(
        select(pay.STR_ID, pay.PAY_DAT, pay.AMT).where(pay.FINAL_PMT == "N")
    ):
        day[store_id, paid_on.date()] -= amount
    card = t.SY_GFC.c
    for store_id, sold_on, amount in store.rows(select(card.ORIG_STR_ID, card.ORIG_DAT, card.ORIG_AMT)):
        day[store_id, sold_on.date()] -= amount
    revenue = store.rows(
        select(TICKET.STR_ID, TICKET.POST_DAT, func.sum(TICKET.TOT)).group_by(TICKET.STR_ID, TICKET.POST_DAT)
    )
    assert {key: amount for key, amount in day.items() if amount} == {
        (store_id, posted): amount for store_id, posted, amount in revenue if amount
    }


def test_gift_cards_and_points_balance(store: Store) -> None:
    card, event = t.SY_GFC.c, t.SY_GFC_ACTIV.c
    left: dict[str, Decimal] = defaultdict(Decimal)
    for number, amount in store.rows(select(event.GFC_NO, event.AMT)):
        left[number] += amount
    assert left == dict(store.rows(select(card.GFC_NO, card.CURR_AMT)))
    assert min(left.values()) >= 0
    columns = (
        CUSTOMER.LOY_PTS_BAL,
        CUSTOMER.TOT_LOY_PTS_EARND,
        CUSTOMER.TOT_LOY_PTS_RDM,
        CUSTOMER.TOT_LOY_PTS_ADJ,
    )
    for balance, earned, redeemed, adjusted in store.rows(select(*columns).where(CUSTOMER.CUST_NO != "CASH")):
        assert balance == earned - redeemed + adjusted


def test_refunds_return_what_was_sold_before(store: Store) -> None:
    tickets = {row.TKT_NO: row for row in store.rows(select(t.PS_TKT_HIST))}
    lines: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    kinds: dict[int, set[str]] = defaultdict(set)
    for row in store.rows(select(t.PS_TKT_HIST_LIN).where(IS_COUNTED)):
        lines[row.DOC_ID][row.ITEM_NO] += row.QTY_SOLD
        kinds[row.DOC_ID].add(row.LIN_TYP)
    suffixes: Counter[str] = Counter()
    for number, refund in tickets.items():
        base, mark, count = number.rpartition("R")
        if not (mark and count.isdigit() and base.rstrip("P") in tickets):
            continue
        sale = tickets[base.rstrip("P")]
        suffixes[number[len(base.rstrip("P")) :]] += 1
        assert refund.BUS_DAT >= sale.BUS_DAT
        assert refund.TKT_DT > sale.TKT_DT
        assert (refund.CUST_NO, refund.STR_ID) == (sale.CUST_NO, sale.STR_ID)
        assert kinds[refund.DOC_ID] == {"R"}
        assert all(
            -lines[sale.DOC_ID][item] <= quantity < 0 for item, quantity in lines[refund.DOC_ID].items()
        )
        if number.endswith("R1") and not number.endswith("PR1"):
            assert refund.TOT == -sale.TOT
    assert suffixes["R1"] > 10
    assert suffixes["PR1"] > 10
    assert any("R" in number and number.startswith("GR") for number in tickets), "an R that means no refund"


def sales_of_customers(store: Store) -> tuple[dict[str, list[date]], dict[str, list[date]], set[str]]:
    """Days of all sales and of those not fully refunded, per customer; and who had a full refund."""
    tickets = {row.TKT_NO: row for row in store.rows(select(t.PS_TKT_HIST))}
    with_sales = set(store.values(LINE.DOC_ID, LINE.LIN_TYP == "S"))
    everything: dict[str, list[date]] = defaultdict(list)
    standing: dict[str, list[date]] = defaultdict(list)
    refunded: set[str] = set()
    for number, ticket in tickets.items():
        if ticket.DOC_ID not in with_sales or ticket.CUST_NO == "CASH":
            continue
        everything[ticket.CUST_NO].append(ticket.BUS_DAT)
        if f"{number}R1" in tickets:
            refunded.add(ticket.CUST_NO)
        else:
            standing[ticket.CUST_NO].append(ticket.BUS_DAT)
    return everything, standing, refunded


def test_first_and_last_sale_agree_with_the_tickets_unless_a_refund_waits_for_clean_up(
    store: Store,
) -> None:
    everything, standing, refunded = sales_of_customers(store)
    wrong = []
    amounts: dict[tuple[str, date], list[Decimal]] = defaultdict(list)
    for number, day, total in store.rows(select(TICKET.CUST_NO, TICKET.BUS_DAT, TICKET.TOT)):
        amounts[number, day].append(total)
    columns = (CUSTOMER.CUST_NO, CUSTOMER.FST_SAL_DAT, CUSTOMER.LST_SAL_DAT, CUSTOMER.LST_SAL_AMT)
    query = select(*columns).where(CUSTOMER.CUST_NO != "CASH")
    for number, first, last, amount in store.rows(query):
        days = standing[number]
        found = (first and first.date(), last and last.date())
        if found != ((min(days), max(days)) if days else (None, None)):
            wrong.append(number)
            assert number in refunded
            assert found == (min(everything[number]), max(everything[number]))
        if last:
            assert amount in amounts[number, last.date()]
    assert wrong, "there is something to clean up"
    assert len(wrong) < 20


def test_refunds_of_today_wait_to_be_cleaned_up(store: Store) -> None:
    today = store.rows(
        select(TICKET.TKT_NO, CUSTOMER.FST_SAL_DAT, CUSTOMER.LST_SAL_DAT, CUSTOMER.STATE)
        .join(t.AR_CUST, CUSTOMER.CUST_NO == TICKET.CUST_NO)
        .where(TICKET.BUS_DAT == UNTIL, TICKET.TKT_NO.endswith("R1"), TICKET.TOT < 0)
    )
    first_orders = [row for row in today if row.FST_SAL_DAT == row.LST_SAL_DAT == store.midnight(0)]
    assert first_orders
    assert any(row.STATE != "NY" and row.TKT_NO.startswith("S") for row in first_orders)
    assert any(row.FST_SAL_DAT < row.LST_SAL_DAT for row in today), "a regular who brought something back"


@pytest.mark.parametrize(
    "until", [UNTIL, date(2026, 5, 11), date(2026, 1, 4)], ids=["Thursday", "Monday", "Sunday"]
)
def test_each_campaign_finds_customers(until: date, tmp_path: Path) -> None:
    store = Store(tmp_path, until=until)
    reachable = (CUSTOMER.INCLUDE_IN_MARKETING_MAILOUTS == "Y", CUSTOMER.PHONE_1.is_not(None))
    for days_ago in (1, 3, 7):
        then = store.midnight(days_ago)
        assert store.values(
            CUSTOMER.CUST_NO, *reachable, CUSTOMER.CATEG_COD == "RETAIL", then == CUSTOMER.FST_SAL_DAT
        )
        assert store.values(
            CUSTOMER.CUST_NO,
            *reachable,
            CUSTOMER.CATEG_COD == "RETAIL",
            then == CUSTOMER.LST_SAL_DAT,
            then > CUSTOMER.FST_SAL_DAT,
        )
    wholesale = (CUSTOMER.CATEG_COD == "WHOLESALE", store.midnight(1) == CUSTOMER.LST_SAL_DAT)
    assert store.values(CUSTOMER.CUST_NO, *reachable, *wholesale)
    months = {value.strip().lstrip("0") for value in store.values(CUSTOMER.PROF_COD_2, *reachable) if value}
    assert {str(month) for month in range(1, 13)} <= months


def test_trade_follows_weekday_season_and_growth(store: Store) -> None:
    tickets = store.rows(select(TICKET.BUS_DAT, TICKET.STR_ID, TICKET.TOT))
    weekdays = Counter(row.BUS_DAT.weekday() for row in tickets if row.STR_ID == "1")
    assert weekdays[6] == 0
    assert weekdays[5] > 1.5 * weekdays[1]
    assert any(row.BUS_DAT.weekday() == 6 for row in tickets if row.STR_ID == "WEB")
    months = Counter(row.BUS_DAT.strftime("%Y-%m") for row in tickets)
    assert months["2025-05"] > 3 * months["2025-02"]
    assert months["2024-12"] > 1.5 * months["2025-01"]
    years = [
        sum(
            UNTIL - timedelta(days=365 * (back + 1)) < row.BUS_DAT <= UNTIL - timedelta(days=365 * back)
            for row in tickets
        )
        for back in (0, 1)
    ]
    assert years[0] > years[1]


def test_categories_have_their_own_season(store: Store) -> None:
    lines = store.rows(select(LINE.BUS_DAT, LINE.CATEG_COD).where(LINE.LIN_TYP == "S"))
    by_month: dict[str, Counter[int]] = defaultdict(Counter)
    for row in lines:
        by_month[row.CATEG_COD][row.BUS_DAT.month] += 1
    assert by_month["ANNUAL"].most_common(1)[0][0] == 5
    christmas = by_month["CHRISTMAS"]
    assert christmas[11] + christmas[12] > 0.8 * christmas.total()
    assert by_month["SEEDS"][3] > by_month["SEEDS"][8]


def test_few_items_make_most_of_the_sales(store: Store) -> None:
    sold = Counter(store.values(LINE.ITEM_NO, LINE.LIN_TYP == "S"))
    top = sum(count for _, count in sold.most_common(len(sold) // 5))
    assert top > 0.5 * sold.total()


def test_stock_is_kept_per_location(store: Store) -> None:
    rows = store.rows(select(t.IM_INV))
    items = set(store.values(ITEM.ITEM_NO))
    assert {(row.ITEM_NO, row.LOC_ID) for row in rows} == {
        (i, loc) for i in items for loc in ("1", "2", "WEB")
    }
    assert all(row.QTY_AVAIL == row.QTY_ON_HND - row.QTY_COMMIT for row in rows)
    assert all(row.NET_QTY == row.QTY_AVAIL + row.QTY_ON_PO for row in rows)
    assert any(row.QTY_AVAIL < 0 for row in rows)
    assert all(sum(row.QTY_AVAIL > 0 for row in rows if place == row.LOC_ID) for place in ("1", "2", "WEB"))
    document = t.PS_DOC_LIN.c
    ordered: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for number, place, quantity in store.rows(
        select(document.ITEM_NO, document.STR_ID, document.QTY_SOLD).where(document.LIN_TYP == "O")
    ):
        ordered[number, place] += quantity
    assert ordered == {(row.ITEM_NO, row.LOC_ID): row.QTY_COMMIT for row in rows if row.QTY_COMMIT}
    last_sold = dict(
        store.rows(
            select(LINE.ITEM_NO, func.max(LINE.BUS_DAT))
            .where(LINE.LIN_TYP == "S", LINE.STR_ID == "1")
            .group_by(LINE.ITEM_NO)
        )
    )
    for row in rows:
        if row.LOC_ID == "1":
            assert (row.LST_SAL_DAT and row.LST_SAL_DAT.date()) == last_sold.get(row.ITEM_NO)


def test_new_items_were_received_lately_and_never_sold(store: Store) -> None:
    received = t.PO_RECVR_HIST_LIN.c
    first = dict(
        store.rows(select(received.ITEM_NO, func.min(received.RECVR_DAT)).group_by(received.ITEM_NO))
    )
    sold = set(store.values(LINE.ITEM_NO))
    new = [number for number, day in first.items() if day >= store.midnight(14) and number not in sold]
    assert new
    lately = store.values(received.ITEM_NO, store.midnight(14) <= received.RECVR_DAT)
    assert set(lately) - set(new), "some known items came in again"


def test_rows_refer_to_rows_that_exist(store: Store) -> None:
    items, customers = set(store.values(ITEM.ITEM_NO)), set(store.values(CUSTOMER.CUST_NO))
    documents = set(store.values(TICKET.DOC_ID))
    for table in (t.IM_PRC, t.EC_ITEM_DESCR, t.EC_CATEG_ITEM, t.PO_RECVR_HIST_LIN, t.PS_DOC_LIN):
        assert set(store.values(table.c.ITEM_NO)) <= items, table
    for table in (t.PS_TKT_HIST, t.PS_DOC_HDR, t.AR_SHIP_ADRS, t.AR_LOY_PT_ADJ_HIST):
        assert set(store.values(table.c.CUST_NO)) <= customers, table
    for table in (t.PS_TKT_HIST_LIN, t.PS_TKT_HIST_PMT):
        assert set(store.values(table.c.DOC_ID)) <= documents, table
    assert set(store.values(ITEM.PROF_COD_1, ITEM.PROF_COD_1.is_not(None))) <= set(
        store.values(t.IM_ITEM_PROF_COD.c.PROF_COD)
    )
    categories = set(store.values(t.IM_CATEG_COD.c.CATEG_COD))
    assert {code.upper() for code in store.values(ITEM.CATEG_COD) if code} <= categories
    assert set(store.values(t.EC_CATEG_ITEM.c.CATEG_ID)) <= set(store.values(t.EC_CATEG.c.CATEG_ID))
    gone = set(store.values(LINE.ITEM_NO)) - items
    assert 0 < len(gone) < 10, "a few items were sold and then deleted"


def test_views_answer_as_the_till_s_do(store: Store) -> None:
    lines = store.rows(select(t.VI_PS_TKT_HIST_LIN))
    posted = {row.DOC_ID: row.POST_DAT for row in store.rows(select(t.VI_PS_TKT_HIST))}
    assert len(lines) == store.summary.rows["PS_TKT_HIST_LIN"]
    assert all(posted[row.DOC_ID] == row.POST_DAT for row in lines)
    assert any(row.POST_DAT > row.BUS_DAT for row in lines), "some tickets are posted a day late"


def test_item_texts_are_as_awkward_as_in_life(store: Store) -> None:
    texts = [text for text in store.values(ITEM.LONG_DESCR) if text]
    for mark in (",", '3"', '"Patriot"', "'", "é", "ñ", "<b>", "&", "%", "\\", "\t"):
        assert any(mark in text for text in texts), mark
    assert {text[0] for text in texts} >= set("=+@-")
    assert any(text != text.lstrip() for text in texts)
    assert any(text != text.rstrip() for text in texts)
    assert any("BONNIE" in text.upper() for text in texts)
    titles = store.values(ITEM.ADDL_DESCR_1)
    assert None in titles
    assert "EXCLUDE" in titles
    assert max(Counter(title for title in titles if title not in (None, "EXCLUDE")).values()) > 1


def test_item_values_are_as_incomplete_as_in_life(store: Store) -> None:
    for column in (
        ITEM.PRC_1,
        ITEM.REG_PRC,
        ITEM.CATEG_COD,
        ITEM.PROF_NO_1,
        ITEM.PROF_COD_1,
        ITEM.LONG_DESCR,
    ):
        assert store.values(ITEM.ITEM_NO, column.is_(None)), column
    assert "services" in store.values(ITEM.CATEG_COD)
    assert set(store.values(ITEM.STAT)) == {"A", "V"}
    assert "N" in store.values(ITEM.TRK_INV)
    assert Decimal(5) in store.values(ITEM.PROF_NO_1)
    numbers = store.values(ITEM.ITEM_NO)
    assert {"804", "00804"} <= set(numbers), "numbers that differ only as texts"
    assert any(not number.isdigit() for number in numbers)
    assert set(numbers) - set(store.values(t.IM_PRC.c.ITEM_NO)), "items without a price row"
    assert store.values(t.IM_PRC.c.PRC_2, t.IM_PRC.c.PRC_2.is_not(None)), "items on sale"
    shown = Counter(store.values(t.EC_CATEG_ITEM.c.ITEM_NO))
    assert max(shown.values()) > 1
    assert set(numbers) - set(shown)
    described = dict(store.rows(select(t.EC_ITEM_DESCR.c.ITEM_NO, t.EC_ITEM_DESCR.c.HTML_DESCR)))
    assert set(numbers) - set(described)
    assert any(text is not None and len(text) < 30 for text in described.values())


def test_some_variant_groups_are_broken_and_most_are_not(store: Store) -> None:
    parents: dict[str, list[str]] = defaultdict(list)
    names: dict[str, list[str | None]] = defaultdict(list)
    for binding, parent, name in store.rows(
        select(ITEM.USR_PROF_ALPHA_16, ITEM.IS_ADM_TKT, ITEM.USR_PROF_ALPHA_17).where(
            ITEM.USR_PROF_ALPHA_16.is_not(None)
        )
    ):
        parents[binding].append(parent)
        names[binding].append(name)
    count = Counter(flags.count("Y") for flags in parents.values())
    assert count[1] > count[0] > 0
    assert count[2] > 0
    assert any(not (len(binding) == 5 and binding.startswith("B")) for binding in parents)
    assert any(None in variants for variants in names.values())
    assert any(len(set(variants)) < len(variants) for variants in names.values())


def test_customer_names_are_as_people_type_them(store: Store) -> None:
    pairs = set(store.rows(select(CUSTOMER.FST_NAM, CUSTOMER.LST_NAM)))
    for pair in (
        ("PATRICK", "O'HARE"),
        ("RONALD", "McDONALD"),
        ("MARIA", "DE LA CRUZ"),
        ("WILLIAM", "SMITH III"),
    ):
        assert pair in pairs
    assert {("Change", "Name"), (None, "Walker"), ("Cher", None), (None, None)} <= pairs
    assert any(first and first != first.rstrip() for first, _ in pairs)
    people = store.values(CUSTOMER.CONTCT_1, func.upper(CUSTOMER.CUST_NAM_TYP) == "P")
    assert 0 < people.count(None) < len(people) / 2
    assert "p" in store.values(CUSTOMER.CUST_NAM_TYP)


def test_customer_codes_points_and_addresses_are_as_in_life(store: Store) -> None:
    categories = Counter(store.values(CUSTOMER.CATEG_COD))
    assert categories["RETAIL"] > 10 * categories["WHOLESALE"] > 0
    assert "retail" in categories
    wholesale_members = (CUSTOMER.CATEG_COD == "WHOLESALE", CUSTOMER.LOY_PGM_COD == "BASIC")
    assert store.values(CUSTOMER.CUST_NO, *wholesale_members)
    assert store.values(CUSTOMER.CUST_NO, CUSTOMER.LOY_PTS_BAL < 0)
    assert store.values(CUSTOMER.CUST_NO, CUSTOMER.CUST_NO == "CASH") == ["CASH"]
    assert store.values(CUSTOMER.CUST_NO, CUSTOMER.FST_SAL_DAT.is_(None))
    assert any(zip_code and zip_code.startswith("0") for zip_code in store.values(CUSTOMER.ZIP_COD))
    assert {"N", "Y", None} == set(store.values(CUSTOMER.INCLUDE_IN_MARKETING_MAILOUTS))


def test_phones_and_mails_are_fictitious_and_some_are_dirty(store: Store) -> None:
    numbers = [phone for phone in store.values(CUSTOMER.PHONE_1) if phone]
    clean = [phone for phone in numbers if len(phone) == 12 and phone[3:9] == "-555-0"]
    assert 0.8 * len(numbers) < len(clean) < len(numbers)
    assert all(phone[:3] in phones.AREA_CODES and phone[8:10] == "01" for phone in clean)
    assert max(Counter(clean).values()) > 1, "some customers share a phone"
    assert {phones.line_kind(phone) for phone in clean} >= {"mobile", "landline"}
    for start in ("+1 (", "+1", "1-", "("):
        assert any(phone.startswith(start) for phone in numbers), start
    assert any(phone.endswith(".0") for phone in numbers)
    assert any(phone.count(".") == 2 for phone in numbers)
    mails = [mail.strip().lower() for mail in store.values(CUSTOMER.EMAIL_ADRS_1) if mail]
    assert all(
        mail.endswith(("@example.com", "@example.net"))
        for mail in mails
        if mail.count("@") == 1 and "," not in mail
    )


def test_open_documents_are_orders_holds_and_quotes_with_deposits(store: Store) -> None:
    header = {row.DOC_ID: row for row in store.rows(select(t.PS_DOC_HDR))}
    assert {row.DOC_TYP for row in header.values()} == {"O", "H", "Q"}
    for line in store.rows(select(t.PS_DOC_LIN)):
        assert ("O" if header[line.DOC_ID].DOC_TYP == "O" else "S") == line.LIN_TYP
    deposits = store.rows(select(t.PS_DOC_PMT))
    assert deposits
    assert all(header[row.DOC_ID].DOC_TYP == "O" and row.FINAL_PMT == "N" and row.AMT > 0 for row in deposits)


def test_a_filled_store_is_left_as_it_is(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.engine.begin() as connection:
        connection.execute(update(t.IM_ITEM).values(STAT="V"))
    again = seed(store.url, until=UNTIL, scale=SCALE)
    assert again.left_alone
    assert again.rows == store.summary.rows
    assert set(store.values(ITEM.STAT)) == {"V"}
    with pytest.raises(InvalidRequest, match="is a sandbox filled with"):
        seed(store.url, until=UNTIL, scale=0.03)
    assert not seed(store.url, until=UNTIL, scale=SCALE, force=True).left_alone
    assert set(store.values(ITEM.STAT)) == {"A", "V"}


def test_a_real_store_is_never_touched(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'real.db'}"
    engine = create_engine(url)
    t.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(t.PS_STR).values(STR_ID="1", DESCR="A real shop"))
    for force in (False, True):
        with pytest.raises(InvalidRequest, match="real store"):
            seed(url, until=UNTIL, scale=SCALE, force=force)
    with engine.connect() as connection:
        assert connection.execute(select(t.PS_STR)).all() == [("1", "A real shop")]
    assert is_seeded(url) is None
    engine.dispose()


def test_an_interrupted_filling_is_started_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"

    def interrupt(message: str) -> None:
        if message.startswith("tickets of 2025-01"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        seed(url, until=UNTIL, scale=SCALE, progress=interrupt)
    assert is_seeded(url) is None
    assert not seed(url, until=UNTIL, scale=SCALE).left_alone
    signature = is_seeded(url)
    assert signature is not None
    assert (signature.scale, signature.until) == (SCALE, UNTIL)


def test_asking_for_a_missing_file_does_not_make_it(tmp_path: Path) -> None:
    file = tmp_path / "none.db"
    assert is_seeded(f"sqlite:///{file}") is None
    assert not file.exists()


def run_command(*words: str) -> int:
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    return cli.run(parser.parse_args(words))


def test_the_command_fills_once_and_says_what_it_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (
        "--url",
        f"sqlite:///{tmp_path / 'made' / 'store.db'}",
        "--scale",
        "0.02",
        "--until",
        "2026-05-07",
    )
    assert run_command(*words) == 0
    assert "PS_TKT_HIST_LIN" in capsys.readouterr().out
    assert run_command(*words) == 0
    assert run_command(*words[:2]) == 0
    assert "--force" in capsys.readouterr().out
    assert run_command(*words[:4], "--until", "2026-05-08") == 1
    assert "2026-05-07" in capsys.readouterr().err


def test_the_command_never_prints_a_password(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command("--url", "postgresql+psycopg2://clerk:opensesame@127.0.0.1:1/shop") == 1
    assert run_command("--url", "no url with opensesame") == 2
    printed = capsys.readouterr()
    assert "opensesame" not in printed.out + printed.err
    assert "postgresql database shop on 127.0.0.1" in printed.err


@pytest.mark.parametrize("words", [("--scale", "0"), ("--scale", "many"), ("--until", "7 May")])
def test_the_command_refuses_nonsense(words: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run_command("--url", "sqlite:///never.db", *words)
    assert words[0] in capsys.readouterr().err


def test_sql_server_gets_plain_columns_that_take_given_keys() -> None:
    for table in t.metadata.tables.values():
        ddl = str(CreateTable(table).compile(dialect=mssql.dialect()))
        assert "IDENTITY" not in ddl
    assert isinstance(ITEM.PRC_1.type, Numeric)


def test_asking_whether_a_store_is_filled_loads_nothing_heavy(root: Path) -> None:
    code = "import sys, include.sandbox.seed, include.sandbox.seed.phones; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)
