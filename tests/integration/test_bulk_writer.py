"""The bulk writer on every database that the machine has: what is written, what is not, and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, Table, and_, select, text, update

from include.changes import Change, Result, Value, inverse
from include.counterpoint.tables import (
    AR_CUST,
    EC_CATEG,
    EC_ITEM_DESCR,
    IM_INV,
    IM_ITEM,
    PS_TKT_HIST,
    PS_TKT_HIST_LIN,
    metadata,
)
from include.counterpoint.writer import write_changes
from include.database.engines import engine_for
from include.errors import InvalidRequest
from tests.databases import KINDS, fresh_database

TABLES = (AR_CUST, EC_CATEG, EC_ITEM_DESCR, IM_INV, IM_ITEM, PS_TKT_HIST, PS_TKT_HIST_LIN)
BEFORE = datetime(2020, 1, 1)
FIRST = datetime(2026, 11, 1, 1, 30)
SECOND = datetime(2026, 11, 1, 1, 45)


@pytest.fixture(scope="module", params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with fresh_database(request.param, tmp_path_factory.mktemp("counterpoint")) as url:
        engine = engine_for(url)
        for table in TABLES:
            table.create(engine)
        yield engine


@pytest.fixture
def engine(database: Engine) -> Engine:
    with database.begin() as connection:
        for table in TABLES:
            connection.execute(table.delete())
    return database


def insert(engine: Engine, table: Table, *rows: dict[str, Any]) -> None:
    with engine.begin() as connection:
        connection.execute(table.insert(), list(rows))


def item(number: str, **columns: Any) -> dict[str, Any]:
    return {"ITEM_NO": number, "DESCR": "Rose", "PRC_1": Decimal("9.99"), "LST_MAINT_DT": BEFORE} | columns


def price(number: str, old: str, new: str) -> Change:
    return Change("IM_ITEM", number, "PRC_1", Decimal(old), Decimal(new), "raised")


def write(engine: Engine, *changes: Change, at: datetime = FIRST, **options: Any) -> list[Result]:
    return [result for batch in write_changes(engine, changes, at, **options) for result in batch]


def statuses(results: list[Result]) -> dict[Any, str]:
    return {result.change.key: result.status for result in results}


def held(engine: Engine, target: str, key: tuple[Any, ...], *names: str) -> tuple[Any, ...]:
    table = metadata.tables[target]
    pairs = zip(table.primary_key.columns, key, strict=True)
    row = and_(*(column == part for column, part in pairs))
    with engine.connect() as connection:
        return tuple(connection.execute(select(*(table.c[name] for name in names)).where(row)).one())


def as_stored(engine: Engine, moment: datetime) -> datetime:
    """DATETIME has whole seconds on MySQL and ticks of 1/300 s on SQL Server."""
    digits = {"mysql": 0, "mariadb": 0, "mssql": 10_000}.get(engine.dialect.name, 1)
    return moment.replace(microsecond=moment.microsecond // digits * digits if digits else 0)


MOMENT = datetime(2026, 3, 8, 2, 30, 59, 120_000)
VALUES: list[tuple[str, str | tuple[str, ...], str, Value, Value]] = [
    ("IM_ITEM", "10001", "DESCR", "Rose", 'Rose "Peace", 3\''),
    ("IM_ITEM", "10001", "PRC_1", Decimal("9.99"), Decimal("12345678901.2345")),
    ("IM_ITEM", "10001", "REG_PRC", None, Decimal("-0.0001")),
    ("IM_ITEM", "10001", "USR_PREORDER_REL_DT", None, MOMENT),
    ("IM_ITEM", "10001", "CATEG_COD", "ROSES", None),
    ("IM_INV", ("10001", "WEB"), "QTY_AVAIL", Decimal("-3"), Decimal("0")),
    ("PS_TKT_HIST", "9007199254740993", "BUS_DAT", date(2026, 2, 28), date(2028, 2, 29)),
    ("PS_TKT_HIST", "9007199254740993", "POST_DAT", None, date(1999, 12, 31)),
    ("PS_TKT_HIST_LIN", ("9007199254740993", "2"), "QTY_SOLD", Decimal("1"), Decimal("1.5")),
    ("AR_CUST", "C-1", "NO_OF_ORDS", None, 2**31 - 1),
    ("EC_CATEG", "7", "DISP_SEQ_NO", -1, None),
]


@pytest.fixture
def filled(engine: Engine) -> Engine:
    ticket = 9007199254740993
    insert(engine, IM_ITEM, item("10001", CATEG_COD="ROSES"), item("10002", CATEG_COD="ROSES"))
    insert(engine, IM_INV, *({"ITEM_NO": "10001", "LOC_ID": loc, "QTY_AVAIL": -3} for loc in ("1", "WEB")))
    insert(engine, PS_TKT_HIST, {"DOC_ID": ticket, "TKT_NO": "T1", "BUS_DAT": date(2026, 2, 28)})
    lines = [{"DOC_ID": ticket, "LIN_SEQ_NO": number, "QTY_SOLD": 1} for number in (1, 2)]
    insert(engine, PS_TKT_HIST_LIN, *lines)
    insert(engine, AR_CUST, {"CUST_NO": "C-1", "FST_NAM": "Ann", "EMAIL_ADRS_1": "ann@example.com"})
    insert(engine, EC_CATEG, {"CATEG_ID": "7", "DISP_SEQ_NO": -1})
    return engine


def test_every_kind_of_value_arrives_and_can_be_taken_back(filled: Engine) -> None:
    changes = [Change(*values, reason="x") for values in VALUES]
    for direction in (changes, [inverse(change) for change in changes]):
        results = write(filled, *direction)
        assert {result.status for result in results} == {"applied"}
        assert sorted(map(str, (result.change for result in results))) == sorted(map(str, direction))
        for change in direction:
            key = change.key if isinstance(change.key, tuple) else (change.key,)
            (now,) = held(filled, change.target, key, change.field)
            new = as_stored(filled, change.new) if isinstance(change.new, datetime) else change.new
            assert now == new, change.field
    assert held(filled, "IM_INV", ("10001", "1"), "QTY_AVAIL") == (Decimal(-3),)
    assert held(filled, "PS_TKT_HIST_LIN", (9007199254740993, 1), "QTY_SOLD") == (Decimal(1),)
    assert held(filled, "IM_ITEM", ("10002",), "CATEG_COD", "DESCR") == ("ROSES", "Rose")


@pytest.mark.parametrize("microsecond", [0, 1, 3_333, 500_000, 999_999])
def test_a_moment_can_be_the_guard_whatever_the_database_makes_of_its_fraction(
    filled: Engine, microsecond: int
) -> None:
    moment = datetime(2026, 3, 8, 2, 30, 59, microsecond)
    there = Change("IM_ITEM", "10001", "PROMOTE_DT_EXP", None, moment, "x")
    for change in (there, there, inverse(there), inverse(there)):
        assert [result.status for result in write(filled, change)] == ["applied"]


def test_what_was_written_carries_the_moment_of_writing_and_a_second_run_touches_nothing(
    filled: Engine,
) -> None:
    changes = [price("10001", "9.99", "10"), Change("EC_CATEG", "7", "DESCR", None, "Roses", "x")]
    for at in (FIRST, SECOND):
        assert {result.status for result in write(filled, *changes, at=at)} == {"applied"}
        assert held(filled, "IM_ITEM", ("10001",), "PRC_1", "LST_MAINT_DT") == (Decimal(10), FIRST)
    assert held(filled, "IM_ITEM", ("10002",), "LST_MAINT_DT") == (BEFORE,)
    own = Change("IM_ITEM", "10002", "LST_MAINT_DT", BEFORE, SECOND, "asked for")
    assert [result.status for result in write(filled, own, at=FIRST)] == ["applied"]
    assert held(filled, "IM_ITEM", ("10002",), "LST_MAINT_DT") == (SECOND,)


def test_what_needs_no_change_is_left_alone(filled: Engine) -> None:
    (result,) = write(filled, price("10001", "9.99", "9.9900"))
    assert result.status == "applied"
    (result,) = write(filled, price("10002", "5", "5"))
    assert (result.status, result.message) == ("conflicted", "PRC_1 now holds 9.9900")
    assert held(filled, "IM_ITEM", ("10001",), "LST_MAINT_DT") == (BEFORE,)


def test_what_somebody_has_changed_meanwhile_stays_and_is_named(engine: Engine) -> None:
    insert(engine, IM_ITEM, item("1"), item("2", PRC_1=None, DESCR="Yew"), item("3", PRC_1=7), item("5"))
    both = [Change("IM_ITEM", n, "DESCR", "Rose", "Lily", "x") for n in ("1", "2", "3", "4")]
    results = write(
        engine, *both, *(price(n, "9.99", "8") for n in ("4", "3", "2", "1")), price("5", "9.99", "8")
    )
    messages = {r.change.key: r.message for r in results if r.status == "conflicted"}
    assert messages == {
        "2": "DESCR now holds 'Yew', PRC_1 now holds nothing",
        "3": "PRC_1 now holds 7.0000",
        "4": "the row is gone",
    }
    assert statuses(results) == {
        "1": "applied",
        "2": "conflicted",
        "3": "conflicted",
        "4": "conflicted",
        "5": "applied",
    }
    assert held(engine, "IM_ITEM", ("3",), "DESCR", "LST_MAINT_DT") == ("Rose", BEFORE)
    assert held(engine, "IM_ITEM", ("1",), "DESCR", "PRC_1") == ("Lily", Decimal(8))
    assert len(results) == 9


def test_nothing_personal_is_in_a_message(filled: Engine) -> None:
    changes = [
        Change("AR_CUST", "C-1", "EMAIL_ADRS_1", "bob@example.com", "eve@example.com", "x"),
        Change("AR_CUST", "C-1", "FST_NAM", "Ann", "Eve", "x"),
    ]
    assert {r.message for r in write(filled, *changes)} == {"changed meanwhile: EMAIL_ADRS_1"}
    too_long = Change("AR_CUST", "C-1", "FST_NAM", "Ann", "Ann" * 10, "x")
    assert [r.message for r in write(filled, too_long)] == ["FST_NAM takes 15 characters, not 30"]


@pytest.mark.parametrize(
    ("now", "old", "new", "status"),
    [
        ("Rose", "Rose", "ROSE", "applied"),
        ("ROSE", "Rose", "ROSE", "applied"),
        ("ROSE", "Rose", "Lily", "conflicted"),
        ("LILY", "Rose", "Lily", "conflicted"),
        ("Rosé", "Rose", "Lily", "conflicted"),
        ("Rose  ", "Rose", "Lily", "applied"),
        ("Rose", "Rose  ", "Lily", "applied"),
        ("Rose  ", "Rose  ", "Rose", "applied"),
        (" Rose", "Rose", "Lily", "conflicted"),
        ("", None, "Lily", "conflicted"),
        (None, "", "Lily", "conflicted"),
        ("", "", None, "applied"),
    ],
)
def test_text_is_told_apart_but_for_blanks_at_its_end(
    engine: Engine, now: str | None, old: str | None, new: str | None, status: str
) -> None:
    insert(engine, IM_ITEM, item("1", DESCR=now))
    assert [r.status for r in write(engine, Change("IM_ITEM", "1", "DESCR", old, new, "x"))] == [status]
    assert held(engine, "IM_ITEM", ("1",), "DESCR") == (new if status == "applied" else now,)


HARD = [
    "100 % cotton, %s %(x)s %%",
    "it's \"5\" o'clock; DROP TABLE IM_ITEM --",
    "back\\slash \\n \\' \\\\ and \\",
    "a new\\\nline and\\\r\nanother",
    "tab\t and line\nand \r\n and \x0b \x1f \x7f",
    ":name ::text ? $1 $[0] {{x}} @p",
    "null",
    '[1, {"a": null}]',
    "naïve Échinacée ß ǅ",
    "é is not e\u0301",
    "🌱🪴 \U0010ffff",
    "\u2028 \ufeff \u200b",
    "<p>" + 'Échinacée &amp; fern\'s \\ "12" ' * 1_500 + "</p>",
]
BEYOND_THE_CODE_PAGE = {
    "mssql": {"naïve Échinacée ß ǅ", "é is not e\u0301", "🌱🪴 \U0010ffff", "\u2028 \ufeff \u200b"}
}


def test_hard_texts_arrive_as_they_are(engine: Engine) -> None:
    insert(engine, EC_ITEM_DESCR, *({"ITEM_NO": f"{n}", "HTML_DESCR": "plain"} for n in range(len(HARD))))
    lost = BEYOND_THE_CODE_PAGE.get(engine.dialect.name, set())
    changes = [
        Change("EC_ITEM_DESCR", f"{n}", "HTML_DESCR", "plain", words, "x") for n, words in enumerate(HARD)
    ]
    for direction in (changes, [inverse(change) for change in changes]):
        results = write(engine, *direction)
        for result in results:
            words = HARD[int(str(result.change.key))]
            assert result.status == ("conflicted" if words in lost else "applied"), words[:80]
            expected = "plain" if words in lost else result.change.new
            assert held(engine, "EC_ITEM_DESCR", (result.change.key,), "HTML_DESCR") == (expected,)


def test_a_text_is_stored_whole_or_not_at_all(engine: Engine) -> None:
    insert(engine, EC_ITEM_DESCR, {"ITEM_NO": "1", "HTML_DESCR": "plain"})
    words = "long " * 20_000
    (result,) = write(engine, Change("EC_ITEM_DESCR", "1", "HTML_DESCR", "plain", words, "x"))
    (now,) = held(engine, "EC_ITEM_DESCR", ("1",), "HTML_DESCR")
    assert (result.status, len(now)) == (
        ("conflicted", 5) if engine.dialect.name == "mysql" else ("applied", 100_000)
    )


def test_hard_keys_find_their_own_row(engine: Engine) -> None:
    keys = ["O'Hara%s", 'a"b\\', "[x]_%", "1 2", "é", "-1", "0010", "10"]
    insert(engine, IM_ITEM, *(item(key) for key in keys))
    for number, key in enumerate(keys):
        assert statuses(write(engine, price(key, "9.99", str(number)))) == {key: "applied"}
    assert [held(engine, "IM_ITEM", (key,), "PRC_1")[0] for key in keys] == [*range(len(keys))]
    assert (
        statuses(write(engine, price("no such item, and too long for one", "9.99", "1"))).popitem()[1]
        == "conflicted"
    )


def test_numbers_are_compared_as_numbers(engine: Engine) -> None:
    insert(engine, IM_ITEM, item("1", PRC_1=5), item("2"), item("3", PRC_1=Decimal("0.3")))
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text('UPDATE "IM_ITEM" SET "PRC_1" = 0.1 + 0.2 WHERE "ITEM_NO" = \'3\''))
    changes = [
        Change("IM_ITEM", "1", "PRC_1", 5.0, Decimal("19.99"), "x"),
        Change("IM_ITEM", "2", "PRC_1", 9.990000000000002, 1, "x"),
        Change("IM_ITEM", "3", "PRC_1", Decimal("0.3"), Decimal("1.00005"), "x"),
    ]
    for _ in range(2):
        assert {r.status for r in write(engine, *changes)} == {"applied"}
    prices = [held(engine, "IM_ITEM", (number,), "PRC_1")[0] for number in "123"]
    assert prices == [Decimal("19.99"), Decimal(1), Decimal("1.0001")]


def test_rows_with_different_columns_are_written_alike(engine: Engine) -> None:
    numbers = [f"{n:03d}" for n in range(90)]
    names = ("DESCR", "LONG_DESCR", "ADDL_DESCR_1")
    insert(engine, IM_ITEM, *(item(n, LONG_DESCR="Rose") for n in numbers))
    changes = [
        Change("IM_ITEM", number, name, None if name == "ADDL_DESCR_1" else "Rose", f"{name} {number}", "x")
        for number in reversed(numbers)
        for place, name in enumerate(names)
        if int(number) % 8 & 1 << place
    ]
    assert {r.status for r in write(engine, *changes, rows_per_statement=4)} == {"applied"}
    for change in changes:
        assert held(engine, "IM_ITEM", (change.key,), change.field) == (change.new,)
    untouched = {n for n in numbers if int(n) % 8 == 0}
    with engine.connect() as connection:
        moved = select(IM_ITEM.c.ITEM_NO).where(IM_ITEM.c.LST_MAINT_DT == BEFORE)
        assert set(connection.scalars(moved)) == untouched


def test_five_thousand_rows_go_in_three_statements(engine: Engine) -> None:
    numbers = [f"{n:05d}" for n in range(5_000)]
    insert(engine, IM_ITEM, *(item(number) for number in numbers))
    with engine.begin() as connection:
        connection.execute(update(IM_ITEM).where(IM_ITEM.c.ITEM_NO == "03333").values(PRC_1=1))
        connection.execute(update(IM_ITEM).where(IM_ITEM.c.ITEM_NO < "01500").values(PRC_1=10))
    batches = list(write_changes(engine, [price(n, "9.99", "10") for n in reversed(numbers)], FIRST))
    assert [len(batch) for batch in batches] == [2000, 2000, 1000]
    found = statuses([result for batch in batches for result in batch])
    assert {number for number, status in found.items() if status != "applied"} == {"03333"}
    with engine.connect() as connection:
        rows = connection.execute(
            select(IM_ITEM.c.PRC_1, IM_ITEM.c.LST_MAINT_DT).order_by(IM_ITEM.c.ITEM_NO)
        ).all()
    expected = [(Decimal(10), BEFORE if n < "01500" else FIRST) for n in numbers]
    expected[3333] = (Decimal(1), BEFORE)
    assert rows == expected


def test_long_texts_go_in_smaller_statements(engine: Engine) -> None:
    numbers = [f"{n:02d}" for n in range(40)]
    insert(engine, EC_ITEM_DESCR, *({"ITEM_NO": number, "HTML_DESCR": "plain"} for number in numbers))
    changes = [Change("EC_ITEM_DESCR", n, "HTML_DESCR", "plain", "x" * 60_000, "x") for n in numbers]
    batches = list(write_changes(engine, changes, FIRST))
    assert [len(batch) for batch in batches] == [33, 7]
    assert {result.status for batch in batches for result in batch} == {"applied"}


def test_no_changes_are_no_batches(engine: Engine) -> None:
    assert list(write_changes(engine, [], FIRST)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change("IM_ITEMS", "1", "DESCR", None, "x", ""), "'IM_ITEMS' is no table"),
        (Change("VI_PS_TKT_HIST", "1", "TKT_NO", None, "x", ""), "'VI_PS_TKT_HIST' is no table"),
        (Change("CPI_BC_PROD", "1", "WEB_ID", None, "x", ""), "CPI_BC_PROD has no primary key"),
        (Change("IM_ITEM", "1", "PRICE", None, "x", ""), "IM_ITEM has no column 'PRICE'"),
        (Change("IM_ITEM", "1", "ITEM_NO", "1", "2", ""), "IM_ITEM.ITEM_NO is part of the primary key"),
        (Change("IM_ITEM", ("1", "2"), "DESCR", None, "x", ""), r"IM_ITEM \('1', '2'\): .* 1 parts: ITEM_NO"),
        (Change("IM_INV", "1", "QTY_AVAIL", None, 1, ""), "IM_INV .*'1'.* 2 parts: ITEM_NO, LOC_ID"),
        (Change("PS_TKT_HIST", "T-1", "TKT_NO", None, "x", ""), "PS_TKT_HIST .*'T-1'.*DOC_ID takes numbers"),
        (Change("IM_ITEM", "1\x00", "DESCR", None, "x", ""), "ITEM_NO takes no zero bytes"),
        (price("2", "9.99", "11"), "IM_ITEM '2': one of PRC_1, PRC_1 is to be changed twice"),
    ],
)
def test_nothing_is_written_when_a_change_makes_no_sense(engine: Engine, change: Change, words: str) -> None:
    insert(engine, IM_ITEM, item("2"))
    with pytest.raises(InvalidRequest, match=words):
        write_changes(engine, [price("2", "9.99", "10"), change], FIRST)
    assert held(engine, "IM_ITEM", ("2",), "PRC_1") == (Decimal("9.99"),)


@pytest.mark.parametrize(
    ("name", "new", "words"),
    [
        ("DESCR", "x" * 31, "DESCR takes 30 characters, not 31"),
        ("DESCR", 5, "DESCR takes text, not int"),
        ("DESCR", "\ud83d", "DESCR takes no halves of characters"),
        ("PRC_1", "12.50", "PRC_1 takes numbers, not str"),
        ("PRC_1", True, "PRC_1 takes numbers, not bool"),
        ("PRC_1", Decimal("1e11"), "PRC_1 takes numbers of 11 digits before the point"),
        ("PRC_1", float("nan"), "PRC_1 takes numbers of 11 digits before the point"),
        ("PROMOTE_DT_EXP", FIRST.astimezone(), "PROMOTE_DT_EXP takes the store's own time, without a zone"),
        ("PROMOTE_DT_EXP", "2026-01-01", "PROMOTE_DT_EXP takes days, not str"),
    ],
)
def test_what_a_column_cannot_hold_is_set_aside_and_the_rest_is_written(
    engine: Engine, name: str, new: Value, words: str
) -> None:
    insert(engine, IM_ITEM, item("1"), item("2"))
    values: dict[str, tuple[Value, Value]] = {"DESCR": ("Rose", "Lily"), "PRC_1": (Decimal("9.99"), 5)}
    old, good = values.get(name, (None, FIRST))
    results = write(
        engine, Change("IM_ITEM", "1", name, old, new, "x"), Change("IM_ITEM", "2", name, old, good, "x")
    )
    assert [(r.change.key, r.status, r.message) for r in results] == [
        ("1", "failed", words),
        ("2", "applied", ""),
    ]


def test_a_missing_value_is_not_written_where_one_is_required(filled: Engine) -> None:
    change = Change("AR_CUST", "C-1", "LOY_PTS_BAL", 0, None, "x")
    assert [(r.status, r.message) for r in write(filled, change)] == [("failed", "LOY_PTS_BAL needs a value")]
