"""A small store for tests that kill its workers: a web shop, a point of sale, plans, and a worker."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import URL, Engine, delete, insert, select, text

from include.changes import Change, Plan, write_plan
from include.counterpoint.tables import IM_ITEM, metadata
from include.database.engines import engine_for
from include.sandbox.standins import state
from include.sandbox.standins.bigcommerce.quota import Quota
from include.sandbox.standins.credentials import connections
from include.sandbox.standins.server import StandIns
from include.storedb.audit import audited_changes
from include.storedb.migrate import upgrade
from tests.integration.killed_worker import KILLED, Worker

DAG = "nightly_bigcommerce_sync"
MOST_STEPS = 200
BEFORE = datetime(2026, 7, 1, 3)
FIELDS = ("total_sold", "sort_order", "related_products", "is_featured")
# Three batches, the last of them a small one.
IDS = range(101, 124)
COUPONS = range(1, 5)
COUPON = {
    "type": "per_total_discount",
    "amount": "5.0000",
    "expires": "Mon, 01 Jun 2026 04:00:00 +0000",
    "date_created": "Fri, 01 May 2026 04:00:00 +0000",
}
COUNT_WRITES = (
    "CREATE TABLE writes (product_id INTEGER NOT NULL)",
    "CREATE TRIGGER count_writes AFTER UPDATE ON products BEGIN INSERT INTO writes VALUES (NEW.id); END",
)


def wanted(field: str, numbers: range, old: Any, new: Any) -> list[Change]:
    return [Change("bigcommerce.product", f"{n}", field, old, new, "a rule") for n in numbers]


def of_items(field: str, numbers: range, old: Any, new: Any) -> list[Change]:
    return [Change("IM_ITEM", f"{n}", field, old, new, "a rule") for n in numbers]


EXPIRED = "expired 2026-06-01 00:00:00-04:00, never used"
RULES = {
    "total_sold": wanted("total_sold", IDS, 3, 9),
    "sort_order": wanted("sort_order", IDS[::2], 0, -50),
    "related_items": wanted("related_products", IDS[:7], (-1,), (110, 111)),
    "featured": wanted("is_featured", IDS[12:], False, True) + of_items("ECOMM_NEW", IDS, "N", "Y"),
    "coupons": [Change("bigcommerce.coupon", f"{n}", "code", f"C-{n}", None, EXPIRED) for n in COUPONS],
}
TASKS = {
    "update_shop": ["total_sold", "sort_order", "related_items", "featured"],
    "featured.apply": ["featured"],
    "coupons.delete": ["coupons"],
}


@dataclass(frozen=True)
class Found:
    """What a run left behind, but for the moments at which it did."""

    products: dict[int, list[Any]]
    coupons: list[int]
    items: dict[str, str]
    files: dict[str, bytes]
    audit: Counter[tuple[Change, str]]


class Store:
    """A shop and a point of sale small enough to be put back for every kill, and a worker."""

    def __init__(self, folder: Path, vendors: StandIns, engines: dict[str, Engine], worker: Worker) -> None:
        self.folder, self.vendors, self.worker = folder, vendors, worker
        self.counterpoint, self.store_db = engines["counterpoint"], engines["store_db"]
        self.plans = {}
        for rule, changes in RULES.items():
            path = folder / f"{rule}.jsonl.gz"
            write_plan(Plan(tuple(changes), len(changes)), path)
            made = {"plan": path.as_uri(), "task": f"{rule}.plan", "stamp": rule}
            self.plans[rule] = [{**made, "start": 0, "stop": len(changes)}]

    def reset(self) -> None:
        """Everything as on the evening before."""
        shutil.rmtree(self.folder / "files", ignore_errors=True)
        self.vendors.load_products(
            {"id": n, "name": f"Plant {n}", "sku": f"P-{n}", "price": 9.99, "total_sold": 3} for n in IDS
        )
        self.vendors.load_coupons(
            {"id": n, "name": f"Coupon {n}", "code": f"C-{n}", **COUPON} for n in COUPONS
        )
        self.vendors.clear_requests()
        with self.vendors.context.engine.begin() as connection:
            connection.execute(text("DELETE FROM writes"))
        put_items(self.counterpoint)

    def order(self, task: str, run_id: str, try_number: int) -> dict[str, Any]:
        """What the worker has to be told to try a task."""
        chunks = [self.plans[rule] for rule in TASKS[task]]
        return {"job": task, "run_id": run_id, "try_number": try_number, "chunks": chunks}

    def retry(self, task: str, run_id: str) -> Found:
        """What a run leaves behind whose task is tried again."""
        assert self.worker.run(**self.order(task, run_id, 2)) == 0
        return self.found(run_id)

    def undisturbed(self, task: str) -> Found:
        """What a run leaves behind that nobody kills."""
        self.reset()
        run_id = uuid4().hex
        assert self.worker.run(**self.order(task, run_id, 1)) == 0
        return self.found(run_id)

    def killed(self, task: str) -> Iterator[str]:
        """Runs whose first try was killed before its first step, before its second step, and so on."""
        for number in range(1, MOST_STEPS):
            self.reset()
            run_id = f"killed-before-step-{number}-{uuid4().hex}"
            if self.worker.run(**self.order(task, run_id, 1), kill_before=number) != KILLED:
                return
            yield run_id
        raise AssertionError(f"{task} has no end")

    def found(self, run_id: str) -> Found:
        files = (path for path in (self.folder / "files").rglob("*.csv") if run_id not in path.parts)
        with self.vendors.context.engine.connect() as connection:
            coupons = list(connection.scalars(select(state.coupons.c.id).order_by(state.coupons.c.id)))
        return Found(
            products={row["id"]: [row[name] for name in FIELDS] for row in self.vendors.products()},
            coupons=coupons,
            items={number: row[0] for number, row in items(self.counterpoint).items()},
            files={path.name: path.read_bytes() for path in files},
            audit=Counter(audited_changes(self.store_db, DAG, run_id)),
        )

    def requests(self, method: str) -> int:
        """How many requests reached the shop."""
        return sum(counter.calls for counter in self.vendors.counters("bigcommerce", method))

    def writes(self) -> Counter[int]:
        """How often the shop wrote each product."""
        with self.vendors.context.engine.connect() as connection:
            return Counter(connection.scalars(text("SELECT product_id FROM writes")))


def put_items(counterpoint: Engine) -> None:
    rows = [{"ITEM_NO": f"{n}", "ECOMM_NEW": "N", "IS_ON_SALE": "N", "LST_MAINT_DT": BEFORE} for n in IDS]
    with counterpoint.begin() as connection:
        connection.execute(delete(IM_ITEM))
        connection.execute(insert(IM_ITEM), rows)


def items(counterpoint: Engine) -> dict[str, tuple[str, datetime]]:
    """Each item's flags in one, and when it was last maintained."""
    columns = IM_ITEM.c
    rows = select(columns.ITEM_NO, columns.ECOMM_NEW + columns.IS_ON_SALE, columns.LST_MAINT_DT)
    with counterpoint.connect() as connection:
        return {number: (flags, at) for number, flags, at in connection.execute(rows)}


@contextmanager
def open_store(folder: Path) -> Iterator[Store]:
    """A store in an empty folder, with its shop and worker running."""
    urls = {n: URL.create("sqlite", database=str(folder / f"{n}.db")) for n in ("counterpoint", "store_db")}
    upgrade(urls["store_db"])
    engines = {name: engine_for(url) for name, url in urls.items()}
    metadata.create_all(engines["counterpoint"])
    # The shop's quota is tested elsewhere; here it would only take time.
    with StandIns(folder / "vendors", quota=Quota(1_000_000)) as vendors:
        found: dict[str, Any] = {"bigcommerce": connections(vendors)["bigcommerce"]}
        found |= {name: {"conn_type": "sqlite", "host": url.database} for name, url in urls.items()}
        variables = {f"AIRFLOW_CONN_{name.upper()}": json.dumps(fields) for name, fields in found.items()}
        variables["RETAIL_OPS_STORE_FILES"] = (folder / "files").as_uri()
        with vendors.context.engine.begin() as connection:
            for statement in COUNT_WRITES:
                connection.execute(text(statement))
        with Worker(folder / "tries.log", variables) as worker:
            yield Store(folder, vendors, engines, worker)
    for engine in engines.values():
        engine.dispose()
