"""Availability feeds from database to verified file: speed against pandas, and memory as the store grows."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Select

from benchmarks.measuring import in_own_process, show_and_store

SIZES = (10_000, 100_000)
WORDS = (
    "Terracotta",
    "Pot,",
    'round 12"',
    "Boxwood",
    "Échinacée",
    "Garden",
    "Hose",
    "50'",
    "Cedar",
    "& Fern",
    "Mulch",
)


def _fill(file: Path, count: int) -> None:
    from include.counterpoint.tables import IM_INV, IM_ITEM
    from include.database.engines import engine_for

    dice = random.Random(7)
    engine = engine_for(URL.create("sqlite", database=str(file)))
    with engine.begin() as connection:
        IM_ITEM.create(connection)
        IM_INV.create(connection)
        numbers = [f"{n:06d}" for n in range(count)]
        connection.execute(
            IM_ITEM.insert(),
            [
                {
                    "ITEM_NO": number,
                    "STAT": "A",
                    "LONG_DESCR": " ".join(dice.choices(WORDS, k=5))[:50],
                    "CATEG_COD": "TREES",
                    "PRC_1": dice.randint(100, 90_000) / 100,
                    "REG_PRC": dice.randint(100, 90_000) / 100,
                    "PROF_NO_1": 5,
                }
                for number in numbers
            ],
        )
        connection.execute(
            IM_INV.insert(),
            [{"ITEM_NO": number, "LOC_ID": "1", "QTY_AVAIL": dice.randint(0, 400)} for number in numbers],
        )
    engine.dispose()


def _ours(file: str, folder: str, webdav: dict[str, Any]) -> Callable[[], int]:
    import json
    import os

    from include.database.engines import engine_for
    from include.inventory import feeds as rules
    from include.inventory.settings import inventory_settings
    from include.settings import store_settings
    from retail_ops.hooks.webdav import WebDavHook

    os.environ["AIRFLOW_CONN_WEBDAV"] = json.dumps(webdav)
    settings, store = inventory_settings().feeds, store_settings()
    engine, server = engine_for(URL.create("sqlite", database=file)), WebDavHook()
    server.get_conn()

    @contextmanager
    def stream(query: Select[Any]) -> Iterator[Iterator[Any]]:
        with engine.connect() as connection:
            yield iter(connection.execution_options(stream_results=True, yield_per=5000).execute(query))

    def work() -> int:
        plan = rules.plan_feed(stream, Path(folder), "retail", settings, store, {}, {})
        for candidate in rules.candidates(Path(folder), settings, "retail"):
            server.upload(candidate.local, candidate.remote)
        return plan.considered

    return work


def _pandas(file: str, folder: str, webdav: dict[str, Any]) -> Callable[[], int]:
    import pandas
    import requests
    from requests.auth import HTTPDigestAuth
    from sqlalchemy import create_engine

    engine = create_engine(URL.create("sqlite", database=file))
    query = (
        "SELECT i.ITEM_NO AS item_no, LONG_DESCR AS description, PRC_1 AS price, QTY_AVAIL AS available "
        "FROM IM_ITEM i JOIN IM_INV v ON v.ITEM_NO = i.ITEM_NO WHERE STAT = 'A' AND QTY_AVAIL >= 0 ORDER BY 2"
    )

    def work() -> int:
        frame = pandas.read_sql(query, engine)
        csv, json = Path(folder) / "pandas.csv", Path(folder) / "pandas.json"
        frame.to_csv(csv, index=False, header=False, float_format="%.2f")
        frame.to_json(json, orient="records")
        for path in (csv, json):
            with path.open("rb") as body:
                answer = requests.put(
                    f"{webdav['host']}/{path.name}",
                    data=body,
                    timeout=60,
                    auth=HTTPDigestAuth(webdav["login"], webdav["password"]),
                )
                answer.raise_for_status()
        return len(frame)

    return work


def main() -> None:
    """Measure both ways at both sizes; ours writes, uploads, reads back and compares."""
    from include.sandbox.standins.credentials import connections
    from include.sandbox.standins.server import StandIns

    rows = []
    with tempfile.TemporaryDirectory() as name, StandIns(Path(name) / "vendors") as vendors:
        webdav = connections(vendors)["webdav"]
        for size in SIZES:
            file = Path(name) / f"{size}.db"
            _fill(file, size)
            for what, way in (("ours, verified", _ours), ("pandas, unverified", _pandas)):
                found = in_own_process(way, str(file), name, webdav)
                rows.append(
                    {
                        "what": what,
                        "items": found["answer"],
                        "seconds": found["seconds"],
                        "items_per_second": round(found["answer"] / found["seconds"]),
                        "memory_mb": found["peak_mb"] - found["base_mb"],
                    }
                )
    ours, theirs = rows[2], rows[3]
    notes = [
        f"{SIZES[1]:,}: {theirs['seconds'] / ours['seconds']:.2f} x the speed of pandas without reading back",
        f"memory for ten times the items: ours {ours['memory_mb'] - rows[0]['memory_mb']:+.1f} MB, "
        f"pandas {theirs['memory_mb'] - rows[1]['memory_mb']:+.1f} MB",
    ]
    show_and_store("feeds", rows, notes)
