"""Loading deliveries: no invoice counts twice, in any order and however often; totals are the files'."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, delete, select, update
from sqlalchemy.pool import StaticPool

from include.errors import InvalidRequest
from include.gift_shop import deliveries
from include.gift_shop.columns import COLUMNS
from include.gift_shop.publishing import Published, publish
from include.gift_shop.staging import stage
from include.gift_shop.tables import CUSTOMER, INVOICE, LINE, LOAD, METADATA, PRODUCT, REJECT, create_tables
from include.periods import Period

AT = datetime(2010, 12, 1, 8, 26)
Line = tuple[str, str, int, str, int | None]
BAD = "no price"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    create_tables(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def empty(engine: Engine) -> Engine:
    clear(engine)
    return engine


def clear(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(delete(table))


def rows(lines: list[Line], at: datetime = AT) -> pd.DataFrame:
    """Rows as delivered from invoice, product, quantity, price and customer."""
    found = [
        (number, code, f"goods {code}", str(quantity), str(at), price, customer, "EIRE")
        for number, code, quantity, price, customer in lines
    ]
    return pd.DataFrame(found, columns=list(COLUMNS), index=range(1, len(found) + 1), dtype=object)


def register(engine: Engine, name: str) -> deliveries.Delivery:
    (found,) = deliveries.register(engine, f"{name}.csv", [(name, "")], AT)
    return found


def load(engine: Engine, name: str, frame: pd.DataFrame, month: Period | None = None) -> Published:
    staged = stage(engine, register(engine, name), [frame], run_id="run", month=month)
    return publish(engine, staged.load_no, lambda country: "Europe")


def counted(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """The lines that count, by invoice."""
    query = (
        select(LINE.c.invoice_no, LINE.c.stock_code, LINE.c.quantity, LINE.c.price_mils, LINE.c.customer_id)
        .join(INVOICE, (INVOICE.c.load_no == LINE.c.load_no) & (INVOICE.c.invoice_no == LINE.c.invoice_no))
        .order_by(LINE.c.invoice_no, LINE.c.line_no)
    )
    found: dict[str, list[tuple[Any, ...]]] = {}
    with engine.connect() as connection:
        for number, *rest in connection.execute(query):
            found.setdefault(number, []).append(tuple(rest))
    return found


def test_equal_lines_of_an_invoice_stay_and_a_second_delivery_of_it_does_not_count(empty: Engine) -> None:
    twice: list[Line] = [("536365", "22423", 2, "12.75", 17850)] * 2
    assert load(empty, "a", rows(twice)) == Published(new=1, replaced=0, stayed=0, lines=2)
    assert load(empty, "b", rows(twice)) == Published(new=0, replaced=1, stayed=0, lines=2)
    assert counted(empty) == {"536365": [("22423", 2, 12750, 17850)] * 2}
    with empty.connect() as connection:
        assert len(connection.execute(select(LINE)).all()) == 2, "replaced lines are gone"


def test_a_correction_replaces_the_whole_invoice_and_nothing_else(empty: Engine) -> None:
    load(empty, "a", rows([("536365", "22423", 2, "12.75", 1), ("536365", "20725", 1, "1.65", 1),
                           ("536366", "20725", 9, "1.65", 2)]))  # fmt: skip
    load(empty, "b", rows([("536365", "22423", 3, "12.5", 7)]))
    assert counted(empty) == {"536365": [("22423", 3, 12500, 7)], "536366": [("20725", 9, 1650, 2)]}
    with empty.connect() as connection:
        assert set(connection.scalars(select(CUSTOMER.c.customer_id))) == {2, 7}


def test_a_version_with_a_rejected_line_does_not_replace_a_complete_one(empty: Engine) -> None:
    good: list[Line] = [("536365", "22423", 2, "12.75", 1), ("536365", "20725", 1, "1.65", 1)]
    load(empty, "a", rows(good))
    cut: list[Line] = [good[0], ("536365", "20725", 1, BAD, 1), ("536370", "20725", 1, BAD, 1)]
    assert load(empty, "b", rows(cut)).stayed == 1
    assert counted(empty)["536365"] == [("22423", 2, 12750, 1), ("20725", 1, 1650, 1)]
    with empty.connect() as connection:
        kept = connection.execute(select(REJECT.c.line_no, REJECT.c.reason, REJECT.c.delivered)).all()
    assert [row.line_no for row in kept] == [2, 3]
    assert all("price" in row.reason and BAD in row.delivered for row in kept)


def test_two_runs_may_load_months_of_the_same_delivery_side_by_side(empty: Engine) -> None:
    frames = [rows([("536365", "22423", 2, "12.75", 1)]), rows([("536370", "20725", 1, "1.65", 1)])]
    loads = [
        stage(empty, register(empty, "a"), [frame], run_id=f"backfill {number}").load_no
        for number, frame in enumerate(frames)
    ]
    with empty.begin() as connection:
        assert deliveries.drop_left_over(connection) == []
    for load_no in loads:
        assert publish(empty, load_no, str).new == 1
    assert list(counted(empty)) == ["536365", "536370"]


def test_what_a_run_staged_that_ended_long_ago_goes(empty: Engine) -> None:
    old = stage(empty, register(empty, "a"), [rows([("536365", "22423", 2, "12.75", 1)])], run_id="old")
    with empty.begin() as connection:
        connection.execute(update(LOAD).values(staged_at=datetime(2020, 1, 1)))
        assert deliveries.drop_left_over(connection) == [old.load_no]
        assert connection.execute(select(LINE)).all() == []


def test_staged_lines_do_not_count_and_a_second_staging_drops_the_first(empty: Engine) -> None:
    frame = rows([("536365", "22423", 2, "12.75", 1)])
    first = stage(empty, register(empty, "a"), [frame], run_id="run")
    assert counted(empty) == {}
    second = stage(empty, register(empty, "a"), [frame], run_id="run")
    with pytest.raises(InvalidRequest, match=f"load {first.load_no} is not staged \\(dropped\\)"):
        publish(empty, first.load_no, str)
    publish(empty, second.load_no, str)
    with pytest.raises(InvalidRequest, match="is not staged \\(published\\)"):
        publish(empty, second.load_no, str)
    assert counted(empty) == {"536365": [("22423", 2, 12750, 1)]}
    assert deliveries.waiting([register(empty, "a")], None) == []


def test_a_month_alone_leaves_the_others_and_keeps_invoices_written_over_midnight(empty: Engine) -> None:
    night = datetime(2010, 12, 31, 23, 59)
    over = pd.concat(
        [
            rows([("000001", "A1", 1, "1", 1)], night),
            rows([("000001", "A1", 1, "1", 1)], night + timedelta(minutes=2)),
        ]
    )
    january = rows([("000002", "A1", 5, "1", 1)], datetime(2011, 1, 3))
    frame = pd.concat([over, january], ignore_index=True)
    december = Period(date(2010, 12, 1), date(2010, 12, 31))
    load(empty, "a", frame, december)
    assert {number: len(lines) for number, lines in counted(empty).items()} == {"000001": 2}
    assert len(deliveries.waiting([register(empty, "a")], None)) == 1, "the delivery as a whole still waits"
    load(empty, "a", frame, Period(date(2011, 1, 1), date(2011, 1, 31)))
    load(empty, "a", frame)
    assert {number: len(lines) for number, lines in counted(empty).items()} == {"000001": 2, "000002": 1}


LINES = st.lists(
    st.tuples(
        st.sampled_from(["000001", "000002", "C000003"]),
        st.sampled_from(["22423", "POST"]),
        st.integers(-3, 3),
        st.sampled_from(["0.001", "2.55", BAD]),
        st.none(),
    ),
    min_size=1,
    max_size=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=4), st.data())
def test_no_invoice_counts_twice_in_any_order_and_repetition(
    engine: Engine, delivered: list[list[Line]], data: st.DataObject
) -> None:
    clear(engine)
    names = [f"d{number}" for number in range(len(delivered))]
    for name in names:
        register(engine, name)
    order = data.draw(st.permutations(names)) + data.draw(st.lists(st.sampled_from(names), max_size=4))
    for name in order:
        load(engine, name, rows(delivered[names.index(name)]))

    wanted: dict[str, tuple[bool, list[tuple[Any, ...]]]] = {}
    for lines in delivered:
        for number in {line[0] for line in lines}:
            ours = [line for line in lines if line[0] == number]
            good = [line for line in ours if line[3] != BAD]
            complete = len(good) == len(ours)
            if good and (complete or not wanted.get(number, (False,))[0]):
                typed = [(code, q, round(float(price) * 1000), None) for _, code, q, price, _ in good]
                wanted[number] = (complete, typed)
    assert counted(engine) == {number: lines for number, (_, lines) in wanted.items()}
    with engine.connect() as connection:
        assert len(connection.execute(select(LINE)).all()) == sum(len(lines) for _, lines in wanted.values())
        totals = connection.execute(
            select(INVOICE.c.invoice_no, INVOICE.c.amount_mils, INVOICE.c.line_count)
        ).all()
        goods = dict(connection.execute(select(PRODUCT.c.stock_code, PRODUCT.c.is_goods)).tuples().all())
    assert {n: (amount, count) for n, amount, count in totals} == {
        number: (sum(q * price for _, q, price, _ in lines), len(lines))
        for number, (_, lines) in wanted.items()
    }
    assert goods.items() <= {"22423": True, "POST": False}.items()
