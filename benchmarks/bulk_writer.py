"""50,000 price changes of IM_ITEM: the guarded bulk writer against statements row by row.

Row by row is what automations of this kind usually do: one guarded UPDATE for each change, all in one
transaction. `executemany` is the same statement handed to the driver in one call; it does not say which rows
it found changed. The bulk writer reads every row again and commits every 2,000 rows.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, Update, bindparam, make_url, update

from benchmarks.measuring import in_own_process, show_and_store
from include.changes import Change, Result
from include.counterpoint.tables import IM_ITEM
from include.counterpoint.writer import write_changes
from include.database.engines import engine_for

COUNT = 50_000
ROUNDS = 3
AT = datetime(2026, 3, 4, 5, 6, 7)  # noqa: DTZ001 - store time
EXPECTED = 10.0


def fill(engine: Engine) -> list[Change]:
    """A fresh item file, and a plan that raises every price by a cent."""
    from include.sandbox.seed.loading import Loader

    dice = random.Random(7)
    numbers = [f"{number:06d}" for number in range(COUNT)]
    prices = [Decimal(dice.randint(100, 90_000)) / 100 for _ in numbers]
    IM_ITEM.drop(engine, checkfirst=True)
    IM_ITEM.create(engine)
    with engine.begin() as connection:
        Loader(connection).write(
            IM_ITEM,
            {
                "ITEM_NO": numbers,
                "DESCR": ["Terracotta pot"] * COUNT,
                "LONG_DESCR": ['Terracotta pot, round, 12", frost proof'] * COUNT,
                "STAT": ["A"] * COUNT,
                "CATEG_COD": ["POTTERY"] * COUNT,
                "PRC_1": [float(price) for price in prices],
                "USR_PROF_ALPHA_16": [f"B{number // 4:06d}" for number in range(COUNT)],
            },
        )
        if engine.dialect.name in {"sqlite", "postgresql"}:
            connection.exec_driver_sql("ANALYZE")
    pairs = zip(numbers, prices, strict=True)
    return [Change("IM_ITEM", n, "PRC_1", price, price + Decimal("0.01"), "raised") for n, price in pairs]


def bulk_writer(engine: Engine, changes: list[Change]) -> list[Result]:
    return [result for batch in write_changes(engine, changes, AT) for result in batch]


def row_by_row(engine: Engine, changes: list[Change]) -> list[Result]:
    statement, results = guarded_update(), []
    with engine.begin() as connection:
        for change in changes:
            written = connection.execute(statement, parameters(change)).rowcount == 1
            results.append(Result(change, "applied" if written else "conflicted"))
    return results


def executemany(engine: Engine, changes: list[Change]) -> list[Result]:
    with engine.begin() as connection:
        connection.execute(guarded_update(), [parameters(change) for change in changes])
    return [Result(change, "applied") for change in changes]


def guarded_update() -> Update:
    guard = IM_ITEM.c.PRC_1.is_not_distinct_from(bindparam("old"))
    return (
        update(IM_ITEM)
        .where(bindparam("key") == IM_ITEM.c.ITEM_NO, guard)
        .values(PRC_1=bindparam("new"), LST_MAINT_DT=AT)
    )


def parameters(change: Change) -> dict[str, Any]:
    return {"key": change.key, "old": change.old, "new": change.new}


WAYS = {"bulk writer": bulk_writer, "row by row": row_by_row, "executemany": executemany}


def prepared(address: str, way: str) -> Callable[[], int]:
    """A fresh item file and the way to change it; the way answers how many changes it says it made."""
    engine = engine_for(make_url(address))
    changes = fill(engine)
    return lambda: sum(result.status == "applied" for result in WAYS[way](engine, changes))


def databases(folder: Path) -> Iterator[tuple[str, URL]]:
    """An empty database of each kind that this machine has."""
    from tests.databases import KINDS, SERVERS, fresh_database

    for kind in KINDS:
        if kind == "sqlite" or os.environ.get(SERVERS[kind]):
            with fresh_database(kind, folder) as url:
                yield kind, url


def measure(url: URL) -> dict[str, float]:
    """Seconds of each way, the best of several rounds in turns."""
    address = url.render_as_string(hide_password=False)
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        for way, found in seconds.items():
            measured = in_own_process(prepared, address, way)
            if measured["answer"] != COUNT:
                raise RuntimeError(f"{way} made {measured['answer']} of {COUNT} changes")
            found.append(measured["seconds"])
    return {way: min(found) for way, found in seconds.items()}


def main() -> None:
    """Measure on every database, print and store."""
    rows, notes = [], []
    with tempfile.TemporaryDirectory(prefix="bulk-writer-") as name:
        for kind, url in databases(Path(name)):
            seconds = measure(url)
            best = seconds["bulk writer"]
            rows += [
                {
                    "database": kind,
                    "way": way,
                    "seconds": found,
                    "rows_per_second": round(COUNT / found),
                    "bulk writer is x": found / best,
                }
                for way, found in seconds.items()
            ]
            ratio = seconds["row by row"] / best
            if kind != "sqlite":
                said = "met" if ratio >= EXPECTED else "NOT met"
                notes.append(f"{kind}: expected {EXPECTED:g} x row by row; found {ratio:.1f} x: {said}")
    show_and_store("bulk_writer", rows, notes)
