"""The gift shop's figures by DuckDB and by Polars, straight from the Parquet file, for comparison."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_FIFTHS = (0.2, 0.4, 0.6, 0.8)
_ROWS = """
    SELECT "Invoice" AS invoice, "Quantity" * "Price" AS amount, "Quantity" AS quantity,
           "Customer ID" AS customer, "Description" AS description, "Country" AS country,
           "InvoiceDate" AS sold_at, date_trunc('month', "InvoiceDate") AS month
    FROM read_parquet('{}')
"""
_FIFTH = "1 + " + " + ".join(f"(value > edges[{place}])::INT" for place in range(1, 5))
_MONTHS = """
    CREATE TABLE of_month AS
    SELECT month, sum(amount) AS sales, count(DISTINCT invoice) AS every,
           count(DISTINCT invoice) FILTER (invoice LIKE 'C%') AS cancelled,
           count(DISTINCT customer) AS active
    FROM sale GROUP BY month
"""
_BUYERS = """
    CREATE TABLE buyer AS
    SELECT customer, floor(epoch(TIMESTAMP '2012-01-01' - max(sold_at)) / 86400) AS recency,
           count(DISTINCT invoice) AS frequency, sum(amount) AS money
    FROM sale
    WHERE quantity > 0 AND amount > 0 AND customer IS NOT NULL AND description IS NOT NULL
    GROUP BY customer
"""
_RANKED = """
    CREATE TABLE ranked AS
    SELECT *, row_number() OVER (ORDER BY frequency, customer) AS place FROM buyer
"""
_NEW = "SELECT count(*) FROM (SELECT customer, min(month) FROM sale WHERE customer NOT NULL GROUP BY 1)"
_MEAN = "SELECT avg(a) FROM (SELECT sum(amount) AS a FROM sale GROUP BY invoice) WHERE a > 0"
_COUNTRY = "SELECT sum(amount) AS a FROM sale GROUP BY country ORDER BY a DESC LIMIT 1"


def duckdb_way(_url: str, file: str, _index: bool) -> Callable[[], Any]:
    """Everything as SQL on the file."""
    import duckdb

    def work() -> Any:
        db = duckdb.connect()
        db.execute(f"CREATE TABLE sale AS {_ROWS.format(file)}")

        def one(query: str) -> Any:
            found = db.execute(query).fetchone()
            return found[0] if found else None

        for query in (_MONTHS, _BUYERS, _RANKED):
            db.execute(query)
        db.execute("SELECT month, sales / lag(sales) OVER (ORDER BY month) - 1 FROM of_month").fetchall()
        fifths = ", ".join(
            f"(SELECT {_FIFTH.replace('value', column)} FROM "
            f"(SELECT quantile_cont({column}::DOUBLE, {list(_FIFTHS)}) AS edges FROM ranked)) AS {name}"
            for name, column in (("r", "recency"), ("f", "place"), ("m", "money"))
        )
        scores = f"SELECT {fifths} FROM ranked"
        pairs = db.execute(f"SELECT 6 - r, f, count(*) FROM ({scores}) GROUP BY ALL").fetchall()
        return answer(
            one("SELECT sum(sales) FROM of_month"),
            int(one("SELECT sum(every - 2 * cancelled) FROM of_month")),
            int(one(_NEW)),
            one(_MEAN),
            _by_segment({(r, f): count for r, f, count in pairs}),
            one(_COUNTRY),
        )

    return work


def polars_way(_url: str, file: str, _index: bool) -> Callable[[], Any]:
    """Everything as lazy frames on the file."""
    import polars as pl

    def work() -> Any:
        sale = (
            pl.scan_parquet(file)
            .select(
                invoice=pl.col("Invoice"),
                amount=pl.col("Quantity") * pl.col("Price"),
                quantity=pl.col("Quantity"),
                customer=pl.col("Customer ID"),
                description=pl.col("Description"),
                country=pl.col("Country"),
                sold_at=pl.col("InvoiceDate"),
                month=pl.col("InvoiceDate").dt.truncate("1mo"),
            )
            .collect()
        )
        is_cancelled = pl.col("invoice").str.starts_with("C")
        months = (
            sale.group_by("month")
            .agg(
                sales=pl.col("amount").sum(),
                every=pl.col("invoice").n_unique(),
                cancelled=pl.col("invoice").filter(is_cancelled).n_unique(),
                active=pl.col("customer").drop_nulls().n_unique(),
            )
            .sort("month")
            .with_columns(growth=pl.col("sales").pct_change())
        )
        invoices = sale.group_by("invoice").agg(pl.col("amount").sum())
        amounts = invoices.filter(pl.col("amount") > 0)["amount"]
        firsts = sale.drop_nulls("customer").group_by("customer").agg(pl.col("month").min())
        bought = sale.filter(pl.col("quantity") > 0, pl.col("amount") > 0).drop_nulls()
        buyers = (
            bought.group_by("customer")
            .agg(
                recency=(pl.datetime(2012, 1, 1) - pl.col("sold_at").max()).dt.total_days(),
                frequency=pl.col("invoice").n_unique(),
                money=pl.col("amount").sum(),
            )
            .sort("customer")
            .with_columns(place=pl.col("frequency").rank("ordinal"))
            .select(r=6 - _fifth("recency"), f=_fifth("place"), m=_fifth("money"))
        )
        pairs = buyers.group_by("r", "f").len()
        countries = sale.group_by("country").agg(pl.col("amount").sum()).sort("amount", descending=True)
        return answer(
            months["sales"].sum(),
            int((months["every"].cast(pl.Int64) - 2 * months["cancelled"].cast(pl.Int64)).sum()),
            firsts.height,
            amounts.mean(),
            _by_segment({(r, f): count for r, f, count in pairs.iter_rows()}),
            countries["amount"][0],
        )

    return work


def _fifth(column: str) -> Any:
    import polars as pl

    value = pl.col(column)
    return 1 + sum((value > value.quantile(edge, "linear")).cast(pl.Int32) for edge in _FIFTHS)


def answer(*values: Any) -> list[Any]:
    """Figures as they are compared: amounts to the cent."""
    return [round(float(value), 2) if isinstance(value, float) else value for value in values]


def _by_segment(pairs: dict[tuple[int, int], int]) -> dict[str, int]:
    from include.gift_shop.segments import BY_SCORES

    found: dict[str, int] = {}
    for pair, count in pairs.items():
        found[BY_SCORES[pair]] = found.get(BY_SCORES[pair], 0) + count
    return found
