"""How many requests a night of the sync needs, counted where they arrive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from include.storedb.web_products import WebProducts
from tests.integration.conftest import Sandbox

PRODUCTS, CHANGED = 1000, 20
PAGES, BATCHES, SPARE = PRODUCTS // 250, CHANGED // 10, 5
FIRST_ID = 900_000


def counted(sandbox: Sandbox) -> tuple[int, int]:
    """Requests of each kind since the last clearing: those that read, and those that change something."""
    methods = {"GET": 0, "other": 0}
    for counter in sandbox.vendors.counters("bigcommerce"):
        methods["GET" if counter.method == "GET" else "other"] += counter.calls
    return methods["GET"], methods["other"]


def test_a_night_asks_once_for_each_page_and_sends_ten_changed_products_at_a_time(
    run_dag: Callable[..., Any], sandbox: Sandbox
) -> None:
    missing = PRODUCTS - len(sandbox.vendors.products())
    sandbox.vendors.load_products(
        {"id": number, "name": f"Something else {number}", "sku": f"ELSE-{number}"}
        for number in range(FIRST_ID, FIRST_ID + missing)
    )
    assert str(run_dag("nightly_bigcommerce_sync").state) == "success"
    right = {product["id"]: product["total_sold"] for product in sandbox.vendors.products()}
    sold = sorted({row.product_id for row in WebProducts(sandbox.store_db).all().values()})
    assert len(right) == PRODUCTS
    assert len(sold) >= CHANGED

    sandbox.vendors.set_products({number: {"total_sold": right[number] + 1} for number in sold[:CHANGED]})
    sandbox.vendors.clear_requests()
    assert str(run_dag("nightly_bigcommerce_sync").state) == "success"
    reads, writes = counted(sandbox)
    assert PAGES <= reads <= PAGES + SPARE
    assert writes == BATCHES
    assert reads + writes <= PAGES + BATCHES + SPARE
    assert {product["id"]: product["total_sold"] for product in sandbox.vendors.products()} == right

    sandbox.vendors.clear_requests()
    assert str(run_dag("nightly_bigcommerce_sync").state) == "success"
    reads, writes = counted(sandbox)
    assert PAGES <= reads <= PAGES + SPARE
    assert writes == 0
