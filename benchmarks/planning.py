"""Planning for 50,000 items and 5,000,000 ticket lines, against a tenth of both: seconds and memory by rule.

Each rule runs in a process of its own and does what its task does: it reads Counterpoint (here SQLite) and,
where it needs it, the web shop as `read_shop` left it, and returns its plan. `mapping` is `read_shop` without
the requests: from the shop's products to the file that the others read.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, Select, func, insert, select

from benchmarks.measuring import ROOT, in_own_process, show_and_store
from include.counterpoint.tables import IM_ITEM, PS_TKT_HIST_LIN
from include.database.engines import engine_for
from include.sandbox.seed import DEFAULT_RANDOM_SEED, seed
from include.sandbox.seed.randomness import stream
from include.sandbox.web_shop_products import product_rows

DAY = date(2026, 11, 20)
ROUNDS = 3
TENTH, WHOLE = (1, 500_000), (10, 5_000_000)
"""The scale of the simulated store, whose items are 5,000 times that, and the number of ticket lines."""

TIMES = WHOLE[1] / TENTH[1]
WORSE_THAN_LINEAR = 1.3 * TIMES

UPKEEP = ("inactive_products", "brands", "stock_buffers")
NIGHTLY = ("total_sold", "related_items", "always_online", "sort_order", "featured")
RULES = (*UPKEEP, "mapping", *NIGHTLY)


class Reader:
    """Reads from the store in a folder, as `CounterpointHook.read` does; `seconds` is the time it took."""

    def __init__(self, folder: Path) -> None:
        self.engine = engine_of(folder)
        self.seconds = 0.0

    def __call__(self, query: Select[Any]) -> list[Any]:
        begin = time.perf_counter()
        with self.engine.begin() as connection:
            rows = list(connection.execute(query))
        self.seconds += time.perf_counter() - begin
        return rows


def engine_of(folder: Path) -> Engine:
    return engine_for(URL.create("sqlite", database=str(folder / "counterpoint.db")))


def make_store(folder: Path, scale: int, lines: int) -> None:
    """A store with so many ticket lines, and the web shop's products as the API would give them."""
    folder.mkdir()
    engine = engine_of(folder)
    seed(engine.url.render_as_string(), until=DAY, scale=scale)
    add_lines(engine, lines)
    products = product_rows(Reader(folder), DAY, stream(DEFAULT_RANDOM_SEED, "web shop products"))
    with (folder / "products.jsonl").open("w") as file:
        for row in products:
            # A product without variants has one all the same, and shares its SKU with its only one.
            variants = row["variants"] or [{"id": row["id"] + 1_000_000}]
            row["variants"] = [{"sku": row["sku"], **variant} for variant in variants]
            file.write(json.dumps(row, default=float) + "\n")
    engine.dispose()


def add_lines(engine: Engine, wanted: int) -> None:
    """Repeat lines, as many on every day in proportion, until there are `wanted`."""
    line = PS_TKT_HIST_LIN.c
    copies = {column.name: column for column in line} | {"LIN_SEQ_NO": line.LIN_SEQ_NO + 1000}
    shuffled = line.DOC_ID * 7919 % 10_007
    with engine.begin() as connection:
        missing = wanted - (connection.scalar(select(func.count()).select_from(PS_TKT_HIST_LIN)) or 0)
        chosen = select(*copies.values()).order_by(shuffled, line.DOC_ID, line.LIN_SEQ_NO).limit(missing)
        connection.execute(insert(PS_TKT_HIST_LIN).from_select(list(copies), chosen))
        connection.exec_driver_sql("ANALYZE")


def planned(folder: Path, rule: str) -> Callable[[], dict[str, Any]]:
    """One rule, ready to be measured; answers the number of its changes and its seconds in the database."""
    read = Reader(folder)
    work = partial(map_shop, folder, read) if rule == "mapping" else of_rule(folder, read, rule)

    def measured() -> dict[str, Any]:
        return {"changes": work(), "reading": read.seconds}

    return measured


def of_rule(folder: Path, read: Reader, rule: str) -> Callable[[], int]:
    from include.catalog import brands, buffers, status
    from include.catalog.upkeep_settings import upkeep_settings
    from include.settings import store_settings
    from include.web_shop.settings import web_shop_settings
    from include.web_shop.snapshot import read_shop

    upkeep, web_shop, store = upkeep_settings(), web_shop_settings(), store_settings()
    match rule:
        case "inactive_products":
            return lambda: len(status.plan_inactive(read, upkeep, store)[0].changes)
        case "brands":
            return lambda: len(brands.plan_brands(read, upkeep, store, {}).changes)
        case "stock_buffers":
            return lambda: len(buffers.plan_buffers(read, upkeep, store).changes)
    plan = import_module(f"include.web_shop.{rule}").plan
    return lambda: len(plan(read, DAY, read_shop(folder / "shop.gz"), web_shop, store).changes)


def map_shop(folder: Path, read: Reader) -> int:
    """What `read_shop` does with the shop's answers; nothing is remembered of the night before."""
    from include.counterpoint.items import as_items, items
    from include.settings import store_settings
    from include.web_shop import mapping, snapshot

    with (folder / "products.jsonl").open() as lines:
        found = snapshot.as_products(map(json.loads, lines))
    every = as_items(read(items(store_settings().stock_locations)))
    mapped = mapping.map_products(found.products, every, mapping.connector_rows(read), {})
    snapshot.write_shop(mapped.shop, folder / "shop.gz")
    return len(mapped.rows)


def measure(folder: Path, rule: str) -> dict[str, Any]:
    """Seconds (the best of several rounds) and megabytes of one rule."""
    rounds = [in_own_process(planned, folder, rule) for _ in range(ROUNDS)]
    best = min(rounds, key=lambda found: found["seconds"])
    memory = min(found["peak_mb"] - found["base_mb"] for found in rounds)
    return {**best["answer"], "seconds": best["seconds"], "memory_mb": memory}


def compared(rule: str, tenth: Path, whole: Path) -> dict[str, Any]:
    small, large = measure(tenth, rule), measure(whole, rule)
    return {
        "rule": rule,
        "changes": large["changes"],
        "seconds of a tenth": small["seconds"],
        "seconds": large["seconds"],
        "of that reading": large["reading"],
        "time x": large["seconds"] / small["seconds"],
        "MB of a tenth": small["memory_mb"],
        "MB": large["memory_mb"],
        "memory x": large["memory_mb"] / small["memory_mb"],
    }


def total_of(rows: list[dict[str, Any]], what: str, rules: tuple[str, ...]) -> str:
    chosen = [row for row in rows if row["rule"] in rules]
    seconds, memory = sum(row["seconds"] for row in chosen), max(row["MB"] for row in chosen)
    return f"{what}: {seconds:.1f} s one after the other, at most {memory:.0f} MB at a time"


def counted(folder: Path) -> str:
    read = Reader(folder)
    items, lines = (
        read(select(func.count()).select_from(table))[0][0] for table in (IM_ITEM, PS_TKT_HIST_LIN)
    )
    with (folder / "products.jsonl").open() as file:
        products = sum(1 for _ in file)
    return f"{items:,} items, {lines:,} ticket lines, {products:,} products of the web shop"


def main() -> None:
    """Make both stores, measure each rule on both, print and store."""
    place = Path(os.environ.get("RETAIL_OPS_VAR") or ROOT / "var")
    place.mkdir(parents=True, exist_ok=True)
    # The larger store fills 1.5 GB, which is too much for where some machines keep temporary files.
    with tempfile.TemporaryDirectory(prefix="planning-", dir=place) as name:
        tenth, whole = Path(name) / "tenth", Path(name) / "whole"
        make_store(tenth, *TENTH)
        make_store(whole, *WHOLE)
        rows = [compared(rule, tenth, whole) for rule in RULES]
        notes = [f"whole: {counted(whole)}", f"a tenth: {counted(tenth)}"]
    for what, rules in (("product_upkeep", UPKEEP), ("nightly_bigcommerce_sync", ("mapping", *NIGHTLY))):
        notes.append(total_of(rows, what, rules))
    worse = [row["rule"] for row in rows if max(row["time x"], row["memory x"]) > WORSE_THAN_LINEAR]
    found = f"NOT met by {', '.join(worse)}" if worse else "met by all"
    notes.append(f"expected: at most {WORSE_THAN_LINEAR:g} x for {TIMES:g} x the data: {found}")
    show_and_store("planning", rows, notes)


if __name__ == "__main__":
    main()
