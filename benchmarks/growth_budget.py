"""The growth budget of ten million customer-months, beside the notebook's way: all read into pandas, spread
out as a matrix of customers and months, and walked through month by month. Then what one more month costs.

Made-up customers of ten years, some of whom stay away for a while. On PostgreSQL where TEST_POSTGRES_URL
names a server, else on SQLite. Both ways give the same answers, which is checked.
"""

from __future__ import annotations

import io
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, ColumnElement, create_engine, make_url, text, true

from benchmarks.measuring import in_own_process, show_and_store
from include.database.engines import engine_for
from include.growth.accounting import growth_by_month
from include.periods import month_after, whole_month
from include.storedb.customer_months import CustomerMonths, InMonth, SalesMonth
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext, digest, moment
from include.storedb.tables import CUSTOMER_MONTH, SALES_MONTH

if TYPE_CHECKING:
    import numpy as np

CUSTOMER_MONTHS, MONTHS = 10_000_000, 120
FIRST, SILENT = date(2016, 1, 1), 2
LAST = month_after(FIRST, MONTHS - 1)
SOURCE = "counterpoint"
RUN = RunContext("growth_budget", "benchmark", "tickets")
CHANGED = 0.05
Answer = list[tuple[int, int, int]]


def came(size: int) -> Iterator[np.ndarray]:
    """For each month the numbers of the customers who came in it; about `size` in all."""
    import numpy as np

    random = np.random.default_rng(1)
    customers = int(size * 0.0548)
    first = random.integers(-20, MONTHS, customers)
    stays, often = random.exponential(60, customers), random.beta(1.2, 1.2, customers)
    for month in range(MONTHS):
        there = (first <= month) & (month <= first + stays + 1)
        yield np.flatnonzero(there & (random.random(customers) < often))


def fill(url: URL, size: int) -> int:
    """The customers of all months, none of them counted; returns how many customer-months there are."""
    upgrade(url)
    engine, rows = engine_for(url), 0
    columns = "source, customer, month, amount, days"
    for number, customers in enumerate(came(size)):
        month = month_after(FIRST, number)
        values = [(SOURCE, f"C{one:07}", month.isoformat(), one % 97 + 1, 2) for one in customers.tolist()]
        rows += len(values)
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                lines = io.StringIO("".join(f"{','.join(map(str, value))}\n" for value in values))
                cursor: Any = connection.connection.cursor()
                statement = f"COPY {CUSTOMER_MONTH.name} ({columns}) FROM STDIN WITH (FORMAT csv)"
                cursor.copy_expert(statement, lines)
            else:
                statement = f"INSERT INTO {CUSTOMER_MONTH.name} ({columns}) VALUES (?, ?, ?, ?, ?)"
                connection.exec_driver_sql(statement, values)
            noted = {
                "sales_month_hash": digest(SOURCE, month.isoformat()),
                "read_at": moment(),
                **RUN.columns(),
            }
            connection.execute(SALES_MONTH.insert(), asdict(as_read(month, len(values))) | noted)
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"VACUUM ANALYZE {CUSTOMER_MONTH.name}"))
    engine.dispose()
    return rows


def as_read(month: date, customers: int) -> SalesMonth:
    """A month that was read."""
    return SalesMonth(SOURCE, month, whole_month(month).last, Decimal(0), customers, None, None, "read")


def held(url: URL, month: date) -> dict[str, InMonth]:
    """The customers that the table has of a month."""
    column = CUSTOMER_MONTH.c
    wanted = CUSTOMER_MONTH.select().where(column.month == month, column.source == SOURCE)
    with engine_for(url).connect() as connection:
        return {row.customer: InMonth(row.amount, row.days) for row in connection.execute(wanted)}


def counted_whole(url: URL) -> Callable[[], Answer]:
    """All months, counted from nothing, and the budget that follows."""
    return counted(url, true())


def counted_again(url: URL) -> Callable[[], Answer]:
    """The last month, looked up customer by customer, and the budget of all months."""
    return counted(url, SALES_MONTH.c.month == LAST)


def counted(url: URL, which: ColumnElement[bool]) -> Callable[[], Answer]:
    """Months that are to be counted again, and the budget of all."""

    def work() -> Answer:
        months = CustomerMonths(engine_for(url))
        months.count(SOURCE, RUN)
        return answer(months)

    with engine_for(url).begin() as connection:
        connection.execute(SALES_MONTH.update().where(which).values(is_counted=False))
    return work


def a_days_change(url: URL) -> Callable[[], Answer]:
    """The last month with some customers gone, some new: read, replaced, counted, and the budget."""
    customers = held(url, LAST)
    names = sorted(customers)
    few = int(len(names) * CHANGED)
    for name in names[:few]:
        del customers[name]
    customers |= {f"N{number:07}": InMonth(Decimal("5.0000"), 1) for number in range(few)}
    return lambda: one_month(url, LAST, customers)


def a_new_month(url: URL) -> Callable[[], Answer]:
    """A month more with as many customers as the last, none of which is there yet."""
    customers = held(url, LAST)
    return lambda: one_month(url, month_after(LAST), customers)


def one_month(url: URL, month: date, customers: dict[str, InMonth]) -> Answer:
    """Replace a month's customers, count, and the budget."""
    months = CustomerMonths(engine_for(url))
    months.keep(as_read(month, len(customers)), customers, RUN)
    months.count(SOURCE, RUN)
    return answer(months)


def answer(months: CustomerMonths) -> Answer:
    """New, regained and churned of each month."""
    found = growth_by_month(months.returns(SOURCE), whole_month(LAST).last, SILENT)
    return [(one.new, one.regained, one.churned) for one in found]


def in_pandas(url: URL) -> Callable[[], Answer]:
    """The notebook's way."""

    def work() -> Answer:
        import numpy as np
        import pandas as pd

        with engine_for(url).connect() as connection:
            rows = pd.read_sql(text("SELECT customer, month, amount FROM customer_month"), connection)
        rows["amount"] = rows["amount"].astype(float)
        matrix = rows.pivot_table(index="customer", columns="month", values="amount", aggfunc="sum")
        visited = matrix.fillna(0).to_numpy() != 0
        lost, ever = np.zeros(len(visited), dtype=bool), visited[:, 0].copy()
        found = [(0, 0, 0)]
        for month in range(1, visited.shape[1]):
            now = visited[:, month]
            regained, new = now & lost, now & ~ever
            churned = np.zeros(len(visited), dtype=bool)
            if month >= SILENT:
                silent = ~visited[:, month - SILENT + 1 : month + 1].any(axis=1)
                churned = visited[:, month - SILENT] & silent
            lost, ever = (lost & ~now) | churned, ever | now
            found.append((int(new.sum()), int(regained.sum()), int(churned.sum())))
        return found

    return work


@contextmanager
def database() -> Iterator[URL]:
    """An empty database that is gone afterwards."""
    address = os.environ.get("TEST_POSTGRES_URL")
    if not address:
        with tempfile.TemporaryDirectory() as folder:
            yield URL.create("sqlite", database=str(Path(folder) / "growth.db"))
        return
    server, name = make_url(address), f"growth_{uuid.uuid4().hex[:12]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield server.set(database=name)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


def main(size: int = CUSTOMER_MONTHS) -> None:
    """Fill, measure each way in a process of its own, check, print and store."""
    ways: dict[str, Callable[[URL], Callable[[], Answer]]] = {
        "all months, in the database": counted_whole,
        "all months, in pandas": in_pandas,
        "one month counted again": counted_again,
        "a day's change written and counted": a_days_change,
        "a new month written and counted": a_new_month,
    }
    with database() as url:
        count = fill(url, size)
        measured = {name: in_own_process(way, url) for name, way in ways.items()}
    whole, *others = measured.values()
    if any(one["answer"] != whole["answer"] for one in others[:2]):
        raise AssertionError("the ways do not give the same growth budget")
    rows = [
        {
            "way": name,
            "seconds": one["seconds"],
            "times the database's": one["seconds"] / whole["seconds"],
            "MB more": one["peak_mb"] - one["base_mb"],
        }
        for name, one in measured.items()
    ]
    notes = [
        f"{count:,} customer-months of {MONTHS} months on {url.get_backend_name()}; the memory is that of the"
        " process beside the database; all ways give the same answers",
        f"a day's change: {CHANGED:.0%} of the month's customers gone and as many new; reading, replacing and"
        " counting it, without Counterpoint's query",
    ]
    show_and_store("growth_budget", rows, notes)


if __name__ == "__main__":
    main()
