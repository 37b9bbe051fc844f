"""Bringing 10,000 products of the web shop up to date, 200 of which differ: requests and seconds.

Ours reads the shop and sends what differs, through the functions that `nightly_bigcommerce_sync` uses. The
old way, for comparison, is what automations of this kind usually do: one request for each product, whether
or not it differs. Both go through the same session, under the vendor's quota.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measuring import in_own_process, show_and_store
from include.sandbox.standins.bigcommerce.quota import Quota
from include.sandbox.standins.credentials import connections
from include.sandbox.standins.server import StandIns
from tests.item_file import an_item
from tests.web_shops import sold

PRODUCTS = 10_000
CHANGED = 200
ALLOWED = PRODUCTS // 250 + CHANGED // 10 + 5
QUOTA = Quota()
WINDOW_SECONDS = 1.0


def units(number: int) -> int:
    """What the tickets say of a product."""
    return number % 500 + 1


def sku(number: int) -> str:
    return f"{200_000 + number}"


def ours(connection: dict[str, Any]) -> Callable[[], int]:
    """Read, map, plan and send; answers how many products were changed."""
    from airflow.sdk.definitions.context import Context

    from include.changes import Plan
    from include.web_shop import mapping, snapshot, total_sold
    from include.web_shop.mapping_sources import ConnectorRows
    from include.web_shop.settings import web_shop_settings
    from retail_ops.hooks.bigcommerce import BigCommerceHook
    from retail_ops.store_changes import apply_to_web_shop
    from retail_ops.task_run import TaskRun

    connect(connection)
    items = [an_item(sku(number)) for number in range(1, PRODUCTS + 1)]
    sales = sold({sku(number): units(number) for number in range(1, PRODUCTS + 1)})
    rule = web_shop_settings().total_sold

    def plan() -> Plan:
        found = snapshot.as_products(BigCommerceHook().products(snapshot.FIELDS, variants=True))
        mapped = mapping.map_products(found.products, items, ConnectorRows(), {})
        return total_sold.propose(items, sales, mapped.shop, rule)

    def work() -> int:
        results = [result for batch in apply_to_web_shop(TaskRun(Context()), plan()) for result in batch]
        return sum(result.status == "applied" for result in results)

    return work


def one_by_one(connection: dict[str, Any]) -> Callable[[], int]:
    """Send every product in a request of its own, without reading any."""
    from retail_ops.hooks.bigcommerce import BigCommerceHook

    connect(connection)
    hook = BigCommerceHook()

    def work() -> int:
        for number in range(1, PRODUCTS + 1):
            hook.request("PUT", f"/v3/catalog/products/{number}", json={"total_sold": units(number)})
        return PRODUCTS

    return work


def connect(connection: dict[str, Any]) -> None:
    os.environ["AIRFLOW_CONN_BIGCOMMERCE"] = json.dumps(connection)
    # Each of the old way's waits for the quota would be a line.
    logging.getLogger("retail_ops").setLevel(logging.WARNING)


WAYS = {"ours": ours, "one by one": one_by_one}


def load_catalogue(vendors: StandIns) -> None:
    """The shop before a night: its first products have a total sold that is out of date."""
    vendors.load_products(
        {
            "id": number,
            "name": f"Terracotta pot {number}",
            "sku": sku(number),
            "total_sold": units(number) - (number <= CHANGED),
        }
        for number in range(1, PRODUCTS + 1)
    )


def measure(vendors: StandIns, way: str, expected: int) -> dict[str, Any]:
    """Requests and seconds of one way; raises `RuntimeError` when the shop is not right after it."""
    load_catalogue(vendors)
    vendors.clear_requests()
    found = in_own_process(WAYS[way], connections(vendors)["bigcommerce"])
    wrong = [row["id"] for row in vendors.products() if row["total_sold"] != units(row["id"])]
    if wrong or found["answer"] != expected:
        raise RuntimeError(f"{way} changed {found['answer']} products and left {len(wrong)} wrong")
    counted = [(counter.method, counter.calls) for counter in vendors.counters("bigcommerce")]
    return {
        "way": way,
        "products": PRODUCTS,
        "differing": CHANGED,
        "reads": sum(calls for method, calls in counted if method == "GET"),
        "writes": sum(calls for method, calls in counted if method != "GET"),
        "requests": sum(calls for _, calls in counted),
        "seconds": found["seconds"],
    }


def main() -> None:
    """Measure both ways on the same catalogue, print and store."""
    quota = Quota(QUOTA.requests, WINDOW_SECONDS, enforced=True)
    with (
        tempfile.TemporaryDirectory(prefix="web-shop-") as name,
        StandIns(Path(name), quota=quota) as vendors,
    ):
        mine = measure(vendors, "ours", CHANGED)
        theirs = measure(vendors, "one by one", PRODUCTS)
    rows = [{**row, "allowed": allowed} for row, allowed in ((mine, str(ALLOWED)), (theirs, "-"))]
    said = "met" if mine["requests"] <= ALLOWED else "NOT met"
    minutes = theirs["requests"] / QUOTA.requests * QUOTA.window_seconds / 60
    times = QUOTA.window_seconds / WINDOW_SECONDS
    notes = [
        f"expected: at most {PRODUCTS:,}/250 + {CHANGED}/10 + 5 = {ALLOWED} requests; "
        f"needed {mine['requests']}: {said}",
        f"one by one takes {theirs['requests'] / mine['requests']:.0f} x the requests "
        f"and {theirs['seconds'] / mine['seconds']:.1f} x the seconds",
        f"the quota of {QUOTA.requests} requests is refilled every {WINDOW_SECONDS:g} s here, by the vendor "
        f"every {QUOTA.window_seconds:g} s: there the waits are {times:g} times as long, one by one takes at "
        f"least {minutes:.0f} minutes, and ours still waits for nothing",
    ]
    show_and_store("web_shop_sync", rows, notes)


if __name__ == "__main__":
    main()
