"""The gift shop: loading the real file against plain COPY; its figures against a notebook, DuckDB and Polars.

It needs PostgreSQL (`TEST_POSTGRES_URL`) and `online_retail_II.parquet` in the folder `RETAIL_DATA_DIR`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.gift_shop_engines import answer, duckdb_way, polars_way
from benchmarks.measuring import ROOT, in_own_process, show_and_store

TIMES = 3
_ENGINES = {"duckdb": duckdb_way, "polars": polars_way}
_TABLE = (
    "CREATE TABLE retail (invoice_no text, stock_code text, description text, quantity int, "
    "invoice_date timestamp, unit_price float, customer_id float, country text)"
)


def _copy(url: str, file: str, index: bool) -> Callable[[], int]:
    """Plain COPY of a CSV that is ready, into one table of text and numbers."""
    from sqlalchemy import create_engine, text

    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS retail"))
        connection.execute(text(_TABLE))
        if index:
            connection.execute(text("CREATE INDEX retail_invoice ON retail (invoice_no)"))

    def work() -> int:
        with engine.begin() as connection, Path(file).open("rb") as rows:
            cursor: Any = connection.connection.cursor()
            cursor.copy_expert("COPY retail FROM STDIN WITH (FORMAT csv)", rows, 1 << 20)
            return int(cursor.rowcount)

    return work


def _ours(url: str, file: str, _index: bool) -> Callable[[], int]:
    """Read the Parquet file, type it, stage, add up, publish into an empty warehouse."""
    import pandas  # noqa: F401
    import pyarrow.parquet  # type: ignore[import-untyped] # noqa: F401
    from sqlalchemy import make_url

    from include.database.engines import engine_for
    from include.gift_shop import deliveries
    from include.gift_shop.publishing import publish
    from include.gift_shop.reading import frames
    from include.gift_shop.settings import gift_shop_settings
    from include.gift_shop.staging import stage
    from include.gift_shop.tables import METADATA, create_tables

    engine, path, settings = engine_for(make_url(url)), Path(file), gift_shop_settings()
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP VIEW IF EXISTS lgs_sale")
        METADATA.drop_all(connection)
    create_tables(engine)

    def work() -> int:
        contents = deliveries.contents_of(path, together=True)
        (one,) = deliveries.register(engine, path.name, contents, datetime(2026, 11, 20))  # noqa: DTZ001
        staged = stage(engine, one, frames(path), run_id="benchmark")
        return publish(engine, staged.load_no, settings.continent).lines

    return work


def _our_figures(url: str, _file: str, _index: bool) -> Callable[[], Any]:
    import pandas  # noqa: F401
    from sqlalchemy import make_url

    from include.database.engines import engine_for
    from include.gift_shop import metrics, rfm
    from include.gift_shop.invoices import read_invoices

    engine = engine_for(make_url(url))

    def work() -> Any:
        invoices = read_invoices(engine)
        months = metrics.monthly(invoices)
        amounts = metrics.distribution(metrics.positive_amounts(invoices))
        customers = rfm.scored(rfm.buyers(invoices, date(2012, 1, 1), "published"), "published")
        countries = metrics.by_country(invoices, {str(name): "" for name in invoices["country"].unique()})
        return answer(
            months["sales_mils"].sum() / 1000,
            int(months["placed_published"].sum()),
            int(months["new_customers"].sum()),
            amounts.mean,
            customers["segment"].value_counts().to_dict(),
            countries["sales_mils"].iloc[0] / 1000,
        )

    return work


def _notebook(url: str, _file: str, _index: bool) -> Callable[[], Any]:
    """All rows into pandas, and group-bys on them."""
    import pandas as pd
    from sqlalchemy import create_engine

    from include.gift_shop.segments import BY_SCORES

    engine = create_engine(url)

    def work() -> Any:
        frame = pd.read_sql("SELECT * FROM retail", engine)
        frame["amount"] = frame["quantity"] * frame["unit_price"]
        frame["month"] = frame["invoice_date"].dt.year * 100 + frame["invoice_date"].dt.month
        amounts = frame.groupby("invoice_no")["amount"].sum()
        amounts = amounts[amounts > 0]
        every = frame.groupby("month")["invoice_no"].nunique()
        cancelled = frame[frame["invoice_no"].str.startswith("C")].groupby("month")["invoice_no"].nunique()
        placed = every - 2 * cancelled
        sales = frame.groupby("month")["amount"].sum()
        sales.pct_change()
        frame.groupby("month")["customer_id"].nunique()
        new = frame.groupby("customer_id")["month"].min().value_counts()
        bought = frame[(frame["quantity"] > 0) & (frame["amount"] > 0)].dropna()
        customers = bought.groupby("customer_id").agg(
            recency=("invoice_date", lambda days: (pd.Timestamp(2012, 1, 1) - days.max()).days),
            frequency=("invoice_no", "nunique"),
            monetary=("amount", "sum"),
        )
        r = pd.qcut(customers["recency"], 5, labels=[5, 4, 3, 2, 1]).astype(int)
        f = pd.qcut(customers["frequency"].rank(method="first"), 5, labels=[1, 2, 3, 4, 5]).astype(int)
        pd.qcut(customers["monetary"], 5, labels=[1, 2, 3, 4, 5])
        segments = pd.Series([BY_SCORES[pair] for pair in zip(r, f, strict=True)])
        countries = frame.groupby("country")["amount"].sum().sort_values(ascending=False)
        return answer(
            sales.sum(),
            int(placed.sum()),
            int(new.sum()),
            amounts.mean(),
            segments.value_counts().to_dict(),
            countries.iloc[0],
        )

    return work


def main() -> None:
    """Measure; without server or file it only says what is missing."""
    import pyarrow as pa
    from pyarrow import csv, parquet
    from sqlalchemy import create_engine, make_url, text

    server = os.environ.get("TEST_POSTGRES_URL")
    file = (
        Path(os.environ.get("RETAIL_DATA_DIR") or ROOT.parent / "shared" / "data")
        / "online_retail_II.parquet"
    )
    if not server or not file.exists():
        print(f"left out: it needs TEST_POSTGRES_URL and {file} (set RETAIL_DATA_DIR)")
        return
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    url = make_url(server).set(database="retail_ops_benchmark").render_as_string(hide_password=False)
    with tempfile.TemporaryDirectory() as folder, admin.connect() as connection:
        ready = Path(folder) / "retail.csv"
        table: pa.Table = parquet.read_table(file).drop(["sheet"])
        csv.write_csv(table, ready, csv.WriteOptions(include_header=False))
        connection.execute(text("DROP DATABASE IF EXISTS retail_ops_benchmark"))
        connection.execute(text("CREATE DATABASE retail_ops_benchmark"))
        try:
            rows, answers = _measure(url, str(ready), str(file))
        finally:
            connection.execute(text("DROP DATABASE retail_ops_benchmark WITH (FORCE)"))
    plain, indexed, ours, notebook, figures, *engines = (row["seconds"] for row in rows)
    show_and_store(
        "gift_shop",
        rows,
        [
            f"load: {plain / ours:.2f} x the speed of plain COPY of a ready CSV",
            f"load: {indexed / ours:.2f} x the speed of plain COPY into a table with one index",
            f"figures: {notebook / figures:.1f} x the speed of the notebook way",
            f"figures: {figures / min(engines):.2f} x the time of the better of DuckDB and Polars"
            if engines
            else "figures: DuckDB and Polars are not installed; make bench brings them",
            f"same answers: {all(answer == answers[0] for answer in answers)}",
        ],
    )


def _measure(url: str, ready: str, file: str) -> tuple[list[dict[str, Any]], list[Any]]:
    rows: list[dict[str, Any]] = []
    answers = []
    for what, way, source, index in (
        ("plain COPY", _copy, ready, False),
        ("plain COPY, one index", _copy, ready, True),
        ("load: read, type, stage, publish", _ours, file, False),
        ("figures, notebook way", _notebook, file, False),
        ("figures, ours", _our_figures, file, False),
        *((f"figures, {name}", way, file, False) for name, way in _ENGINES.items() if find_spec(name)),
    ):
        found = [in_own_process(way, url, source, index) for _ in range(TIMES)]
        best = min(found, key=lambda one: one["seconds"])
        if isinstance(best["answer"], list):
            answers.append(best["answer"])
        rows.append(
            {
                "what": what,
                "rows": best["answer"] if isinstance(best["answer"], int) else "",
                "seconds": best["seconds"],
                "memory_mb": best["peak_mb"] - best["base_mb"],
            }
        )
    return rows, answers


if __name__ == "__main__":
    main()
