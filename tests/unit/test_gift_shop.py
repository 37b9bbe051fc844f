"""The gift shop's rules: reading, typing, RFM, monthly figures."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from include.errors import InvalidRequest, InvalidSettings
from include.gift_shop import metrics, rfm
from include.gift_shop.cleaning import clean
from include.gift_shop.columns import COLUMNS
from include.gift_shop.deliveries import month_to_load
from include.gift_shop.next_purchase import outlook
from include.gift_shop.reading import frames, parts_of
from include.gift_shop.segments import BY_SCORES, SEGMENTS
from include.gift_shop.settings import GiftShopSettings, gift_shop_settings
from include.settings.loader import load_settings

NEWER = ("Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country")
OLDER = (
    "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country",
)  # fmt: skip
AT = datetime(2010, 12, 1, 8, 26)
ROWS: list[tuple[Any, ...]] = [
    ("536365", "85123A", "WHITE HANGING HEART", 6, AT, 2.55, 17850, "United Kingdom"),
    ("536365", "71053", "HOLDER, 4\" O'BRIEN", 6, AT, 3.39, 17850, "United Kingdom"),
    ("536366", "PADS", None, 1, AT + timedelta(minutes=2), 0.001, None, "EIRE"),
    ("C536367", "D", "Discount", -1, AT + timedelta(days=31), 27.5, 14527, "United Kingdom"),
]


def typed(path: Path, part: str = "") -> list[list[Any]]:
    """The lines of a file as plain values."""
    rows = []
    for frame in frames(path, part):
        cleaned = clean(frame)
        assert cleaned.rejects.empty, cleaned.rejects
        lines = cleaned.lines[[*COLUMNS[:5], "price_mils", *COLUMNS[6:]]].astype(object)
        rows += lines.where(lines.notna(), None).to_numpy().tolist()
    return [[v.to_pydatetime() if isinstance(v, pd.Timestamp) else v for v in row] for row in rows]


def expected() -> list[list[Any]]:
    return [[*row[:5], round(row[5] * 1000), *row[6:]] for row in ROWS]


def write_csv(path: Path, heading: tuple[str, ...], form: str) -> None:
    frame = pd.DataFrame(ROWS, columns=list(heading))
    frame["InvoiceDate"] = frame["InvoiceDate"].dt.strftime(form)
    frame.to_csv(path, index=False)


def write_workbook(path: Path) -> None:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name in ("Year 2009-2010", "Year 2010-2011"):
        sheet = book.create_sheet(name)
        sheet.append(OLDER)
        for number, *rest in ROWS:
            sheet.append([int(number) if number.isdecimal() else number, *rest])
    book.save(path)


def write_copy(path: Path) -> None:
    lines = [
        "\t".join(
            "\\N" if value is None else str(value) for value in (*row[:6], row[6] and float(row[6]), row[7])
        )
        for row in ROWS
    ]
    names = "invoice_no, stock_code, description, quantity, invoice_date, unit_price, customer_id, country"
    path.write_text(f"SET x = 1;\nCOPY public.retail ({names}) FROM stdin;\n" + "\n".join(lines) + "\n\\.\n")


def write_inserts(path: Path) -> None:
    def literal(value: Any) -> str:
        if value is None:
            return "NULL"
        return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"

    rows = ",\n  ".join(f"({', '.join(map(literal, row))})" for row in ROWS)
    path.write_text(f"CREATE TABLE retail (invoice_no text);\nINSERT INTO retail VALUES\n  {rows};\n")


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("newer.csv", lambda path: write_csv(path, NEWER, "%Y-%m-%d %H:%M:%S")),
        ("older.csv.gz", lambda path: write_csv(path, OLDER, "%m/%d/%Y %H:%M")),
        ("newer.parquet", lambda path: pd.DataFrame(ROWS, columns=list(NEWER)).to_parquet(path)),
        ("copy.sql", write_copy),
        ("inserts.sql", write_inserts),
    ],
)
def test_every_format_and_spelling_gives_the_same_lines(tmp_path: Path, name: str, write: Any) -> None:
    write(tmp_path / name)
    assert parts_of(tmp_path / name) == [""]
    assert typed(tmp_path / name) == expected()


def test_the_worksheets_of_a_workbook_are_deliveries(tmp_path: Path) -> None:
    write_workbook(tmp_path / "retail.xlsx")
    assert parts_of(tmp_path / "retail.xlsx") == ["Year 2009-2010", "Year 2010-2011"]
    for part in parts_of(tmp_path / "retail.xlsx"):
        assert typed(tmp_path / "retail.xlsx", part) == expected()


def test_the_sheets_in_a_column_are_deliveries_with_the_file_s_row_numbers(tmp_path: Path) -> None:
    frame = pd.DataFrame(ROWS, columns=list(NEWER)).assign(sheet=["a", "b", "a", "b"])
    frame.to_parquet(tmp_path / "retail.parquet")
    frame.to_csv(tmp_path / "retail.csv", index=False)
    for name in ("retail.parquet", "retail.csv"):
        assert parts_of(tmp_path / name) == ["a", "b"]
        (found,) = frames(tmp_path / name, "b")
        assert list(found.index) == [2, 4]


def test_pound_signs_of_windows_are_read(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_bytes(
        ",".join(OLDER).encode() + "\n536365,22423,10£ VOUCHER,1,12/1/2010 8:26,2.55,,EIRE\n".encode("cp1252")
    )
    assert typed(tmp_path / "old.csv")[0][2] == "10£ VOUCHER"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "Invoice,StockCode\n1,2\n", "no column for description"),
        ("a.csv", "Invoice,InvoiceNo\n1,2\n", "'InvoiceNo' is there twice"),
        ("a.parquet", "no parquet", "a.parquet cannot be read"),
        ("a.xlsx", "no workbook", "a.xlsx cannot be read"),
        ("a.sql", "CREATE TABLE retail ();", "neither a COPY block nor an INSERT"),
        ("a.sql", "COPY retail FROM stdin;\na\tb\n", "a.sql, line 2: 2 values, too few"),
        ("a.sql", "INSERT INTO retail VALUES (1, now());", "no value at"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, content: str, words: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InvalidRequest, match=words):
        parts_of(tmp_path / name)
        list(frames(tmp_path / name))


def raw(**over: Any) -> pd.DataFrame:
    values = ("536365", "22423", "CAKESTAND", "2", "2010-12-01 08:26", "12.75", "17850", "EIRE")
    row = dict(zip(COLUMNS, values, strict=True))
    return pd.DataFrame([row | over])


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("invoice_no", " ", "the invoice number is missing"),
        ("invoice_no", "53636", "the invoice number is not six digits"),
        ("stock_code", None, "the stock code is missing"),
        ("quantity", "1.5", "the quantity is no whole number"),
        ("quantity", "99999999999", "the quantity is no whole number"),
        ("sold_at", "2010-02-30", "no date"),
        ("sold_at", None, "no date"),
        ("price", "12,75", "the price is missing or no number"),
        ("price", "0.0001", "more than three decimals"),
        ("customer_id", "somebody", "the customer is no whole number"),
        ("customer_id", "-4", "the customer is no whole number"),
        ("country", "", "the country is missing"),
    ],
)
def test_a_bad_line_is_set_aside_with_its_reason(field: str, value: Any, reason: str) -> None:
    both = pd.concat([raw(**{field: value}), raw()], ignore_index=True)
    cleaned = clean(both)
    assert len(cleaned.lines) == 1
    (found,) = cleaned.rejects["reason"]
    assert reason in found
    assert clean(raw()).rejects.empty


def test_day_and_month_are_told_apart_by_the_setting() -> None:
    line = raw(sold_at="02/03/2010 10:00")
    assert clean(line).lines["sold_at"].iloc[0] == pd.Timestamp(2010, 2, 3, 10)
    assert clean(line, day_first=True).lines["sold_at"].iloc[0] == pd.Timestamp(2010, 3, 2, 10)


def sales(*rows: tuple[str, str, int | None, float]) -> pd.DataFrame:
    """Invoices from number, day, customer and amount in pounds."""
    kinds = {"C": "cancelled", "A": "adjusted"}
    frame = pd.DataFrame(
        {
            "kind": [kinds.get(row[0][0], "sale") for row in rows],
            "sold_at": pd.Series([pd.Timestamp(row[1]) for row in rows], dtype="datetime64[s]"),
            "customer_id": pd.Series([row[2] for row in rows], dtype="Int64"),
            "country": "EIRE",
            "amount_mils": [round(row[3] * 1000) for row in rows],
        }
    )
    frame["bought_lines"] = (frame["amount_mils"] > 0).astype("int64")
    frame["bought_mils"] = frame["amount_mils"].clip(lower=0)
    return frame.set_axis([row[0] for row in rows], axis=0)


def test_months_count_what_their_definitions_say() -> None:
    found = metrics.monthly(
        sales(
            ("000001", "2010-01-05", 1, 100),
            ("000002", "2010-01-06", 2, 50),
            ("C00003", "2010-01-07", 3, -20),
            ("000004", "2010-03-01", 1, 65),
            ("000005", "2010-03-30", None, 10),
            ("A00006", "2010-03-30", None, -10),
        )
    )
    assert list(found.index) == [date(2010, 1, 1), date(2010, 2, 1), date(2010, 3, 1)]
    assert found["invoices"].tolist() == [3, 0, 3]
    assert found["placed"].tolist() == [2, 0, 2]
    assert found["cancelled"].tolist() == [1, 0, 0]
    assert found["placed_published"].tolist() == [1, 0, 3]
    assert found["sales_mils"].tolist() == [130_000, 0, 65_000]
    assert found["active_customers"].tolist() == [3, 0, 1]
    assert found["new_customers"].tolist() == [3, 0, 0]
    assert found["existing_customers"].tolist() == [0, 0, 1]
    assert found["growth"].isna().tolist() == [True, False, True]
    assert found["growth"].iloc[1] == -1
    assert found["is_partial"].tolist() == [False, False, True]


def test_a_month_that_ends_with_its_last_day_is_whole() -> None:
    assert not metrics.monthly(sales(("000001", "2010-01-31 17:00", 1, 1)))["is_partial"].any()


def test_all_pairs_of_scores_have_a_segment_and_every_segment_a_pair() -> None:
    assert set(BY_SCORES) == {(r, f) for r in range(1, 6) for f in range(1, 6)}
    assert set(BY_SCORES.values()) == set(SEGMENTS)


CUSTOMERS = st.lists(
    st.tuples(st.integers(1, 700), st.integers(1, 6), st.integers(1, 10**7)), min_size=1, max_size=60
)


def frame_of(rows: list[tuple[int, int, int]], ids: list[int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["recency_days", "frequency", "monetary_mils"], index=ids).sort_index()


@given(CUSTOMERS)
def test_segments_partition_the_customers(rows: list[tuple[int, int, int]]) -> None:
    customers = frame_of(rows, list(range(len(rows))))
    for ties in ("equal", "published"):
        found = rfm.scored(customers, ties)
        assert list(found.index) == list(customers.index)
        assert set(found["segment"]) <= set(SEGMENTS)
        for score in ("r", "f", "m"):
            assert found[score].between(1, 5).all()


@given(CUSTOMERS, st.randoms(use_true_random=False))
def test_who_buys_alike_scores_alike_whatever_the_customer_numbers(
    rows: list[tuple[int, int, int]], dice: Any
) -> None:
    ids = list(range(len(rows)))
    shuffled = dice.sample(ids, len(ids))
    first, second = rfm.scored(frame_of(rows, ids)), rfm.scored(frame_of(rows, shuffled))
    assert first.to_numpy().tolist() == second.loc[shuffled].to_numpy().tolist()
    assert (first.groupby("frequency")["f"].nunique() == 1).all()
    by_frequency = first.sort_values("frequency")["f"]
    assert by_frequency.is_monotonic_increasing, "more purchases, no lower score"


def test_the_published_tie_rule_depends_on_customer_numbers() -> None:
    rows = [(1, 1, 1)] * 10
    assert set(rfm.scored(frame_of(rows, list(range(10))), "published")["f"]) == {1, 2, 3, 4, 5}
    assert set(rfm.scored(frame_of(rows, list(range(10))))["f"]) == {3}


def test_recency_counts_calendar_days_or_whole_days_as_published() -> None:
    invoices = sales(
        ("000001", "2011-12-09 12:50", 7, 5), ("C00002", "2011-12-20", 7, -5), ("000003", "2012-01-01", 7, 9)
    )
    assert rfm.buyers(invoices, date(2012, 1, 1))["recency_days"].tolist() == [23]
    assert rfm.buyers(invoices, date(2012, 1, 1), "published")["recency_days"].tolist() == [22]
    assert rfm.buyers(invoices, date(2012, 1, 1))["frequency"].tolist() == [1]


def test_movements_add_up_to_all_customers() -> None:
    before = pd.Series({1: "Champions", 2: "Promising", 3: "At Risk"})
    after = pd.Series({1: "Champions", 2: "About to Sleep", 4: "New Customers"})
    table = rfm.movements(before, after)
    assert int(table.to_numpy().sum()) == 4
    assert table.loc["Promising"].to_dict()["About to Sleep"] == 1
    assert table.loc[rfm.NEW].to_dict()["New Customers"] == 1
    assert table.loc["At Risk"].to_dict()[rfm.GONE] == 1


def test_month_ends_lie_before_the_day() -> None:
    assert rfm.month_ends(date(2011, 2, 10), 3) == [date(2010, 12, 1), date(2011, 1, 1), date(2011, 2, 1)]
    assert rfm.month_ends(date(2011, 2, 1), 2) == [date(2010, 12, 1), date(2011, 1, 1)]


def test_only_a_backfill_or_a_wish_loads_a_month_again() -> None:
    start = datetime(2010, 12, 1)
    assert month_to_load("scheduled", start, None) is None
    assert month_to_load("backfill", start, None) == date(2010, 12, 1)
    assert month_to_load("manual", start, "2011-03") == date(2011, 3, 1)


def test_shipped_settings_know_all_countries_and_refuse_slips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = gift_shop_settings()
    assert set(settings.advice) == set(SEGMENTS)
    assert settings.continent("EIRE") == "Europe"
    assert settings.continent("Atlantis") == "Unknown"
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    (tmp_path / "gift_shop.yaml").write_text("continents: {Asia: [EIRE]}\nadvice: {Champion: x}\n")
    with pytest.raises(InvalidSettings, match="'Champion' is no segment"):
        load_settings(GiftShopSettings, "gift_shop")


def test_regular_buyers_are_foretold_better_than_by_recency_alone() -> None:
    """Made-up customers: some order every month, the others only once, all at times of chance."""
    dice, first = random.Random(5), datetime(2010, 1, 1)
    rows: list[tuple[str, str, int | None, float]] = []
    for customer in range(400):
        regular = customer % 4 == 0
        day = dice.randint(0, 40) if regular else dice.randint(0, 600)
        while day < 600:
            moment = first + timedelta(days=day, hours=10)
            rows.append((f"{len(rows):06d}", str(moment), customer + 1, 10.0 + customer % 7))
            day += dice.randint(25, 45) if regular else 10_000
    invoices = sales(*rows)
    as_of = date(2011, 8, 20)
    found = outlook(invoices, as_of)
    assert found is not None
    assert found.held_back == as_of - timedelta(days=90)
    assert found.model.auc > 0.95
    assert found.model.brier < found.recency_alone.brier
    assert abs(found.model.expected - found.model.came) < 0.2 * found.model.came
    chances = found.customers["probability"]
    assert chances.between(0, 1).all()
    often = [customer for customer in chances.index if (customer - 1) % 4 == 0]
    assert chances.loc[often].mean() > 0.8
    assert chances.drop(often).mean() < 0.1
    assert (found.customers["expected_mils"] <= found.customers["spent_if"]).all()

    assert outlook(invoices[invoices["sold_at"] < "2010-05-01"], date(2010, 5, 1)) is None
